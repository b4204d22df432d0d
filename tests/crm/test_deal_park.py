"""Parking: nothing is expected until a day, in the organisation's zone (G13)."""

import datetime as dt

import pytest

from crm.commands import deal as deal_commands
from crm.events import ParkedUntilChanged
from crm.models import Deal
from salesprocess.lib.refused import Stale
from tests.crm.truth import faults_of
from tests.factories import NOW, make_deal, plan_call, stopped_deal, won_deal

DAY = dt.date(2026, 4, 1)
# Midnight in Vienna, which is on summer time by then.
WAKES_AT = dt.datetime(2026, 3, 31, 22, 0, tzinfo=dt.UTC)


def park(deal, **given):
    deal_commands.park(deal, **{"until": DAY, "at": NOW} | given)


def test_it_lays_the_deal_aside_until_the_organisations_morning(cast):
    deal = make_deal(by=cast.ana)

    park(deal, by=cast.mona)

    assert (deal.parked_until, deal.attention_at) == (DAY, WAKES_AT)
    assert deal.is_parked(dt.date(2026, 3, 31))
    assert not deal.is_parked(DAY)
    change = deal.changes.get()
    assert change.event == ParkedUntilChanged(new=DAY)
    assert (change.by, change.at) == (cast.mona, NOW)
    assert (deal.changed_by, deal.version) == (cast.mona, 2)


def test_it_cancels_what_was_planned_before_that_day_and_keeps_the_rest(cast):
    deal = make_deal(by=cast.ana)
    before = plan_call(deal, by=cast.ana, due_at=WAKES_AT - dt.timedelta(seconds=1))
    after = plan_call(deal, by=cast.ana, due_at=WAKES_AT)

    park(deal, by=cast.ana)

    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.cancelled_at, after.cancelled_at) == (NOW, None)
    assert deal.next_at == WAKES_AT
    assert faults_of(deal) == []


def test_it_takes_the_deal_up_again(cast):
    deal = make_deal(by=cast.ana)
    park(deal, by=cast.ana)

    park(deal, until=None, by=cast.ana)

    assert (deal.parked_until, deal.attention_at) == (None, None)
    assert deal.changes.count() == 2


def test_it_ends_when_something_is_planned(cast):
    deal = make_deal(by=cast.ana)
    park(deal, by=cast.ana)

    call = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=1))

    deal.refresh_from_db()
    assert (deal.parked_until, deal.attention_at) == (None, call.due_at)
    assert deal.changes.filter(kind="parked_until").count() == 2


@pytest.mark.parametrize("until", [dt.date(2026, 3, 10), dt.date(2026, 3, 11)])
def test_it_refuses_today_and_the_past(cast, refused, until):
    deal = make_deal(by=cast.ana)

    with refused("until"):
        park(deal, by=cast.ana, until=until)
    park(deal, by=cast.ana, until=dt.date(2026, 3, 12))


def test_it_takes_the_organisations_today_not_that_of_utc(cast, clock, refused):
    deal = make_deal(by=cast.ana)
    late = dt.datetime(2026, 3, 11, 23, 30, tzinfo=dt.UTC)  # the 12th in Vienna
    clock.move_to(late)

    with refused("until"):
        park(deal, by=cast.ana, at=late, until=dt.date(2026, 3, 12))


@pytest.mark.parametrize("closed", [won_deal, stopped_deal])
def test_it_refuses_what_is_closed(cast, refused, closed):
    deal = closed(by=cast.ana)

    with refused(None):
        park(deal, by=cast.ana)


def test_it_refuses_an_instant_that_lies_ahead(cast, refused):
    deal = make_deal(by=cast.ana)

    with refused("at"):
        park(deal, by=cast.ana, at=NOW + dt.timedelta(seconds=1))


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = make_deal(by=cast.ana)

    with unseen(Deal.DoesNotExist):
        park(deal, by=getattr(cast, who))


def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast):
    deal = make_deal(by=cast.ana)
    park(Deal.objects.get(pk=deal.pk), by=cast.mona)

    with pytest.raises(Stale) as stale:
        park(deal, by=cast.ana, until=None, version=deal.version)

    assert stale.value.record.parked_until == DAY
