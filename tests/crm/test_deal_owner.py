"""Whose deal it is: hand over, claim, and what goes along."""

import datetime as dt

import pytest

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands.writers.activity import About, Next
from crm.events import OwnerChanged
from crm.models import ActivityKind, Deal
from pipeline.models import Role
from pipeline.process.stages import Stage
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Stale
from tests.crm.truth import faults_of
from tests.factories import NOW, ago, make_deal, make_user, plan_call, ready_deal, stopped_deal


def hand_over(deal, **given):
    deal_commands.hand_over(deal, **{"at": NOW} | given)


def test_it_gives_the_deal_and_its_team_with_a_row_of_history(cast):
    deal = make_deal(by=cast.ana)

    hand_over(deal, to=cast.carl, by=cast.rosa, reason=" His region. ")

    assert (deal.owner, deal.team) == (cast.carl, cast.south)
    change = deal.changes.get()
    assert change.event == OwnerChanged(old=RecordRef.to(cast.ana), new=RecordRef.to(cast.carl))
    assert (change.by, change.at, change.reason) == (cast.rosa, NOW, "His region.")
    assert list(Deal.objects.visible_to(cast.ana)) == []


@pytest.mark.parametrize(("to", "kept"), [("ben", [7]), ("carl", None)])
def test_it_goes_by_the_process_of_the_team_that_it_comes_to(cast, to, kept):
    deal = make_deal(by=cast.ana)
    Deal.objects.filter(pk=deal.pk).update(kept_version_ids=[7])

    hand_over(deal, to=getattr(cast, to), by=cast.rosa)

    assert Deal.objects.get(pk=deal.pk).kept_version_ids == kept


def test_it_leaves_the_open_visit_with_who_owned_it_at_entry(cast):
    deal = ready_deal(by=cast.ana)

    hand_over(deal, to=cast.ben, by=cast.ana)
    move_commands.move(deal, to=Stage.PROSPECTING, by=cast.ben, at=NOW)

    first = deal.visits.get(sequence=1)
    assert (first.entry_owner, first.exit_owner) == (cast.ana, cast.ben)


def test_it_gives_along_what_is_planned_and_not_what_was_done(cast):
    deal = make_deal(by=cast.ana)
    planned, done, cancelled = (plan_call(deal, by=cast.ana, due_at=NOW) for _call in range(3))
    activity_commands.complete(done, by=cast.ana, at=NOW)
    activity_commands.cancel(cancelled, by=cast.ana, at=NOW)

    hand_over(deal, to=cast.ben, by=cast.ana)

    for activity in (planned, done, cancelled):
        activity.refresh_from_db()
    assert [row.owner for row in (planned, done, cancelled)] == [cast.ben, cast.ana, cast.ana]


def test_it_keeps_the_day_of_what_is_due_on_a_day(cast):
    cast.ben.time_zone = "Asia/Tokyo"
    cast.ben.save()
    deal = make_deal(by=cast.ana)
    day = activity_commands.plan(
        About(deal=deal),
        next=Next(kind=ActivityKind.TASK, due_on=dt.date(2026, 3, 11)),
        by=cast.ana,
        at=NOW,
    )
    call = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=1))

    hand_over(deal, to=cast.ben, by=cast.ana)

    due_by = day.due_by
    day.refresh_from_db()
    assert day.due_on == dt.date(2026, 3, 11)
    assert day.due_by != due_by
    assert day.due_by is not None
    assert day.due_by.astimezone(cast.ben.zone).date() == day.due_on
    call.refresh_from_db()
    assert call.due_at == NOW + dt.timedelta(days=1)
    assert faults_of(deal) == []


REACH = {
    "ana": {"ben", "mona"},
    "mona": {"ben", "mona"},
    "rosa": {"ben", "mona", "nora", "carl", "rosa"},
    "adele": {"ben", "mona", "nora", "carl", "rosa", "adele"},
}


@pytest.mark.parametrize("who", REACH)
@pytest.mark.parametrize("to", ["adele", "rosa", "mona", "nora", "ben", "carl"])
def test_it_reaches_as_far_as_the_person_who_gives(cast, refused, who, to):
    deal = make_deal(by=cast.ana)

    if to in REACH[who]:
        hand_over(deal, to=getattr(cast, to), by=getattr(cast, who))
        assert deal.owner == getattr(cast, to)
    else:
        with refused("to"):
            hand_over(deal, to=getattr(cast, to), by=getattr(cast, who))


def test_it_refuses_the_owner_and_people_who_cannot_hold_deals(cast, refused):
    deal = make_deal(by=cast.ana)
    cast.ben.is_active = False
    cast.ben.save()
    teamless = make_user(name="Mila Kern", team=None, role=Role.MANAGER)

    for to in (cast.ana, cast.ben, teamless):
        with refused("to"):
            hand_over(deal, to=to, by=cast.adele)


def test_it_refuses_an_instant_that_lies_ahead(cast, refused):
    deal = make_deal(by=cast.ana)

    with refused("at"):
        hand_over(deal, to=cast.ben, by=cast.ana, at=NOW + dt.timedelta(seconds=1))


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_lets_nobody_help_themselves(cast, unseen, who):
    deal = make_deal(by=cast.ana)
    user = getattr(cast, who)

    with unseen(Deal.DoesNotExist):
        hand_over(deal, to=user, by=user)
    with unseen(Deal.DoesNotExist):
        deal_commands.claim(deal, by=user, at=NOW)


def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast):
    deal = make_deal(by=cast.ana)
    deal_commands.edit(Deal.objects.get(pk=deal.pk), by=cast.mona, at=NOW, name="Renamed")

    with pytest.raises(Stale):
        hand_over(deal, to=cast.ben, by=cast.ana, version=deal.version)

    deal.refresh_from_db()
    assert deal.owner == cast.ana


def test_it_ends_the_reach_of_who_gave_it_away(cast, unseen):
    deal = make_deal(by=cast.ana)
    hand_over(deal, to=cast.ben, by=cast.ana)

    with unseen(Deal.DoesNotExist):
        hand_over(deal, to=cast.ana, by=cast.ana)


def test_a_claim_takes_a_deal_out_of_the_pool(cast):
    deal = make_deal(by=cast.mona, team=cast.north)
    plan_call(deal, by=cast.mona, due_at=NOW)

    deal_commands.claim(deal, by=cast.ana, at=NOW)

    assert (deal.owner, deal.team, deal.version) == (cast.ana, cast.north, 3)
    change = deal.changes.get()
    assert change.event == OwnerChanged(new=RecordRef.to(cast.ana))
    assert (change.by, change.at) == (cast.ana, NOW)
    assert deal.activities.get().owner == cast.ana


def test_a_claim_brings_a_deal_of_a_team_below_into_ones_own(cast):
    deal = make_deal(by=cast.rosa, team=cast.south)

    deal_commands.claim(deal, by=cast.rosa, at=NOW)

    assert (deal.owner, deal.team) == (cast.rosa, cast.west)


def test_a_claim_tells_who_was_slower(cast, refused):
    deal = make_deal(by=cast.mona, team=cast.north)
    seen_by_ben, seen_by_mona = (Deal.objects.get(pk=deal.pk) for _page in range(2))
    deal_commands.claim(deal, by=cast.ana, at=NOW)

    with refused(None):
        deal_commands.claim(seen_by_ben, by=cast.ben, at=NOW)
    with refused(None):
        deal_commands.claim(seen_by_mona, by=cast.mona, at=NOW)


def test_a_claim_refuses_a_closed_deal_and_an_instant_ahead(cast, refused):
    closed = stopped_deal(by=cast.mona, team=cast.north)
    deal = make_deal(by=cast.mona, team=cast.north)

    with refused(None):
        deal_commands.claim(closed, by=cast.ana, at=NOW)
    with refused("at"):
        deal_commands.claim(deal, by=cast.ana, at=NOW + dt.timedelta(seconds=1))


@pytest.mark.parametrize("who", ["carl", "nora"])
def test_a_claim_reaches_no_other_teams_pool(cast, unseen, who):
    deal = make_deal(by=cast.mona, team=cast.north)

    with unseen(Deal.DoesNotExist):
        deal_commands.claim(deal, by=getattr(cast, who), at=NOW)


def test_a_claim_is_no_right_of_people_who_have_left(cast, unseen):
    deal = make_deal(by=cast.mona, team=cast.north, at=ago(days=2))
    cast.ben.is_active = False
    cast.ben.save()

    with unseen(Deal.DoesNotExist):
        deal_commands.claim(deal, by=cast.again(cast.ben), at=NOW)
