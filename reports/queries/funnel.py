"""The funnel: entries, ways out, time, and what is open, per stage (METRICS K1, K2, K4, K5, K8)."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    Case,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    When,
)

from crm.models import Deal, StageVisit
from crm.worth import NOTHING, Rates, Worth, sums
from pipeline.process.queries.stages import Norm, Norms, norms_for
from pipeline.process.stages import Outcome, Stage
from reports.figures import (
    K1,
    K2,
    K4_CLOSED,
    K5,
    K8,
    Coverage,
    Definition,
    Figure,
    shows_figures,
)
from reports.queries.funnel_rows import (
    CLOSED_MEASURES,
    VISIT_MEASURES,
    ended_visits,
    entered_visits,
)
from reports.question import Question


@dataclass(frozen=True, kw_only=True)
class StageTime:
    """How long visits to a stage take (K5), in days.

    `norm` is what their teams hold for usual, and `share_of_norm` the median of what each visit took of
    the norm of its own team (1 is just the norm); None where nothing was timed.
    """

    stage: Stage
    median_days: Figure
    p75_days: Figure
    norm: Norm
    share_of_norm: Decimal | None

    def is_over(self, *, digits: int) -> bool:
        """Whether the median visit exceeded its norm; False for fewer than MIN_ROWS.

        A single norm is compared with the median rounded to `digits` decimals, as printed, so that
        "5 d / 5" is not over.
        """
        days = self.median_days.value
        if days is None or self.share_of_norm is None or self.median_days.is_small_sample:
            return False
        if self.norm.differs:
            return self.share_of_norm > 1
        return round(Decimal(days), digits) > self.norm.high


@dataclass(frozen=True, kw_only=True)
class FunnelStage(StageTime):
    """One stage of the funnel. Keys of `ways` are those of VISIT_MEASURES."""

    ways: dict[str, Figure]
    open_count: Figure
    open_value: Figure
    open_worth: Worth


@dataclass(frozen=True, kw_only=True)
class Funnel:
    stages: list[FunnelStage]
    win_rate: Figure
    # Keys are those of CLOSED_MEASURES.
    closed: dict[str, Figure]
    rates: Rates
    # The dated visits of the period, of all stages, beside those that no period can count (K1).
    entries: Coverage

    @property
    def earlier_rates(self) -> str:
        """The rates of an earlier day that were used, as text; empty if there are none."""
        foreign = sum((row.open_worth for row in self.stages), NOTHING).foreign
        return self.rates.earlier(foreign)


def times_in_stage(question: Question) -> list[StageTime]:
    """The times of the funnel (K5) without its other figures."""
    return _stage_times(question, _undated(question))


@shows_figures(K1, K5, K8)
def funnel(question: Question) -> Funnel:
    """All figures of the funnel for a reader; the number of queries does not depend on the rows."""
    ways = _ways(question)
    undated = _undated(question)
    times = {row.stage: row for row in _stage_times(question, undated)}
    stock, closed, coverage = _deals(question)

    def figure(value: Any, n: int, definition: Definition, coverage: Coverage) -> Figure:
        return Figure(
            value=value, n=n, definition=definition, period=question.period, coverage=coverage
        )

    rows = []
    for stage in Stage:
        counts = ways.get(stage, dict.fromkeys(VISIT_MEASURES, 0))
        dated = counts["entries"]
        began, _left = undated.get(stage, (0, 0))
        known = question.coverage(known=dated, population=dated + began)
        held = stock.get(stage, _EMPTY)
        valued = question.coverage(known=held.valued, population=held.n)
        rows.append(
            FunnelStage(
                stage=stage,
                ways={key: figure(counts[key], dated, K1, known) for key in VISIT_MEASURES},
                median_days=times[stage].median_days,
                p75_days=times[stage].p75_days,
                norm=times[stage].norm,
                share_of_norm=times[stage].share_of_norm,
                open_count=figure(
                    held.n, held.n, K8, question.coverage(known=held.n, population=held.n)
                ),
                open_value=figure(held.worth.value, held.n, K8, valued),
                open_worth=held.worth,
            )
        )
    decided = closed["won"] + closed["lost"]
    return Funnel(
        stages=rows,
        win_rate=replace(
            figure(
                Decimal(closed["won"]) / decided if decided else None, decided, K4_CLOSED, coverage
            ),
            part=closed["won"],
        ),
        closed={
            key: figure(count, sum(closed.values()), K4_CLOSED, coverage)
            for key, count in closed.items()
        },
        rates=question.rates,
        entries=question.coverage(
            known=sum(row.ways["entries"].coverage.known for row in rows),
            population=sum(row.ways["entries"].coverage.population for row in rows),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class StageReach:
    """How far the deals that began in a period came (K2)."""

    stage: Stage
    visited: Figure
    reached: Figure
    skipped: Figure
    created_late: Figure


def reach(question: Question) -> list[StageReach]:
    """Per stage: visited, reached, skipped and created late, of the deals that began in the period.

    A deal begins with its first visit; one whose first visit is undated began nobody knows when.
    """
    period = question.period
    deals = (
        Deal.objects.visible_to(question.reader)
        .filter(question.of_deals())
        .annotate(
            began_at=Min("visits__entered_at", filter=Q(visits__sequence=1)),
            first=Min("visits__stage", filter=Q(visits__sequence=1)),
            furthest=Max("visits__stage"),
        )
    )
    population = deals.count()
    began = deals.filter(began_at__gte=period.starts_at, began_at__lt=period.ends_at)
    undated = deals.filter(began_at=None).count()
    coverage = question.coverage(known=population - undated, population=population)
    n = began.count()
    rows = []
    for stage in Stage:
        visit = StageVisit.objects.filter(deal=OuterRef("pk"), stage=stage)
        reached = began.filter(furthest__gte=stage)
        late = reached.filter(first__gt=stage)
        skipped = reached.filter(~Exists(visit), first__lte=stage)
        counts = (began.filter(Exists(visit)), reached, skipped, late.filter(~Exists(visit)))
        figures = [
            Figure(value=rows_.count(), n=n, definition=K2, period=period, coverage=coverage)
            for rows_ in counts
        ]
        rows.append(
            StageReach(
                stage=stage,
                visited=figures[0],
                reached=figures[1],
                skipped=figures[2],
                created_late=figures[3],
            )
        )
    return rows


class MedianAndP75(Aggregate):
    """The median and the 75th percentile of an expression; exact, sorted once, in the database."""

    function = "percentile_cont"
    template = "%(function)s(ARRAY[0.5, 0.75]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(DurationField())


class Median(Aggregate):
    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def _norm(norms: Norms) -> Case:
    """The norm of a visit: of its stage, at the team that it was entered at."""
    teams: dict[tuple[Stage, int], list[int]] = {}
    for stage, pk in product(Stage, norms.team_ids):
        if (days := norms.of(stage, pk)) != norms.of(stage, None):
            teams.setdefault((stage, days), []).append(pk)
    usual = (When(stage=stage, then=norms.of(stage, None)) for stage in Stage)
    return Case(
        *(
            When(stage=stage, entry_team_id__in=found, then=days)
            for (stage, days), found in teams.items()
        ),
        *usual,
        output_field=IntegerField(),
    )


def _ways(question: Question) -> dict[int, dict[str, int]]:
    # Counting stages, not ids: ids are not in the index by which the visits of a period are found.
    measures = {key: Count("stage", filter=condition) for key, condition in VISIT_MEASURES.items()}
    rows = entered_visits(question).values("stage").annotate(**measures).order_by()
    return {row["stage"]: row for row in rows}


def _undated(question: Question) -> dict[int, tuple[int, int]]:
    """Per stage: the visits that began, and the ended ones that took, nobody knows how long."""
    if not StageVisit.objects.undated().exists():
        # Only imports leave any. Without them the answer is in an empty index, while the question
        # below would look up every deal in reach first: a sixth of the whole report.
        return {}
    rows = (
        StageVisit.objects.visible_to(question.reader)
        .undated()
        .filter(question.of_visits())
        .values_list("stage")
        .annotate(
            began=Count("stage", filter=Q(entered_at=None)),
            ended=Count("stage", filter=Q(left_how__isnull=False)),
        )
        .order_by()
    )
    return {stage: (began, ended) for stage, began, ended in rows}


def _stage_times(question: Question, undated: dict[int, tuple[int, int]]) -> list[StageTime]:
    norms = norms_for(question.reader)
    times = _times(question, norms)
    rows = []
    for stage in Stage:
        time = times.get(stage, {"n": 0, "percentiles": (None, None)})
        norm, share_of_norm = _measured(question, norms, stage, time)
        _began, left = undated.get(stage, (0, 0))
        coverage = question.coverage(known=time["n"], population=time["n"] + left)
        median, p75 = (
            Figure(
                value=_days(length),
                n=time["n"],
                definition=K5,
                period=question.period,
                coverage=coverage,
            )
            for length in time["percentiles"]
        )
        rows.append(
            StageTime(
                stage=stage,
                median_days=median,
                p75_days=p75,
                norm=norm,
                share_of_norm=share_of_norm,
            )
        )
    return rows


def _measured(
    question: Question, norms: Norms, stage: Stage, time: dict[str, Any]
) -> tuple[Norm, Decimal | None]:
    """The norm, or norms, of the visits that were timed, and what the middle one took of its own."""
    if "share_of_norm" in time:
        return Norm(low=time["low"], high=time["high"]), _share(time["share_of_norm"])
    norm = norms.among(stage, question.team_ids)
    middle = time["percentiles"][0]
    return norm, _share(middle / norm.high) if middle is not None else None


def _share(part: dt.timedelta) -> Decimal:
    """Of a length of time that was divided by a number of days: 1 is as many."""
    return Decimal(part.total_seconds()) / 86400


def _times(question: Question, norms: Norms) -> dict[int, dict[str, Any]]:
    length = ExpressionWrapper(F("left_at") - F("entered_at"), output_field=DurationField())
    also: dict[str, Any] = {}
    if any(norms.among(stage, norms.team_ids).differs for stage in Stage):
        # Each visit by the norm of its own team: a mix has no norm of its own.
        norm = _norm(norms)
        taken = ExpressionWrapper(F("length") / norm, output_field=DurationField())
        also = {"low": Min(norm), "high": Max(norm), "share_of_norm": Median(taken)}
    rows = (
        ended_visits(question)
        .annotate(length=length)
        .values("stage")
        .annotate(
            n=Count("stage"),
            percentiles=MedianAndP75("length"),
            **also,
        )
        .order_by()
    )
    return {row["stage"]: row for row in rows}


@dataclass(frozen=True, kw_only=True)
class _Stock:
    """What is open in a stage: `n` deals, of which `valued` have an amount that counts."""

    n: int = 0
    valued: int = 0
    worth: Worth = NOTHING


_EMPTY = _Stock()


def _deals(question: Question) -> tuple[dict[int, _Stock], dict[str, int], Coverage]:
    """What is open, by stage; what was closed, by CLOSED_MEASURES; and how much of that is dated.

    One query over both bases, because finding the deals in reach costs more than counting them.
    """
    period = question.period
    is_open = Q(outcome=Outcome.OPEN)
    in_period = Q(closed_at__gte=period.starts_at, closed_at__lt=period.ends_at)
    undated = Q(closed_at=None) & ~is_open
    closed = {
        key: Count("pk", filter=in_period & condition) for key, condition in CLOSED_MEASURES.items()
    }
    rows = list(
        Deal.objects.visible_to(question.reader)
        .filter(question.of_deals())
        .filter(is_open | in_period | undated)
        .with_value(question.rates)
        .values("stage")
        .annotate(
            n=Count("pk", filter=is_open),
            valued=Count("value", filter=is_open),
            **sums(is_open),
            undated=Count("pk", filter=undated),
            **closed,
        )
        .order_by()
    )
    counts = {key: sum(row[key] for row in rows) for key in closed}
    known = sum(counts.values())
    coverage = question.coverage(
        known=known, population=known + sum(row["undated"] for row in rows)
    )
    stock = {
        row["stage"]: _Stock(
            n=row["n"],
            valued=row["valued"],
            worth=Worth.read(*(row[name] for name in sums())),
        )
        for row in rows
    }
    return stock, counts, coverage


def _days(length: dt.timedelta | None) -> Decimal | None:
    if length is None:
        return None
    return (Decimal(length.total_seconds()) / 86400).quantize(Decimal("0.1"))
