"""The rows of how deals move and how long they take: visits and deals as `populations` finds them,
with what became of each beside it. With `populations` the only place that names tables."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest, Least

from crm.models import Activity, StageVisit
from crm.models.activity import HELD, TOUCHES
from crm.models.step_result import StepResult, StepState
from pipeline.process.moves import LeftHow
from pipeline.process.stages import Outcome, Stage
from reports.figures import MIN_ROWS
from reports.measures import Percentile
from reports.metric import Population
from reports.populations import (
    BEGUN,
    CLOSED,
    ENTRIES,
    EXITS,
    norm_days,
    of_deals_in_reach,
    reach_of,
)
from reports.question import Question
from salesprocess.lib.derived import with_found
from salesprocess.lib.working_hours import WorkingHours

# Both sides spoke (METHOD, G2).
CONVERSATION = Q()
for _kind, _results in HELD.items():
    CONVERSATION |= Q(kind=_kind, result__in=_results)

FORWARD = Q(left_how__in=[LeftHow.ADVANCED, LeftHow.WON])
# Within so many days a visit is expected to go on while too few did to say it.
A_QUARTER = 90


class DaysBetween(Func):
    """How many days, and parts of them, lie between two instants: the later one first."""

    template = "(extract(epoch FROM %(expressions)s) / 86400)::float8"
    arg_joiner = " - "
    output_field = FloatField()


def _length(later: Any, earlier: Any) -> Any:
    return ExpressionWrapper(later - earlier, output_field=DurationField())


def _true(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False))


def _of_same(**conditions: Any) -> QuerySet[StageVisit]:
    return StageVisit.objects.filter(deal=OuterRef("deal"), **conditions)


def undated_of(
    population: Population, then: Callable[[Question, QuerySet[Any]], QuerySet[Any]]
) -> Callable[[Question], QuerySet[Any] | None]:
    """The undated rows of a population, with what another one finds beside them."""

    def find(question: Question) -> QuerySet[Any] | None:
        rows = population.undated(question) if population.undated else None
        return None if rows is None else then(question, rows)

    return find


def counted_until(question: Question) -> dt.datetime:
    """The instant up to which a period is counted: its end, or now while it goes on."""
    return min(question.now, question.period.ends_at)


# First entries: what became of each deal that came to a stage ---------------------------------------


def usual_spans(question: Question) -> dict[Stage, int]:
    """The days within which nine in ten of the visits that went on had gone on, by stage: of all
    that the reader may see, in the year up to the period's end (METRICS K3a). Whole days, upwards."""
    return question.once("usual spans", lambda: _usual_spans(question))


def _usual_spans(question: Question) -> dict[Stage, int]:
    end = counted_until(question)
    rows = (
        StageVisit.objects.visible_to(question.reader)
        .filter(
            FORWARD,
            question.of_real("deal__"),
            left_at__gte=end - dt.timedelta(days=365),
            left_at__lt=end,
        )
        .order_by()
        .values("stage")
        .annotate(n=Count("pk"), days=Percentile(DaysBetween("left_at", "entered_at"), share="0.9"))
    )
    found = {row["stage"]: row["days"] for row in rows if row["n"] >= MIN_ROWS}
    return {stage: max(1, math.ceil(found.get(stage) or A_QUARTER)) for stage in Stage}


def _with_outcomes(question: Question, rows: QuerySet[StageVisit]) -> QuerySet[Any]:
    """Only first entries, each with when it went on and what its deal came to."""
    beyond = _of_same(stage__gt=OuterRef("stage"), sequence__gt=OuterRef("sequence"))
    won_at = Case(When(deal__outcome=Outcome.WON, then=F("deal__closed_at")))
    until = Value(question.now, output_field=DateTimeField())
    is_open = Q(deal__outcome=Outcome.OPEN)
    watched = Case(When(is_open, then=until), default=F("deal__closed_at"))
    found: QuerySet[Any] = rows.filter(
        ~Exists(_of_same(stage=OuterRef("stage"), sequence__lt=OuterRef("sequence"))),
        of_deals_in_reach(question),
    ).annotate(
        went_on_at=Coalesce(Subquery(beyond.order_by("sequence").values("entered_at")[:1]), won_at),
        counted_until=Value(counted_until(question), output_field=DateTimeField()),
        followed_days=Greatest(DaysBetween(watched, F("entered_at")), 0.0),
        came_to=Case(
            When(is_open, then=Value(None)),
            When(deal__outcome=Outcome.WON, then=Value("won")),
            default=Value("stopped"),
            output_field=CharField(),
        ),
    )
    return found


# The first entry of each deal to a stage, where it lies in the period.
FIRST_ENTRIES = replace(
    ENTRIES,
    key="first_entries",
    find=lambda question: _with_outcomes(question, ENTRIES.find(question)),
    undated=undated_of(ENTRIES, _with_outcomes),
)


def _cohorts(question: Question, rows: QuerySet[StageVisit]) -> QuerySet[Any]:
    """First entries, each with whether it went on in time, and whether that is settled."""
    span = Case(
        *(
            When(stage=stage, then=Value(dt.timedelta(days=days)))
            for stage, days in usual_spans(question).items()
        ),
        output_field=DurationField(),
    )
    late_from = ExpressionWrapper(F("entered_at") + span, output_field=DateTimeField())
    until = Value(question.now, output_field=DateTimeField())
    found: QuerySet[Any] = (
        _with_outcomes(question, rows)
        .annotate(late_from=late_from)
        .annotate(
            in_time=_true(Q(went_on_at__lte=F("late_from"))),
            is_settled=_true(~Q(deal__outcome=Outcome.OPEN) | Q(late_from__lte=until)),
        )
    )
    return found


# The same, judged by the days that are given to go on.
COHORTS = replace(
    ENTRIES,
    key="cohorts",
    find=lambda question: _cohorts(question, ENTRIES.find(question)),
    learns=lambda question: {"usual spans": usual_spans(question)},
    undated=undated_of(ENTRIES, _cohorts),
)


# Paths: how far the deals that began came -----------------------------------------------------------


def _with_path(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each with its `path`: the stages of its visits as digits, in their order, such as 12343."""
    visits = StageVisit.objects.filter(deal=OuterRef("pk")).order_by().values("deal")
    path = StringAgg(Cast("stage", CharField()), delimiter="", order_by="sequence")
    found: QuerySet[Any] = rows.annotate(path=Subquery(visits.annotate(path=path).values("path")))
    return found


# Deals whose first visit began in the period, with the way that they took.
PATHS = replace(
    BEGUN,
    key="paths",
    find=lambda question: _with_path(BEGUN.find(question)),
    undated=undated_of(BEGUN, lambda _question, rows: _with_path(rows)),
)

# Stays: how long visits last, those that go on included ---------------------------------------------


def _of_usual() -> ExpressionWrapper[Any]:
    taken = DaysBetween("left_at", "entered_at")
    return ExpressionWrapper(taken / F("usual_days"), output_field=FloatField())


def _stays(question: Question) -> QuerySet[Any]:
    """The visits that the period saw: over in it, or still there at its end. Those that took no time
    (a one-call sale) stand aside."""
    rows = (
        StageVisit.objects.visible_to(question.reader)
        .filter(question.of_visits(), entered_at__lt=counted_until(question))
        .filter(
            Q(left_at__gte=question.period.starts_at, left_at__gt=F("entered_at"))
            | Q(left_how=None)
        )
    )
    return _watched(question, rows)


def _watched(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each with how long it lasted so far, from how old on it was watched, and what is usual."""
    start, until = (
        Value(at, output_field=DateTimeField())
        for at in (question.period.starts_at, counted_until(question))
    )
    is_over = Q(left_at__lt=until)
    found: QuerySet[Any] = rows.annotate(
        ended=_true(is_over),
        lasted=DaysBetween(Case(When(is_over, then=F("left_at")), default=until), F("entered_at")),
        watched_from=Greatest(DaysBetween(start, F("entered_at")), 0.0),
        usual_days=norm_days(question, stage="stage", team="entry_team"),
    ).annotate(of_usual=_of_usual())
    return found


_TIMES = ("week", "month", "quarter")
STAYS = replace(
    EXITS,
    key="stays",
    find=_stays,
    axes={key: path for key, path in EXITS.axes.items() if key not in _TIMES},
    undated=undated_of(ENTRIES, _watched),
    order="-entered",
)


def _measured_by_norm(question: Question) -> QuerySet[Any]:
    """Visits that ended, each with the usual days of its own team, and which share of them it took."""
    rows: QuerySet[Any] = EXITS.find(question).annotate(
        usual_days=norm_days(question, stage="stage", team="entry_team"),
    )
    found: QuerySet[Any] = rows.annotate(of_usual=_of_usual())
    return found


# Visits that ended in the period, beside what their teams hold for usual.
NORMED = replace(EXITS, key="normed", find=_measured_by_norm)


def _last_exits(question: Question) -> QuerySet[Any]:
    """The last visit of each deal to a stage that is over, with the days of all its visits there."""
    over = _of_same(stage=OuterRef("stage"), left_at__isnull=False)
    together = over.order_by().values("deal").annotate(days=Sum(F("left_at") - F("entered_at")))
    rows: QuerySet[Any] = (
        EXITS.find(question)
        .filter(~Exists(over.filter(sequence__gt=OuterRef("sequence"))))
        .annotate(
            stayed=Subquery(together.values("days"), output_field=DurationField()),
        )
    )
    return rows


LAST_EXITS = replace(EXITS, key="last_exits", find=_last_exits)

# Waits: until something is done in a stage ----------------------------------------------------------


def _after_moves(_question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(sequence__gt=1)


def _waits(question: Question) -> QuerySet[Any]:
    """Visits that began with a move forward, each with when something was first done in it."""
    now = Value(question.now, output_field=DateTimeField())
    last = Coalesce(OuterRef("left_at"), now)
    since = OuterRef("entered_at")
    talks = Activity.objects.filter(
        CONVERSATION, deal=OuterRef("deal"), done_at__gte=since, done_at__lte=last
    )
    steps = StepResult.objects.filter(
        deal=OuterRef("deal"),
        stage=OuterRef("stage"),
        state=StepState.DONE,
        private_to=None,
        at__gte=since,
        at__lte=last,
    )
    rows: QuerySet[Any] = (
        _after_moves(question, ENTRIES.find(question))
        .annotate(
            worked_at=Least(
                Subquery(talks.order_by("done_at").values("done_at")[:1]),
                Subquery(steps.order_by("at").values("at")[:1]),
            )
        )
        .annotate(waited=_length(F("worked_at"), F("entered_at")))
    )
    return rows


WAITS = replace(ENTRIES, key="waits", find=_waits, undated=undated_of(ENTRIES, _after_moves))

# Cycles: from the first day to the closing ----------------------------------------------------------


def _cycles(question: Question) -> QuerySet[Any]:
    """Closed deals, each with its days from the first visit, from the second stage, and from the
    first conversation on."""
    visits = StageVisit.objects.filter(deal=OuterRef("pk"))
    talks = Activity.objects.filter(CONVERSATION, deal=OuterRef("pk"), done_at__isnull=False)
    starts = {
        "began_at": visits.filter(sequence=1).values("entered_at")[:1],
        "engaged_at": visits.filter(stage__gte=Stage.PROSPECTING)
        .order_by("sequence")
        .values("entered_at")[:1],
        "talked_at": talks.order_by("done_at").values("done_at")[:1],
    }
    rows: QuerySet[Any] = CLOSED.find(question).annotate(
        **{name: Subquery(start) for name, start in starts.items()}
    )
    found: QuerySet[Any] = rows.annotate(
        from_first=_length(F("closed_at"), F("began_at")),
        from_second=_length(F("closed_at"), F("engaged_at")),
        from_talk=Case(
            When(talked_at__lte=F("closed_at"), then=_length(F("closed_at"), F("talked_at")))
        ),
    )
    return found


# Deals that closed in the period, with how long they took.
CYCLES = replace(
    CLOSED,
    key="cycles",
    find=_cycles,
    columns=("deal", "company", "owner", "began", "closed", "cause", "value"),
)


# Answers: how soon deals that began as leads were answered ------------------------------------------


class WorkedTime(Func):
    """How long was worked from a Monday long ago until an instant: a difference of two is the working
    time between them. `zone` is that of the organisation, the rest are its working hours."""

    template = (
        "(SELECT make_interval(secs => 60 * ("
        "(floor(day / 7.0) * %(days)s + (ARRAY[%(before)s])[weekday]) * %(length)s"
        " + (ARRAY[%(works)s])[weekday] * least(greatest(minute - %(opens)s, 0), %(length)s)))"
        " FROM (SELECT day, day - 7 * floor(day / 7.0)::int + 1 AS weekday, minute"
        " FROM (SELECT local::date - date '2000-01-03' AS day,"
        " extract(epoch FROM local::time) / 60 AS minute"
        " FROM (SELECT (%(expressions)s)) AS instant(local)) AS clock) AS week)"
    )
    arg_joiner = " AT TIME ZONE "
    output_field = DurationField()
    # Too much to be worked out more than once.
    contains_subquery = True

    def __init__(self, at: Any, zone: str, hours: WorkingHours) -> None:
        works = [int(day in hours.days) for day in range(1, 8)]
        before = [sum(works[:day]) for day in range(7)]
        super().__init__(
            at,
            Value(zone),
            days=sum(works),
            works=", ".join(map(str, works)),
            before=", ".join(map(str, before)),
            length=hours.closes - hours.opens,
            opens=hours.opens,
        )


def _answered(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Deals that began as leads, each with when it was first touched, and how long that took by the
    clock and in working time."""
    leads = rows.filter(began_in__lte=Stage.PROSPECTING)
    period, reach = question.period, reach_of(question)
    touches: Any = Activity.objects.filter(
        reach("deal__visits__holder", "deal__visits__holder_team"),
        kind__in=TOUCHES,
        done_at__gte=F("deal__visits__entered_at"),
        deal__visits__sequence=1,
        deal__visits__entered_at__gte=period.starts_at,
        deal__visits__entered_at__lt=period.ends_at,
    ).order_by()
    first = touches.values("deal_id").annotate(answered_at=Min("done_at"))
    organisation = question.reader.organisation
    zone, hours = question.period.zone.key, organisation.working_hours
    until_answer = _length(
        WorkedTime(F("answered_at"), zone, hours), WorkedTime(F("began_at"), zone, hours)
    )
    worked: QuerySet[Any] = with_found(leads, first, "answered_at", by="deal_id").annotate(
        answered_in=_length(F("answered_at"), F("began_at")),
        # A calendar is dear: it is not asked of what was not answered.
        worked_until_answer=Case(When(answered_at__isnull=False, then=until_answer)),
    )
    return worked


# Deals that began as leads in the period, with how soon they were answered.
LEADS = replace(
    BEGUN,
    key="leads",
    is_by_time=True,
    find=lambda question: _answered(question, BEGUN.find(question)),
    undated=undated_of(BEGUN, _answered),
)
