"""The lead inbox: new leads that nobody has taken up yet, one's own and those of the pool.

A new lead is an open deal in the first stage with which nothing is planned: accepting it plans the
first touch, declining stops it, snoozing parks it.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import (
    BigIntegerField,
    Count,
    DateField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)

from crm.models import (
    Activity,
    ContactPoint,
    Deal,
    DealContact,
    EvidenceFile,
    LeadAssignment,
    PointKind,
    StageVisit,
)
from crm.models.activity import TOUCHES
from crm.models.deal import DealQuerySet
from pipeline.models import Team, User
from pipeline.people.access import Scope
from pipeline.process.stages import Stage
from reports.figures import MIN_ROWS
from reports.flow_populations import WorkedTime
from reports.measures import Percentile
from salesprocess.lib.prepared import Param, Prepared

PAGE = 25
# What is usual is looked up in the leads of so many days, and kept for so many seconds.
_USUAL_DAYS = 90
_KEPT = 600
_FEW = 6


class LeadTab(StrEnum):
    """What of the inbox is shown; the value is as in the address."""

    MINE = "mine"
    POOL = "pool"
    SNOOZED = "snoozed"


class LeadRow(NamedTuple):
    """A line of the inbox: columns of one query, nothing formatted."""

    id: int
    name: str
    company: str | None
    relationship: str | None
    industry: str | None
    country: str | None
    employees: int | None
    person: str | None
    source: str | None
    source_detail: str
    created_at: dt.datetime
    touched_at: dt.datetime | None
    parked_until: dt.date | None
    owner_id: int | None
    batch_id: int | None
    has_other: bool


class LeadPlace(NamedTuple):
    """Where a page of the inbox goes on: after this one."""

    at: dt.datetime
    id: int


FIRST = LeadPlace(dt.datetime(1900, 1, 1, tzinfo=dt.UTC), 0)

_TODAY = Param("today", DateField())
_AT, _ID = Param("place_at", DateTimeField()), Param("place_id", BigIntegerField())
_AWAKE = Q(parked_until=None) | Q(parked_until__lte=_TODAY)


def _mine(scope: Scope) -> Q:
    return Q(owner_id=scope.user_id)


def _pool(scope: Scope) -> Q:
    within = Q() if scope.everything else Q(team_id__any_of=scope.pool_team_ids)
    return Q(owner=None) & within


def _of_tab(tab: LeadTab, scope: Scope) -> DealQuerySet:
    rows = Deal.objects.visible_to(scope).to_sort()
    if tab == LeadTab.MINE:
        return rows.filter(_mine(scope), _AWAKE)
    if tab == LeadTab.POOL:
        return rows.filter(_pool(scope), _AWAKE)
    return rows.filter(_mine(scope) | _pool(scope), parked_until__gt=_TODAY)


def _of_first_person(field: str) -> Subquery:
    """Of the first person of the deal of the outer query."""
    links = DealContact.objects.filter(deal=OuterRef("pk")).order_by("pk")
    return Subquery(links.values(f"contact__{field}")[:1])


def _rows(tab: LeadTab) -> Callable[[Scope], QuerySet[Any, Any]]:
    other = Deal.objects.open().filter(company=OuterRef("company")).exclude(pk=OuterRef("pk"))

    def write(scope: Scope) -> QuerySet[Any, Any]:
        later = Q(created_at__gt=_AT) | Q(created_at=_AT, pk__gt=_ID)
        return (
            _of_tab(tab, scope)
            .filter(later)
            .annotate(person=_of_first_person("name"), has_other=Exists(other))
            .order_by("created_at", "pk")
            .values_list(
                *("pk", "name", "company__name", "company__relationship"),
                *("company__industry", "company__country", "company__employees", "person"),
                *("source__name", "source_detail", "created_at", "touched_at", "parked_until"),
                *("owner_id", "batch_id", "has_other"),
            )[: PAGE + 1]
        )

    return write


_PAGES: Mapping[LeadTab, Prepared[LeadRow]] = {
    tab: Prepared(LeadRow._make, _rows(tab)) for tab in LeadTab
}


def page(
    user: User, tab: LeadTab, *, today: dt.date, after: LeadPlace = FIRST
) -> tuple[Sequence[LeadRow], LeadPlace | None]:
    """The PAGE leads that came in first, after a place, and where the next ones begin (None: there
    are none). One query."""
    found = _PAGES[tab](user.scope, today=today, place_at=after.at, place_id=after.id)
    rows = found[:PAGE]
    more = len(found) > PAGE
    return rows, LeadPlace(rows[-1].created_at, rows[-1].id) if more else None


class LeadCounts(NamedTuple):
    mine: int
    pool: int
    snoozed: int
    # When the first of the snoozed ones returns.
    returns_on: dt.date | None


def _counted(scope: Scope) -> QuerySet[Any, Any]:
    mine, pool = _mine(scope), _pool(scope)
    rows = Deal.objects.to_sort().filter(mine | pool).order_by()
    asleep = Q(parked_until__gt=_TODAY)
    return (
        rows.values(all=Value(1))
        .annotate(
            mine=Count("pk", filter=mine & _AWAKE),
            pool=Count("pk", filter=pool & _AWAKE),
            snoozed=Count("pk", filter=asleep),
            returns_on=Min("parked_until", filter=asleep),
        )
        .values_list("mine", "pool", "snoozed", "returns_on")
    )


_counts = Prepared(LeadCounts._make, _counted)


def counts(user: User, *, today: dt.date) -> LeadCounts:
    """How many leads stand in each tab. One query."""
    found = _counts(user.scope, today=today)
    return found[0] if found else LeadCounts(0, 0, 0, None)


def to_sort(user: User, pk: int) -> Deal:
    """A new lead of one's own, of one's people or of the pool, with what its preview shows of it:
    `may_edit`, and how many files it has. Raises Deal.DoesNotExist."""
    editable = Deal.objects.editable_by(user).filter(pk=OuterRef("pk"))
    files = EvidenceFile.objects.filter(deal=OuterRef("pk")).order_by().values("deal")
    return (
        Deal.objects.visible_to(user)
        .to_sort()
        .select_related("company", "source", "source_company", "owner", "team")
        .annotate(
            may_edit=Exists(editable),
            files_count=Subquery(files.annotate(n=Count("pk")).values("n")),
        )
        .get(pk=pk)
    )


class LeadPerson(NamedTuple):
    id: int
    name: str
    job_title: str
    email: str | None
    phone: str | None


def people(lead: Deal) -> list[LeadPerson]:
    """Who is known of the other side, with the first address and number of each. One query."""

    def point(kind: PointKind) -> Subquery:
        points = ContactPoint.objects.filter(contact=OuterRef("contact"), kind=kind)
        return Subquery(points.order_by("pk").values("typed")[:1])

    links = DealContact.objects.filter(deal=lead).order_by("pk")
    read = links.values_list(
        *("contact_id", "contact__name", "contact__job_title"),
        *(point(PointKind.EMAIL), point(PointKind.PHONE)),
    )
    return [LeadPerson(*row) for row in read[:_FEW]]


def said(lead: Deal) -> list[Activity]:
    """What was written down of the lead so far, the latest first. One query."""
    rows = Activity.objects.done().filter(deal=lead).exclude(body="")
    return list(rows.select_related("owner").order_by("-done_at", "-pk")[:_FEW])


@dataclass(frozen=True, kw_only=True)
class SameDeal:
    """A deal that a lead may be the same as, and why."""

    id: int
    name: str
    company: str
    stage: int
    owner: str
    same_person: bool
    may_edit: bool


def same_deals(user: User, lead: Deal) -> list[SameDeal]:
    """Open deals of the same company or the same people, in one's reach. One query."""
    people = DealContact.objects.filter(deal=lead).values("contact")
    of_person = Exists(DealContact.objects.filter(deal=OuterRef("pk"), contact__in=people))
    alike = Q(of_person)
    if lead.company_id is not None:
        alike |= Q(company_id=lead.company_id)
    return _as_same(user, Deal.objects.filter(alike).exclude(pk=lead.pk), of_person)


def found_deals(user: User, lead: Deal, ids: Sequence[int]) -> list[SameDeal]:
    """The open ones of some deals, in their order."""
    rows = Deal.objects.filter(pk__in=ids).exclude(pk=lead.pk)
    found = {one.id: one for one in _as_same(user, rows, Value(False))}
    return [found[pk] for pk in ids if pk in found]


def _as_same(user: User, rows: DealQuerySet, of_person: Any) -> list[SameDeal]:
    editable = Deal.objects.editable_by(user).filter(pk=OuterRef("pk"))
    read = (
        rows.visible_to(user)
        .open()
        .annotate(of_person=of_person, may_edit=Exists(editable))
        .order_by("-of_person", "-changed_at", "-pk")
        .values_list("pk", "name", "company__name", "stage", "owner__name", "of_person", "may_edit")
    )
    return [
        SameDeal(
            id=pk,
            name=name,
            company=company or "",
            stage=stage,
            owner=owner or "",
            same_person=person,
            may_edit=may,
        )
        for pk, name, company, stage, owner, person, may in read[:_FEW]
    ]


def usual_answer(user: User, *, at: dt.datetime) -> float | None:
    """The median working hours until the team of `user` touches a lead (METRICS K17): of those that
    came in within 90 days. None for somebody without a team, and below MIN_ROWS answers.

    One query, and none while what was found some minutes ago is kept.
    """
    if user.team_id is None:
        return None
    key = f"usual-answer:{user.team_id}"
    kept = cache.get(key)
    if kept is None:
        kept = (_usual_answer(user.team_id, user.organisation, at=at),)
        cache.set(key, kept, _KEPT)
    return kept[0]  # type: ignore[no-any-return]


def _usual_answer(team_id: int, organisation: Team, *, at: dt.datetime) -> float | None:
    first = StageVisit.objects.filter(
        deal=OuterRef("pk"), sequence=1, stage__lte=Stage.PROSPECTING, entered_at__isnull=False
    )
    touches = Activity.objects.filter(
        deal=OuterRef("pk"), kind__in=TOUCHES, done_at__gte=OuterRef("began_at")
    )
    answered = touches.order_by().values("deal").annotate(at=Min("done_at")).values("at")
    zone, hours = organisation.zone.key, organisation.working_hours
    rows = (
        Deal.objects.filter(team_id=team_id, created_at__gte=at - dt.timedelta(_USUAL_DAYS))
        .annotate(began_at=Subquery(first.values("entered_at")[:1]))
        .filter(began_at__isnull=False)
        .annotate(answered_at=Subquery(answered))
        .filter(answered_at__isnull=False)
        .annotate(
            worked=ExpressionWrapper(
                WorkedTime(F("answered_at"), zone, hours) - WorkedTime(F("began_at"), zone, hours),
                output_field=DurationField(),
            )
        )
        .order_by()
    )
    found = rows.aggregate(n=Count("pk"), usual=Percentile("worked", share="0.5"))
    if found["n"] < MIN_ROWS or found["usual"] is None:
        return None
    return float(found["usual"].total_seconds() / 3600)


def assignments(user: User, team_ids: Sequence[int], *, most: int = 50) -> list[LeadAssignment]:
    """Who got which lead of these teams, and why: the latest first."""
    rows = LeadAssignment.objects.visible_to(user).filter(team_id__in=team_ids)
    return list(rows.select_related("deal", "to").order_by("-at", "-pk")[:most])
