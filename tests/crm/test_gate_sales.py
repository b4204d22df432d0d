"""Three ways of selling, by commands from end to end: the same seven stages and gates for all."""

from decimal import Decimal
from typing import Any

from crm.commands import activity as activities
from crm.commands import concern as concerns
from crm.commands import deal as deals
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as wins
from crm.commands import need as needs
from crm.commands import offer as offers
from crm.commands.contact import NewContact
from crm.commands.gate import GoAhead
from crm.commands.gate_input import GateInput
from crm.commands.writers.activity import About
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.conversation import ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.commands.writers.step_result import StepResultInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import (
    ActivityKind,
    ActivityResult,
    ConcernCategory,
    Deal,
    Disposition,
    Judgement,
    OfferKind,
    Relationship,
)
from pipeline.process.gates import Reason
from pipeline.process.playbook import Applies, Importance
from pipeline.process.stages import Stage
from tests.crm.truth import faults_of
from tests.factories import ago, make_company, won_deal
from tests.pipeline.process import in_force, row


def path_of(deal: Deal) -> list[tuple[int, str | None]]:
    return [(visit.stage, visit.left_how) for visit in deal.visits.order_by("sequence")]


def test_a_long_project_goes_back_twice_and_is_won_for_less(cast):
    ana, days = cast.ana, iter(range(200, 0, -5))

    def at() -> dict[str, Any]:
        return {"by": ana, "at": ago(days=next(days))}

    jordi = NewContact(name="Jordi")
    deal = deals.open(name="Line 3 retrofit", company="Norte SA", contact=jordi, **at())
    move_commands.advance(deal, to=Stage.PROSPECTING, **at())
    told: dict[str, Any] = {"kind": ActivityKind.CALL, "result": ActivityResult.NO_ANSWER}
    activities.log(About(deal=deal), **told, **at())
    told["result"] = ActivityResult.MOVED_FORWARD
    activities.log(About(deal=deal), **told, **at())
    deal.refresh_from_db()
    move_commands.advance(
        deal, to=Stage.NEEDS_ANALYSIS, gate_input=GateInput(verdict=VerdictInput()), **at()
    )
    move_commands.move(deal, to=Stage.QUALIFICATION, reason="Another buyer", **at())
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, **at())
    problem = needs.add(deal, NeedInput(words="Two stops a week", worth=Decimal(90_000)), **at())
    path = DecisionPathInput(steps="Plant test, then the board", decides=deal.contacts.get())
    move_commands.advance(deal, to=Stage.PROPOSAL, gate_input=GateInput(path=path), **at())
    offers.make(
        deal,
        OfferInput(
            value=Decimal(48_000),
            recipients=[deal.contacts.get()],
            lines=[OfferLineInput(what="Retrofit", unit_price=Decimal(48_000), need=problem)],
        ),
        **at(),
    )
    move_commands.advance(deal, to=Stage.OBJECTIONS, **at())
    concern = concerns.add(
        deal,
        ConcernInput(words="Too dear", category=ConcernCategory.PRICE, after_price=True),
        **at(),
    )
    move_commands.move(deal, to=Stage.PROPOSAL, reason="They want it without the pumps", **at())
    offers.make(deal, OfferInput(value=Decimal(45_000), what_changed="Without pumps"), **at())
    move_commands.advance(deal, to=Stage.OBJECTIONS, **at())
    concerns.settle(
        concern,
        DispositionInput(disposition=Disposition.ANSWERED, response="Pays in a year"),
        **at(),
    )
    deal.refresh_from_db()
    move_commands.advance(deal, to=Stage.CLOSING, **at())
    wins.win(deal, value=Decimal(44_000), **at())

    assert [stage for stage, _left in path_of(deal)] == [1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 7]
    found = [(each.value, each.outcome) for each in deal.offers.order_by("revision")]
    assert found == [(48_000, "revised"), (45_000, "revised"), (44_000, "accepted")]
    assert deal.amount == 44_000
    assert not Judgement.objects.exists()
    assert faults_of(deal) == []


def test_a_repeat_order_is_sold_in_one_call_through_all_seven_stages(cast):
    shop = make_company(by=cast.ana, name="Corner shop")
    won_deal(by=cast.ana, company=shop)
    order = deals.open(name="Beans, again", company=shop, by=cast.ana, at=ago(minutes=5))

    wins.sell_at_once(
        order,
        value=Decimal(80),
        by=cast.ana,
        at=ago(minutes=1),
        gate_input=GateInput(
            conversation=ConversationInput(kind=ActivityKind.CALL, words="Two boxes"),
            verdict=VerdictInput(),
            need=NeedInput(words="The reference_list is empty"),
            path=DecisionPathInput(steps="She orders", decides=NewContact(name="Petra")),
        ),
    )

    assert path_of(order) == [(stage, "advanced") for stage in range(1, 7)] + [(7, "won")]
    assert not order.visits.exclude(reason="").exists()
    offer: Any = order.offers.get()
    assert (offer.kind, offer.value, offer.outcome) == (OfferKind.VERBAL, 80, "accepted")
    assert not Judgement.objects.filter(deal=order).exists()
    assert faults_of(order) == []


def test_a_service_contract_of_an_existing_customer_is_asked_what_is_for_customers(cast):
    """Renewals run through all seven; steps for new customers are not asked of them (rule 1)."""
    gate = {"importance": Importance.GATE}
    in_force(
        cast.root,
        row("credit", stage=Stage.QUALIFICATION, applies=Applies.NEW, **gate),
        row("last-year", stage=Stage.NEEDS_ANALYSIS, applies=Applies.EXISTING, **gate),
    )
    house = make_company(by=cast.ana, name="Vega Hotels")
    house.relationship = Relationship.CUSTOMER
    house.save(update_fields=["relationship"])
    at = {"by": cast.ana, "at": ago(hours=2)}
    deal = deals.open(name="Service 2027", company=house, amount=Decimal(12_000), **at)
    host = GateInput(contact=NewContact(name="Vera"))
    move_commands.advance(deal, to=Stage.PROSPECTING, gate_input=host, **at)
    talk = GateInput(conversation=ConversationInput(kind=ActivityKind.MEETING))
    move_commands.advance(deal, to=Stage.QUALIFICATION, gate_input=talk, **at)
    known = GateInput(verdict=VerdictInput(ours_why="Ten years"))
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, gate_input=known, **at)
    last_year = {(Stage.NEEDS_ANALYSIS, "last-year"): StepResultInput()}
    need = NeedInput(words="As last year, and the new wing")
    before = GoAhead(reason=Reason.DONE_BEFORE)
    move_commands.advance(
        deal,
        to=Stage.PROPOSAL,
        gate_input=GateInput(need=need, answers=last_year),
        go_ahead=before,
        **at,
    )
    offers.make(deal, OfferInput(value=Decimal(13_000)), **at, go_ahead=before)
    wins.win(deal, value=Decimal(13_000), reason="Signed by mail", **at)

    kept = [
        [each.get("fact") or each.get("step") for each in one.findings]
        for one in Judgement.objects.filter(deal=deal).order_by("id")
    ]
    assert kept[0] == ["decision_path"]
    assert "credit" not in {name for names in kept for name in names}
    assert (deal.outcome, deal.offers.get().premature) == ("won", True)
    assert [stage for stage, _left in path_of(deal)] == [1, 2, 3, 4, 5, 7]
    assert faults_of(deal) == []
