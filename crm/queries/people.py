"""What people carry: open deals, and who left some, or companies and contacts, behind."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, F, IntegerField, Subquery, Value
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext as _

from crm.models import Activity, Company, Contact, Deal, SavedView
from pipeline.models import Team, User
from pipeline.process.stages import Outcome, Stage


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many open deals somebody owns; of who has left, also what else waits for an owner."""

    id: int
    name: str
    count: int
    has_left: bool
    companies: int = 0
    contacts: int = 0
    # What is planned beside one's own open deals, with which it goes along.
    plans: int = 0


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
    companies, contacts = _owned(Company.objects, left), _owned(Contact.objects, left)
    plans = _owned(_apart(Activity.objects.editable_by(user)), left)
    for pk in companies.keys() | contacts.keys() | plans.keys():
        found = people.get(pk) or Load(id=pk, name=left[pk], count=0, has_left=True)
        people[pk] = replace(
            found,
            companies=companies.get(pk, 0),
            contacts=contacts.get(pk, 0),
            plans=plans.get(pk, 0),
            has_left=True,
        )
    return sorted(people.values(), key=lambda load: (load.name.lower(), load.id))


def _owned(rows: Any, people: Collection[int]) -> dict[int, int]:
    """How many of these rows each of these people owns."""
    if not people:
        return {}
    owned = rows.filter(owner__in=list(people)).order_by()
    return dict(owned.values_list("owner_id").annotate(count=Count("pk")))


def load_of(person: User, *, by: User) -> Load:
    """What one person owns that `by` may hand over."""
    return Load(
        id=person.pk,
        name=person.name,
        count=Deal.objects.editable_by(by).open().filter(owner=person).count(),
        companies=Company.objects.editable_by(by).filter(owner=person).count(),
        contacts=Contact.objects.editable_by(by).filter(owner=person).count(),
        plans=_plans(person, by=by).count(),
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


def open_deals_of(person: User, *, by: User, most: int) -> tuple[list[Carried], int]:
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
class HandOverRow:
    """A company or contact as a row that may be handed over."""

    id: int
    name: str
    hint: str


def companies_of(person: User, *, by: User, most: int) -> tuple[list[HandOverRow], int]:
    """The first companies that a person looks after and `by` may hand over, and how many."""
    found = Company.objects.editable_by(by).filter(owner=person)
    rows = found.order_by(Lower("name"), "id").values_list("id", "name", "industry")[:most]
    kept = [HandOverRow(id=pk, name=name, hint=hint) for pk, name, hint in rows]
    return kept, found.count() if len(kept) == most else len(kept)


def contacts_of(person: User, *, by: User, most: int) -> tuple[list[HandOverRow], int]:
    """As `companies_of`, of people of the other side."""
    found = Contact.objects.editable_by(by).filter(owner=person)
    rows = found.order_by(Lower("name"), "id").values_list("id", "name", "company__name")[:most]
    kept = [HandOverRow(id=pk, name=name, hint=hint or "") for pk, name, hint in rows]
    return kept, found.count() if len(kept) == most else len(kept)


def _apart(plans: Any) -> Any:
    """What is planned, but on an open deal of the same person, with which it goes along."""
    return plans.planned().exclude(deal__owner=F("owner"), deal__outcome=Outcome.OPEN)


def _plans(person: User, *, by: User) -> Any:
    return _apart(Activity.objects.editable_by(by)).filter(owner=person)


def plans_of(person: User, *, by: User, most: int) -> tuple[list[HandOverRow], int]:
    """What a person has planned with companies and people, and on the deals of others, and `by` may
    hand over: the first to be done, and how many."""
    rows = _plans(person, by=by).select_related("deal", "company", "contact")
    kept = [
        HandOverRow(id=row.pk, name=str(row), hint=str(row.deal or row.contact or row.company))
        for row in rows.order_by("due_by", "id")[:most]
    ]
    return kept, _plans(person, by=by).count() if len(kept) == most else len(kept)


@dataclass(frozen=True, kw_only=True)
class OtherHolding:
    """What somebody holds that is not handed over here: how many, what it is, and why it stays."""

    count: int
    what: str
    why: str


def _counted(rows: Any) -> Coalesce:
    """How many rows, as a part of another query."""
    found = rows.order_by().annotate(all=Value(1)).values("all")
    counted = found.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def other_holdings(person: User, *, by: User) -> list[OtherHolding]:
    """Whatever else a person holds; nothing of which there is none. One query."""
    closed = Deal.objects.visible_to(by).filter(owner=person).exclude(outcome=Outcome.OPEN)
    beyond = _apart(Activity.objects.all()).filter(owner=person)
    kinds = (
        (
            closed,
            _("closed deals"),
            _("They stay with whoever closed them, and so do the figures."),
        ),
        (
            beyond.exclude(pk__in=_plans(person, by=by).values("pk")),
            _("plans on deals that you may not change"),
            _("Whoever leads the team of the deal hands them over."),
        ),
        (
            Team.objects.filter(manager=person),
            _("teams led"),
            _(
                "Choose another manager on the page of people; questions about the process that "
                "wait there go to the new one."
            ),
        ),
        (
            Team.objects.filter(process_owner=person),
            _("processes owned"),
            _("Choose another process owner in the settings of the organisation."),
        ),
        (
            SavedView.objects.filter(owner=person, team__isnull=False),
            _("shared views"),
            _("The team goes on using them."),
        ),
    )
    asked = User.objects.filter(pk=person.pk).values_list(*(_counted(rows) for rows, *_s in kinds))
    (counts,) = asked
    return [
        OtherHolding(count=count, what=what, why=why)
        for count, (_rows, what, why) in zip(counts, kinds, strict=True)
        if count
    ]


def in_reach(user: User, pk: int) -> User:
    """Somebody whose records `user` may see. Raises User.DoesNotExist."""
    found: User = User.objects.whose_records_are_visible_to(user).get(pk=pk)
    return found
