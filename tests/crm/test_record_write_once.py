"""A record is the same, whichever way it comes in: by the verb of its page, through a gate, in a sale
of one conversation, or as what was agreed on in the end. (An import brings deals and parties, and
none of these records.)
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model

from crm.commands import activity as activities
from crm.commands import activity_correct, step
from crm.commands import concern as concerns
from crm.commands import deal as deals
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as wins
from crm.commands import decision_path as paths
from crm.commands import need as needs
from crm.commands import offer as offers
from crm.commands import verdict as verdicts
from crm.commands.contact import NewContact
from crm.commands.gate_input import GateInput
from crm.commands.writers.activity import About
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.commands.writers.step_result import StepResultInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Company,
    Concern,
    ConcernCategory,
    Contact,
    Deal,
    DealContact,
    DecisionPath,
    Disposition,
    Need,
    Offer,
    OfferKind,
    OfferLine,
    OfferRecipient,
    Per,
    Product,
    SearchEntry,
    StepResult,
    Verdict,
)
from crm.queries.facts import AGREEMENT_STEP
from pipeline.process.playbook import StepKind, WorkKind
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_contact, make_deal
from tests.pipeline.process import in_force, row

TODAY = NOW.date()
SOON = TODAY + dt.timedelta(days=9)
WAYS = ("page", "gate", "sale")
# What is another in each deal, and what becomes of an offer when the deal is won.
OWN = re.compile(
    r"(^|_)(deal|offer|need|activity|company|contact|record)?_?id$|^outcome$|^known_at$"
)
BY_WORD = OfferInput(kind=OfferKind.VERBAL, value=Decimal(900))


@pytest.fixture
def petra(cast: Cast) -> Contact:
    return make_contact(by=cast.ana, name="Petra Voss", company=make_company(by=cast.ana))


@pytest.fixture
def three(cast: Cast, petra: Contact) -> dict[str, Deal]:
    """A deal for each way, of which all is known that an offer should be based on."""
    usual: dict[str, Any] = {"contact": petra, "stage": Stage.PROPOSAL, "amount": 500}
    return {way: make_deal(by=cast.ana, **usual) for way in WAYS}


def write(way: str, deal: Deal, page: Callable[..., object], **said: Any) -> None:
    """By its page, by the gate before objections, or in a sale that is told afterwards."""
    at: dict[str, Any] = {"by": deal.owner, "at": NOW}
    if way == "page":
        page(deal, *said.values(), **at)
        return
    given = GateInput(**{"offer": BY_WORD} | said)
    if way == "gate":
        move_commands.advance(deal, to=Stage.OBJECTIONS, gate_input=given, **at)
    else:
        offered = given.offer
        assert offered is not None
        wins.sell_at_once(deal, value=offered.value or Decimal(500), gate_input=given, **at)


def rows(deal: Deal, model: type[Model], **found: Any) -> list[dict[str, Any]]:
    kept = model._default_manager.filter(**found or {"deal": deal}).order_by("id").values()
    return [{name: value for name, value in one.items() if not OWN.search(name)} for one in kept]


def history(deal: Deal, *kinds: str) -> list[tuple[object, ...]]:
    """Without the ids of records, of which each deal may have its own."""
    changes = deal.changes.filter(kind__in=kinds, at=NOW).order_by("id")
    told = changes.values_list("kind", "data", "reason", "by__name")
    return [
        (kind, re.sub(r'"id": \d+, ', "", json.dumps(data)), reason, by)
        for kind, data, reason, by in told
    ]


def entry(deal: Deal) -> dict[str, Any]:
    found = SearchEntry.objects.filter(kind="deal", record_id=deal.pk).values(
        "title", "hint", "plain", "owner_id", "team_id"
    )
    return dict(found.get())


def same(
    three: dict[str, Deal], *models: type[Model], of: tuple[str, ...], touched: bool = False
) -> dict[str, Any]:
    """What every way has left of it, which must be one and the same."""
    told = {}
    for way, deal in three.items():
        deal.refresh_from_db()
        told[way] = {
            "rows": {model: rows(deal, model) for model in models},
            "history": history(deal, *of),
            "entry": entry(deal),
            "touched": deal.touched_at if touched else None,
        }
    first = told["page"]
    assert all(told.values())
    for way, one in told.items():
        assert one == first, way
    return first


def test_a_need(three: dict[str, Deal], petra: Contact):
    said = NeedInput(
        words=" Pallets warm up ",
        worth=Decimal(700),
        per=Per.MONTH,
        said_by=petra,
        confirmed_on=TODAY,
    )
    for way, deal in three.items():
        write(way, deal, needs.add, need=said)

    left = same(three, Need, of=("need",))
    assert left["history"] == [("need", '{"new": "Pallets warm up"}', "", "Ana Ruiz")]


def test_a_verdict(three: dict[str, Deal]):
    for way, deal in three.items():
        write(way, deal, verdicts.give, verdict=VerdictInput(ours_why=" They pay "))

    left = same(three, Verdict, of=("verdict",))
    (change,) = left["history"]
    assert (change[0], *change[2:]) == ("verdict", "They pay", "Ana Ruiz")


def test_a_decision_path_with_all_of_its_history(three: dict[str, Deal], petra: Contact):
    said = DecisionPathInput(
        steps="Petra, then the board", criteria="Price", decides_on=SOON, decides=petra
    )
    for way, deal in three.items():
        write(way, deal, paths.write, path=said)

    fields = ("path_steps", "path_criteria", "path_decides_on", "contact")
    left = same(three, DecisionPath, DealContact, of=fields)
    assert [change[0] for change in left["history"]] == list(fields)


def test_other_steps_of_a_decision_path_that_nobody_has_confirmed(
    cast: Cast, three: dict[str, Deal], petra: Contact
):
    at: dict[str, Any] = {"by": cast.ana, "at": ago(days=1)}
    confirmed: dict[str, Any] = {
        "confirmed_by": petra,
        "confirmed_on": TODAY - dt.timedelta(days=3),
    }
    for way, deal in three.items():
        paths.write(deal, DecisionPathInput(steps="Petra", **confirmed), **at)
        write(way, deal, paths.write, path=DecisionPathInput(steps="Petra, the board"))

    fields = ("path_steps", "path_confirmed_on", "path_confirmed_by")
    left = same(three, DecisionPath, of=fields)
    assert [change[0] for change in left["history"]] == list(fields)
    (path,) = left["rows"][DecisionPath]
    assert (path["confirmed_on"], path["steps"]) == (None, "Petra, the board")


def test_a_page_that_shows_a_confirmation_keeps_what_it_sends(
    cast: Cast, three: dict[str, Deal], petra: Contact
):
    """Who mends a letter of the steps sees the confirmation beside them, and may take it out."""
    on = TODAY - dt.timedelta(days=3)
    said = DecisionPathInput(steps="Petra, the bord", confirmed_by=petra, confirmed_on=on)
    paths.write(three["page"], said, by=cast.ana, at=ago(days=1))
    write("page", three["page"], paths.write, path=replace(said, steps="Petra, the board"))
    path = DecisionPath.objects.get(deal=three["page"])
    assert (path.steps, path.confirmed_by, path.confirmed_on) == ("Petra, the board", petra, on)


@pytest.mark.parametrize("steps", ["Petra", "Petra, the board"])
def test_a_decision_path_that_is_confirmed_anew(
    cast: Cast, three: dict[str, Deal], petra: Contact, steps: str
):
    for way, deal in three.items():
        paths.write(deal, DecisionPathInput(steps="Petra"), by=cast.ana, at=ago(days=1))
        said = DecisionPathInput(steps=steps, confirmed_by=petra)
        write(way, deal, paths.write, path=said)
    left = same(three, DecisionPath, of=("path_steps", "path_confirmed_on", "path_confirmed_by"))
    assert left["rows"][DecisionPath][0]["confirmed_on"] == TODAY


def test_a_gate_leaves_of_a_decision_path_what_it_does_not_ask_for(
    cast: Cast, three: dict[str, Deal], petra: Contact
):
    deal = three["gate"]
    stood = DecisionPathInput(steps="Petra", criteria="Price", confirmed_by=petra)
    paths.write(deal, stood, by=cast.ana, at=ago(days=1))
    write("gate", deal, paths.write, path=DecisionPathInput(steps="", decides_on=SOON))

    path = DecisionPath.objects.get(deal=deal)
    assert (path.steps, path.criteria, path.decides_on) == ("Petra", "Price", SOON)
    assert path.confirmed_by == petra
    assert history(deal, "path_steps", "path_criteria", "path_confirmed_on") == []


def test_an_offer(cast: Cast, three: dict[str, Deal], petra: Contact):
    sensor = Product.objects.create(name="Sensor", currency="EUR")
    mate = make_contact(by=cast.ana, name="Dora Vale", company=petra.company)
    said = OfferInput(
        kind=OfferKind.PRICE_LIST,
        value=Decimal(900),
        value_why="Two years",
        recipients=[petra, mate, NewContact(name="Otto Lang")],
        sent_at=ago(days=2),
        what_changed="Five depots",
        decision_on=SOON,
        lines=[OfferLineInput(product=sensor, unit_price=Decimal(1000))],
    )
    for deal in three.values():
        offers.make(deal, BY_WORD, by=cast.ana, at=ago(days=4))
    for way, deal in three.items():
        write(way, deal, offers.make, offer=said)

    left = same(three, Offer, DealContact, of=("offer", "contact", "amount"))
    assert [change[0] for change in left["history"]] == ["contact", "contact", "offer"]
    parts = [parts_of(deal) for deal in three.values()]
    assert parts[0] == parts[1] == parts[2]
    assert [len(part) for part in parts[0]] == [1, 3]
    assert {deal.amount for deal in three.values()} == {900}


def parts_of(deal: Deal) -> tuple[list[dict[str, Any]], list[str]]:
    last = deal.offers.order_by("-revision")[0]
    names = OfferRecipient.objects.filter(offer=last).order_by("contact__name")
    return rows(deal, OfferLine, offer=last), list(names.values_list("contact__name", flat=True))


@pytest.mark.parametrize("way", WAYS)
def test_no_offer_to_somebody_of_another_deal(cast: Cast, three: dict[str, Deal], way: str):
    said = replace(BY_WORD, recipients=[make_contact(by=cast.ana, name="Somebody Else")])
    with pytest.raises(Refused) as refused:
        write(way, three[way], offers.make, offer=said)
    assert refused.value.field == ("recipients" if way == "page" else "offer_recipients")


@pytest.mark.parametrize("way", WAYS)
def test_no_need_of_somebody_of_another_deal_or_of_tomorrow(
    cast: Cast, three: dict[str, Deal], way: str
):
    stranger = make_contact(by=cast.ana, name="Somebody Else")
    for said, field in (
        (NeedInput(words="Heat", said_by=stranger), "said_by"),
        (NeedInput(words="Heat", confirmed_on=SOON), "confirmed_on"),
        (NeedInput(words=" "), "words"),
    ):
        with pytest.raises(Refused) as refused:
            write(way, three[way], needs.add, need=said)
        assert refused.value.field == (field if way == "page" else f"need_{field}")


def test_what_was_agreed_on_in_the_end(cast: Cast, three: dict[str, Deal], petra: Contact):
    """The box of the value when a deal is won, beside the next revision by hand."""
    line = OfferLineInput(what="Sensors", unit_price=Decimal(600))
    first = OfferInput(
        kind=OfferKind.VERBAL,
        value=Decimal(600),
        recipients=[petra],
        decision_on=SOON,
        lines=[line],
    )
    agreed = replace(first, value=Decimal(550), what_changed="As agreed", value_why="As agreed")
    at: dict[str, Any] = {"by": cast.ana, "at": NOW}
    for deal in three.values():
        offers.make(deal, first, by=cast.ana, at=ago(days=1))
    offers.make(three["page"], agreed, **at)
    wins.win(three["gate"], value=Decimal(550), reason="Signed", **at)
    wins.sell_at_once(three["sale"], value=Decimal(550), **at)

    same(three, Offer, of=("offer", "amount"))
    parts = [parts_of(deal) for deal in three.values()]
    assert parts[0] == parts[1] == parts[2] == (parts[0][0], ["Petra Voss"])
    before = [deal.offers.get(revision=1) for deal in three.values()]
    assert {(one.outcome, one.known_at) for one in before} == {("revised", NOW)}


def test_a_concern_that_is_not_conceded_any_more(cast: Cast, three: dict[str, Deal]):
    at: dict[str, Any] = {"by": cast.ana, "at": ago(hours=2)}
    said = DispositionInput(disposition=Disposition.ANSWERED, response=" It pays ")
    for way, deal in three.items():
        raised = concerns.add(
            deal,
            ConcernInput(words="Too dear", category=ConcernCategory.PRICE, after_price=True),
            **at,
        )
        given = DispositionInput(disposition=Disposition.CONCEDED, concession="5 % off")
        concerns.settle(raised, given, **at)
        concerns.reopen(raised, **at)
        settle = lambda _deal, _said, raised=raised, **at: concerns.settle(raised, said, **at)  # noqa: E731
        write(way, deal, settle, dispositions={raised.pk: said})

    left = same(three, Concern, of=("concern_settled",))
    (kept,) = left["rows"][Concern]
    assert (kept["response"], kept["concession"]) == ("It pays", "")
    data = '{"new": "answered", "old": "open", "words": "Too dear"}'
    assert left["history"] == [("concern_settled", data, "It pays", "Ana Ruiz")]


def log(deal: Deal, said: ConversationInput, **at: Any) -> None:
    contact = said.contact
    assert not isinstance(contact, NewContact)
    activities.log(
        About(deal=deal, contact=contact),
        kind=said.kind,
        body=said.words,
        result=ActivityResult.REACHED,
        done_at=said.done_at,
        **at,
    )


def test_a_conversation_which_completes_what_asks_for_it(
    cast: Cast, three: dict[str, Deal], petra: Contact
):
    asks: dict[str, Any] = {
        "kind": StepKind.ACTIVITY,
        "doing": WorkKind.CALL,
        "stage": Stage.PROPOSAL,
    }
    version = in_force(cast.north, row("ring", **asks))
    for deal in three.values():
        deal.visits.going_on().update(version_ids=[version.pk])
    said = ConversationInput(contact=petra, words=" They agree ", done_at=ago(hours=1))
    for way, deal in three.items():
        write(way, deal, log, conversation=said)

    left = same(three, Activity, StepResult, of=("step", "contact"), touched=True)
    assert left["touched"] == ago(hours=1)
    assert [(one["key"], one["state"]) for one in left["rows"][StepResult]] == [("ring", "done")]


def test_that_what_was_logged_was_a_conversation(cast: Cast, three: dict[str, Deal]):
    for way, deal in three.items():
        logged = activities.log(
            About(deal=deal), kind=ActivityKind.CALL, by=cast.ana, at=ago(hours=3)
        )

        def correct(
            _deal: Deal, _said: ConversationInput, logged: Activity = logged, **at: Any
        ) -> None:
            stands: dict[str, Any] = {
                "kind": ActivityKind.CALL,
                "done_at": ago(hours=3),
                "contact": None,
            }
            activity_correct.correct(logged, body="", result=ActivityResult.REACHED, **stands, **at)

        write(way, deal, correct, conversation=ConversationInput(logged=logged))

    left = same(three, Activity, of=("talk_result",), touched=True)
    assert [change[0] for change in left["history"]] == ["talk_result"]


def agree(deal: Deal, said: AgreementInput, **at: Any) -> None:
    given = StepResultInput(value=said.to)
    place = (Stage.PROSPECTING, AGREEMENT_STEP)
    step.answer(deal, place=place, given=given, agreed_on=said.on, **at)


def test_what_they_agreed_to_and_the_meeting_of_it(cast: Cast, three: dict[str, Deal]):
    said = AgreementInput(to="Half an hour on site", on=SOON)
    for way, deal in three.items():
        deals.park(deal, until=SOON, by=cast.ana, at=ago(hours=1))
        write(way, deal, agree, agreement=said)

    same(three, Activity, StepResult, of=("step", "parked_until"))
    assert {deal.parked_until for deal in three.values()} == {None}
    assert {three[way].next_on for way in ("page", "gate")} == {SOON}


def join(deal: Deal, company: str, contact: NewContact, **at: Any) -> None:
    deals.edit(deal, company=company, **at)
    deals.set_contact(deal, contact=contact, **at)


def test_with_whom_it_is(cast: Cast, three: dict[str, Deal]):
    for deal in three.values():
        deals.edit(deal, company=None, by=cast.ana, at=ago(hours=1))
    who = NewContact(name="Inés Sola", email="ines@solar.test", phone="01 2345")
    for way, deal in three.items():
        write(way, deal, join, company="Solar AG", contact=who)

    left = same(three, DealContact, of=("company", "contact"))
    assert left["entry"]["hint"] == "Solar AG"
    for model, kind, name in ((Company, "company", "Solar AG"), (Contact, "contact", "Inés Sola")):
        made = model._default_manager.filter(name=name)
        assert made.count() == len(WAYS)
        found = SearchEntry.objects.filter(kind=kind, record_id__in=made.values("pk"))
        told = found.values_list("title", "hint", "plain", "owner_id", "team_id")
        assert len(set(told)) == 1
        assert len(told) == len(WAYS)
