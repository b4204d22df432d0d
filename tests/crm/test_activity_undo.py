"""What was just cancelled or completed is taken back from the note, as an act of its own."""

import datetime as dt
import json

import pytest

from crm.commands import activity as commands
from crm.commands import activity_undo
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, PartyChange
from salesprocess.lib.refused import Refused
from tests.factories import NOW, ago, make_company, make_contact

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
DUE = ago(days=-2)


def told(response):
    assert response.status_code == 200, response.content.decode()
    return json.loads(response["HX-Trigger"])["toast"]


def undo(client, offered):
    return client.post(offered["href"], offered["values"], headers=HTMX)


@pytest.fixture
def touch(cast):
    return commands.plan(
        About(company=make_company(by=cast.ana)),
        next=Next(kind=ActivityKind.CALL, due_at=DUE),
        by=cast.ana,
        at=ago(hours=1),
    )


def test_it_plans_as_it_was_what_was_cancelled(client, cast, touch):
    client.force_login(cast.ana)
    toast = told(client.post(f"/touches/{touch.pk}/cancel/", {}, headers=HTMX))
    assert not Activity.objects.planned().exists()

    assert told(undo(client, toast["undo"])) == {"text": "Planned again."}

    (again,) = Activity.objects.all()
    assert (again.pk, again.cancelled_at, again.due_at, again.owner) == (
        touch.pk,
        None,
        touch.due_at,
        cast.ana,
    )
    # Pressed twice, planned once.
    assert undo(client, toast["undo"]).status_code == 422
    assert Activity.objects.planned().count() == 1


def test_what_was_cancelled_long_ago_is_planned_anew(cast, touch):
    commands.cancel(touch, by=cast.ana, at=ago(minutes=6))
    with pytest.raises(Refused, match="too long ago"):
        activity_undo.plan_again(touch, by=cast.ana, at=NOW)


@pytest.mark.parametrize(
    "said", [{"body": "They said yes"}, {"result": "reached"}, {"next": "3d", "next_kind": "call"}]
)
def test_it_is_not_offered_for_what_says_more(client, cast, touch, said):
    client.force_login(cast.ana)
    done = client.post(f"/touches/{touch.pk}/complete/", {"next": "", **said}, headers=HTMX)
    assert "undo" not in told(done)
    address = f"/touches/{touch.pk}/take-back/"
    assert undo(client, {"href": address, "values": {}}).status_code == 422
    assert Activity.objects.get(pk=touch.pk).done_at == NOW


def test_it_is_refused_once_something_rests_on_it(cast, touch):
    commands.complete(touch, by=cast.ana, at=ago(minutes=4))

    later = ago(minutes=3)
    after = commands.plan(
        About(company=touch.company),
        next=Next(kind=ActivityKind.CALL, due_at=DUE),
        by=cast.ana,
        at=later,
    )
    with pytest.raises(Refused, match="planned after it"):
        activity_undo.take_back(touch, by=cast.ana, at=NOW)
    commands.cancel(after, by=cast.ana, at=later)
    with pytest.raises(Refused, match="too long ago"):
        activity_undo.take_back(touch, by=cast.ana, at=NOW + dt.timedelta(minutes=2))


def test_it_is_for_who_completed_it_and_who_may_plan(client, cast, touch):
    commands.complete(touch, by=cast.ana, at=NOW)
    for person in (cast.mona, cast.ben, cast.carl):
        client.force_login(person)
        for verb in ("take-back", "again"):
            assert client.post(f"/touches/{touch.pk}/{verb}/").status_code == 404
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
    assert PartyChange.objects.filter(kind="taken_back").exists() == (verb == "complete")


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
    assert party.changes.latest("pk").kind == "undone"
    # Who gave it out of the own reach takes it back as well.
    client.force_login(cast.ana)
    given = told(client.post(address, {"to": cast.ben.pk, "version": 3}, headers=HTMX))
    undo(client, given["undo"])
    party.refresh_from_db()
    assert party.owner == cast.ana
