"""What a conversation or an agreement that a gate asks for does besides being on record."""

import datetime as dt
from typing import Any

import pytest

from crm.commands import deal_move as move_commands
from crm.commands import step as steps
from crm.commands.gate_input import GateInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.step_result import StepResultInput
from crm.models import Activity, ActivityKind, Deal, StepResult
from crm.queries.facts import AGREEMENT_STEP
from pipeline.process.playbook import Importance, StepKind, WorkKind
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal
from tests.pipeline.process import in_force, row

CALL: dict[str, Any] = {"kind": StepKind.ACTIVITY, "doing": WorkKind.CALL}


def logged(deal: Deal) -> Activity:
    """A call that says nothing of whether both sides spoke."""
    facts = {"deal": deal, "owner": deal.owner, "created_by": deal.owner, "created_at": NOW}
    return Activity.objects.create(kind=ActivityKind.CALL, done_at=NOW, stage=deal.stage, **facts)


def done(deal: Deal) -> list[tuple[int, str]]:
    return list(StepResult.objects.current().filter(deal=deal).values_list("stage", "key"))


def prospect(cast: Cast, *steps: Any) -> Deal:
    in_force(cast.root, *steps)
    return make_deal(by=cast.ana, stage=Stage.PROSPECTING)


def test_it_completes_the_step_that_asks_for_it_also_if_it_was_logged_before(cast: Cast):
    deal = prospect(cast, row("ring", stage=Stage.PROSPECTING, **CALL))
    said = ConversationInput(logged=logged(deal))
    move_commands.advance(
        deal, to=Stage.QUALIFICATION, gate_input=GateInput(conversation=said), by=cast.ana, at=NOW
    )
    assert done(deal) == [(Stage.PROSPECTING, "ring")]


def test_it_completes_no_step_that_is_answered_by_itself(cast: Cast):
    ring = row("ring", stage=Stage.PROSPECTING, importance=Importance.GATE, **CALL)
    deal = prospect(cast, ring)
    said = GateInput(
        conversation=ConversationInput(),
        answers={(Stage.PROSPECTING, "ring"): StepResultInput(done_at=NOW, note="At last")},
    )
    move_commands.advance(deal, to=Stage.QUALIFICATION, gate_input=said, by=cast.ana, at=NOW)
    assert StepResult.objects.filter(deal=deal).count() == 1


def test_it_completes_nothing_of_the_stage_in_which_a_deal_begins(cast: Cast):
    in_force(cast.root, row("ring", stage=Stage.PROPOSAL, **CALL))
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    assert Activity.objects.filter(deal=deal, kind=ActivityKind.CALL).exists()
    assert done(deal) == []


def test_what_was_agreed_is_planned_for_whoever_records_it_where_the_owner_left(cast: Cast):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    cast.ana.is_active = False
    cast.ana.save(update_fields=["is_active"])
    mona = cast.again(cast.mona)
    said = GateInput(
        conversation=ConversationInput(),
        agreement=AgreementInput(to="On site", on=NOW.date() + dt.timedelta(days=1)),
    )
    move_commands.advance(deal, to=Stage.QUALIFICATION, gate_input=said, by=mona, at=NOW)
    meeting = Activity.objects.planned().get(deal=deal)
    assert (meeting.owner, meeting.subject) == (mona, "On site")


TODAY = NOW.date()


def agreed(deal: Deal, by: Any, on: dt.date, conversation: ConversationInput | None = None) -> None:
    said = GateInput(agreement=AgreementInput(to="On site", on=on), conversation=conversation)
    move_commands.advance(deal, to=Stage.QUALIFICATION, gate_input=said, by=by, at=NOW)


@pytest.mark.parametrize(
    ("held", "days_ago"), [(ConversationInput(), 1), (ConversationInput(done_at=ago(days=3)), 4)]
)
def test_a_past_day_that_was_past_when_they_spoke_is_refused(
    cast: Cast, held: ConversationInput, days_ago: int
):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    with pytest.raises(Refused, match="That day is past") as refused:
        agreed(deal, cast.ana, TODAY - dt.timedelta(days=days_ago), held)
    assert refused.value.field == "agreed_on"
    assert not StepResult.objects.filter(deal=deal).exists()


@pytest.mark.parametrize("was_logged", [False, True])
def test_a_past_day_that_lay_ahead_when_they_spoke_is_kept_and_not_planned(
    cast: Cast, was_logged: bool
):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    held = ConversationInput(done_at=ago(days=3))
    if was_logged:
        Activity.objects.filter(pk=logged(deal).pk).update(done_at=ago(days=3))
        held = ConversationInput(logged=Activity.objects.get(deal=deal))
    agreed(deal, cast.ana, TODAY - dt.timedelta(days=1), held)
    assert StepResult.objects.get(deal=deal, key=AGREEMENT_STEP).value == "On site"
    assert not Activity.objects.planned().filter(deal=deal).exists()
    deal.refresh_from_db()
    assert deal.next_on is None


def test_a_past_day_without_a_conversation_is_refused_at_the_gate_and_on_the_page(cast: Cast):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    past = TODAY - dt.timedelta(days=1)
    given, place = StepResultInput(value="On site"), (Stage.PROSPECTING, AGREEMENT_STEP)
    with pytest.raises(Refused, match="That day is past") as refused:
        agreed(deal, cast.ana, past)
    assert refused.value.field == "agreed_on"
    with pytest.raises(Refused, match="That day is past") as refused:
        steps.answer(deal, place=place, given=given, agreed_on=past, by=cast.ana, at=NOW)
    assert refused.value.field == "step_2_agreement_on"


@pytest.mark.parametrize(("days_ago", "planned"), [(2, 0), (0, 1)])
def test_a_day_that_passed_until_it_was_entered_is_kept_and_not_planned(
    cast: Cast, days_ago: int, planned: int
):
    deal = prospect(cast)
    on = TODAY - dt.timedelta(days=days_ago)
    said = GateInput(
        agreement=AgreementInput(to="On site", on=on), conversation=ConversationInput()
    )
    move_commands.advance(
        deal, to=Stage.QUALIFICATION, gate_input=said, by=cast.ana, at=ago(days=5)
    )
    assert StepResult.objects.get(deal=deal, key=AGREEMENT_STEP).value == "On site"
    assert Activity.objects.planned().filter(deal=deal).count() == planned
    assert deal.next_on == (on if planned else None)
