"""What was logged can be put right by who logged it, and nothing goes without a trace."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands import activity_correct as commands
from crm.commands import deal_move as move_commands
from crm.commands.writers.activity import About, Next
from crm.events import (
    EntryBodyChanged,
    EntryDoneAtChanged,
    EntryKindChanged,
    EntryRef,
    EntryResultChanged,
)
from crm.models import Activity, ActivityKind, ActivityResult, Deal, PartyChange
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.crm.truth import faults_of, rows
from tests.factories import NOW, ago, make_company, make_contact, make_deal, plan_call, ready_deal

CALL, MEETING, NOTE = ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.NOTE
LONG = "They said a lot. " * 60


@pytest.fixture
def deal(cast: Cast) -> Deal:
    return ready_deal(by=cast.ana, stage=Stage.PROSPECTING, at=ago(days=10))


def log(about: About, cast: Cast, **said: Any) -> Activity:
    given: dict[str, Any] = {"kind": CALL, "by": cast.ana, "at": NOW}
    return activity_commands.log(about, **given | said)


def correct(row: Activity, cast: Cast, **said: Any) -> None:
    now = {
        "kind": ActivityKind(row.kind),
        "done_at": row.done_at,
        "body": row.body,
        "result": ActivityResult(row.result) if row.result else None,
        "contact": row.contact,
        "by": cast.ana,
        "at": NOW,
    }
    commands.correct(row, **now | said)


def test_a_correction_is_kept_beside_what_stood_there(cast: Cast, deal: Deal):
    row = log(About(deal=deal), cast, body=LONG)
    move_commands.advance(deal, to=Stage.QUALIFICATION, by=cast.ana, at=NOW)
    before = deal.changes.count()

    correct(
        row, cast, kind=MEETING, body="Short", result=ActivityResult.REACHED, done_at=ago(days=1)
    )

    row.refresh_from_db()
    assert (row.kind, row.body, row.result, row.done_at) == (
        "meeting",
        "Short",
        "reached",
        ago(days=1),
    )
    entry = EntryRef(kind="call", at=NOW)
    events = [change.event for change in deal.changes.order_by("id")[before:]]
    assert events == [
        EntryKindChanged(entry=entry, old="call", new="meeting"),
        EntryDoneAtChanged(entry=entry, old=NOW, new=ago(days=1)),
        EntryBodyChanged(entry=entry, old=LONG.strip(), new="Short"),
        EntryResultChanged(entry=entry, new="reached"),
    ]
    deal.refresh_from_db()
    assert deal.touched_at == ago(days=1)
    assert faults_of(deal) == []


def test_it_counts_for_the_stage_of_then(cast: Cast, deal: Deal):
    move_commands.advance(deal, to=Stage.QUALIFICATION, by=cast.ana, at=ago(days=2))
    row = log(About(deal=deal), cast)
    stages = [row.stage]
    for days in (3, 1):
        correct(row, cast, done_at=ago(days=days))
        row.refresh_from_db()
        stages.append(row.stage)
    assert stages == [3, 2, 3]


def test_what_is_the_same_is_no_change(client: Client, cast: Cast, deal: Deal):
    row = log(About(deal=deal), cast, body="Said", done_at=ago(hours=2, seconds=17))
    before = rows(Activity), rows(Deal)
    correct(row, cast)
    client.force_login(cast.ana)
    said = {
        "kind": "call",
        "body": "Said",
        "result": "",
        "contact": "",
        "done_on": "2026-03-11",
        "done_time": "08:59",
        "version": "1",
    }
    assert client.post(f"/activities/{row.pk}/correct/", said).status_code == 302
    assert (rows(Activity), rows(Deal)) == before


def test_only_who_did_it_may(cast: Cast, deal: Deal, client: Client):
    row = log(About(deal=deal), cast)
    for person in (cast.mona, cast.adele, cast.ben, cast.carl):
        with pytest.raises(ObjectDoesNotExist):
            correct(row, cast, by=person, body="Theirs")
        with pytest.raises(ObjectDoesNotExist):
            commands.remove(row, by=person, at=NOW)
        client.force_login(person)
        for verb in ("correct", "remove"):
            assert client.post(f"/activities/{row.pk}/{verb}/", {}).status_code == 404


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"done_at": ago(hours=-1)}, "at"),
        ({"kind": NOTE, "body": " "}, "body"),
        ({"result": ActivityResult.MOVED_FORWARD}, "result"),
    ],
)
def test_it_refuses_what_cannot_be(cast: Cast, deal: Deal, refused: Any, said: Any, field: str):
    row = log(About(deal=deal), cast)
    with refused(field):
        correct(row, cast, **said)


def test_of_two_windows_the_second_is_told(cast: Cast, deal: Deal):
    row = log(About(deal=deal), cast)
    correct(row, cast, body="One", version=1)
    with pytest.raises(Stale):
        correct(row, cast, body="Two", version=1)


def test_what_is_removed_leaves_a_line_and_no_figure(cast: Cast, deal: Deal, client: Client):
    first = log(About(deal=deal), cast, done_at=ago(days=3))
    row = log(About(deal=deal), cast, body="Wrong deal")
    client.force_login(cast.ana)
    assert client.post(f"/activities/{row.pk}/remove/", {}).status_code == 302
    assert not Activity.objects.filter(pk=row.pk).exists()
    deal.refresh_from_db()
    assert deal.touched_at == first.done_at
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "Removed: Call of Wed 11 Mar 11:00" in page
    assert "Wrong deal" in page
    assert faults_of(deal) == []


def test_what_had_been_planned_is_planned_again(cast: Cast, deal: Deal):
    plan = plan_call(deal, by=cast.ana, due_on=NOW.date())
    activity_commands.complete(plan, by=cast.ana, at=NOW, result=ActivityResult.NO_ANSWER)
    commands.remove(plan, by=cast.ana, at=NOW)
    assert Activity.objects.planned().get() == plan
    deal.refresh_from_db()
    assert deal.next_on == NOW.date()
    assert faults_of(deal) == []


def test_later_than_a_day_it_stays(cast: Cast, deal: Deal, refused: Any):
    row = log(About(deal=deal), cast, at=ago(hours=25), done_at=ago(hours=25))
    with refused(None):
        commands.remove(row, by=cast.ana, at=NOW)
    # Logged today for last week: today is what counts.
    commands.remove(log(About(deal=deal), cast, done_at=ago(days=9)), by=cast.ana, at=NOW)


def test_what_moved_the_deal_stays(cast: Cast, deal: Deal):
    row = log(About(deal=deal), cast, result=ActivityResult.MOVED_FORWARD)
    with pytest.raises(Refused):
        commands.remove(row, by=cast.ana, at=NOW)


def test_on_a_party_it_is_told_to_those_who_could_read_what_was_said(cast: Cast, client: Client):
    company = make_company(by=cast.ana)
    row = log(About(company=company), cast, body="A secret")
    correct(row, cast, body="Another")
    assert PartyChange.objects.get(company=company, kind="talk_body").data["old"] == "A secret"
    for person, sees in (
        (cast.ana, True),
        (cast.mona, True),
        (cast.ben, False),
        (cast.carl, False),
    ):
        client.force_login(person)
        assert ("A secret" in client.get(f"/companies/{company.pk}/").content.decode()) is sees
    client.force_login(cast.ana)
    client.post(f"/activities/{row.pk}/remove/", {})
    assert "Removed: Call of" in client.get(f"/companies/{company.pk}/").content.decode()


WHEN = [
    ({}, NOW),
    ({"done_when": "yesterday 15:00"}, dt.datetime(2026, 3, 10, 14, 0, tzinfo=dt.UTC)),
    ({"done_when": "gestern um 15 Uhr"}, dt.datetime(2026, 3, 10, 14, 0, tzinfo=dt.UTC)),
    ({"done_on": "2026-03-10"}, dt.datetime(2026, 3, 10, 11, 0, tzinfo=dt.UTC)),
    ({"done_on": "2026-03-10", "done_time": "15:00"}, ago(hours=20)),
    ({"done_time": "09:00"}, ago(hours=2)),
    ({"done_when": "tomorrow 9:00"}, None),
    ({"done_on": "2026-03-12"}, None),
    ({"done_time": "11:01"}, None),
]


@pytest.mark.parametrize(("said", "at"), WHEN)
@pytest.mark.parametrize("place", ["deals", "companies"])
def test_it_is_logged_for_another_day_and_hour(
    client: Client, cast: Cast, said: dict[str, str], at: dt.datetime | None, place: str
):
    client.force_login(cast.ana)
    company = make_company(by=cast.ana)
    subject = company if place == "companies" else make_deal(by=cast.ana, company=company)
    answer = client.post(f"/{place}/{subject.pk}/log/", {"kind": "call", "body": "Said", **said})
    assert answer.status_code == (302 if at else 422)
    assert list(Activity.objects.values_list("done_at", flat=True)) == ([at] if at else [])


@pytest.mark.parametrize("place", ["deals", "companies", "contacts"])
@pytest.mark.parametrize("ticked", [True, False])
def test_logging_a_call_offers_to_close_the_planned_one(
    client: Client, cast: Cast, place: str, ticked: bool
):
    client.force_login(cast.ana)
    company = make_company(by=cast.ana)
    contact = make_contact(by=cast.ana, company=company)
    deal = make_deal(by=cast.ana, company=company)
    about, pk = {
        "deals": (About(deal=deal), deal.pk),
        "companies": (About(company=company), company.pk),
        "contacts": (About(contact=contact), contact.pk),
    }[place]
    due = Next(kind=CALL, due_on=NOW.date(), subject="Ask")
    plan = activity_commands.plan(about, next=due, by=cast.ana, at=ago(days=1))
    assert f'name="closes" value="{plan.pk}"' in client.get(f"/{place}/{pk}/").content.decode()

    said = {"kind": "call", "body": "Said", "result": "reached", "next": ""}
    if ticked:
        said["closes"] = str(plan.pk)
    assert client.post(f"/{place}/{pk}/log/", said).status_code == 302

    plan.refresh_from_db()
    assert Activity.objects.done().count() == 1
    assert (plan.done_at, plan.body) == ((NOW, "Said") if ticked else (None, ""))
    # One of another kind stays, though it was ticked before.
    other = activity_commands.plan(about, next=due, by=cast.ana, at=NOW)
    client.post(f"/{place}/{pk}/log/", said | {"kind": "email", "closes": str(other.pk)})
    other.refresh_from_db()
    assert other.done_at is None
