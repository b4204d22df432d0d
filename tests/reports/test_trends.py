"""News or noise: what is usual week by week, and the quarters of a year that begins later."""

import datetime as dt
import zoneinfo
from collections import Counter
from decimal import Decimal

import pytest
from django.db.models import F, Value

from crm.models import Activity, Deal
from pipeline.models import Team
from reports.axes import QUARTER
from reports.flow_populations import WorkedTime
from reports.forms import Span, span_label
from reports.metrics import activity, leads
from reports.presenters.report import Report
from reports.presenters.trends import weekly
from reports.question import quarter_name, quarter_of
from salesprocess.lib.working_hours import WorkingHours
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal
from tests.reports.test_metrics import asked

ZONE = zoneinfo.ZoneInfo("Europe/Vienna")


def calls(cast: Cast, per_week: list[int]) -> Report:
    """So many conversations in each of the last whole weeks; what a report of Ana's says of them."""
    deal = make_deal(by=cast.ana, at=ago(days=300))
    monday = NOW - dt.timedelta(days=NOW.weekday())
    days = [
        monday - dt.timedelta(weeks=back)
        for back, count in enumerate(reversed(per_week), start=1)
        for _call in range(count)
    ]
    said = {"kind": "call", "result": "reached", "deal": deal, "owner": cast.ana}
    Activity.objects.bulk_create(Activity(**said, done_at=at, created_at=at) for at in days)
    question = asked(cast.again(cast.ana), start=1, end=90)
    return Report(question=question, path="/reports/", asked={}, more={})


def said_of(cast: Cast, per_week: list[int]) -> str:
    report = calls(cast, per_week)
    trend = weekly(report, [activity.conversations]).get("conversations")
    return trend.words if trend else ""


@pytest.mark.parametrize(
    ("per_week", "said"),
    [
        ([3, 4] * 9, ""),
        ([3, 4] * 11, "as usual"),
        ([3, 4] * 11 + [15], "outside what is usual"),
        ([3, 4] * 8 + [5, 5, 6, 5, 6, 5, 6, 5], "8 weeks in a row above the middle"),
    ],
)
def test_a_week_is_news_only_where_it_leaves_what_is_usual(
    cast: Cast, per_week: list[int], said: str
) -> None:
    words = said_of(cast, per_week)
    assert said in words
    assert bool(words) == bool(said)


def test_a_row_lies_in_the_organisations_own_quarter(cast: Cast) -> None:
    for number in range(24):
        half = number % 2
        at = dt.datetime(2025, number // 2 + 1, 28 if half else 1, 23 * half, 30, tzinfo=ZONE)
        make_deal(by=cast.ana, at=at)
    days = [at.astimezone(ZONE).date() for at in Deal.objects.values_list("created_at", flat=True)]
    for month in range(1, 13):
        Team.objects.filter(parent=None).update(fiscal_month=month)
        question = asked(cast.again(cast.ana), start=-500, end=90)
        found = leads.leads.measure(question, QUARTER)
        told = Counter(quarter_of(day, first_month=month)[0] for day in days)
        assert {key: figure.n for key, figure in found.items()} == told, month
        names = {quarter_name(key, first_month=month) for key in told}
        assert set(QUARTER.named(question, found).values()) == names


def test_a_quarter_is_called_by_the_year_that_it_belongs_to() -> None:
    day = dt.date(2026, 3, 11)
    assert quarter_name(day) == "Q1 2026"
    assert quarter_name(day, first_month=4) == "Q4 2025/26"
    assert quarter_name(day, first_month=2) == "Q1 2026/27"
    assert span_label(Span.LAST_QUARTER, day, first_month=4) == "Last quarter (Q3 2025/26)"
    assert span_label(Span.FISCAL_YEAR, day, first_month=4) == "This fiscal year (2025/26)"
    assert span_label(Span.DAYS_90, day) == "Last 90 days"


def minutes_worked(start: dt.datetime, end: dt.datetime, hours: WorkingHours) -> int:
    """Minute by minute, as nobody would ask a database."""
    count, at = 0, start
    while at < end:
        local = at.astimezone(ZONE)
        minute = local.hour * 60 + local.minute
        count += local.isoweekday() in hours.days and hours.opens <= minute < hours.closes
        at += dt.timedelta(minutes=1)
    return count


@pytest.mark.parametrize(
    "hours", [WorkingHours(), WorkingHours(frozenset({1, 2, 3, 4, 7}), 510, 1000)], ids=str
)
def test_k17_working_time_is_that_of_the_organisation(cast: Cast, hours: WorkingHours) -> None:
    starts = [ago(days=days, hours=hour) for days, hour in ((4, 2), (5, 14), (0, 6), (9, 20))]
    for start in starts:
        make_deal(by=cast.ana, at=start)
    zone = ZONE.key
    worked = Deal.objects.annotate(
        worked=WorkedTime(Value(NOW), zone, hours) - WorkedTime(F("created_at"), zone, hours)
    )
    assert dict(worked.values_list("created_at", "worked")) == {
        start: dt.timedelta(minutes=minutes_worked(start, NOW, hours)) for start in starts
    }


def test_k17_a_lead_of_friday_night_is_answered_in_time_on_monday_morning(cast: Cast) -> None:
    friday = dt.datetime(2026, 3, 6, 22, 0, tzinfo=ZONE)
    deal = make_deal(by=cast.ana, at=friday)
    monday = dt.datetime(2026, 3, 9, 9, 45, tzinfo=ZONE)
    Activity.objects.create(
        kind="call", deal=deal, owner=cast.ana, done_at=monday, created_at=monday, stage=1
    )
    question = asked(cast.again(cast.ana), start=80)
    assert leads.answered_within_an_hour.whole(question).part == 0
    assert leads.answered_within_a_working_hour.whole(question).part == 1
    assert leads.response_working_hours.whole(question).value == Decimal("0.8")
