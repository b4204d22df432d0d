"""News or noise of what stands open: by how much it changed from week to week (METRICS K7, K8)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import deal as deal_commands
from crm.models import Deal
from reports.metrics import pipeline
from reports.presenters import stock_trends
from reports.presenters.report import Report
from reports.presenters.trends import mondays_of, whole_weeks
from tests.conftest import Cast
from tests.reports.test_metrics import asked
from tests.reports.worked import on_day


def report_of(cast: Cast) -> Report:
    question = asked(cast.again(cast.mona))
    return Report(question=question, path="/reports/", asked={}, more={})


def test_k8_what_stood_open_at_the_end_of_each_week_is_what_a_report_as_of_that_day_says(
    worked_cast: Cast,
) -> None:
    """With values that changed, up and down."""
    for name, day, amount in (("D3", 40, 90), ("D3", 62, 50), ("D9", 45, 120), ("D10", 85, 70)):
        deal = Deal.objects.get(name=name)
        deal_commands.edit(deal, by=worked_cast.ana, at=on_day(day), amount=Decimal(amount))
    report = report_of(worked_cast)
    weeks = whole_weeks(report.question)
    found = stock_trends.stood_open(report.question, weeks)
    assert any(n for n, _value in found.values())
    for monday in mondays_of(weeks):
        then = report.question.as_of_day(monday + dt.timedelta(days=6))
        figure = pipeline.qualified_value.whole(then)
        assert found[monday] == (figure.n, figure.value), monday


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
