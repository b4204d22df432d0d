"""Every metric, along every axis: a number counts exactly its rows, and the parts add up."""

import zoneinfo
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Deal, Source
from pipeline.models import Batch, SellingStyle, User
from reports import axes
from reports.axis import Axis
from reports.figures import FigureCell, Period
from reports.metric import (
    AXES,
    METRICS,
    WHOLE,
    Metric,
    Population,
    figure_key,
    figures,
    kept_figures,
)
from reports.metrics import outcomes
from reports.question import Question, team_with_all_below
from reports.together import Wanted, ask_together
from tests.conftest import Cast
from tests.factories import NOW, ago, won_deal
from tests.reports.test_funnel_page import undated_deal
from tests.reports.worked import on_day

TODAY = NOW.date()


def asked(reader: User, *, start: int = -1, end: int = 90, **narrowed: Any) -> Question:
    """What somebody asks of the days of the fixture."""
    period = Period(
        start_on=on_day(start).date(),
        end_on=on_day(end).date(),
        zone=zoneinfo.ZoneInfo("Europe/Vienna"),
    )
    return Question(reader=reader, today=TODAY, period=period, **narrowed)


def questions(cast: Cast) -> list[Question]:
    ana, mona, ben = (cast.again(user) for user in (cast.ana, cast.mona, cast.ben))
    return [
        asked(ana),
        asked(mona, start=10, end=40),
        asked(mona, teams=team_with_all_below(cast.north), style=SellingStyle.MIXED),
        asked(
            mona,
            as_of=on_day(32).date(),
            source=Source.objects.values_list("pk", flat=True).first(),
        ),
        asked(ben),
    ]


POPULATIONS = {each.population.key: each.population for each in METRICS.values()}
over_each = pytest.mark.parametrize("population", POPULATIONS.values(), ids=POPULATIONS)


def metrics_over(population: Population) -> list[Metric]:
    return [metric for metric in METRICS.values() if metric.population.key == population.key]


def ids_behind(question: Question, metric: Metric, **cell: Any) -> frozenset[int]:
    """The rows behind a number, each there once."""
    axes = [AXES[cell[name]] for name in ("by", "across") if name in cell]
    rows = metric.rows(question, FigureCell(metric=metric.slug, **cell), *axes)
    found = list(rows.order_by().values_list("pk", flat=True))
    assert len(found) == len(set(found)), (metric.slug, cell)
    return frozenset(found)


def whole_of(question: Question, metrics: list[Metric]) -> dict[tuple[str, bool], frozenset[int]]:
    """The rows of each metric, and of its numerator if it has one; as many as its number says."""
    found = {}
    for metric in metrics:
        figure = metric.whole(question)
        found[metric.slug, False] = ids_behind(question, metric)
        assert len(found[metric.slug, False]) == figure.n, metric.slug
        if figure.part is not None:
            found[metric.slug, True] = ids_behind(question, metric, part=True)
            assert len(found[metric.slug, True]) == figure.part, metric.slug
    return found


def along(question: Question, population: Population, *axes: Axis) -> dict[int, Any]:
    """Where each row of a population lies on some axes, read of the rows alone."""
    rows = population.find(question).order_by()
    names = ("one", "other")[: len(axes)]
    for name, each in zip(names, axes, strict=True):
        rows = rows.annotate(**{name: population.axes[each.key](question)})
    return {
        pk: found[0] if len(axes) == 1 else tuple(found)
        for pk, *found in rows.values_list("pk", *names)
    }


def check_parts(
    question: Question,
    metrics: list[Metric],
    ids: dict[tuple[str, bool], frozenset[int]],
    *axes: Axis,
) -> None:
    """Every number of every metric along some axes is that of its rows that lie there, so that they
    add up to the whole; and of each value the rows behind one of them are just these."""
    population = metrics[0].population
    places = along(question, population, *axes)
    found = figures(question, metrics, *axes)
    for metric in metrics:
        for part in (False, True):
            if (metric.slug, part) in ids:
                told = {
                    value: figure.part if part else figure.n
                    for value, figure in found[metric.slug].items()
                }
                rows = Counter(places[pk] for pk in ids[metric.slug, part])
                assert {value: n for value, n in told.items() if n} == rows, (metric.slug, part)
    values = sorted({*places.values()}, key=str)
    for number, value in enumerate(values):
        metric = metrics[number % len(metrics)]
        pair = (value,) if len(axes) == 1 else value
        texts = [each.value(each.text(one)) for each, one in zip(axes, pair, strict=True)]
        cell = {"by": axes[0].key, "key": texts[0]}
        if len(axes) > 1:
            cell |= {"across": axes[1].key, "column": texts[1]}
        for part in (False, True):
            if (metric.slug, part) in ids:
                lie_there = {pk for pk in ids[metric.slug, part] if places[pk] == value}
                assert ids_behind(question, metric, **cell, part=part) == lie_there, (cell, part)


@over_each
def test_a_number_counts_exactly_its_rows(worked_cast: Cast, population: Population) -> None:
    metrics, asked_of = metrics_over(population), questions(worked_cast)
    # What is told row by row costs a query for each number; random histories try it besides
    # (`test_movements`), so that one narrowed question is enough of it here.
    for place, question in enumerate(asked_of[3:4] if population.told else asked_of):
        ids = whole_of(question, metrics)
        # Every axis for her whose deals they are; for each of the others some, in turn.
        keys = list(dict.fromkeys(key for metric in metrics for key in metric.axes))
        for key in keys[place - 1 :: 4] if place else keys:
            by, some = AXES[key], [metric for metric in metrics if key in metric.axes]
            if by.is_partition:
                check_parts(question, some, ids, by)
            for metric in some:
                found = metric.measure(question, by)
                assert set(by.named(question, found)) >= set(found)
                for value, figure in {} if by.is_partition else found.items():
                    cell = {"by": key, "key": by.value(by.text(value))}
                    assert len(ids_behind(question, metric, **cell)) == figure.n, (key, value)
                    part = ids_behind(question, metric, **cell, part=True)
                    assert len(part) == figure.part or figure.part is None, (key, value)


@over_each
def test_a_number_of_a_table_of_two_axes_counts_its_rows(
    worked_cast: Cast, population: Population
) -> None:
    question = asked(worked_cast.again(worked_cast.ana))
    if population.told:
        question = questions(worked_cast)[3]
    for pair in [("stage", "month"), ("person", "source"), ("cause_kind", "stage")]:
        some = [metric for metric in metrics_over(population) if {*pair} <= set(metric.axes)]
        if some:
            check_parts(question, some, whole_of(question, some), *(AXES[key] for key in pair))


def test_it_counts_what_was_open_on_a_day_that_is_over(worked_cast: Cast) -> None:
    """On day 32: D7 in 2, D3, D8 and D9 in 3, D1 in 5, D2 and D6 in 6."""
    question = asked(worked_cast.again(worked_cast.ana), as_of=on_day(32).date())
    stock = METRICS["open_deals"].measure(question, axes.STAGE)
    assert {stage: figure.value for stage, figure in stock.items()} == {2: 1, 3: 3, 5: 1, 6: 2}
    assert METRICS["open_value"].whole(question).value == 100 + 60 + 120 + 40 + 50 + 90 + 80


def test_it_finds_the_win_rates_of_the_fixture(worked_cast: Cast) -> None:
    question = asked(worked_cast.again(worked_cast.ana))
    rates = {
        metric.slug: (figure.part, figure.n)
        for metric in (
            outcomes.closed_win_rate,
            outcomes.narrow_win_rate,
            outcomes.created_win_rate,
        )
        for figure in [metric.whole(question)]
    }
    assert rates == {
        "closed_win_rate": (2, 5),
        "narrow_win_rate": (2, 4),
        "created_win_rate": (2, 10),
    }


def test_it_finds_the_flow_of_the_fixture(worked_cast: Cast) -> None:
    question = asked(worked_cast.again(worked_cast.ana))
    flow = METRICS["flow_conversion"].measure(question, axes.STAGE)
    assert [(flow[stage].part, flow[stage].n) for stage in axes.STAGE.every] == [
        (6, 7),
        (4, 5),
        (6, 7),
        (4, 5),
        (5, 5),
        (2, 5),
        (2, 2),
    ]
    assert WHOLE in METRICS["flow_conversion"].measure(question)


@pytest.mark.parametrize("keys", [(), ("stage",), ("month",), ("person", "stage")], ids=str)
def test_what_is_asked_together_is_what_is_asked_alone(
    worked_cast: Cast, keys: tuple[str, ...]
) -> None:
    """One query for all metrics that go along, of whatever population; with rows of which nobody knows
    when."""
    undated_deal(worked_cast)
    axes_of = tuple(AXES[key] for key in keys)
    metrics = [metric for metric in METRICS.values() if {*keys} <= set(metric.axes)]
    reader = worked_cast.again(worked_cast.ana)
    at_once, alone = (asked(reader, as_of=on_day(80).date()) for _twice in range(2))
    ask_together([Wanted(question=at_once, metrics=metrics, axes=axes_of)])
    there = [metric for metric in metrics if figure_key(metric, axes_of) in kept_figures(at_once)]
    assert len(there) > 40
    for metric in there:
        found, told = figures(at_once, [metric], *axes_of), figures(alone, [metric], *axes_of)
        pairs = [
            {
                key: (
                    each.n,
                    each.part,
                    each.value and round(each.value, 3),
                    each.coverage,
                    each.half,
                )
                for key, each in some[metric.slug].items()
            }
            for some in (found, told)
        ]
        assert pairs[0] == pairs[1], metric.slug


def told_as(question: Question, metric: Metric, keys: tuple[str, ...]) -> dict[Any, Any]:
    """What its figures say along some axes, where one way to add up may leave more decimals than another."""
    found = figures(question, [metric], *(AXES[key] for key in keys))[metric.slug]
    return {
        key: (each.n, each.part, each.value and round(each.value, 3), each.coverage, each.half)
        for key, each in found.items()
        if each.n or each.coverage.population or key == WHOLE
    }


@pytest.mark.parametrize(
    "population",
    [each for each in POPULATIONS.values() if each.is_by_time],
    ids=lambda each: each.key,
)
def test_times_that_are_asked_about_together_are_what_each_is_alone(
    worked_cast: Cast, population: Population
) -> None:
    """Weeks, the days of a period and the days before it, of which one walk tells; and the same of a time
    that lies far from these."""
    undated_deal(worked_cast)
    reader = worked_cast.again(worked_cast.ana)
    zone = zoneinfo.ZoneInfo("Europe/Vienna")
    times = [
        (Period(start_on=on_day(start).date(), end_on=on_day(end).date(), zone=zone), keys)
        for start, end, keys in (
            (-1, 68, ("week",)),
            (21, 44, ()),
            (45, 68, ("stage",)),
            (80, 90, ()),
        )
    ]
    metrics = metrics_over(population)

    def each_time() -> list[tuple[Question, tuple[str, ...], list[Metric]]]:
        whole = asked(reader)
        return [
            (whole.beside(period), keys, [each for each in metrics if {*keys} <= set(each.axes)])
            for period, keys in times
        ]

    at_once = each_time()
    with CaptureQueriesContext(connection) as queries:
        ask_together(
            Wanted(question=question, metrics=some, axes=tuple(AXES[key] for key in keys))
            for question, keys, some in at_once
        )
    walks = sum(each["sql"].count("(number, starts, ends)") for each in queries)
    assert walks == 1, "these were not asked for in one walk"
    for (together, keys, some), (alone, _keys, _some) in zip(at_once, each_time(), strict=True):
        for metric in some:
            axes_of = tuple(AXES[key] for key in keys)
            if figure_key(metric, axes_of) in kept_figures(together):
                found, told = (told_as(each, metric, keys) for each in (together, alone))
                assert found == told, (metric.slug, keys)


def test_what_is_dear_is_worked_out_once_for_all_that_is_made_of_it(worked_cast: Cast) -> None:
    """The calendar of two instants, for a median in hours and for a share."""
    question = asked(worked_cast.again(worked_cast.ana))
    metrics = [METRICS["response_working_hours"], METRICS["answered_within_a_working_hour"]]
    with CaptureQueriesContext(connection) as queries:
        figures(question, metrics)
    assert sum(each["sql"].count("AS instant(local)") for each in queries) == 2


@pytest.mark.parametrize("slug", ["median_days", "won_within", "won_value"])
def test_one_row_of_a_table_over_time_is_that_of_the_table(worked_cast: Cast, slug: str) -> None:
    undated_deal(worked_cast)
    metric = METRICS[slug]
    one, whole = (asked(worked_cast.again(worked_cast.ana)) for _twice in range(2))
    table = metric.measure(whole, axes.STAGE, axes.MONTH)
    for stage in axes.STAGE.every:
        row = {month: figure for (of, month), figure in table.items() if of == stage}
        assert metric.within(one, axes.STAGE, stage, axes.MONTH) == row
    assert any(stage == 7 for stage, _month in table)


def test_a_whole_that_adds_up_is_that_of_its_parts(worked_cast: Cast) -> None:
    """Asked for after its parts, it costs no query, and is the same."""
    reader = worked_cast.again(worked_cast.ana)
    for metric in METRICS.values():
        if getattr(metric.measures, "adds_up", False) and "stage" in metric.axes:
            after, alone = asked(reader), asked(reader)
            figures(after, [metric], axes.STAGE)
            assert metric.whole(after) == metric.whole(alone), metric.slug


def test_what_came_in_by_a_file_counts_where_nobody_is_on_a_tour(cast: Cast) -> None:
    deal = won_deal(by=cast.ana)
    batch = Batch.objects.create(kind="import", name="Deals", by=cast.ana, at=NOW)
    Deal.objects.filter(pk=deal.pk).update(batch=batch)
    question = Question(
        reader=cast.again(cast.mona),
        today=NOW.date(),
        period=Period(start_on=ago(days=30).date(), end_on=NOW.date(), zone=cast.mona.zone),
    )
    assert question.reader.scope.tour_id is None
    assert outcomes.won.whole(question).value == 1
