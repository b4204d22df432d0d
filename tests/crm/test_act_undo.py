"""A verb, then its undo from the note: everything is as it was, but for one quiet line."""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.commands import lead_rule
from crm.commands.lead_rule import LeadRuleInput
from crm.commands.undo import AT_ONCE
from crm.models import Company, Deal, StageVisit, UndoableAct
from crm.queries import search
from pipeline.models import User
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast
from tests.crm.truth import faults_of
from tests.factories import (
    NOW,
    ago,
    cause_named,
    make_company,
    make_contact,
    make_deal,
    plan_call,
    ready_deal,
    stopped_deal,
    won_deal,
)

HTMX: Any = {"HX-Request": "true"}
# What goes on counting, or says who changed it last; and what serves the search and the undo.
COUNTED = {"version", "changed_at", "changed_by_id"}
APART = {"crm_undoableact", "crm_searchentry"}


def world() -> dict[tuple[str, int], dict[str, Any]]:
    """Every row of every table of records."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("crm").get_models(include_auto_created=True):
            table = model._meta.db_table
            if table in APART or model._meta.proxy:
                continue
            cursor.execute(f"SELECT id, to_jsonb(t)::text FROM {table} AS t")  # noqa: S608
            for pk, text in cursor.fetchall():
                row = json.loads(text)
                found[table, pk] = {key: row[key] for key in row.keys() - COUNTED}
    return found


def posted(client: Client, address: str, **said: Any) -> Any:
    response: Any = client.post(address, said, headers=HTMX)
    assert response.status_code == 200, response.content.decode()
    return response


def toast(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response["HX-Trigger"])["toast"]
    return found


@dataclass(frozen=True, kw_only=True)
class Case:
    """A verb as a page posts it: what the deal is before, where it goes, and what it says."""

    make: Callable[[User], Deal]
    path: str
    said: dict[str, str]


def planned(deal: Deal, user: User) -> Deal:
    plan_call(deal, by=user, due_at=ago(days=-3))
    plan_call(deal, by=user, due_on=ago(days=-9).date())
    return deal


def of_company(user: User, **facts: Any) -> Deal:
    company = make_company(by=user)
    return planned(ready_deal(by=user, company=company, amount=700, **facts), user)


def alone(user: User) -> Deal:
    return make_deal(by=user)


def stopped(user: User) -> Deal:
    deal = of_company(user, stage=Stage.PROPOSAL)
    deal_commands.stop(
        deal,
        initiator=Initiator.CUSTOMER,
        cause=cause_named("price"),
        by=user,
        at=ago(hours=1),
    )
    return deal


def won(user: User) -> Deal:
    return won_deal(by=user, company=make_company(by=user))


def offered(user: User) -> Deal:
    return of_company(user, stage=Stage.OBJECTIONS)


def parked(user: User) -> Deal:
    deal = of_company(user)
    deal_commands.park(deal, until=dt.date(2026, 5, 1), by=user, at=NOW)
    return deal


CASES = {
    "stop": Case(make=of_company, path="stop/", said={"decision": "customer:price"}),
    "stop after an offer": Case(make=offered, path="stop/", said={"decision": "us:withdrawn"}),
    "open a stopped one": Case(make=stopped, path="reopen/", said={"reason": "They called"}),
    "open a won one": Case(make=won, path="reopen/", said={"reason": "Not signed"}),
    "move": Case(make=of_company, path="move/", said={"to": "2"}),
    "move with a party": Case(
        make=alone, path="move/", said={"to": "2", "party_person": "Eva New", "asks": "party"}
    ),
    "jump": Case(make=of_company, path="move/", said={"to": "5", "reason": "Known"}),
    "move back": Case(make=offered, path="move/", said={"to": "3", "reason": "Too early"}),
    "win": Case(make=offered, path="win/", said={"value": "900", "reason": "At once"}),
    "sell": Case(make=of_company, path="sell/", said={"value": "900"}),
    "hand over": Case(make=of_company, path="hand-over/", said={"to": "BEN", "reason": "Leave"}),
    "park": Case(make=of_company, path="park/", said={"days": "30"}),
    "take up": Case(make=parked, path="park/", said={"wake": "1"}),
    "log": Case(make=of_company, path="log/", said={"kind": "call", "body": "Hi", "next": ""}),
    "log and advance": Case(
        make=of_company,
        path="log/",
        said={"kind": "call", "result": "moved_forward", "next": "3d", "next_kind": "call"},
    ),
    "plan": Case(make=of_company, path="plan/", said={"next": "3d", "next_kind": "call"}),
    "complete": Case(make=of_company, path="PLAN/complete/", said={"next": ""}),
    "complete with words": Case(
        make=of_company,
        path="PLAN/complete/",
        said={"body": "Yes", "result": "moved_forward", "next": "3d", "next_kind": "meeting"},
    ),
    "cancel": Case(make=of_company, path="PLAN/cancel/", said={}),
    "postpone": Case(make=of_company, path="PLAN/postpone/", said={"next": "3d"}),
}


def address_of(case: Case, deal: Deal) -> str:
    plan = deal.activities.planned().order_by("due_at").first()
    whole = f"/deals/{deal.pk}/{case.path}"
    return whole.replace(f"/deals/{deal.pk}/PLAN", f"/activities/{plan.pk if plan else 0}")


@pytest.mark.parametrize("name", CASES)
def test_a_verb_undone_at_once_leaves_one_quiet_line(cast: Cast, client: Client, name: str) -> None:
    case = CASES[name]
    deal = case.make(cast.ana)
    client.force_login(cast.mona)
    said = {key: str(cast.ben.pk) if text == "BEN" else text for key, text in case.said.items()}
    before = world()

    undo = toast(posted(client, address_of(case, deal), **said))["undo"]
    assert world() != before
    assert undo["words"] == "Undo"
    told = posted(client, undo["href"], **undo["values"])

    assert toast(told) == {"text": "Undone."}
    after = world()
    (line,) = after.keys() - before.keys()
    row = after.pop(line)
    assert (line[0], row["kind"]) == ("crm_dealchange", "undone")
    assert after == before
    assert faults_of(Deal.objects.get(pk=deal.pk)) == []
    page: Any = client.get(f"/deals/{deal.pk}/")
    assert "Undone at once" in page.content.decode()


@pytest.fixture
def act(cast: Cast, client: Client) -> tuple[Deal, dict[str, Any]]:
    deal = of_company(cast.ana)
    client.force_login(cast.ana)
    answer = posted(client, f"/deals/{deal.pk}/stop/", decision="customer:price")
    return deal, toast(answer)["undo"]


Offer = tuple[Deal, dict[str, Any]]


def refused(client: Client, undo: dict[str, Any], status: int) -> None:
    before = world()
    response: Any = client.post(undo["href"], undo["values"], headers=HTMX)
    assert response.status_code == status
    assert world() == before


def test_it_is_taken_back_once(client: Client, act: Offer) -> None:
    posted(client, act[1]["href"], **act[1]["values"])
    refused(client, act[1], 422)


def test_it_is_taken_back_at_once_or_not_at_all(
    client: Client, act: Offer, clock: time_machine.Traveller
) -> None:
    clock.shift(AT_ONCE + dt.timedelta(seconds=1))
    refused(client, act[1], 422)


def test_nobody_takes_back_what_another_did(cast: Cast, client: Client, act: Offer) -> None:
    for person in (cast.mona, cast.adele, cast.carl):
        client.force_login(person)
        refused(client, act[1], 404)


def test_what_somebody_went_on_from_stays(cast: Cast, client: Client, act: Offer) -> None:
    deal_commands.reopen(act[0], reason="They called", by=cast.mona, at=NOW)
    refused(client, act[1], 409)


def test_what_somebody_changed_beside_the_deal_stays(cast: Cast, client: Client) -> None:
    deal = offered(cast.ana)
    client.force_login(cast.ana)
    undo = toast(posted(client, f"/deals/{deal.pk}/win/", value="9", reason="Now"))["undo"]
    company = Company.objects.get(deals=deal)
    company_commands.edit(company, relationship="former", by=cast.mona, at=NOW)
    refused(client, undo, 422)


def test_a_company_that_was_on_record_stays(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    deal = alone(cast.ana)
    client.force_login(cast.ana)
    party = {"party_person": "Eva New", "party_company": company.name, "asks": "party"}
    told = toast(posted(client, f"/deals/{deal.pk}/move/", to="2", **party))
    assert Deal.objects.get(pk=deal.pk).company == company
    for undo in filter(None, [told.get("undo")]):
        client.post(undo["href"], undo["values"], headers=HTMX)
    assert Company.objects.filter(pk=company.pk).exists()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_was_given_out_of_reach_is_taken_back_from_the_next_page(
    cast: Cast, client: Client, headers: dict[str, str]
) -> None:
    deal = of_company(cast.ana)
    client.force_login(cast.ana)
    before = world()
    said = {"to": str(cast.ben.pk), "version": str(deal.version)}
    client.post(f"/deals/{deal.pk}/hand-over/", said, headers=headers)
    page: Any = client.get("/board/")
    offered = re.search(
        rf'action="(/deals/{deal.pk}/undo/)".*?name="act" value="(\d+)"',
        page.content.decode(),
        re.DOTALL,
    )
    assert offered is not None

    undo: dict[str, Any] = {"href": offered[1], "values": {"act": offered[2]}}
    client.force_login(cast.carl)
    refused(client, undo, 404)
    client.force_login(cast.ana)
    answer = client.post(undo["href"], undo["values"], headers=headers)

    assert answer.status_code == (200 if headers else 302)
    after = world()
    assert {place: row for place, row in after.items() if place in before} == before


def test_what_another_gave_out_of_reach_is_not_found(cast: Cast, client: Client) -> None:
    """Only by the act itself is a deal found that is not one's own to change."""
    deal = of_company(cast.ben)
    client.force_login(cast.ben)
    posted(client, f"/deals/{deal.pk}/stop/", decision="customer:price")
    UndoableAct.objects.update(by=cast.ana)
    refused_of = {
        "href": f"/deals/{deal.pk}/undo/",
        "values": {"act": UndoableAct.objects.get().pk},
    }
    client.force_login(cast.ana)
    refused(client, refused_of, 404)


def test_what_it_needs_is_not_kept_longer_than_the_note(
    cast: Cast, client: Client, act: Offer, clock: time_machine.Traveller
) -> None:
    clock.shift(AT_ONCE + dt.timedelta(seconds=1))
    other = of_company(cast.ana, name="Other")
    posted(client, f"/deals/{other.pk}/move/", to="2")
    assert [row.deal for row in UndoableAct.objects.all()] == [other]


MANY: dict[str, tuple[str, dict[str, str]]] = {
    "deals handed over": ("/deals/bulk/hand-over/", {"to": "BEN", "reason": "Leave"}),
    "deals parked": ("/deals/bulk/park/", {"days": "30"}),
    "deals stopped": ("/deals/bulk/stop/", {"decision": "customer:price"}),
    "leads accepted": ("/deals/bulk/accept/", {"next": "tomorrow", "next_kind": "call"}),
    "leads taken": ("/deals/bulk/claim/", {}),
    "leads given out": ("/deals/bulk/deal-out/", {}),
    "companies handed over": ("/companies/bulk/hand-over/", {"to": "BEN"}),
    "people handed over": ("/contacts/bulk/hand-over/", {"to": "BEN"}),
}


def many_of(cast: Cast, verb: str) -> list[Any]:
    """Two that the verb is for."""
    if "companies" in verb:
        return [make_company(by=cast.ana, owner=cast.ana, name=name) for name in ("A", "B")]
    if "people" in verb:
        return [make_contact(by=cast.ana, owner=cast.ana, name=name) for name in ("A", "B")]
    if "leads" not in verb:
        return [of_company(cast.ana, name=name) for name in ("A", "B")]
    people = [make_contact(by=cast.mona, name=name) for name in ("Eva", "Uwe")]
    deals = [
        make_deal(by=cast.mona, team=cast.north, contact=person, name=person.name)
        for person in people
    ]
    if "given" in verb:
        said = LeadRuleInput(name="All", people=(cast.ben,))
        lead_rule.add(cast.north, said, by=cast.mona, at=NOW)
    return deals


@pytest.mark.parametrize("verb", MANY)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_what_was_done_to_many_is_taken_back_with_one_press(
    cast: Cast, client: Client, verb: str, headers: dict[str, str]
) -> None:
    address, said = MANY[verb]
    rows = many_of(cast, verb)
    # Where a pool is dealt out, the turns of its rule stay taken.
    turns = {"crm_leadrule", "crm_leadtaker"}
    before = {place: row for place, row in world().items() if place[0] not in turns}
    person = cast.mona if "given" in verb else cast.ana
    client.force_login(person)
    said = {key: str(cast.ben.pk) if text == "BEN" else text for key, text in said.items()}

    ids = ",".join(str(row.pk) for row in rows)
    answer: Any = client.post(address, {"ids": ids, **said}, headers=headers)
    if headers:
        undo = toast(answer)["undo"]
    else:
        page: Any = client.get(answer["Location"])
        form = re.search(
            r'action="([^"]+bulk/undo/)".*?name="at" value="([^"]+)"',
            page.content.decode(),
            re.DOTALL,
        )
        assert form is not None
        undo = {"href": form[1], "values": {"at": form[2]}}
    assert UndoableAct.objects.count() == 2
    client.force_login(cast.carl)
    refused(client, undo, 422)
    client.force_login(person)
    told: Any = client.post(undo["href"], undo["values"], headers=headers)

    assert told.status_code == (200 if headers else 302)
    after = {place: row for place, row in world().items() if place[0] not in turns}
    lines = after.keys() - before.keys()
    assert sorted(after.pop(line)["kind"] for line in lines) == ["undone", "undone"]
    assert after == before
    assert not UndoableAct.objects.exists()
    for row in rows:
        if isinstance(row, Deal):
            assert faults_of(Deal.objects.get(pk=row.pk)) == []


def test_of_many_what_somebody_went_on_from_stays_and_is_told(cast: Cast, client: Client) -> None:
    one, other = of_company(cast.ana, name="One"), of_company(cast.ana, name="Other")
    client.force_login(cast.ana)
    said = {"ids": f"{one.pk},{other.pk}", "decision": "customer:price"}
    undo = toast(posted(client, "/deals/bulk/stop/", **said))["undo"]
    deal_commands.reopen(other, reason="They called", by=cast.mona, at=NOW)

    told = posted(client, undo["href"], **undo["values"])

    text = told.content.decode()
    assert "1 undone." in text
    assert "1 was left as it is" in text
    assert f'href="/deals/{other.pk}/"' in text
    assert told["HX-Retarget"] == "#sheet"
    one.refresh_from_db()
    assert one.is_open
    refused(client, undo, 200)


@pytest.mark.parametrize("at", ["", "yesterday", "2026-03-10T12:00:00", "9" * 60])
def test_an_instant_that_is_none_takes_nothing_back(cast: Cast, client: Client, at: str) -> None:
    client.force_login(cast.ana)
    assert client.post("/deals/bulk/undo/", {"at": at}).status_code == 400


@pytest.mark.parametrize("kind", ["companies", "contacts"])
def test_a_party_that_was_handed_over_is_taken_back_from_the_next_page(
    cast: Cast, client: Client, kind: str
) -> None:
    make = make_company if kind == "companies" else make_contact
    party = make(by=cast.ana, owner=cast.ana)
    client.force_login(cast.ana)
    before = world()

    address = f"/{kind}/{party.pk}/hand-over/"
    undo = toast(posted(client, address, to=cast.ben.pk, version=1))["undo"]
    # It is out of her reach by now; and another's act is not hers.
    assert not type(party).objects.editable_by(cast.ana).exists()
    told = posted(client, undo["href"], **undo["values"])

    assert toast(told) == {"text": "Undone."}
    after = world()
    (line,) = after.keys() - before.keys()
    assert (line[0], after.pop(line)["kind"]) == ("crm_partychange", "undone")
    assert after == before
    assert [hit.owner_id for hit in search.search(party.name, reader=cast.ana)] == [cast.ana.pk]
    page: Any = client.get(f"/{kind}/{party.pk}/")
    assert "Undone at once: handed over" in page.content.decode()
    refused(client, undo, 422)


def test_the_undo_of_an_act_changes_no_visit_otherwise(cast: Cast) -> None:
    visit = stopped_deal(by=cast.ana).visits.get()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL seven.undo = 'act'")
        for change in ({"exit_amount": 5}, {"left_how": None, "left_at": None, "stage": 3}):
            with pytest.raises(IntegrityError), transaction.atomic():
                StageVisit.objects.filter(pk=visit.pk).update(**change)
        cursor.execute("SET LOCAL seven.undo = ''")
