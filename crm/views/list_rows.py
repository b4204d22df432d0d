"""What each list shows: its columns, its orders, and its rows as text before a template loops."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Left
from django.utils.translation import gettext_lazy

from crm.filters.lists import ActivityState
from crm.models import (
    ActivityResult,
    ContactPoint,
    Deal,
    ListKind,
    PointKind,
    Relationship,
)
from crm.models.due import Due, DueState
from crm.models.letters import Fold
from crm.presenters.cards import CardReader, path_of
from crm.queries.activity import stage_now
from crm.queries.board import FIELDS, BoardRow
from crm.queries.reference import ShownName
from crm.shipped import shown
from pipeline.models import User
from pipeline.people.access import Scope
from pipeline.people.models.people import initials_of
from pipeline.process.stages import Outcome
from salesprocess.lib.format import money, number
from salesprocess.lib.keyset import Order, by_day, by_instant, by_number, by_text
from salesprocess.lib.translation import gettext as _


@dataclass(frozen=True, kw_only=True)
class ListColumn:
    """A column's head. `sort` names its order; `down` says that the first press is downwards."""

    label: Any
    sort: str = ""
    down: bool = False
    css: str = ""


@dataclass(frozen=True, kw_only=True)
class ListTable:
    """How one list is shown. `fields` and `row` belong together: values read, and their text."""

    columns: Sequence[ListColumn]
    orders: Mapping[str, Order]
    default: str
    template: str
    fields: Callable[[Scope], Sequence[Any]]
    row: Callable[[CardReader, tuple[Any, ...]], Any]
    # Filters: one press each in the line above the list; what needs typing stands behind "More".
    selects: Sequence[str]
    more: Sequence[str]


class DealListRow(NamedTuple):
    id: int
    name: str
    company: str
    stage: int
    stage_name: str
    value: str
    next_class: str
    next: str
    days: str
    is_late: bool
    closes: str
    is_past: bool
    owner: str
    initials: str
    source: str
    changed: str
    is_sample: bool


# What is read for each line; a column less is a value less for each of 50 rows.
_OF_DEAL = (
    *("id", "stage", "outcome", "name", "company__name", "amount", "currency", "owner__name"),
    *("next_on", "next_at", "next_kind", "parked_until", "closed_at", "team_id", "batch_id"),
)
_IN_STAGE = ("stage_entered_at", "cause__name")


def _deals(
    *more: str,
) -> tuple[Sequence[str], Callable[[CardReader, tuple[Any, ...]], DealListRow]]:
    """The fields of a list of deals, and how their values become its lines."""
    fields = (*_OF_DEAL, *more)
    # The values in the order of a Row; what is not read is the None behind the last.
    ordered = itemgetter(*(fields.index(f) if f in fields else len(fields) for f in FIELDS))
    changed = fields.index("changed_at") if "changed_at" in fields else None

    def line(reader: CardReader, values: tuple[Any, ...]) -> DealListRow:
        row = BoardRow._make(ordered((*values, None)))
        return deal_line(
            reader, row, changed="" if changed is None else reader.day(values[changed])
        )

    return fields, line


def deal_line(reader: CardReader, row: BoardRow, *, changed: str = "") -> DealListRow:
    is_open = row.outcome == Outcome.OPEN
    if is_open:
        next_class, what_next = reader.what_next(row)
        days, is_late = reader.days_in_stage(row)
    else:
        next_class, what_next = reader.how_it_ended(row)
        days, is_late = shown(row.cause), False
    closes = row.expected_close_on
    return DealListRow(
        id=row.id,
        name=row.name,
        company=row.company or "",
        stage=row.stage,
        stage_name=reader.stage_names[row.stage],
        value=money(row.amount, row.currency),
        next_class=next_class,
        next=what_next,
        days=days,
        is_late=is_late,
        closes=reader.date(closes),
        is_past=is_open and closes is not None and closes < reader.today,
        owner=row.owner or "",
        initials=initials_of(row.owner) if row.owner else "",
        source=shown(row.source),
        changed=changed,
        is_sample=reader.is_sample(row.batch_id),
    )


class ActivityLine(NamedTuple):
    path: str  # where its verbs are
    verb: str  # the one that the reader may: complete, correct, or none
    icon: str
    title: str
    body: str
    href: str
    about: str
    company: str
    stage: int
    stage_name: str
    when_class: str
    when: str
    result: str
    owner: str
    initials: str
    is_sample: bool


_ACTIVITY = (
    "pk",
    "kind",
    "subject",
    Left("body", 160),
    "deal_id",
    "deal__name",
    "company_id",
    "company__name",
    "contact_id",
    "contact__name",
    "owner__name",
    "due_on",
    "due_at",
    "done_at",
    "cancelled_at",
    "result",
    stage_now(),
    "deal__outcome",
    "holder_id",
    "holder_team_id",
    "owner_id",
    "batch_id",
)


def _activity(reader: CardReader, values: tuple[Any, ...]) -> ActivityLine:
    (pk, kind, subject, body, deal, deal_name, company, company_name) = values[:8]
    (contact, contact_name, owner, due_on, due_at, done_at, cancelled_at, result) = values[8:16]
    stage, outcome, holder, team, owner_id, batch = values[16:]
    label = reader.kinds[kind]
    if deal:
        href, about = f"/deals/{deal}/", deal_name
    elif contact:
        href, about = f"/contacts/{contact}/", contact_name
    else:
        href, about = f"/companies/{company}/", company_name
    with_whom = [name for name in (company_name, contact_name) if name and name != about]
    when_class, when = _when(reader, due_on, due_at, done_at, cancelled_at)
    return ActivityLine(
        path=path_of(pk, deal) if done_at is None else f"/activities/{pk}/",
        verb=_verb(done_at, cancelled_at, owner_id == reader.user.pk)
        if _may_edit(reader.user, holder, team)
        else "",
        icon=kind,
        title=f"{label}: {subject}" if subject else label,
        body=body,
        href=href,
        about=about,
        company=" · ".join(with_whom),
        stage=stage or 0,
        stage_name=reader.stage_names[stage] if stage else _no_stage(outcome),
        when_class=when_class,
        when=when,
        result=str(ActivityResult(result).label) if result else "",
        owner=owner,
        initials=initials_of(owner),
        is_sample=reader.is_sample(batch),
    )


def _may_edit(user: User, holder: int | None, team: int | None) -> bool:
    """Whether something planned is in the reach of a person: as `Activity.editable_by`."""
    scope = user.scope
    if scope.everything or holder in scope.owner_ids:
        return True
    return holder is None and team in scope.managed_team_ids


def _verb(done_at: dt.datetime | None, cancelled_at: dt.datetime | None, is_own: bool) -> str:
    """What is to be done can be done; what was done its author corrects."""
    if done_at is not None:
        return "correct" if is_own else ""
    return "complete" if cancelled_at is None else ""


def _no_stage(outcome: str) -> str:
    """Why work counts for no stage."""
    return _("Hand-off") if outcome == Outcome.WON else _("After the stop")


def _when(
    reader: CardReader,
    due_on: dt.date | None,
    due_at: dt.datetime | None,
    done_at: dt.datetime | None,
    cancelled_at: dt.datetime | None,
) -> tuple[str, str]:
    if done_at is not None:
        return "", f"{reader.day(done_at)} {reader.time(done_at)}"
    due = Due(on=due_on, at=due_at)
    day = reader.due_day(due)
    if cancelled_at is not None:
        return "t3", _("Cancelled · %(day)s") % {"day": day}
    state = due.state(at=reader.at, zone=reader.zone)
    if state == DueState.OVER:
        return "nx over", _("Overdue · %(day)s") % {"day": day}
    return ("acc", reader.today_at(due)) if state == DueState.TODAY else ("", day)


class CompanyLine(NamedTuple):
    id: int
    name: str
    industry: str
    relationship: str
    is_customer: bool
    country: str
    employees: str
    deals: int
    owner: str
    initials: str
    is_sample: bool


def open_deals(scope: Scope) -> Subquery:
    """How many open deals in sight the company of the outer query has."""
    found = Deal.objects.visible_to(scope).open().filter(company=OuterRef("pk"))
    return _count(found, "company")


def _count(rows: QuerySet[Any], by: str) -> Subquery:
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Subquery(counted, output_field=IntegerField())


def _company_fields(scope: Scope) -> Sequence[Any]:
    return (
        "pk",
        "name",
        "industry",
        "relationship",
        "country",
        "employees",
        open_deals(scope),
        "owner__name",
        "batch_id",
    )


def _company(reader: CardReader, values: tuple[Any, ...]) -> CompanyLine:
    pk, name, industry, relationship, country, employees, deals, owner, batch = values
    return CompanyLine(
        id=pk,
        name=name,
        industry=industry,
        relationship=str(Relationship(relationship).label),
        is_customer=relationship == Relationship.CUSTOMER,
        country=country,
        employees="" if employees is None else number(employees),
        deals=deals or 0,
        owner=owner or "",
        initials=initials_of(owner) if owner else "",
        is_sample=reader.is_sample(batch),
    )


class ContactLine(NamedTuple):
    id: int
    name: str
    job_title: str
    company_id: int | None
    company: str
    email: str
    phone: str
    phone_href: str
    deals: int
    owner: str
    initials: str
    is_sample: bool


def point(kind: PointKind) -> Subquery:
    """The first address or number of the contact of the outer query."""
    found = ContactPoint.objects.filter(contact=OuterRef("pk"), kind=kind).order_by("pk")
    return Subquery(found.values("typed")[:1])


def _contact_fields(scope: Scope) -> Sequence[Any]:
    deals = Deal.objects.visible_to(scope).open().filter(contacts=OuterRef("pk"))
    return (
        "pk",
        "name",
        "job_title",
        "company_id",
        "company__name",
        point(PointKind.EMAIL),
        point(PointKind.PHONE),
        _count(deals, "contacts"),
        "owner__name",
        "batch_id",
    )


def _contact(reader: CardReader, values: tuple[Any, ...]) -> ContactLine:
    pk, name, job_title, company_id, company, email, phone, deals, owner, batch = values
    return ContactLine(
        id=pk,
        name=name,
        job_title=job_title,
        company_id=company_id,
        company=company or "",
        email=email or "",
        phone=phone or "",
        phone_href="".join((phone or "").split()),
        deals=deals or 0,
        owner=owner or "",
        initials=initials_of(owner) if owner else "",
        is_sample=reader.is_sample(batch),
    )


_DEAL_ORDERS = {
    "name": by_text(Fold("name"), always=True),
    "company": by_text(Fold("company__name")),
    "stage": by_number("stage", always=True),
    "value": by_number("value"),
    "next": by_instant("attention_at", nothing_first=True),
    "closes": by_day("expected_close_on"),
    "since": by_instant("stage_entered_at"),
    "source": by_text(Fold(ShownName("source__name"))),
    "owner": by_text(Fold("owner__name")),
    "opened": by_instant("created_at", always=True),
    "closed": by_instant("closed_at"),
    "changed": by_instant("changed_at", always=True),
}
_NAME = ListColumn(label=gettext_lazy("Name"), sort="name")
_STAGE = ListColumn(label=gettext_lazy("Stage"), sort="stage", css="p2")
_VALUE = ListColumn(label=gettext_lazy("Value"), sort="value", down=True, css="num")
_NEXT = ListColumn(label=gettext_lazy("What’s next"), sort="next")
_CLOSES = ListColumn(label=gettext_lazy("Closes"), sort="closes", css="p3")
_SINCE = ListColumn(label=gettext_lazy("In stage"), sort="since", css="num p3")
_SOURCE = ListColumn(label=gettext_lazy("Source"), sort="source", css="p4")
_OWNER = ListColumn(label=gettext_lazy("Owner"), sort="owner", css="p2")
_CHANGED = ListColumn(label=gettext_lazy("Changed"), sort="changed", down=True, css="p3")


def _deal_table(columns: Sequence[ListColumn], default: str, *read: str) -> ListTable:
    selects = ["person", "team", "next", "source"]
    fields, line = _deals(*read)
    return ListTable(
        columns=columns,
        orders=_DEAL_ORDERS,
        default=default,
        template="crm/list/_deals.html",
        fields=lambda _scope: fields,
        row=line,
        selects=[*selects[:2], "outcome", *selects[2:]],
        more=(
            "min",
            "max",
            "opened_from",
            "opened_to",
            "expected_from",
            "expected_to",
            "closed_from",
            "closed_to",
        ),
    )


_BY_OWNER = by_text(Fold("owner__name"))
TABLES: Mapping[ListKind, ListTable] = {
    ListKind.LEADS: _deal_table(
        [_NAME, _STAGE, _NEXT, _SINCE, _VALUE, _SOURCE, _OWNER], "next", *_IN_STAGE, "source__name"
    ),
    ListKind.OPPORTUNITIES: _deal_table(
        [_NAME, _STAGE, _VALUE, _NEXT, _SINCE, _CLOSES, _OWNER],
        "next",
        *_IN_STAGE,
        "expected_close_on",
    ),
    ListKind.DEALS: _deal_table(
        # By what they are sorted to begin with stays to be seen; the others do while there is room.
        [_NAME, _STAGE, _VALUE, _NEXT, replace(_CLOSES, css="p4"), _CHANGED, _OWNER],
        "-changed",
        "expected_close_on",
        "changed_at",
    ),
    ListKind.COMPANIES: ListTable(
        columns=[
            _NAME,
            ListColumn(label=gettext_lazy("Relationship"), sort="relationship"),
            ListColumn(label=gettext_lazy("Open deals"), css="num"),
            ListColumn(label=gettext_lazy("Country"), sort="country", css="p3"),
            ListColumn(label=gettext_lazy("Employees"), sort="employees", down=True, css="num p4"),
            _OWNER,
        ],
        orders={
            "name": by_text(Fold("name"), always=True),
            "relationship": by_text("relationship", always=True),
            "country": by_text(Fold("country"), always=True),
            "employees": by_number("employees"),
            "owner": _BY_OWNER,
            "changed": by_instant("changed_at", always=True),
        },
        default="name",
        template="crm/list/_companies.html",
        fields=_company_fields,
        row=_company,
        selects=("relationship", "deals", "person"),
        more=("industry", "country"),
    ),
    ListKind.CONTACTS: ListTable(
        columns=[
            _NAME,
            ListColumn(label=gettext_lazy("Company"), sort="company", css="wide"),
            ListColumn(label=gettext_lazy("E-mail"), css="p2 wide"),
            ListColumn(label=gettext_lazy("Phone"), css="p3"),
            ListColumn(label=gettext_lazy("Open deals"), css="num p3"),
            _OWNER,
        ],
        orders={
            "name": by_text(Fold("name"), always=True),
            "company": by_text(Fold("company__name")),
            "owner": _BY_OWNER,
            "changed": by_instant("changed_at", always=True),
        },
        default="name",
        template="crm/list/_contacts.html",
        fields=_contact_fields,
        row=_contact,
        selects=("reach", "person"),
        more=(),
    ),
    ListKind.ACTIVITIES: ListTable(
        columns=[
            ListColumn(label=gettext_lazy("What")),
            ListColumn(label=gettext_lazy("About"), css="wide"),
            ListColumn(label=gettext_lazy("When"), sort="when"),
            ListColumn(label=gettext_lazy("Result"), css="p3"),
            ListColumn(label=gettext_lazy("Stage"), sort="stage", css="p3"),
            ListColumn(label=gettext_lazy("Person"), sort="owner", css="p2"),
        ],
        orders={
            "when": by_instant("due_by", always=True),
            "stage": by_number(stage_now()),
            "owner": _BY_OWNER,
        },
        default="when",
        template="crm/list/_activities.html",
        fields=lambda _scope: _ACTIVITY,
        row=_activity,
        selects=("state", "person", "team", "kind", "result"),
        more=("day_from", "day_to"),
    ),
}


def order_of(kind: ListKind, name: str, state: str) -> Order | None:
    """The order that a name stands for; None for one that is none.

    When an activity was depends on what is listed: when it is due, or when it was done.
    """
    if kind == ListKind.ACTIVITIES and name == "when":
        if state == ActivityState.DONE:
            return by_instant("done_at", always=True)
        if state == "any":
            return by_instant(Coalesce("done_at", "due_by"), always=True)
    return TABLES[kind].orders.get(name)


def default_sort(kind: ListKind, state: str) -> str:
    """What was done is told backwards, what is to be done forwards."""
    if kind == ListKind.ACTIVITIES and state in (ActivityState.DONE, "any"):
        return "-when"
    return TABLES[kind].default
