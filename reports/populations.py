"""The rows that figures are made of: the only place of the reports that names tables.

Each starts from what the reader may see. Owner and team are those at entry for visits, who did it
for activities, and those of the day asked for (today by default) for what is open.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    DateTimeField,
    DecimalField,
    DurationField,
    ExpressionWrapper,
    F,
    Field,
    Func,
    IntegerField,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce, Least, Trunc

from crm.models import (
    Activity,
    Deal,
    DealLine,
    SourceKind,
    StageVisit,
)
from pipeline.process.moves import EnteredHow
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Outcome, Phase, Stage
from reports.metric import Population
from reports.question import Question

Expression = Callable[[Question], Any]


class FiscalQuarter(Func):
    """The first day of the quarter of an instant, in a time zone and in a year whose quarters begin
    so many `months` after those of the calendar."""

    arg_joiner = " AT TIME ZONE "
    template = (
        "(date_trunc('quarter', (%(expressions)s) - make_interval(months => %(months)s))"
        " + make_interval(months => %(months)s))::date"
    )
    output_field = DateField()


def span_at(kind: str, at: str) -> Expression:
    """The first day of the week, the month, or the organisation's quarter in which a row lies."""

    def first_day(question: Question) -> Func:
        zone = question.period.zone
        if kind == "quarter" and (months := (question.first_month - 1) % 3):
            return FiscalQuarter(F(at), Value(zone.key), months=months)
        return Trunc(at, kind, output_field=DateField(), tzinfo=zone)

    return first_day


def column_at(path: str) -> Expression:
    return lambda _question: F(path)


def not_empty(path: str) -> Expression:
    """Of a text column: nothing is not known."""
    return lambda _question: Case(
        When(~Q(**{path: ""}), then=F(path)), default=Value(None), output_field=CharField()
    )


def phase_of(stage: str) -> Expression:
    return lambda _question: Case(
        When(**{f"{stage}__lte": Stage.QUALIFICATION}, then=Value(Phase.QUALIFYING.value)),
        When(**{f"{stage}__gt": Stage.QUALIFICATION}, then=Value(Phase.CLOSING.value)),
        default=Value(None),
        output_field=CharField(),
    )


def axes_of_deal(
    deal: str, *, stage: str, owner: str, team: str, at: str
) -> Mapping[str, Expression]:
    """The axes of rows of a deal: `deal` is the path to it, the others are columns of the row."""

    def first_product(_question: Question) -> Subquery:
        lines = DealLine.objects.filter(deal=OuterRef(f"{deal}pk")).order_by("pk")
        return Subquery(lines.values("product")[:1])

    return {
        "stage": column_at(stage),
        "person": column_at(owner),
        "team": column_at(team),
        "style": column_at(f"{owner}__style"),
        "source": column_at(f"{deal}source"),
        "method": column_at(f"{deal}method"),
        "customer": column_at(f"{deal}company"),
        "existing_customer": lambda _question: Case(
            When(
                **{f"{deal}source__kind": SourceKind.EXISTING_CUSTOMER},
                then=Coalesce(f"{deal}source_company", f"{deal}company"),
            ),
            output_field=BigIntegerField(),
        ),
        "product": first_product,
        **({kind: span_at(kind, at) for kind in ("week", "month", "quarter")} if at else {}),
    }


def _looked_back(deal: str, column: str, output: Field[Any, Any]) -> Expression:
    """Of the ending that is in force: one that was taken back was looked back on for itself."""
    said = f"{deal}retrospective__"
    return lambda _question: Case(
        When(
            ~Q(**{f"{said}decided_by": ""}),
            **{f"{said}closed_at": F(f"{deal}closed_at")},
            then=F(f"{said}{column}"),
        ),
        default=Value(None),
        output_field=output,
    )


def _axes_of_closing(deal: str) -> Mapping[str, Expression]:
    return {
        "cause": column_at(f"{deal}cause"),
        "cause_kind": column_at(f"{deal}cause__kind"),
        "initiator": not_empty(f"{deal}initiator"),
        "decided_by": _looked_back(deal, "decided_by", CharField()),
        "decided_in": _looked_back(deal, "stage", PositiveSmallIntegerField()),
    }


def _if_any(
    rows: Callable[[Question], QuerySet[Any]],
) -> Callable[[Question], QuerySet[Any] | None]:
    """Rows without a date. Only imports leave any, of whatever kind together with an undated visit:
    without them the answer is in an empty index."""

    def found(question: Question) -> QuerySet[Any] | None:
        there = question.once_for_all("undated", StageVisit.objects.undated().exists)
        return rows(question) if there else None

    return found


# From the columns that say whose a row is, and of which team, to a condition: which deals are looked at.
Reach = Callable[[str, str], Q]
# These columns: of a deal, of its visits and activities, and of what else belongs to it.
OWN, BY_HOLDER, OF_DEAL = (
    ("owner", "team"),
    ("holder", "holder_team"),
    ("deal__owner", "deal__team"),
)


def reach_of(question: Question) -> Reach:
    """What the reader may see."""
    return lambda owner, team: question.reader.scope.owned_filter(owner=owner, team=team)


# Visits -----------------------------------------------------------------------------------------

_VISIT_COLUMNS = ("deal", "company", "entry_owner", "entered", "left", "days", "how", "value")


def _visits(question: Question) -> QuerySet[StageVisit]:
    return StageVisit.objects.visible_to(question.reader).filter(question.of_visits())


def of_deals_in_reach(question: Question) -> Q:
    """Says of the deals of visits what is said of these already: where both are read, each is found by
    an index of its own, and no other deal is looked at."""
    return question.reader.scope.owned_filter(prefix="deal__")


def _entries(question: Question) -> QuerySet[StageVisit]:
    period = question.period
    return _visits(question).filter(entered_at__gte=period.starts_at, entered_at__lt=period.ends_at)


def _exits(question: Question) -> QuerySet[StageVisit]:
    period = question.period
    return _visits(question).filter(left_at__gte=period.starts_at, left_at__lt=period.ends_at)


# Visits that began in the period.
ENTRIES = Population(
    key="entries",
    kind="visit",
    find=_entries,
    undated=_if_any(lambda question: _visits(question).filter(entered_at=None)),
    at="entered_at",
    axes={
        **axes_of_deal(
            "deal__", stage="stage", owner="entry_owner", team="entry_team", at="entered_at"
        ),
        "version": not_empty("playbook"),
    },
    amount="deal__amount",
    currency="deal__currency",
    columns=_VISIT_COLUMNS,
    order="-entered",
)

# Visits that ended in the period.
EXITS = Population(
    key="exits",
    kind="visit",
    find=_exits,
    undated=_if_any(
        lambda question: _visits(question).filter(left_how__isnull=False, left_at=None)
    ),
    at="left_at",
    axes={
        **axes_of_deal(
            "deal__", stage="stage", owner="entry_owner", team="entry_team", at="left_at"
        ),
        "phase": phase_of("stage"),
        "version": not_empty("playbook"),
    },
    amount="deal__amount",
    currency="deal__currency",
    columns=_VISIT_COLUMNS,
    order="-days",
)


def _returns(_question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those that began with a return."""
    before = StageVisit.objects.filter(deal=OuterRef("deal"), sequence=OuterRef("sequence") - 1)
    found: QuerySet[Any] = rows.filter(
        entered_how__in=[EnteredHow.BACK, EnteredHow.REOPENED]
    ).annotate(came_from=Subquery(before.values("stage")[:1], output_field=IntegerField()))
    return found


# Visits that began in the period with a deal's return to the stage: moved back, or opened again.
RETURNS = replace(
    ENTRIES,
    key="returns",
    find=lambda question: _returns(question, _entries(question)),
    # Nothing returns but by the product's own moves, of which it is known when.
    undated=None,
    axes={**ENTRIES.axes, "came_from": column_at("came_from")},
    columns=("deal", "company", "entry_owner", "entered", "came_from", "came_to", "why"),
    order="-entered",
)


def went_on(at: dt.datetime) -> Q:
    """Of visits: those that went on at an instant. One of which nobody knows when it began counts as
    long as it goes on."""
    return (Q(entered_at__lt=at) | Q(entered_at=None, left_how=None)) & not_left_before(at)


def not_left_before(at: dt.datetime) -> Q:
    """Of visits: those that go on, or ended at an instant or later. Not written as "left later": for
    that PostgreSQL would walk an index through the visits of everybody."""
    return ~Q(left_at__lt=at) & (Q(left_how=None) | Q(left_at__isnull=False))


def _stood(question: Question) -> QuerySet[StageVisit]:
    return _visits(question).filter(went_on(question.now))


# Visits that went on at the end of the day asked for.
STOOD = Population(
    key="stood",
    kind="visit",
    find=_stood,
    axes=axes_of_deal("deal__", stage="stage", owner="entry_owner", team="entry_team", at=""),
    amount="deal__amount",
    currency="deal__currency",
    columns=_VISIT_COLUMNS,
    order="-days",
)


class PlaceAmong(Func):
    """How many of some instants, which ascend, are not later than another one."""

    function = "width_bucket"
    output_field = IntegerField()

    def __init__(self, at: Any, instants: Sequence[dt.datetime]) -> None:
        several: Any = ArrayField(DateTimeField())
        super().__init__(at, Cast(Value(list(instants), output_field=several), several))


def _began_before(at: dt.datetime) -> Q:
    """Of visits: those that began before an instant, as did those that go on and of which nobody knows
    when they began."""
    return Q(entered_at__lt=at) | Q(entered_at=None, left_how=None)


def stays_between(question: Question, instants: Sequence[dt.datetime]) -> QuerySet[Any]:
    """How many visits that went on after the first of some instants `began`, and `ended`, after how many
    of the others. One that goes on `began` before all of them, if nobody knows when: that is None."""
    first, *others = instants
    visits = _visits(question).filter(Q(left_how=None) | Q(left_at__gte=first))
    visits = visits.filter(_began_before(question.now))
    # Where a calendar would have to be asked of each, two searches in a short list do.
    places = {name: PlaceAmong(at, others) for name, at in _ENDS_OF_STAY.items()}
    grouped: Any = visits.order_by().values("stage", "left_how", **places)
    counted: QuerySet[Any] = grouped.annotate(n=Count("pk"))
    return counted


def qualified_stays_since(
    question: Question, start: dt.datetime, end: dt.datetime
) -> QuerySet[Any]:
    """How many visits from stage 3 on that went on after `start` began, before `end`, and ended, in which
    weeks (`n`), and their deals' `value` as it is now; and, with an `n` of nothing, by how much it was
    another one until the week of a change, up to this moment. Added up, they give what stood open at the
    end of each week until `end`, whatever came after it. None is the week in which those began that go
    on and of which nobody knows when."""
    data = "deal__changes__data"
    visits = _visits(question).filter(_began_before(end), stage__gte=Stage.QUALIFICATION)
    visits = visits.filter(Q(left_how=None) | Q(left_at__gte=start))
    stays = visits.annotate(ended_at=F("left_at"), amount=F("deal__amount"), one=Value(1))
    sums: dict[str, Any] = {
        side: Coalesce(
            Cast(KeyTextTransform("amount", KeyTransform(side, data)), _MONEY), Value(0, _MONEY)
        )
        for side in ("old", "new")
    }
    changed = visits.filter(
        Q(entered_at=None) | Q(deal__changes__at__gt=F("entered_at")),
        deal__changes__kind="amount",
        deal__changes__at__gte=start,
    ).annotate(
        ended_at=Least("left_at", "deal__changes__at"),
        amount=ExpressionWrapper(sums["old"] - sums["new"], output_field=_MONEY),
        one=Value(0),
    )
    rates = question.rates
    parts = []
    for rows in (stays, changed):
        weeks = {
            "began": span_at("week", "entered_at")(question),
            "ended": span_at("week", "ended_at")(question),
        }
        worth = rates.converted("amount", "deal__currency")
        grouped: Any = rows.annotate(worth=worth).order_by().values(**weeks)
        parts.append(grouped.annotate(n=Sum("one"), value=Sum("worth")))
    both: QuerySet[Any] = parts[0].union(parts[1], all=True)
    return both


_MONEY: Any = DecimalField(max_digits=14, decimal_places=2)
_ENDS_OF_STAY = {"began": "entered_at", "ended": "left_at"}

# Deals ------------------------------------------------------------------------------------------


def _deals(question: Question) -> QuerySet[Deal]:
    return Deal.objects.visible_to(question.reader).filter(question.of_deals())


def first_entry(deal: Any) -> QuerySet[Any]:
    """When the first visit of a deal began."""
    return StageVisit.objects.filter(deal=deal, sequence=1).values("entered_at")[:1]


def _closed(question: Question) -> QuerySet[Any]:
    period = question.period
    deals = _deals(question).filter(closed_at__gte=period.starts_at, closed_at__lt=period.ends_at)
    return deals.annotate(
        cycle=ExpressionWrapper(
            F("closed_at") - Subquery(first_entry(OuterRef("pk"))), output_field=DurationField()
        )
    )


# Deals whose closing, the one in force, lies in the period.
CLOSED = Population(
    key="closed",
    kind="deal",
    find=_closed,
    undated=_if_any(
        lambda question: _deals(question).exclude(outcome=Outcome.OPEN).filter(closed_at=None)
    ),
    at="closed_at",
    axes={
        **axes_of_deal("", stage="stage", owner="owner", team="team", at="closed_at"),
        **_axes_of_closing(""),
    },
    columns=("deal", "company", "owner", "stage", "closed", "cause", "value"),
    order="-closed",
)


def _closed_or_due(question: Question) -> QuerySet[Deal]:
    period = question.period
    is_closed = Q(closed_at__gte=period.starts_at, closed_at__lt=period.ends_at)
    is_overdue = Q(
        outcome=Outcome.OPEN, expected_close_on__lt=min(question.last_day, period.end_on)
    )
    return _deals(question).filter(is_closed | is_overdue)


# The same with those that should have been closed by now and are open.
CLOSED_OR_DUE = Population(
    key="closed_or_due",
    kind="deal",
    find=_closed_or_due,
    undated=CLOSED.undated,
    axes={
        **axes_of_deal("", stage="stage", owner="owner", team="team", at=""),
        **_axes_of_closing(""),
    },
    columns=CLOSED.columns,
    order=CLOSED.order,
)


def _with_beginning(question: Question) -> QuerySet[Any]:
    """Deals with the instant of their first visit, and its stage."""
    reader = question.reader
    if not reader.is_active:
        return Deal.objects.none()
    # What the reader sees is said of the visits: those of some people in a period are found by an index.
    # Not of the deals as well: PostgreSQL would count on as few as if the two had nothing in common.
    held = reader.scope.owned_filter(owner="visits__holder", team="visits__holder_team")
    first: QuerySet[Any] = Deal.objects.filter(
        held, question.of_deals(), visits__sequence=1
    ).annotate(began_at=F("visits__entered_at"), began_in=F("visits__stage"))
    return first


def _begun(question: Question) -> QuerySet[Any]:
    period = question.period
    return _with_beginning(question).filter(
        began_at__gte=period.starts_at, began_at__lt=period.ends_at
    )


# Deals whose first visit began in the period.
BEGUN = Population(
    key="begun",
    kind="deal",
    find=_begun,
    undated=_if_any(lambda question: _with_beginning(question).filter(began_at=None)),
    at="began_at",
    axes={
        **axes_of_deal("", stage="stage", owner="owner", team="team", at="began_at"),
        **_axes_of_closing(""),
    },
    columns=("deal", "company", "owner", "stage", "began", "closed", "value"),
    order="-began",
)


# What rows are measured by -----------------------------------------------------------------------


def norm_days(question: Question, *, stage: str, team: str) -> Case:
    """SQL for the usual days of a stage, at the team that a row belongs to."""
    norms = norms_for(question.reader)
    own: dict[tuple[Stage, int], list[int]] = {}
    for each, pk in product(Stage, norms.team_ids):
        if (days := norms.of(each, pk)) != norms.of(each, None):
            own.setdefault((each, days), []).append(pk)
    return Case(
        *(
            When(**{stage: each, f"{team}__in": teams}, then=days)
            for (each, days), teams in own.items()
        ),
        *(When(**{stage: each}, then=norms.of(each, None)) for each in Stage),
        output_field=IntegerField(),
    )


def days_before(at: dt.datetime, days: str) -> Any:
    """SQL for the instant that lies as many days before another one as a column says."""
    return ExpressionWrapper(
        Value(at) - F(days) * Value(dt.timedelta(days=1)), output_field=DateTimeField()
    )


def flag(condition: Q) -> Case | Value:
    """SQL for whether a condition holds; an empty one always does."""
    true = Value(True, output_field=BooleanField())
    return Case(When(condition, then=true), default=Value(False)) if condition else true


# Of everybody, whoever asks: never shown but as the middle of several people -----------------------


def ends_of_everybody(question: Question) -> QuerySet[Any]:
    """Visits that ended in the period, of all people; what it is asked of counts, by whom not."""
    period = question.period
    return StageVisit.objects.filter(
        question.of_everybody().of_visits(),
        entry_owner__isnull=False,
        left_at__gte=period.starts_at,
        left_at__lt=period.ends_at,
    )


def done_of_everybody(question: Question) -> QuerySet[Any]:
    """What was done in the period, by all people."""
    period = question.period
    return Activity.objects.done().filter(
        question.of_everybody().of_activities(),
        done_at__gte=period.starts_at,
        done_at__lt=period.ends_at,
    )


def closed_of_everybody(question: Question) -> QuerySet[Deal]:
    """Deals of all people that were closed in the period."""
    period = question.period
    return Deal.objects.filter(
        question.of_everybody().of_deals(),
        owner__isnull=False,
        closed_at__gte=period.starts_at,
        closed_at__lt=period.ends_at,
    )
