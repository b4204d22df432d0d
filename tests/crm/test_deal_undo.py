"""What was just done can be taken back from the note that tells of it, as a change of its own."""

import datetime as dt
import json

import pytest

from crm.models import Activity, Deal
from pipeline.stages import Outcome
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
    assert toast["undo"]["hint"] == "Undo with the key z."

    back = undo(mona, toast["undo"])

    assert told(back) == {"text": "Taken up again."}
    assert Deal.objects.get(pk=deal.pk).parked_until is None
    assert deal.changes.filter(field="parked_until").count() == 2


def test_it_opens_what_was_stopped_and_says_so_in_the_history(mona, deal):
    toast = told(do(mona, deal, "stop", decision="customer:price"))

    undo(mona, toast["undo"])

    found = Deal.objects.get(pk=deal.pk)
    assert (found.outcome, found.stage) == (Outcome.OPEN, deal.stage)
    assert found.visits.latest("sequence").reason == "Undone at once"


def test_it_gives_back_what_was_handed_over(mona, cast, deal):
    toast = told(do(mona, deal, "hand-over", to=cast.ben.pk))

    undo(mona, toast["undo"])

    assert Deal.objects.get(pk=deal.pk).owner == cast.ana
    assert deal.changes.filter(field="owner").latest("pk").reason == "Undone at once"


def test_it_promises_no_more_than_it_does(mona, cast, deal):
    """What was planned stays cancelled, so that it is not called undoing."""
    plan_call(deal, by=cast.ana, due_at=ago(days=-1))

    assert told(do(mona, deal, "park", days="30"))["undo"]["words"] == "Take up again"
    other = make_deal(by=cast.ana, name="Other")
    plan_call(other, by=cast.ana, due_at=ago(days=-1))
    stopped = told(do(mona, other, "stop", decision="customer:price"))
    assert stopped["undo"]["words"] == "Open again"


def test_it_is_not_offered_where_it_could_not_be_as_before(mona, cast, deal):
    do(mona, deal, "park", days="30")
    assert "undo" not in told(do(mona, deal, "park", days="91"))
    other = make_deal(by=cast.ana, name="Other")
    plan_call(other, by=cast.ana, due_at=ago(days=-40))
    Activity.objects.filter(deal=other).update(owner=cast.mona)
    assert "undo" not in told(do(mona, other, "hand-over", to=cast.ben.pk))


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
