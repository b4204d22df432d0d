"""The simulation alone: no database."""

import datetime as dt
from collections import Counter, defaultdict

import pytest

from crm.models import Relationship
from demo.people import PEOPLE
from demo.records import SimDeal, Simulated
from demo.simulation import simulate
from demo.working_time import WorkingTime
from pipeline.models import SellingStyle, Team
from pipeline.process import moves
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Outcome, Stage
from tests.factories import NOW

SELLERS = [person for person in PEOPLE if person.sells and not person.left_months]
VIENNA = Team(time_zone="Europe/Vienna").zone


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(at=NOW)


def outcome(deal: SimDeal) -> Outcome:
    return moves.outcome_of(deal.visits[-1])


def test_it_is_the_same_for_one_seed_and_instant():
    assert told(simulate(at=NOW, closed=60)) == told(simulate(at=NOW, closed=60))


def test_it_is_another_for_another_seed():
    assert told(simulate(at=NOW, closed=60)) != told(simulate(at=NOW, closed=60, seed=8))


def told(simulated: Simulated) -> list[object]:
    return [(d.name, d.company.name, d.visits, d.changes, d.amounts) for d in simulated.deals]


def test_it_breaks_no_chain(simulated: Simulated):
    assert [d.name for d in simulated.deals if moves.broken_links(d.visits)] == []


def test_it_shows_every_way_of_moving(simulated: Simulated):
    visits = [visit for deal in simulated.deals for visit in deal.visits]
    assert {visit.entered_how for visit in visits} == set(EnteredHow) - {EnteredHow.IMPORTED}
    assert {visit.left_how for visit in visits} == {*LeftHow, None}
    assert any(moves.skipped_stages(a.stage, b.stage) for d in simulated.deals for a, b in pairs(d))


def pairs(deal: SimDeal):
    return zip(deal.visits, deal.visits[1:], strict=False)


def test_it_has_about_three_thousand_deals_of_which_hundreds_are_open(simulated: Simulated):
    count = Counter(outcome(deal) for deal in simulated.deals)
    assert 2_800 <= count.total() <= 3_200
    assert 350 <= count[Outcome.OPEN] <= 500


def test_it_fills_every_stage_of_every_salesperson_most_at_the_front(simulated: Simulated):
    on_board: dict[str | None, Counter[int]] = defaultdict(Counter)
    for deal in simulated.deals:
        if outcome(deal) == Outcome.OPEN:
            on_board[deal.owned[-1].owner][deal.visits[-1].stage] += 1
    for person in SELLERS:
        assert set(on_board[person.name]) == set(Stage), person.name
    everybody = sum(on_board.values(), Counter[int]())
    assert everybody[1] > everybody[3] > everybody[5] > everybody[7]


def test_it_wins_a_plausible_share_and_the_skilled_win_more(simulated: Simulated):
    won, lost = Counter[str | None](), Counter[str | None]()
    for deal in simulated.deals:
        if outcome(deal) == Outcome.WON:
            won[deal.owned[-1].owner] += 1
        elif deal.initiator == Initiator.CUSTOMER:
            lost[deal.owned[-1].owner] += 1
    assert 0.2 <= won.total() / (won.total() + lost.total()) <= 0.4

    def rate(name: str) -> float:
        return won[name] / (won[name] + lost[name])

    assert rate("Ilse Traun") > rate("Mira Sandoval") > rate("Emeka Obi")


def test_it_stops_deals_in_every_stage_for_a_cause(simulated: Simulated):
    stopped = [deal for deal in simulated.deals if outcome(deal) == Outcome.STOPPED]
    assert {deal.visits[-1].stage for deal in stopped} == set(Stage)
    assert all(deal.cause and deal.initiator for deal in stopped)
    assert {deal.initiator for deal in stopped} == set(Initiator)


def test_it_shows_the_three_selling_styles(simulated: Simulated):
    style = {person.name: person.style for person in SELLERS}
    assert set(style.values()) == set(SellingStyle)
    repeat: dict[SellingStyle, list[bool]] = defaultdict(list)
    for deal in simulated.deals:
        if deal.owned[-1].owner in style:
            repeat[style[deal.owned[-1].owner]].append(deal.source == "Existing customer")
    share = {of: sum(found) / len(found) for of, found in repeat.items()}
    assert share[SellingStyle.ACCOUNT_MANAGEMENT] > share[SellingStyle.MIXED]
    assert share[SellingStyle.MIXED] > share[SellingStyle.NEW_BUSINESS] > 0


def test_it_names_the_customer_from_which_repeat_business_came(simulated: Simulated):
    repeat = [deal for deal in simulated.deals if deal.source == "Existing customer"]
    assert all(deal.source_company is deal.company for deal in repeat)
    bought = {d.company for d in simulated.deals if outcome(d) == Outcome.WON}
    assert all(company.relationship != Relationship.NEVER_BOUGHT for company in bought)


def test_it_leaves_deals_of_somebody_who_went_with_colleagues(simulated: Simulated):
    gone = next(person for person in PEOPLE if person.left_months)
    opened = [deal for deal in simulated.deals if outcome(deal) == Outcome.OPEN]
    assert not [deal for deal in opened if deal.owned[-1].owner == gone.name]
    assert any(owned.owner == gone.name for deal in opened for owned in deal.owned)


@pytest.mark.parametrize(
    "at",
    [
        dt.datetime(2026, 3, 14, 20, 0, tzinfo=dt.UTC),  # a Saturday evening
        dt.datetime(2026, 3, 16, 2, 0, tzinfo=dt.UTC),  # a Monday before the day begins
        dt.datetime(2026, 3, 31, 22, 30, tzinfo=dt.UTC),  # the next day, and summer time, already
        dt.datetime(2028, 2, 29, 12, 0, tzinfo=dt.UTC),
    ],
)
def test_it_tells_nothing_that_lies_ahead_and_plans_for_today(at: dt.datetime):
    simulated = simulate(at=at, closed=100)
    today = at.astimezone(VIENNA).date()
    due_today = Counter[str]()
    for deal in simulated.deals:
        times = [c.at for c in deal.changes] + [o.at for o in deal.owned]
        times += [when for s in deal.visits for when in (s.entered_at, s.left_at) if when]
        for doing in deal.doings:
            times += [when for when in (doing.created_at, doing.done_at) if when]
            if doing.due and not doing.done_at and not doing.cancelled_at:
                due_today[doing.owner] += doing.due.day(VIENNA) == today
        assert max(times) <= at
        assert min(times) == deal.visits[0].entered_at
    assert all(due_today[person.name] for person in SELLERS)


def test_it_works_in_working_hours_only(simulated: Simulated):
    for deal in simulated.deals:
        for doing in deal.doings:
            local = (doing.done_at or deal.visits[0].entered_at).astimezone(VIENNA)  # type: ignore[union-attr]
            assert local.weekday() < 5
            assert 8 <= local.hour < 17


def test_working_time_counts_to_the_minute_and_back():
    time = WorkingTime(VIENNA)
    for minute in range(0, 60 * 24 * 10, 7):
        at = NOW + dt.timedelta(minutes=minute)
        back = time.instant(time.latest(at))
        assert back <= at
        assert time.count(back) == pytest.approx(time.latest(at), abs=1e-6)
