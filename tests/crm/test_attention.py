"""What asks for somebody, and in which order (`crm.attention`): by examples, by properties, and in SQL
as in Python."""

import datetime as dt
import random
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.attention import (
    Asking,
    AttentionReason,
    Customer,
    OpenDeal,
    PlannedAct,
    UnhandedWin,
    attention,
    heard_at,
    is_parked,
    is_silent,
    ranked,
    urgency,
)
from crm.models import Activity, Deal
from crm.models.due import Due, DueState
from crm.touch_rhythm import RHYTHMS
from pipeline.process.queries.stages import norms_for
from reports.attention import ATTENDED
from reports.judged import JUDGED
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal
from tests.reports.test_metrics import asked

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")
TODAY = NOW.astimezone(VIENNA).date()
DAY = dt.timedelta(days=1)


def reasons(one: Asking, *, at: dt.datetime = NOW) -> list[AttentionReason]:
    return [cause.reason for cause in attention(one, at=at, zone=VIENNA)]


def known(**fields: Any) -> OpenDeal:
    return OpenDeal(id=1, usual_days=10, **{"created_at": ago(days=3), **fields})


def planned(**due: Any) -> PlannedAct:
    return PlannedAct(id=2, due=Due(**due))


@pytest.mark.parametrize(
    ("one", "because"),
    [
        (known(), ["nothing"]),
        (known(parked_until=TODAY + DAY), []),
        (known(parked_until=TODAY), ["nothing"]),
        (known(is_new=True), ["lead", "nothing"]),
        (known(next=planned(on=TODAY + DAY)), []),
        (known(next=planned(on=TODAY)), ["today"]),
        (known(next=planned(on=TODAY - DAY)), ["overdue"]),
        (known(next=planned(at=NOW - DAY / 24)), ["overdue"]),
        (known(next=planned(at=NOW + DAY / 24)), ["today"]),
        (known(touched_at=ago(days=11)), ["cooling", "nothing"]),
        (known(touched_at=ago(days=10)), ["nothing"]),
        (known(created_at=ago(days=11)), ["cooling", "nothing"]),
        # What lies ahead answers all but a gate that is nearly open.
        (known(touched_at=ago(days=11), next=planned(on=TODAY + DAY)), []),
        (known(missing=1, next=planned(on=TODAY + DAY)), ["gate"]),
        (known(missing=2), ["nothing"]),
        (known(asked_at=ago(days=1)), ["answer", "nothing"]),
        (known(asked_at=ago(days=1), next=planned(on=TODAY)), ["answer", "today"]),
        (known(decision_on=TODAY), ["nothing"]),
        (known(decision_on=TODAY - DAY), ["decision", "nothing"]),
        (UnhandedWin(id=1, closed_at=NOW), ["hand_off"]),
        (Customer(id=1, heard_at=ago(days=181), months=6), ["touch"]),
        (Customer(id=1, heard_at=ago(days=181), months=6, has_plan=True), []),
        (Customer(id=1, heard_at=ago(days=31), months=1), ["touch"]),
        (Customer(id=1, heard_at=ago(days=180), months=6), []),
    ],
)
def test_it_says_why_somebody_is_asked_for(one: Asking, because: list[str]):
    assert reasons(one) == because


def test_a_day_ends_where_the_reader_is():
    """At 23:30 in Vienna it is next morning in Tokyo."""
    late = dt.datetime(2026, 3, 11, 23, 30, tzinfo=VIENNA)
    one = planned(on=late.date())
    assert [c.reason for c in attention(one, at=late, zone=VIENNA)] == ["today"]
    assert [c.reason for c in attention(one, at=late, zone=zoneinfo.ZoneInfo("Asia/Tokyo"))] == [
        "overdue"
    ]


def test_promises_come_before_tasks_of_ones_own_and_the_newest_lead_first():
    yesterday = Due(on=TODAY - DAY)
    asking: list[Asking] = [
        PlannedAct(id=1, due=Due(on=TODAY - 5 * DAY), promised=False),
        PlannedAct(id=2, due=yesterday),
        PlannedAct(id=3, due=Due(on=TODAY - 2 * DAY)),
        OpenDeal(id=4, usual_days=10, created_at=ago(hours=3), is_new=True),
        OpenDeal(id=5, usual_days=10, created_at=ago(hours=1), is_new=True),
    ]
    order = [one.id for one, _causes in ranked(asking, at=NOW, zone=VIENNA)]
    assert order == [3, 2, 1, 5, 4]


instants = st.integers(-60 * 24 * 30, 60 * 24 * 20).map(lambda m: NOW + dt.timedelta(minutes=m))
past = st.integers(0, 60 * 24 * 60).map(lambda m: NOW - dt.timedelta(minutes=m))
days = st.integers(-30, 20).map(lambda n: TODAY + n * DAY)
maybe = st.none
dues = st.one_of(days.map(lambda day: Due(on=day)), instants.map(lambda moment: Due(at=moment)))
acts = st.builds(PlannedAct, id=st.integers(1, 9), due=dues, promised=st.booleans())
deals = st.builds(
    OpenDeal,
    id=st.integers(1, 9),
    usual_days=st.integers(1, 30),
    created_at=past,
    touched_at=maybe() | past,
    parked_until=maybe() | days,
    next=maybe() | acts,
    asked_at=maybe() | past,
    decision_on=maybe() | days,
    missing=maybe() | st.integers(0, 3),
    is_new=st.booleans(),
)
won = st.builds(UnhandedWin, id=st.integers(1, 9), closed_at=past)
customers = st.builds(
    Customer,
    id=st.integers(1, 9),
    heard_at=past,
    months=st.sampled_from(RHYTHMS),
    has_plan=st.booleans(),
)
anything = st.one_of(acts, deals, won, customers)
zones = st.sampled_from(["Europe/Vienna", "Asia/Tokyo", "America/Los_Angeles"]).map(
    zoneinfo.ZoneInfo
)


@given(st.lists(anything, unique_by=lambda one: (type(one), one.id)), zones, st.randoms())
def test_the_order_is_total_and_does_not_hang_on_what_else_there_is(
    asking: list[Asking], zone: dt.tzinfo, chance: random.Random
):
    order = ranked(asking, at=NOW, zone=zone)
    places = [urgency(one, causes) for one, causes in order]
    assert places == sorted(set(places))
    some = [one for one in asking if chance.random() < 0.7]
    chance.shuffle(some)
    assert ranked(some, at=NOW, zone=zone) == [pair for pair in order if pair[0] in some]


@given(anything, zones, st.integers(0, 60 * 24 * 40))
def test_time_makes_nothing_less_urgent(one: Asking, zone: dt.tzinfo, minutes: int):
    now = attention(one, at=NOW, zone=zone)
    later = attention(one, at=NOW + dt.timedelta(minutes=minutes), zone=zone)
    assert [c.reason.rank for c in later] == sorted(c.reason.rank for c in later)
    if now:
        assert later
        assert urgency(one, later) <= urgency(one, now)


@given(deals, zones)
def test_every_open_deal_has_a_plan_ahead_or_is_parked_or_asks(one: OpenDeal, zone: dt.tzinfo):
    """No middle ground (METHOD, G13; CHECKLIST F1)."""
    ahead = one.next is not None and one.next.due.state(at=NOW, zone=zone) == DueState.LATER
    today = NOW.astimezone(zone).date()
    rests = one.next is None and is_parked(one.parked_until, today=today)
    assert ahead or rests or attention(one, at=NOW, zone=zone)


def set_by_chance(deal: Deal, chance: random.Random) -> None:
    """Where it stands, and when it was touched, from far within the norm to far beyond it."""
    kind, on, at = "", None, None
    if chance.random() < 0.6:
        kind, on = "call", TODAY + DAY * chance.randint(-3, 3)
        if chance.random() < 0.5:
            on, at = None, NOW + dt.timedelta(hours=chance.randint(-60, 60), minutes=1)
    Deal.objects.filter(pk=deal.pk).update(
        stage=chance.randint(1, 6),
        created_at=ago(days=chance.randint(1, 40)),
        touched_at=chance.choice([None, ago(days=chance.randint(0, 40), minutes=1)]),
        parked_until=chance.choice([None, None, TODAY + DAY * chance.randint(-2, 2)]),
        next_kind=kind,
        next_on=on,
        next_at=at,
    )
    if kind:
        due = Due(on=on, at=at)
        Activity.objects.create(
            kind=kind, deal=deal, owner_id=deal.owner_id or 0, created_at=ago(days=41),
            due_on=on, due_at=at, due_by=due.by(VIENNA),
        )  # fmt: skip


@pytest.mark.usefixtures("clock")
def test_sql_and_python_call_the_same_deals_silent_and_overdue(cast: Cast):
    chance = random.Random(7)
    for number in range(80):
        set_by_chance(make_deal(by=cast.ana, name=f"Deal {number}"), chance)
    ana = cast.again(cast.ana)
    question, norms = asked(ana), norms_for(ana)
    warned = {row.pk: row for row in ATTENDED.find(question)}
    judged = {row.pk: row for row in JUDGED.find(question)}
    told = dict.fromkeys(("silent", "awake", "overdue", "today", "ahead", "nothing"), 0)
    for deal in Deal.objects.open():
        heard = heard_at(deal.touched_at, deal.created_at)
        usual = norms.of(deal.stage, deal.team_id)
        silent = is_silent(heard, usual_days=usual, at=NOW)
        parked = is_parked(deal.parked_until, today=TODAY)
        assert warned[deal.pk].warns_silent == (silent and not parked)
        assert judged[deal.pk].is_touched == (parked or not silent)
        due = deal.whats_next
        plan = PlannedAct(id=1, due=due) if due is not None else None
        one = OpenDeal(
            id=deal.pk, usual_days=usual, created_at=deal.created_at,
            touched_at=deal.touched_at, next=plan,
        )  # fmt: skip
        first = attention(one, at=NOW, zone=VIENNA)
        state = "nothing" if due is None else (first[0].reason if first else "ahead")
        assert warned[deal.pk].next_state == state
        assert (AttentionReason.COOLING in [c.reason for c in first]) == (
            silent and state != "ahead"
        )
        told["silent" if silent else "awake"] += 1
        told[state] += 1
    # Each of them was there to be told apart.
    assert min(told.values()) > 5, told
