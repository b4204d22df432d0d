"""News or noise of what stands open: by how much it changed from week to week (METRICS K7, K8)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import deal as deal_commands
from crm.models import Company, Deal, StageVisit
from pipeline.process.moves import EnteredHow
from pipeline.process.stages import Stage
from reports.metrics import pipeline
from reports.presenters import stock_trends
from reports.presenters.report import Report
from reports.presenters.trends import mondays_of
from tests.conftest import Cast
from tests.reports.test_metrics import asked
from tests.reports.worked import on_day


def report_of(cast: Cast, **narrowed: Any) -> Report:
    question = asked(cast.again(cast.mona), **narrowed)
    return Report(question=question, path="/reports/", asked={}, more={})


def test_k8_what_stood_open_at_the_end_of_each_week_is_what_a_report_as_of_that_day_says(
    worked_cast: Cast,
) -> None:
    """With values that changed, up and down."""
    for name, day, amount in (("D3", 40, 90), ("D3", 62, 50), ("D9", 45, 120), ("D10", 85, 70)):
        deal = Deal.objects.get(name=name)
        deal_commands.edit(deal, by=worked_cast.ana, at=on_day(day), amount=Decimal(amount))
    imported_deal(worked_cast)
    for asked_for in (None, 55, 33):
        as_of = None if asked_for is None else on_day(asked_for).date()
        question = report_of(worked_cast, as_of=as_of).question
        weeks = stock_trends.stock_weeks(question)
        assert 0 <= ((as_of or question.today) - weeks.end_on).days < 7
        found = stock_trends.stood_open(question, weeks)
        assert found[weeks.start_on] == (1, Decimal(700))
        assert found[mondays_of(weeks)[-1]][0] > 1
        for monday in mondays_of(weeks):
            then = question.as_of_day(monday + dt.timedelta(days=6))
            figure = pipeline.qualified_value.whole(then)
            assert found[monday] == (figure.n, figure.value), (as_of, monday)


def imported_deal(cast: Cast) -> None:
    """It is in qualification, nobody knows since when, and its value was raised since."""
    deal = Deal.objects.create(
        name="Imported",
        owner=cast.ana,
        team=cast.north,
        company=Company.objects.first(),
        stage=Stage.QUALIFICATION,
        amount=Decimal(700),
        currency="EUR",
        created_at=on_day(0),
        changed_at=on_day(0),
    )
    StageVisit.objects.create(
        deal=deal,
        sequence=1,
        stage=Stage.QUALIFICATION,
        entered_how=EnteredHow.IMPORTED,
        entry_owner=cast.ana,
        entry_team=cast.north,
    )
    deal_commands.edit(deal, by=cast.ana, at=on_day(70), amount=Decimal(900))


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (120, "+€20, as usual"),
        (900, "+€800, outside what is usual"),
        (0, "−€100, outside what is usual"),  # a minus sign
    ],
)
def test_a_week_is_news_if_what_stands_open_changed_by_more_than_usual(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, last: int, said: str
) -> None:
    """However high it stands: it climbs and falls by ten a week."""

    def stood(_question: object, weeks: Any) -> dict[dt.date, tuple[int, Decimal]]:
        mondays = mondays_of(weeks)
        worth = [Decimal(100 + number % 2 * 10) for number in range(len(mondays) - 1)]
        return dict(zip(mondays, [(3, value) for value in [*worth, Decimal(last)]], strict=True))

    monkeypatch.setattr(stock_trends, "stood_open", stood)
    told = stock_trends.stock_trends(report_of(cast))
    # Nothing was won, so that nobody knows what it brings a day.
    assert set(told) == {"qualified_value"}
    assert said in told["qualified_value"].words
    # Whose a deal was in each of the weeks is not known here.
    some = ({"person": cast.ana.pk}, {"teams": frozenset({cast.north.pk})}, {"style": "hunter"})
    for narrowed in some:
        of_some = report_of(cast, **narrowed)
        assert stock_trends.stock_trends(of_some) == {}
        assert stock_trends.no_stock_trends_words(of_some.question)
    assert not stock_trends.no_stock_trends_words(report_of(cast).question)
