"""What a conversation or an agreement that a gate asks for does besides being on record."""

import datetime as dt
from typing import Any

from crm.commands import deal as deals
from crm.commands.gate_input import GateInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.step_result import StepResultInput
from crm.models import Activity, ActivityKind, Deal, StepResult
from pipeline.process.playbook import Importance, StepKind, WorkKind
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, make_deal
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
    deals.advance(
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
    deals.advance(deal, to=Stage.QUALIFICATION, gate_input=said, by=cast.ana, at=NOW)
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
    deals.advance(deal, to=Stage.QUALIFICATION, gate_input=said, by=mona, at=NOW)
    meeting = Activity.objects.planned().get(deal=deal)
    assert (meeting.owner, meeting.subject) == (mona, "On site")
