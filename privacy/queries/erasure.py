"""What an erasure would take and leave, said before it is done."""

from dataclasses import dataclass

from crm.models import Contact, EvidenceFile
from crm.queries import duplicates, party
from exchange.models import ImportJob
from pipeline.models import User
from privacy.identity import Identity, is_telling
from privacy.queries import about, imports

# How many names of records stand on the page.
MOST = 20


@dataclass(frozen=True, kw_only=True)
class ErasureOutlook:
    """`sayings` are the records whose words go; `left` files of the person's deals in which nothing of
    the person was found; `unsure` names that are not looked for in texts."""

    contact: Contact
    identity: Identity
    points: list[str]
    sayings: int
    files: list[EvidenceFile]
    left: list[EvidenceFile]
    deals: int
    jobs: list[ImportJob]
    waiting: list[ImportJob]
    unsure: list[str]
    same: list[duplicates.Party]


def to_erase(user: User, pk: int) -> Contact:
    """Raises Contact.DoesNotExist, for whoever is no admin as well."""
    found = Contact.objects.visible_to(user) if user.scope.everything else Contact.objects.none()
    return found.get(pk=pk)


def outlook(user: User, contact: Contact) -> ErasureOutlook:
    identity = about.identity_of(contact)
    jobs = imports.jobs_about(contact, identity)
    files = about.files_of(contact, identity)
    points = party.points(contact)
    names = about.names_of(contact)
    return ErasureOutlook(
        contact=contact,
        identity=identity,
        points=[point.typed for point in points],
        sayings=sum(
            relation.rows(contact).count()
            for relation in about.relations()
            if about.sayings_of(relation)
        ),
        files=files[:MOST],
        left=about.other_files(contact, files)[:MOST],
        deals=about.deals_of(contact).count(),
        jobs=jobs,
        waiting=[job for job in jobs if imports.is_under_way(job)],
        unsure=[name for name in names if not is_telling(name) or about.namesakes(contact, name)],
        same=party.same_contacts(user, contact, points),
    )
