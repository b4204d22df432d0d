"""Planning what is next, changing one's mind, and what the deal repeats of it."""

import datetime as dt

import pytest
from django.core.exceptions import ObjectDoesNotExist

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Deal
from crm.models.activity import PLANNABLE
from crm.models.due import Due
from pipeline.models import Role
from tests.crm.truth import faults_of
from tests.factories import (
    NOW,
    make_company,
    make_contact,
    make_deal,
    make_user,
    plan_call,
    stopped_deal,
    won_deal,
)

TOMORROW = NOW + dt.timedelta(days=1)


def march(day, hour, minute):
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC)


def plan(deal, **given):
    next = Next(
        kind=given.pop("kind", ActivityKind.CALL),
        due_on=given.get("due_on"),
        due_at=given.pop("due_at", None if given.pop("due_on", None) else TOMORROW),
        subject=given.pop("subject", ""),
    )
    about = given.pop("about", None) or About(deal=deal)
    return activity_commands.plan(about, next=next, **{"at": NOW} | given)


@pytest.mark.parametrize("kind", PLANNABLE)
def test_it_becomes_what_is_next(cast, kind):
    deal = make_deal(by=cast.ana)

    activity = plan(deal, by=cast.mona, kind=kind, subject=" Ask for the budget ")

    assert (activity.owner, activity.created_by, activity.created_at) == (cast.ana, cast.mona, NOW)
    assert (activity.subject, activity.due_at, activity.done_at) == (
        "Ask for the budget",
        TOMORROW,
        None,
    )
    deal.refresh_from_db()
    assert (deal.next_at, deal.next_on, deal.next_kind) == (TOMORROW, None, kind)
    assert (deal.attention_at, deal.version, deal.changed_by) == (TOMORROW, 2, cast.mona)


def test_it_stands_behind_what_comes_earlier(cast):
    deal = make_deal(by=cast.ana)
    plan(deal, by=cast.ana, due_at=NOW)

    plan(deal, by=cast.ana, kind=ActivityKind.MEETING)

    deal.refresh_from_db()
    assert (deal.next_at, deal.next_kind) == (NOW, "call")


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        # Vienna is an hour ahead in winter.
        ("", 12, march(12, 22, 59)),
        # The day on which summer time begins ends an hour earlier.
        ("", 29, march(29, 21, 59)),
        ("Asia/Tokyo", 13, march(13, 14, 59)),
        ("America/New_York", 11, march(12, 3, 59)),
    ],
)
def test_a_day_stands_in_order_where_it_ends_for_its_owner(cast, zone, day, end):
    cast.ana.time_zone = zone
    cast.ana.save()
    deal = make_deal(by=cast.ana)
    day = dt.date(2026, 3, day)

    activity = plan(deal, by=cast.mona, due_on=day)

    assert (activity.due_on, activity.due_at, activity.due_by) == (day, None, end)
    deal.refresh_from_db()
    assert (deal.next_on, deal.next_at, deal.attention_at) == (day, None, end)


def test_it_goes_to_the_person_who_plans_where_nobody_owns_the_deal(cast):
    deal = make_deal(by=cast.mona, team=cast.north)

    assert plan(deal, by=cast.mona).owner == cast.mona


def test_it_goes_to_somebody_else_in_reach_who_can_see_the_deal(cast, refused):
    deal = make_deal(by=cast.ana)

    assert plan(deal, by=cast.ana, owner=cast.mona).owner == cast.mona
    for other in (cast.carl, cast.rosa, cast.adele):
        with refused("owner"):
            plan(deal, by=cast.ana, owner=other)
    # A mate to whom one may hand deals over, but who does not see this one.
    with refused("owner"):
        plan(deal, by=cast.ana, owner=cast.ben)


@pytest.mark.parametrize("who", ["ana", "mona", "adele"])
def test_it_goes_to_nobody_who_has_left(cast, refused, who):
    deal = make_deal(by=cast.ana)
    cast.ben.is_active = False
    cast.ben.save()

    with refused("owner"):
        plan(deal, by=cast.again(getattr(cast, who)), owner=cast.ben)


def test_it_may_have_no_deal(cast):
    norte = make_company(by=cast.ana)
    jordi = make_contact(by=cast.ana, company=norte)

    by_company = plan(None, about=About(company=norte), by=cast.ana)
    by_contact = plan(None, about=About(contact=jordi), by=cast.ana)

    assert (by_company.deal, by_company.company, by_company.owner) == (None, norte, cast.ana)
    assert (by_contact.company, by_contact.contact) == (norte, jordi)


def test_a_note_cannot_be_planned(cast, refused):
    deal = make_deal(by=cast.ana)

    with refused("next_kind"):
        plan(deal, by=cast.ana, kind=ActivityKind.NOTE)


@pytest.mark.parametrize("closed", [won_deal, stopped_deal])
def test_it_refuses_a_closed_deal(cast, refused, closed):
    deal = closed(by=cast.ana)

    with refused(None):
        plan(deal, by=cast.ana)


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = make_deal(by=cast.ana)
    call = plan_call(deal, by=cast.ana, due_at=TOMORROW)
    other = getattr(cast, who)

    with unseen(Deal.DoesNotExist):
        plan(deal, by=other)
    with unseen(ObjectDoesNotExist):
        activity_commands.cancel(call, by=other, at=NOW)
    with unseen(ObjectDoesNotExist):
        activity_commands.postpone(call, to=Due(at=TOMORROW), by=other, at=NOW)
    with unseen(ObjectDoesNotExist):
        activity_commands.complete(call, by=other, at=NOW)


def test_one_without_a_deal_does_not_exist_for_others_either(cast, unseen):
    call = plan(None, about=About(company=make_company(by=cast.ana)), by=cast.ana)

    for other in (cast.ben, cast.carl, cast.nora):
        with unseen(Activity.DoesNotExist):
            activity_commands.complete(call, by=other, at=NOW)
    activity_commands.complete(call, by=cast.mona, at=NOW)


def test_it_is_cancelled_and_stays_on_record(cast):
    deal = make_deal(by=cast.ana)
    first = plan(deal, by=cast.ana, due_at=NOW)
    second = plan(deal, by=cast.ana)

    activity_commands.cancel(first, by=cast.mona, at=NOW)

    assert (first.cancelled_at, first.done_at) == (NOW, None)
    deal.refresh_from_db()
    assert (deal.next_at, deal.changed_by) == (second.due_at, cast.mona)
    activity_commands.cancel(second, by=cast.ana, at=NOW)
    deal.refresh_from_db()
    assert (deal.next_at, deal.next_kind, deal.attention_at) == (None, "", None)


def test_it_is_postponed_behind_another(cast):
    deal = make_deal(by=cast.ana)
    first = plan(deal, by=cast.ana, due_at=NOW)
    second = plan(deal, by=cast.ana)

    activity_commands.postpone(first, to=Due(on=dt.date(2026, 3, 13)), by=cast.ana, at=NOW)

    assert (first.due_at, first.due_on) == (None, dt.date(2026, 3, 13))
    deal.refresh_from_db()
    assert deal.next_at == second.due_at
    assert faults_of(deal) == []


@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_what_was_done_or_cancelled_is_so_for_ever(cast, refused, end):
    deal = make_deal(by=cast.ana)
    call = plan(deal, by=cast.ana)
    getattr(activity_commands, end)(call, by=cast.ana, at=NOW)

    with refused(None):
        activity_commands.complete(call, by=cast.ana, at=NOW)
    with refused(None):
        activity_commands.cancel(call, by=cast.ana, at=NOW)
    with refused(None):
        activity_commands.postpone(call, to=Due(at=TOMORROW), by=cast.ana, at=NOW)


def test_a_planned_one_follows_the_deal_out_of_reach(cast, unseen):
    deal = make_deal(by=cast.ana)
    call = plan(deal, by=cast.ana)
    deal_commands.hand_over(deal, to=cast.ben, by=cast.ana, at=NOW)

    with unseen(ObjectDoesNotExist):
        activity_commands.complete(call, by=cast.ana, at=NOW)


def test_a_teamless_manager_plans_for_nobody_else(cast, refused):
    mila = make_user(name="Mila Kern", team=None, role=Role.MANAGER)
    about = About(company=make_company(by=mila))

    with refused("owner"):
        plan(None, about=about, by=mila, owner=cast.ana)
