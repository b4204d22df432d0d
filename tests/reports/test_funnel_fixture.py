"""The worked fixture of METRICS.md: ten deals whose every figure an independent script computed."""

import datetime as dt
import zoneinfo
from decimal import Decimal

import pytest

from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as win_commands
from crm.models import Deal
from pipeline.process.stages import Initiator, Stage
from reports.figures import Period
from reports.queries.funnel import funnel, reach
from reports.queries.question import Question
from tests.conftest import Cast, Keep
from tests.factories import NOW, cause_named, ready_deal
from tests.kept_rows import KeptRows

DAY_0 = NOW - dt.timedelta(days=90)

# name, amount, entries "stage@day", then how it ended
STORIES: list[tuple[str, int, str]] = [
    ("D1", 100, "1@0 2@5 3@10 4@20 5@30 6@40 7@50 won@55"),
    ("D2", 80, "1@0 2@3 3@8 5@15 6@25 price@35 reopened@50 price@75"),
    ("D3", 60, "2@2 3@12 4@22 3@30 4@38 5@45"),
    ("D4", 20, "1@1 no_decision@20"),
    ("D5", 0, "1@4 2@9 disqualified@14"),
    ("D6", 120, "3@5 4@10 5@18 6@28 5@33 6@41 7@48 won@60"),
    ("D7", 40, "1@10 2@30"),
    ("D8", 50, "1@15 3@20 competitor@40"),
    ("D9", 90, "2@20 3@26 4@33 5@50 6@70"),
    ("D10", 30, "1@60 2@80"),
]


def tell(cast: Cast, name: str, amount: int, story: str) -> Deal:
    first, *rest = story.split()
    stage, day = first.split("@")
    deal = ready_deal(by=cast.ana, name=name, amount=amount, stage=Stage(int(stage)), at=_at(day))
    for event in rest:
        what, day = event.split("@")
        if what.isdigit():
            move_commands.move(deal, to=Stage(int(what)), by=cast.ana, at=_at(day), reason="told")
        elif what == "won":
            win_commands.win(deal, value=Decimal(amount), by=cast.ana, at=_at(day))
        elif what == "reopened":
            deal_commands.reopen(deal, by=cast.ana, at=_at(day), reason="told")
        else:
            initiator = Initiator.US if what == "disqualified" else Initiator.CUSTOMER
            deal_commands.stop(
                deal, initiator=initiator, cause=cause_named(what), by=cast.ana, at=_at(day)
            )
    return deal


def _at(day: str) -> dt.datetime:
    return DAY_0 + dt.timedelta(days=int(day))


def asked(cast: Cast) -> Question:
    """What Ana asks of the ninety days up to now."""
    period = Period(
        start_on=(DAY_0 - dt.timedelta(days=1)).date(),
        end_on=NOW.date(),
        zone=zoneinfo.ZoneInfo("Europe/Vienna"),
    )
    return Question(reader=cast.again(cast.ana), today=NOW.date(), period=period)


def tell_all(cast: Cast) -> None:
    for name, amount, story in STORIES:
        tell(cast, name, amount, story)


@pytest.fixture(scope="module")
def kept_stories(keep: Keep) -> KeptRows:
    return keep(tell_all)


@pytest.fixture
def question(kept_stories: KeptRows, cast: Cast) -> Question:
    kept_stories.lay_out()
    return asked(cast)


def test_it_counts_the_visits_of_the_fixture(question: Question) -> None:
    table = {
        row.stage: tuple(figure.value for figure in row.ways.values())
        for row in funnel(question).stages
    }
    # entries, advanced, back, stopped, won, still
    assert table == {
        Stage.LEAD_GENERATION: (7, 6, 0, 1, 0, 0),
        Stage.PROSPECTING: (7, 4, 0, 1, 0, 2),
        Stage.QUALIFICATION: (7, 6, 0, 1, 0, 0),
        Stage.NEEDS_ANALYSIS: (5, 4, 1, 0, 0, 0),
        Stage.PROPOSAL: (6, 5, 0, 0, 0, 1),
        Stage.OBJECTIONS: (6, 2, 1, 2, 0, 1),
        Stage.CLOSING: (2, 0, 0, 0, 2, 0),
    }


def test_it_keeps_the_accounting_identity(question: Question) -> None:
    for row in funnel(question).stages:
        total, *ways = [int(figure.value or 0) for figure in row.ways.values()]
        assert sum(ways) == total


def test_it_measures_the_time_in_stage_of_the_fixture(question: Question) -> None:
    medians = [row.median_days.value for row in funnel(question).stages]
    assert medians == [Decimal(days) for days in ("5", "5", "8", "8", "10", "10", "8.5")]


def test_it_finds_the_win_rate_of_the_fixture(question: Question) -> None:
    rate = funnel(question).win_rate
    assert (rate.value, rate.n) == (Decimal(2) / 5, 5)
    assert {k: f.value for k, f in funnel(question).closed.items()} == {
        "won": 2,
        "lost": 3,
        "stopped_by_us": 1,
    }


def test_it_sums_what_is_open_in_the_fixture(question: Question) -> None:
    stages = funnel(question).stages
    assert sum(row.open_value.value or 0 for row in stages) == 220
    assert sum(row.open_count.value or 0 for row in stages) == 4


def test_it_tells_how_far_the_deals_of_the_fixture_came(question: Question) -> None:
    rows = reach(question)
    assert [row.visited.value for row in rows] == [7, 7, 6, 4, 5, 4, 2]
    assert [row.reached.value for row in rows] == [10, 9, 6, 5, 5, 4, 2]
    assert [row.skipped.value for row in rows] == [0, 1, 0, 1, 0, 0, 0]
    assert [row.created_late.value for row in rows] == [3, 1, 0, 0, 0, 0, 0]


def test_it_covers_everything_where_every_visit_is_dated(question: Question) -> None:
    for row in funnel(question).stages:
        assert row.ways["entries"].coverage.share == 1
        assert row.median_days.coverage.is_reliable
