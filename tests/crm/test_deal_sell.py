"""A new deal that is sold already: opened and won by one command, or not at all."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.commands import deal as deals
from crm.commands import deal_win as wins
from crm.commands.contact import NewContact
from crm.commands.gate import GoAhead
from crm.commands.gate_input import GateInput
from crm.commands.writers.conversation import ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.step_result import StepResultInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import Activity, Company, Contact, Deal, DealChange, Judgement
from pipeline.process.gates import Gap, Reason
from pipeline.process.playbook import Importance, StepKind
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.crm.truth import all_rows, faults_of
from tests.factories import NOW, ago, make_company, make_contact, won_deal
from tests.pipeline.process import in_force, row

CALLED = GateInput(
    conversation=ConversationInput(words="Two boxes"),
    verdict=VerdictInput(),
    need=NeedInput(words="The reference_list is empty"),
    path=DecisionPathInput(steps="She orders"),
)


def sell(cast: Cast, **said: Any) -> Any:
    given: dict[str, Any] = {
        "value": Decimal(80),
        "by": cast.ana,
        "at": NOW,
        "company": "Corner shop",
        "contact": NewContact(name="Petra Voss"),
        "gate_input": CALLED,
    }
    return wins.sell_new(**given | said)


def test_it_goes_through_all_seven_stages_at_one_instant(cast: Cast):
    deal = sell(cast, at=ago(days=2))

    visits = list(deal.visits.order_by("sequence"))
    assert [visit.stage for visit in visits] == list(Stage)
    assert [visit.left_how for visit in visits] == ["advanced"] * 6 + ["won"]
    assert {visit.entered_at for visit in visits} == {ago(days=2)} == {deal.created_at}
    assert (deal.outcome, deal.amount, deal.owner) == ("won", 80, cast.ana)
    assert not deal.visits.exclude(reason="").exists()
    assert not Judgement.objects.exists()
    assert faults_of(deal) == []


def test_it_makes_a_customer_and_an_offer_by_word(cast: Cast):
    deal = sell(cast)
    assert Company.objects.get(pk=deal.company_id).relationship == "customer"
    made = deal.offers.get()
    assert (made.kind, made.value, made.outcome) == ("verbal", 80, "accepted")


def test_it_takes_the_person_of_the_deal_for_whom_one_spoke_with_and_who_decides(cast: Cast):
    deal = sell(cast)
    link = deal.deal_contacts.get()
    assert (link.contact.name, link.role) == ("Petra Voss", "decides")
    assert Activity.objects.get(deal=deal).contact == link.contact


def test_it_takes_somebody_else_where_one_is_named(cast: Cast):
    path = DecisionPathInput(steps="The boss signs", decides=NewContact(name="Otto"))
    deal = sell(cast, gate_input=replace(CALLED, path=path))
    assert dict(deal.deal_contacts.values_list("contact__name", "role")) == {
        "Petra Voss": "unknown",
        "Otto": "decides",
    }


def test_it_writes_nothing_where_a_gate_is_not_answered(cast: Cast):
    before = all_rows()
    with pytest.raises(Gap) as gap:
        sell(cast, gate_input=GateInput(conversation=ConversationInput()))
    assert {one.key for one in gap.value.findings} == {
        "G4-qualified",
        "G5-problem",
        "G5-decision_path",
    }
    assert all_rows() == before


def test_it_keeps_what_was_gone_past(cast: Cast):
    deal = sell(
        cast,
        gate_input=GateInput(conversation=ConversationInput()),
        go_ahead=GoAhead(reason=Reason.CUSTOMER_INSISTED),
    )
    assert deal.outcome == "won"
    assert Judgement.objects.get(deal=deal).reason == "customer_insisted"


def test_it_is_asked_for_the_steps_of_every_stage(cast: Cast):
    gates = {"kind": StepKind.CHECK, "importance": Importance.GATE}
    places = [(stage, "agreed") for stage in (Stage.LEAD_GENERATION, Stage.CLOSING)]
    in_force(cast.north, *(row(key, stage=stage, **gates) for stage, key in places))
    with pytest.raises(Gap) as gap:
        sell(cast)
    assert [one.step.place for one in gap.value.findings if one.step] == places

    done = replace(CALLED, answers=dict.fromkeys(places, StepResultInput()))
    assert sell(cast, gate_input=done).outcome == "won"


def test_it_is_a_sale_to_a_customer_again(cast: Cast):
    shop = make_company(by=cast.ana)
    won_deal(by=cast.ana, company=shop)
    petra = make_contact(by=cast.ana, name="Petra Voss", company=shop)
    deal = sell(cast, company=shop, contact=petra)
    assert deal.contacts.get() == petra
    assert Company.objects.count() == 1
    assert faults_of(deal) == []


@pytest.mark.parametrize("holder", ["pool", "mate"])
def test_it_is_the_sale_of_somebody_whose_deals_one_may_change(cast: Cast, holder: str):
    before = all_rows()
    whose: dict[str, Any] = {"pool": {"team": cast.north}, "mate": {"owner": cast.ben}}
    with pytest.raises(Refused) as refused:
        sell(cast, **whose[holder])
    assert refused.value.field == "owner"
    assert all_rows() == before


def test_a_pool_sells_nothing_even_for_who_may_change_it(cast: Cast):
    before = all_rows()
    with pytest.raises(Refused, match="choose whose sale it was") as refused:
        sell(cast, by=cast.north.manager, team=cast.north)
    assert refused.value.field == "owner"
    assert all_rows() == before


def test_a_manager_records_a_sale_of_his_people(cast: Cast):
    manager = cast.north.manager
    deal = sell(cast, by=manager, owner=cast.ana)
    assert (deal.owner, deal.created_by, deal.outcome) == (cast.ana, manager, "won")


def test_it_can_be_opened_again_like_any_other(cast: Cast):
    deal = sell(cast)
    deals.reopen(deal, by=cast.ana, at=NOW, reason="They took it back")
    assert (deal.outcome, deal.stage) == ("open", Stage.CLOSING)
    assert faults_of(deal) == []


@pytest.mark.parametrize("value", [Decimal(-1), Decimal("1e15")])
def test_it_refuses_what_is_no_amount(cast: Cast, value: Decimal):
    with pytest.raises((Refused, ValidationError)):
        sell(cast, value=value)
    assert not Deal.objects.exists()
    assert not Contact.objects.exists()


def test_its_value_was_never_another(cast: Cast):
    deal = sell(cast)
    assert not DealChange.objects.filter(deal=deal, kind="amount").exists()
