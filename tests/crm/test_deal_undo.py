"""What was just done can be taken back from the note that tells of it, as a change of its own."""

import datetime as dt
import json

import pytest

from crm.models import Activity, Deal
from pipeline.process.stages import Outcome
from tests.factories import ago, make_deal, plan_call

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def deal(cast):
    return make_deal(by=cast.ana)


@pytest.fixture
def mona(client, cast):
    client.force_login(cast.mona)
    return client


def told(response):
    return json.loads(response["HX-Trigger"])["toast"]


def do(client, deal, verb, **said):
    return client.post(f"/deals/{deal.pk}/{verb}/", said, headers=HTMX)


def undo(client, offered):
    return client.post(offered["href"], offered["values"], headers=HTMX)


def test_it_takes_up_what_was_parked(mona, deal):
    toast = told(do(mona, deal, "park", days="30"))
    assert toast["undo"]["words"] == "Undo"
    assert toast["undo"]["hint"] == "Undo with the key {key}."

    back = undo(mona, toast["undo"])

    assert told(back) == {"text": "Undone."}
    assert Deal.objects.get(pk=deal.pk).parked_until is None
    assert not deal.changes.filter(kind="parked_until").exists()


def test_it_goes_on_in_the_stage_that_it_never_left(mona, deal):
    toast = told(do(mona, deal, "stop", decision="customer:price"))

    undo(mona, toast["undo"])

    found = Deal.objects.get(pk=deal.pk)
    assert (found.outcome, found.stage) == (Outcome.OPEN, deal.stage)
    assert found.visits.get().left_how is None


def test_it_gives_back_what_was_handed_over(mona, cast, deal):
    toast = told(do(mona, deal, "hand-over", to=cast.ben.pk))

    undo(mona, toast["undo"])

    assert Deal.objects.get(pk=deal.pk).owner == cast.ana
    assert not deal.changes.filter(kind="owner").exists()


def test_what_was_planned_is_planned_again(mona, cast, deal):
    plan_call(deal, by=cast.ana, due_at=ago(days=-1))

    for verb, said in (("park", {"days": "30"}), ("stop", {"decision": "customer:price"})):
        toast = told(do(mona, deal, verb, **said))
        assert Activity.objects.get().cancelled_at is not None
        undo(mona, toast["undo"])
        assert Activity.objects.get().cancelled_at is None
        assert Deal.objects.get(pk=deal.pk).next_at == ago(days=-1)


def test_what_was_parked_before_is_parked_as_it_was(mona, cast, deal):
    do(mona, deal, "park", days="30")
    before = Deal.objects.get(pk=deal.pk).parked_until

    undo(mona, told(do(mona, deal, "park", days="91"))["undo"])

    assert Deal.objects.get(pk=deal.pk).parked_until == before


def test_what_others_had_planned_goes_back_to_them(mona, cast, deal):
    plan_call(deal, by=cast.ana, due_at=ago(days=-40))
    Activity.objects.update(owner=cast.mona)

    undo(mona, told(do(mona, deal, "hand-over", to=cast.ben.pk))["undo"])

    assert Activity.objects.get().owner == cast.mona


def test_it_is_refused_when_somebody_changed_the_deal_meanwhile(mona, cast, deal):
    toast = told(do(mona, deal, "park", days="30"))
    Deal.objects.filter(pk=deal.pk).update(version=deal.version + 5)

    assert undo(mona, toast["undo"]).status_code == 409
    assert Deal.objects.get(pk=deal.pk).parked_until is not None


def test_it_needs_the_right_to_do_it(mona, client, cast, deal):
    toast = told(do(mona, deal, "park", days="30"))
    client.force_login(cast.carl)

    assert undo(client, toast["undo"]).status_code == 404
    parked_until = Deal.objects.get(pk=deal.pk).parked_until
    assert parked_until is not None
    assert parked_until > dt.date(2026, 3, 11)
