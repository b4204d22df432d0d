"""What people carry: open deals, and who left some, or companies and contacts, behind."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db.models import Count
from django.db.models.functions import Lower

from crm.models import Company, Contact, Deal
from pipeline.models import User
from pipeline.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many open deals somebody owns; of who has left, also what else waits for an owner."""

    id: int
    name: str
    count: int
    has_left: bool
    companies: int = 0
    contacts: int = 0


def loads(user: User) -> list[Load]:
    """The people in the reach of `user` who own open deals, by name, and those who have left and
    own anything; two queries, and two more if somebody has left."""
    counted = (
        Deal.objects.visible_to(user)
        .open()
        .filter(owner__isnull=False)
        .values_list("owner_id", "owner__name", "owner__is_active")
        .annotate(count=Count("pk"))
        .order_by(Lower("owner__name"), "owner_id")
    )
    people = {
        pk: Load(id=pk, name=name, count=count, has_left=not active)
        for pk, name, active, count in counted
    }
    left = dict(
        User.objects.whose_records_are_visible_to(user)
        .filter(is_active=False)
        .values_list("pk", "name")
    )
    companies, contacts = _owned(Company, left), _owned(Contact, left)
    for pk in companies.keys() | contacts.keys():
        found = people.get(pk) or Load(id=pk, name=left[pk], count=0, has_left=True)
        people[pk] = replace(
            found, companies=companies.get(pk, 0), contacts=contacts.get(pk, 0), has_left=True
        )
    return sorted(people.values(), key=lambda load: (load.name.lower(), load.id))


def _owned(model: type[Company] | type[Contact], people: Collection[int]) -> dict[int, int]:
    """How many each of these people owns."""
    if not people:
        return {}
    owned = model.objects.filter(owner__in=list(people)).order_by()
    return dict(owned.values_list("owner_id").annotate(count=Count("pk")))


def load_of(person: User, *, by: User) -> Load:
    """What one person owns that `by` may hand over."""
    return Load(
        id=person.pk,
        name=person.name,
        count=Deal.objects.editable_by(by).open().filter(owner=person).count(),
        companies=Company.objects.editable_by(by).filter(owner=person).count(),
        contacts=Contact.objects.editable_by(by).filter(owner=person).count(),
        has_left=not person.is_active,
    )


@dataclass(frozen=True, kw_only=True)
class Carried:
    """An open deal as a row that may be handed over."""

    id: int
    name: str
    company: str
    stage: int
    stage_name: str


def carried(person: User, *, by: User, most: int) -> tuple[list[Carried], int]:
    """The first open deals of a person that `by` may hand over, furthest first, and how many."""
    deals = Deal.objects.editable_by(by).open().filter(owner=person)
    rows = deals.order_by("-stage", "id").values_list("id", "name", "company__name", "stage")
    found = [
        Carried(
            id=pk,
            name=name,
            company=company if company and company != name else "",
            stage=stage,
            stage_name=str(Stage(stage).short),
        )
        for pk, name, company, stage in rows[:most]
    ]
    return found, deals.count()


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A company or contact as a row that may be handed over."""

    id: int
    name: str
    hint: str


def companies_of(person: User, *, by: User, most: int) -> tuple[list[Kept], int]:
    """The first companies that a person looks after and `by` may hand over, and how many."""
    found = Company.objects.editable_by(by).filter(owner=person)
    rows = found.order_by(Lower("name"), "id").values_list("id", "name", "industry")[:most]
    kept = [Kept(id=pk, name=name, hint=hint) for pk, name, hint in rows]
    return kept, found.count() if len(kept) == most else len(kept)


def contacts_of(person: User, *, by: User, most: int) -> tuple[list[Kept], int]:
    """As `companies_of`, of people of the other side."""
    found = Contact.objects.editable_by(by).filter(owner=person)
    rows = found.order_by(Lower("name"), "id").values_list("id", "name", "company__name")[:most]
    kept = [Kept(id=pk, name=name, hint=hint or "") for pk, name, hint in rows]
    return kept, found.count() if len(kept) == most else len(kept)
