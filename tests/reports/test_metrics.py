"""Every metric, along every axis: a number counts exactly its rows, and the parts add up."""

import zoneinfo
from typing import Any

import pytest

from crm.models import Source
from pipeline.models import SellingStyle, User
from reports import axes
from reports.figures import FigureCell, Period
from reports.metric import AXES, METRICS, WHOLE, Metric
from reports.metrics import outcomes
from reports.question import Question, team_with_all_below
from tests.conftest import Cast
from tests.factories import NOW
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


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_number_counts_exactly_its_rows(worked_cast: Cast, metric: Metric) -> None:
    asked_of = questions(worked_cast)
    # What is told row by row costs a query for each number; random histories try it besides
    # (`test_movements`), so that one narrowed question is enough of it here.
    is_told = metric.population.told is not None
    for place, question in enumerate(asked_of[3:4] if is_told else asked_of):
        whole = metric.whole(question)
        assert metric.rows(question, FigureCell(metric=metric.slug)).count() == whole.n
        # Every axis for her whose deals they are; for each of the others some, in turn.
        for key in metric.axes[place - 1 :: 4] if place else metric.axes:
            by = AXES[key]
            found = metric.measure(question, by)
            if by.is_partition:
                assert sum(figure.n for figure in found.values()) == whole.n, key
            for value, figure in found.items():
                cell = FigureCell(metric=metric.slug, by=key, key=by.value(by.text(value)))
                assert metric.rows(question, cell, by).count() == figure.n, (key, value)
                if figure.part is not None:
                    part = FigureCell(metric=metric.slug, by=key, key=value, part=True)
                    assert metric.rows(question, part, by).count() == figure.part
            assert set(by.named(question, found)) >= set(found)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_number_of_a_table_of_two_axes_counts_its_rows(worked_cast: Cast, metric: Metric) -> None:
    question = asked(worked_cast.again(worked_cast.ana))
    if metric.population.told:
        question = questions(worked_cast)[3]
    pairs = [("stage", "month"), ("person", "source"), ("cause_kind", "stage")]
    for one, other in pairs:
        if {one, other} <= set(metric.axes):
            by, across = AXES[one], AXES[other]
            found = metric.measure(question, by, across)
            assert sum(figure.n for figure in found.values()) == metric.whole(question).n
            for figure in found.values():
                assert figure.cell is not None
                assert metric.rows(question, figure.cell, by, across).count() == figure.n


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
