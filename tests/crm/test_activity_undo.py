"""What was just cancelled or completed is taken back from the note, as an act of its own."""

import datetime as dt
import json

import pytest

from crm.commands import activity as commands
from crm.commands import activity_undo
from crm.commands import deal as deal_commands
from crm.commands.activity import About, Next
from crm.models import Activity, ActivityKind, ActivityResult, Deal, PartyChange
from pipeline.moves import Refused
from pipeline.stages import Stage
from tests.factories import NOW, ago, make_company, make_contact, make_deal, needed_for, plan_call

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
DUE = ago(days=-2)


@pytest.fixture
def deal(cast):
    return make_deal(by=cast.ana)


@pytest.fixture
def planned(cast, deal):
    return plan_call(deal, by=cast.ana, due_at=DUE)


def told(response):
    assert response.status_code == 200, response.content.decode()
    return json.loads(response["HX-Trigger"])["toast"]


def undo(client, offered):
    return client.post(offered["href"], offered["values"], headers=HTMX)


def test_it_plans_anew_what_was_cancelled(client, cast, deal, planned):
    client.force_login(cast.ana)
    toast = told(client.post(f"/activities/{planned.pk}/cancel/", {}, headers=HTMX))
    assert Deal.objects.get(pk=deal.pk).next_at is None

    assert told(undo(client, toast["undo"])) == {"text": "Planned again."}

    planned.refresh_from_db()
    assert planned.cancelled_at == NOW
    anew = Activity.objects.planned().get()
    assert (anew.kind, anew.subject, anew.due_at, anew.due_on, anew.owner) == (
        planned.kind,
        planned.subject,
        DUE,
        None,
        cast.ana,
    )
    assert anew.created_at == NOW
    assert Deal.objects.get(pk=deal.pk).next_at == DUE
    # Pressed twice, planned once.
    assert undo(client, toast["undo"]).status_code == 422
    assert Activity.objects.planned().count() == 1


def test_it_takes_back_what_was_completed_without_words(client, cast, deal, planned):
    client.force_login(cast.ana)
    toast = told(client.post(f"/activities/{planned.pk}/complete/", {"next": ""}, headers=HTMX))
    assert Deal.objects.get(pk=deal.pk).touched_at == NOW

    assert told(undo(client, toast["undo"])) == {"text": "Taken back."}

    planned.refresh_from_db()
    assert (planned.done_at, planned.stage, planned.due_at, planned.owner) == (
        None,
        None,
        DUE,
        cast.ana,
    )
    found = Deal.objects.get(pk=deal.pk)
    assert (found.next_at, found.touched_at) == (DUE, None)
    change = found.changes.get(field="taken_back")
    assert (change.by, change.at, change.old) == (cast.ana, NOW, "call")
    assert "Not done after all" in client.get(f"/deals/{deal.pk}/").content.decode()


@pytest.mark.parametrize(
    "said", [{"body": "They said yes"}, {"result": "reached"}, {"next": "3d", "next_kind": "call"}]
)
def test_it_is_not_offered_for_what_says_more(client, cast, planned, said):
    client.force_login(cast.ana)
    done = client.post(f"/activities/{planned.pk}/complete/", {"next": "", **said}, headers=HTMX)
    assert "undo" not in told(done)
    assert (
        undo(client, {"href": f"/activities/{planned.pk}/take-back/", "values": {}}).status_code
        == 422
    )
    assert Activity.objects.get(pk=planned.pk).done_at == NOW


def test_it_is_refused_once_something_rests_on_it(cast, deal, planned):
    commands.complete(planned, by=cast.ana, at=ago(minutes=4))

    later = ago(minutes=3)
    after = commands.plan(
        About(deal=deal), next=Next(kind=ActivityKind.CALL, due_at=DUE), by=cast.ana, at=later
    )
    with pytest.raises(Refused, match="planned after it"):
        activity_undo.take_back(planned, by=cast.ana, at=NOW)
    commands.cancel(after, by=cast.ana, at=later)
    with pytest.raises(Refused, match="too long ago"):
        activity_undo.take_back(planned, by=cast.ana, at=NOW + dt.timedelta(minutes=2))
    deal_commands.advance(
        deal,
        to=Stage.PROSPECTING,
        by=cast.ana,
        at=later,
        supplied=needed_for(Stage.PROSPECTING),
    )
    with pytest.raises(Refused, match="moved since"):
        activity_undo.take_back(planned, by=cast.ana, at=NOW)


def test_it_remembers_the_touch_before(cast, deal, planned):
    commands.log(
        About(deal=deal),
        kind=ActivityKind.CALL,
        body="Hello",
        result=ActivityResult.REACHED,
        by=cast.ana,
        at=ago(minutes=30),
    )
    commands.complete(planned, by=cast.ana, at=ago(minutes=1))

    activity_undo.take_back(planned, by=cast.ana, at=NOW)

    assert Deal.objects.get(pk=deal.pk).touched_at == ago(minutes=30)


def test_it_is_for_who_completed_it_and_who_may_plan(client, cast, planned):
    commands.complete(planned, by=cast.ana, at=NOW)
    for person in (cast.mona, cast.ben, cast.carl):
        client.force_login(person)
        for verb in ("take-back", "again"):
            assert client.post(f"/activities/{planned.pk}/{verb}/").status_code == 404
    assert Activity.objects.get().done_at == NOW


@pytest.mark.parametrize("verb", ["cancel", "complete"])
def test_it_holds_without_a_deal(client, cast, verb):
    client.force_login(cast.ana)
    touch = commands.plan(
        About(company=make_company(by=cast.ana)),
        next=Next(kind=ActivityKind.CALL, due_at=DUE),
        by=cast.ana,
        at=ago(hours=1),
    )
    toast = told(client.post(f"/touches/{touch.pk}/{verb}/", {"next": ""}, headers=HTMX))

    told(undo(client, toast["undo"]))

    assert Activity.objects.planned().get().due_at == touch.due_at
    assert PartyChange.objects.filter(field="taken_back").exists() == (verb == "complete")


@pytest.mark.parametrize("make", [make_company, make_contact])
def test_it_gives_back_what_somebody_looks_after(client, cast, make):
    party = make(by=cast.ana, owner=cast.ana)
    many = "companies" if make is make_company else "contacts"
    client.force_login(cast.mona)
    address = f"/{many}/{party.pk}/hand-over/"
    toast = told(client.post(address, {"to": cast.ben.pk, "version": 1}, headers=HTMX))

    undo(client, toast["undo"])

    party.refresh_from_db()
    assert party.owner == cast.ana
    assert party.changes.latest("pk").reason == "Undone at once"
    client.force_login(cast.ana)
    given = told(client.post(address, {"to": cast.ben.pk, "version": 3}, headers=HTMX))
    # Who gave it out of the own reach cannot take it back.
    assert "undo" not in given
