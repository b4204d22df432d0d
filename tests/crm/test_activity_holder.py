"""Each activity repeats in whose reach it lies; test_deal_sequences has the same for any verbs."""

import pytest
from django.db import connection

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Deal
from tests.crm.threads import at_once
from tests.crm.truth import faults_of
from tests.factories import NOW, ago, make_company, make_deal, plan_call

pytestmark = pytest.mark.django_db


def reach() -> tuple[int | None, int | None]:
    activity = Activity.objects.get()
    return activity.holder_id, activity.holder_team_id


def test_it_follows_its_deal_to_the_next_owner_whether_done_or_not(cast):
    deal = make_deal(by=cast.ana)
    activity_commands.log(
        About(deal=deal),
        kind=ActivityKind.CALL,
        body="Hello.",
        done_at=ago(days=1),
        by=cast.ana,
        at=NOW,
    )
    plan_call(deal, by=cast.ana, due_at=NOW)
    deal_commands.hand_over(deal, to=cast.ben, by=cast.mona, at=NOW)
    assert set(Activity.objects.values_list("holder", flat=True)) == {cast.ben.pk}
    assert not Activity.objects.visible_to(cast.again(cast.ana)).exists()


def test_it_lies_in_the_pool_of_its_deal(cast):
    deal = make_deal(by=cast.ana)
    plan_call(deal, by=cast.ana, due_at=NOW)
    Deal.objects.filter(pk=deal.pk).update(owner=None)  # not by a command, and true nevertheless
    assert reach() == (None, deal.team_id)
    assert Activity.objects.visible_to(cast.again(cast.ben)).exists()
    assert not Activity.objects.visible_to(cast.again(cast.carl)).exists()


def test_it_is_its_owners_without_a_deal(cast):
    about = About(company=make_company(by=cast.ana))
    activity_commands.plan(
        about, next=Next(kind=ActivityKind.CALL, due_at=NOW), by=cast.ana, at=NOW
    )
    assert reach() == (cast.ana.pk, None)


def test_it_cannot_be_said_to_lie_elsewhere(cast):
    deal = make_deal(by=cast.ana)
    plan_call(deal, by=cast.ana, due_at=NOW)
    Activity.objects.update(holder=cast.carl, holder_team=cast.carl.team)
    assert faults_of(deal) == []


@pytest.mark.django_db(transaction=True)
def test_it_is_found_by_a_handing_over_that_comes_between(cast):
    deal = make_deal(by=cast.ana)

    def insert():
        with connection.cursor() as cursor:
            for _time in range(40):
                cursor.execute(
                    "INSERT INTO crm_activity (kind, subject, body, deal_id, owner_id, due_at,"
                    " due_by, result, created_at, version) VALUES ('call', '', '', %s, %s, now(),"
                    " now(), '', now(), 1)",
                    [deal.pk, cast.ana.pk],
                )

    def hand_about():
        for _time in range(20):
            Deal.objects.filter(pk=deal.pk).update(owner=cast.ben)
            Deal.objects.filter(pk=deal.pk).update(owner=cast.ana)
        Deal.objects.filter(pk=deal.pk).update(owner=cast.ben)

    assert at_once(insert, insert, hand_about) == [None, None, None]
    assert list(Activity.objects.values_list("holder", flat=True)) == [cast.ben.pk] * 80
