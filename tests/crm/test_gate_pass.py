"""The gates in the verbs: what each asks for, what answers it, and what is kept of going past."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import activity as activities
from crm.commands import deal as deals
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as wins
from crm.commands import gate
from crm.commands import offer as offers
from crm.commands.contact import NewContact
from crm.commands.gate import GoAhead
from crm.commands.gate_input import GateInput
from crm.commands.writers.activity import About
from crm.commands.writers.concern import DispositionInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput
from crm.commands.writers.step_result import StepResultInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import (
    ActivityKind,
    ActivityResult,
    Concern,
    Deal,
    Disposition,
    Judgement,
    Offer,
    OfferKind,
    OfferOutcome,
    ProcessNote,
    StepResult,
)
from crm.queries import deal_process, gates
from crm.queries.facts import facts
from pipeline.process.gates import Act, Gap, Gate, Reason, Verb
from pipeline.process.playbook import AnswerKind, Fact, Importance, StepKind, Strength, WorkKind
from pipeline.process.stages import Initiator, Stage
from salesprocess.lib.refused import Refused
from tests.crm.truth import all_rows, faults_of
from tests.factories import (
    NOW,
    ago,
    cause_named,
    make_company,
    make_contact,
    make_deal,
    needed_for,
    plan_call,
    ready_deal,
)
from tests.pipeline.process import in_force, row

YES = GoAhead(reason=Reason.CUSTOMER_INSISTED)
GATES = {"importance": Importance.GATE}


def move(deal: Any, to: int, **given: Any) -> None:
    move_commands.move(deal, to=Stage(to), by=deal.owner, at=NOW, reason="Because.", **given)


def win(deal: Any, value: int = 1000, **given: Any) -> None:
    wins.win(deal, value=Decimal(value), by=deal.owner, at=NOW, reason="Because.", **given)


def gap(run: Callable[[], object]) -> set[str]:
    """What is missing for it; nothing was written."""
    before = all_rows()
    with pytest.raises(Gap) as caught:
        run()
    assert all_rows() == before
    return {finding.key for finding in caught.value.findings}


def with_company(cast, **given: Any) -> Any:
    return make_deal(by=cast.ana, company=make_company(by=cast.ana), **given)


def concern(deal: Deal) -> Concern:
    return Concern.objects.create(
        deal=deal, category="price", words="Too much", after_price=True, raised_at=NOW
    )


# --- each gate, and what answers it -------------------------------------------------------------


def test_g1_asks_for_somebody_to_talk_to_which_a_company_alone_is_not(cast):
    first, second, third = (make_deal(by=cast.ana) for _time in range(3))
    assert gap(lambda: move(first, 2)) == {"G1-party"}
    assert gap(lambda: move(first, 2, gate_input=GateInput(company="Norte SA"))) == {"G1-party"}
    known = with_company(cast)
    assert gap(lambda: move(known, 2)) == {"G1-party"}

    named = GateInput(company="Norte SA", contact=NewContact(name="Petra Voss"))
    move(first, 2, gate_input=named)
    move(second, 2, gate_input=GateInput(contact=NewContact(name="Jordi Pla", phone="01 2345")))
    move(third, 2, gate_input=GateInput(contact=make_contact(by=cast.ana, name="Inés")))

    assert first.company is not None
    assert first.company.name == "Norte SA"
    assert second.contacts.get().name == "Jordi Pla"
    assert third.contacts.get().name == "Inés"
    assert [each.stage for each in (first, second, third)] == [2, 2, 2]


def test_g2_and_g3_ask_for_a_conversation_and_take_the_one_that_was_held(cast):
    deal = with_company(cast, stage=Stage.PROSPECTING)
    assert gap(lambda: move(deal, 3)) == {"G2-conversation", "G3-agreement"}

    talk = ConversationInput(
        kind=ActivityKind.MEETING, done_at=ago(hours=3), words="They lose two days a month"
    )
    move(deal, 3, gate_input=GateInput(conversation=talk))

    held = deal.activities.get()
    assert (held.kind, held.done_at, held.body, held.stage, held.owner) == (
        "meeting",
        ago(hours=3),
        "They lose two days a month",
        Stage.PROSPECTING,
        cast.ana,
    )
    assert deal.touched_at == ago(hours=3)
    assert faults_of(deal) == []


def test_attempts_never_advance(cast):
    """However many: only what they agreed to does (METHOD, G3; CHECKLIST B14, C12)."""
    deal = with_company(cast, stage=Stage.PROSPECTING)
    for _time in range(5):
        activities.log(
            About(deal=deal),
            kind=ActivityKind.CALL,
            result=ActivityResult.NO_ANSWER,
            by=cast.ana,
            at=NOW,
        )

    assert gap(lambda: move(deal, 3)) == {"G2-conversation", "G3-agreement"}


def test_an_agreement_is_no_conversation_and_becomes_whats_next(cast):
    deal = with_company(cast, stage=Stage.PROSPECTING)
    said = GateInput(agreement=AgreementInput(to="Half an hour on site", on=NOW.date()))

    assert gap(lambda: move(deal, 3, gate_input=said)) == {"G2-conversation"}

    both = GateInput(
        agreement=AgreementInput(to="Half an hour on site", on=NOW.date() + dt.timedelta(days=2)),
        conversation=ConversationInput(),
    )
    move(deal, 3, gate_input=both)
    assert deal.next_kind == "meeting"
    agreed = StepResult.objects.get(deal=deal, key="agreement")
    assert agreed.value == "Half an hour on site"
    assert faults_of(deal) == []


def test_g4_asks_for_the_verdict_or_why_it_went_on(cast):
    deal, other = with_company(cast, stage=Stage.QUALIFICATION), with_company(cast, stage=3)
    assert gap(lambda: move(deal, 4)) == {"G4-qualified"}

    move(deal, 4, gate_input=GateInput(verdict=VerdictInput(ours_why="They pay in time")))
    move(other, 4, go_ahead=YES)

    assert deal.verdicts.get().ours_why == "They pay in time"
    assert not Judgement.objects.filter(deal=deal).exists()
    kept = Judgement.objects.get(deal=other)
    assert (kept.verb, kept.from_stage, kept.to, kept.reason, kept.by) == (
        "move",
        3,
        4,
        "customer_insisted",
        cast.ana,
    )
    assert kept.findings == [{"gate": "G4", "weight": "advisory", "stage": 3, "fact": "qualified"}]
    assert kept.visit == other.visits.get(stage=3)


def test_g5_names_what_is_missing_and_counts_the_offer_that_came_too_early(cast):
    deal = with_company(cast, stage=Stage.NEEDS_ANALYSIS)
    assert gap(lambda: move(deal, 5)) == {"G5-problem", "G5-decision_path"}

    need = GateInput(need=NeedInput(words="Two stops a week", worth=Decimal(9000)))
    assert gap(lambda: move(deal, 5, gate_input=need)) == {"G5-decision_path"}

    move(deal, 6, gate_input=GateInput(offer=OfferInput(kind=OfferKind.VERBAL)), go_ahead=YES)
    assert deal.offers.get().premature


def test_a_known_person_comes_to_decide(cast):
    deal = with_company(cast, stage=Stage.NEEDS_ANALYSIS)
    jordi = make_contact(by=cast.ana)
    deals.set_contact(deal, contact=jordi, by=cast.ana, at=NOW)
    said = GateInput(
        need=NeedInput(words="Two stops a week"),
        path=DecisionPathInput(steps="The board", decides=jordi),
    )

    move(deal, 5, gate_input=said)

    assert deal.deal_contacts.get(contact=jordi).role == "decides"
    assert deal.decision_path.steps == "The board"


def test_an_advisory_gate_that_only_warns_lets_through_and_is_kept(cast):
    version = in_force(cast.root)
    in_force_with(cast, {**version.content, "strengths": {"G4": Strength.WARN.value}})
    deal = with_company(cast, stage=Stage.QUALIFICATION)

    move(deal, 4)

    kept = Judgement.objects.get(deal=deal)
    assert (kept.reason, [each["gate"] for each in kept.findings]) == ("", ["G4"])


def in_force_with(cast, content: dict[str, Any]) -> None:
    layer = cast.root.layer
    layer.current = layer.versions.create(number=99, content=content, published_at=ago(days=20))
    layer.save(update_fields=["current"])


def test_g6_asks_for_an_offer_before_objections(cast):
    deal = with_company(cast, stage=Stage.PROPOSAL, amount=700)
    assert gap(lambda: move(deal, 6)) == {"G6-offer"}
    assert gap(lambda: move(deal, 6, go_ahead=YES)) == {"G6-offer"}

    move(deal, 6, gate_input=GateInput(offer=OfferInput(kind=OfferKind.VERBAL)))

    made = deal.offers.get()
    assert (made.revision, made.kind, made.value, made.outcome) == (1, "verbal", 700, "open")
    assert not made.premature


def test_g7_asks_for_an_offer_before_a_win_which_is_for_what_it_was_won(cast):
    deal = with_company(cast, stage=Stage.PROPOSAL)
    assert gap(lambda: win(deal, 900)) == {"G7-offer"}

    win(deal, 900, gate_input=GateInput(offer=OfferInput(kind=OfferKind.PRICE_LIST)))

    made = deal.offers.get()
    assert (made.kind, made.value, made.outcome, made.known_at) == (
        "price_list",
        900,
        "accepted",
        NOW,
    )
    assert deal.amount == 900


def test_g8_asks_for_every_concern_and_settles_it_in_the_same_act(cast):
    deal = with_company(cast, stage=Stage.CLOSING, amount=500)
    first, second = concern(deal), concern(deal)
    assert gap(lambda: win(deal, 500)) == {"G8-concerns_settled"}
    assert gap(lambda: win(deal, 500, go_ahead=YES)) == {"G8-concerns_settled"}
    answered = DispositionInput(disposition=Disposition.ANSWERED, response="Paid back in a year")
    one = {first.pk: answered}
    assert gap(lambda: win(deal, 500, gate_input=GateInput(dispositions=one))) == {
        "G8-concerns_settled"
    }

    given = DispositionInput(disposition=Disposition.CONCEDED, concession="2 % for cash")
    win(deal, 500, gate_input=GateInput(dispositions={**one, second.pk: given}))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.disposition, first.response, first.disposed_by) == (
        "answered",
        "Paid back in a year",
        cast.ana,
    )
    assert (second.disposition, second.concession) == ("conceded", "2 % for cash")


def test_a_concern_of_another_deal_is_none(cast):
    deal, other = with_company(cast, stage=7), with_company(cast, stage=7)
    mine, strange = concern(deal), concern(other)
    disposal = DispositionInput(disposition=Disposition.ANSWERED)

    with pytest.raises(Refused):
        win(deal, gate_input=GateInput(dispositions={strange.pk: disposal}))

    mine.refresh_from_db()
    strange.refresh_from_db()
    assert mine.disposition == strange.disposition == "open"


def test_g9_accepts_the_current_offer_and_writes_what_was_agreed_where_it_differs(cast):
    same, other = (with_company(cast, stage=Stage.CLOSING, amount=500) for _time in range(2))
    to = make_contact(by=cast.ana)
    other.offers.get().went_to.create(contact=to)

    win(same, 500)
    win(other, 450)

    assert [(one.revision, one.outcome) for one in same.offers.all()] == [(1, "accepted")]
    first, agreed = other.offers.order_by("revision")
    assert (first.value, first.outcome) == (500, "revised")
    assert (agreed.value, agreed.outcome, agreed.what_changed) == (450, "accepted", "As agreed")
    assert list(agreed.recipients.all()) == [to]
    assert other.amount == 450


def test_a_stop_is_never_asked_and_ends_what_was_offered(cast):
    sides = {Initiator.CUSTOMER: "price", Initiator.US: "disqualified"}
    found = {}
    for side, cause in sides.items():
        deal = with_company(cast, stage=Stage.OBJECTIONS)
        concern(deal)
        in_force(cast.root, row("must", stage=Stage.OBJECTIONS, **GATES))
        deals.stop(deal, initiator=side, cause=cause_named(cause), by=cast.ana, at=NOW)
        found[side] = deal.offers.get().outcome

    assert found == {Initiator.CUSTOMER: "declined", Initiator.US: "withdrawn"}


@pytest.mark.parametrize(("side", "cause"), [("customer", "price"), ("us", "disqualified")])
def test_a_stop_that_is_taken_back_leaves_the_offer_open(cast, side, cause):
    """Otherwise "Undo" would leave a deal in stage 6 without the offer that it had."""
    deal = with_company(cast, stage=Stage.OBJECTIONS)
    last = offers.make(
        deal, OfferInput(value=None, kind=OfferKind.VERBAL), by=cast.ana, at=ago(hours=2)
    )
    gone = offers.make(
        deal, OfferInput(value=None, kind=OfferKind.VERBAL), by=cast.ana, at=ago(hours=2)
    )
    offers.withdraw(gone, by=cast.ana, at=ago(hours=1))
    deals.stop(deal, initiator=Initiator(side), cause=cause_named(cause), by=cast.ana, at=NOW)

    deals.reopen(deal, by=cast.ana, at=NOW, reason="Undone at once")

    found = dict(Offer.objects.filter(deal=deal).values_list("pk", "outcome"))
    assert (found[last.pk], found[gone.pk]) == (OfferOutcome.OPEN, OfferOutcome.WITHDRAWN)
    assert Fact.OFFER in facts(deal).known


def test_the_deal_is_worth_what_a_gate_was_told_that_was_offered(cast):
    deal = with_company(cast, stage=Stage.PROPOSAL, amount=300)

    move(
        deal, 6, gate_input=GateInput(offer=OfferInput(kind=OfferKind.VERBAL, value=Decimal(5000)))
    )

    assert Deal.objects.get(pk=deal.pk).amount == 5000
    assert deal.changes.filter(kind="amount", data__new__amount="5000").exists()


def test_a_step_back_is_never_asked(cast):
    deal = with_company(cast, stage=Stage.CLOSING)
    concern(deal)

    move(deal, 2)
    move_commands.move(deal, to=Stage.LEAD_GENERATION, by=cast.ana, at=NOW, reason="Wrong house")

    assert deal.stage == Stage.LEAD_GENERATION


def test_a_win_that_is_taken_back_leaves_the_offer_open(cast):
    deal = with_company(cast, stage=Stage.CLOSING)
    win(deal, 5)

    deals.reopen(deal, by=cast.ana, at=NOW, reason="Not signed")
    assert deal.offers.order_by("revision").last().outcome == OfferOutcome.OPEN

    win(deal, 7)
    accepted = Offer.objects.filter(deal=deal, outcome=OfferOutcome.ACCEPTED)
    assert [offer.value for offer in accepted] == [7]


def test_a_jump_is_no_way_around_a_gate(cast):
    deal = make_deal(by=cast.ana)

    assert gap(lambda: move(deal, 7)) == {
        "G1-party",
        "G2-conversation",
        "G3-agreement",
        "G4-qualified",
        "G5-problem",
        "G5-decision_path",
        "G6-offer",
    }
    move(deal, 7, gate_input=needed_for(Stage.CLOSING))
    assert deal.stage == Stage.CLOSING
    assert not Judgement.objects.exists()


def test_a_deal_that_begins_further_on_is_asked_as_if_it_had_come_there(cast):
    begin = lambda **given: deals.open(  # noqa: E731
        name="Line 3", stage=Stage.OBJECTIONS, by=cast.ana, at=NOW, **given
    )
    assert gap(begin) == {
        "G1-party",
        "G2-conversation",
        "G3-agreement",
        "G4-qualified",
        "G5-problem",
        "G5-decision_path",
        "G6-offer",
    }
    said = GateInput(
        conversation=ConversationInput(),
        offer=OfferInput(kind=OfferKind.VERBAL, value=Decimal(50)),
        verdict=VerdictInput(),
    )
    deal = begin(contact=NewContact(name="Petra"), gate_input=said, go_ahead=YES)

    kept = Judgement.objects.get(deal=deal)
    assert (kept.verb, kept.from_stage, kept.to, kept.visit) == ("open", None, 6, deal.visits.get())
    assert {each["fact"] for each in kept.findings} == {"problem", "decision_path"}
    assert faults_of(deal) == []


# --- steps of the process (G15) -----------------------------------------------------------------


def test_g15_asks_for_the_steps_of_every_stage_that_is_left_or_passed_over(cast):
    in_force(
        cast.root,
        row("fit", stage=Stage.LEAD_GENERATION, **GATES),
        row("card", stage=Stage.PROSPECTING, **GATES),
        row("later", stage=Stage.QUALIFICATION, **GATES),
        row("expected", stage=Stage.LEAD_GENERATION),
    )
    deal = ready_deal(by=cast.ana)

    assert gap(lambda: move(deal, 3)) == {"G15-1-fit", "G15-2-card"}

    answers = {
        (Stage.LEAD_GENERATION, "fit"): StepResultInput(),
        (Stage.PROSPECTING, "card"): StepResultInput(),
    }
    move(deal, 3, gate_input=GateInput(answers=answers))

    results = StepResult.objects.filter(deal=deal).order_by("stage")
    assert [(each.key, each.state, each.by) for each in results] == [
        ("fit", "done", cast.ana),
        ("card", "done", cast.ana),
    ]


def test_g15_is_gone_past_with_a_reason_that_is_kept_for_each_step(cast):
    version = in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, **GATES))
    deal = ready_deal(by=cast.ana)

    move(deal, 2, go_ahead=GoAhead(reason=Reason.NOT_APPLICABLE, words="They are the state"))

    result = StepResult.objects.get(deal=deal)
    assert (result.state, result.reason, result.note, result.version_ids) == (
        "overridden",
        "not_applicable",
        "They are the state",
        [version.pk],
    )
    kept = Judgement.objects.get(deal=deal)
    assert kept.findings == [{"gate": "G15", "weight": "step", "stage": 1, "step": "fit"}]
    assert (kept.words, kept.version_ids) == ("They are the state", [version.pk])
    move_again(deal)


def move_again(deal: Any) -> None:
    """What was gone past once is not asked for again."""
    move(deal, 1)
    move(deal, 2)
    assert deal.stage == Stage.PROSPECTING


def test_that_the_process_is_wrong_goes_to_its_owner_in_words(cast):
    in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, **GATES))
    deal = ready_deal(by=cast.ana)
    wrong = GoAhead(reason=Reason.PROCESS_WRONG)
    with pytest.raises(Refused) as caught:
        move(deal, 2, go_ahead=wrong)
    assert caught.value.field == "go_words"

    move(deal, 2, go_ahead=GoAhead(reason=Reason.PROCESS_WRONG, words="Nobody knows that here"))

    note = ProcessNote.objects.get()
    assert (note.kind, note.words, note.deal, note.team, note.by) == (
        "wrong",
        "Nobody knows that here",
        deal,
        cast.north,
        cast.ana,
    )
    assert (note.stage, note.key) == (Stage.LEAD_GENERATION, "fit")


def test_nobody_goes_ahead_as_an_import(cast):
    deal = with_company(cast, stage=Stage.QUALIFICATION)

    with pytest.raises(Refused):
        move(deal, 4, go_ahead=GoAhead(reason=Reason.IMPORTED))


def test_a_gate_that_the_records_answer_is_not_asked(cast):
    in_force(cast.root, row("talk", stage=Stage(3), fact=Fact.WORTH, **GATES))
    deal = with_company(cast, stage=Stage.QUALIFICATION)
    said = GateInput(verdict=VerdictInput())
    assert gap(lambda: move(deal, 4, gate_input=said)) == {"G15-3-talk"}

    worth = NeedInput(words="Stops", worth=Decimal(10))
    move(deal, 4, gate_input=GateInput(verdict=VerdictInput(), need=worth))

    assert deal.stage == Stage.NEEDS_ANALYSIS


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ({"kind": StepKind.QUESTION, "answer": AnswerKind.TEXT}, StepResultInput(value="Red")),
        ({"kind": StepKind.QUESTION, "answer": AnswerKind.MONEY}, StepResultInput(value="12.50")),
        ({"kind": StepKind.EVIDENCE}, StepResultInput(link="https://norte.test/plan")),
        ({"kind": StepKind.CHECK}, StepResultInput()),
    ],
)
def test_a_step_takes_what_its_kind_asks_for(cast, kind, given):
    in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, **kind, **GATES))
    deal = ready_deal(by=cast.ana)

    move(deal, 2, gate_input=GateInput(answers={(Stage.LEAD_GENERATION, "fit"): given}))

    kept = StepResult.objects.get(deal=deal)
    assert (kept.value, kept.link) == (given.value, given.link)


@pytest.mark.parametrize("kind", [StepKind.QUESTION, StepKind.EVIDENCE, StepKind.ACTIVITY])
def test_a_step_is_not_done_by_nothing(cast, kind):
    in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, kind=kind, **GATES))
    deal = ready_deal(by=cast.ana)

    with pytest.raises(Refused):
        move(
            deal,
            2,
            gate_input=GateInput(answers={(Stage.LEAD_GENERATION, "fit"): StepResultInput()}),
        )


def test_a_step_that_is_work_is_logged_with_it(cast):
    in_force(
        cast.root,
        row("visit", stage=Stage(1), kind=StepKind.ACTIVITY, doing=WorkKind.MEETING, **GATES),
    )
    deal = ready_deal(by=cast.ana)
    given = StepResultInput(done_at=ago(hours=1), note="Saw the plant")

    move(deal, 2, gate_input=GateInput(answers={(Stage.LEAD_GENERATION, "visit"): given}))

    activity: Any = StepResult.objects.get(deal=deal).activity
    assert (activity.kind, activity.done_at, activity.body) == (
        "meeting",
        ago(hours=1),
        "Saw the plant",
    )


# --- which process judges -----------------------------------------------------------------------


def test_every_visit_names_the_process_in_force_when_it_was_entered(cast):
    first = in_force(cast.root)
    deal = ready_deal(by=cast.ana)
    second = in_force(cast.root)
    team = in_force(cast.north)

    move(deal, 2)

    one, two = deal.visits.order_by("sequence")
    assert (one.version_ids, two.version_ids) == ([first.pk], [second.pk, team.pk])
    assert one.playbook
    assert one.playbook != two.playbook


def test_a_stay_is_judged_by_the_process_it_was_entered_under(cast):
    in_force(cast.root)
    deal = ready_deal(by=cast.ana)
    in_force(cast.root, row("new", stage=Stage(1), **GATES), row("next", stage=Stage(2), **GATES))

    move(deal, 2)

    assert gap(lambda: move(deal, 3)) == {"G15-2-next"}


def test_a_deal_that_keeps_its_process_is_not_asked_for_what_is_new(cast):
    old = in_force(cast.root)
    deal = ready_deal(by=cast.ana)
    Deal.objects.filter(pk=deal.pk).update(kept_version_ids=[old.pk])
    in_force(cast.root, row("next", stage=Stage(2), **GATES))

    move(deal, 2)
    move(deal, 3)

    assert [visit.version_ids for visit in deal.visits.all()] == [[old.pk]] * 3


# --- other ways to the same gates ---------------------------------------------------------------


def test_what_was_logged_moves_the_deal_through_the_same_gates(cast):
    deal = with_company(cast, stage=Stage.PROSPECTING)
    told: dict[str, Any] = {"kind": ActivityKind.CALL, "result": ActivityResult.MOVED_FORWARD}
    activities.log(About(deal=deal), **told, by=cast.ana, at=NOW)
    deal.refresh_from_db()
    assert deal.stage == Stage.QUALIFICATION

    again = lambda **given: activities.log(  # noqa: E731
        About(deal=deal), **told, by=cast.ana, at=NOW, **given
    )
    assert gap(again) == {"G4-qualified"}
    again(gate_input=GateInput(verdict=VerdictInput()))
    deal.refresh_from_db()
    assert deal.stage == Stage.NEEDS_ANALYSIS


def test_what_was_planned_and_done_moves_the_deal_through_the_same_gates(cast):
    deal = with_company(cast, stage=Stage.QUALIFICATION)
    planned = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=1))
    finish = lambda **given: activities.complete(  # noqa: E731
        planned, result=ActivityResult.MOVED_FORWARD, by=cast.ana, at=NOW, **given
    )
    assert gap(finish) == {"G4-qualified"}

    finish(go_ahead=YES)

    deal.refresh_from_db()
    assert deal.stage == Stage.NEEDS_ANALYSIS
    assert Judgement.objects.get(deal=deal).reason == "customer_insisted"


def test_what_stands_in_the_way_is_told_before_anybody_tries(cast):
    deal = with_company(cast, stage=Stage.PROSPECTING)
    act = Act(verb=Verb.MOVE, from_stage=Stage.PROSPECTING, to=Stage.QUALIFICATION)

    found = gates.missing(deal, act)

    assert [one.gate for one in found] == [Gate.CONVERSATION, Gate.AGREEMENT]


def test_a_move_with_nothing_missing_costs_two_questions_more(cast, django_assert_max_num_queries):
    in_force(cast.root, row("basics", stage=Stage(1)))
    deal = ready_deal(by=cast.ana)
    deal_process.playbook_of(deal)

    # The deal, its visit; what is in force, the facts; the two visits, the deal; then the caller's
    # object again, and the transaction around.
    with django_assert_max_num_queries(10):
        move(deal, 2)


# --- a sale in one conversation (G12) -----------------------------------------------------------


def sold(deal: Any, **given: Any) -> None:
    wins.sell_at_once(deal, value=Decimal(80), by=deal.owner, at=NOW, **given)


@pytest.mark.parametrize("stage", Stage)
def test_a_sale_at_once_enters_every_stage_that_is_left(cast, stage):
    deal = with_company(cast, stage=stage)

    sold(deal, gate_input=needed_for(Stage.CLOSING, known={"company": deal.company}))

    visits = list(deal.visits.order_by("sequence"))
    assert [visit.stage for visit in visits] == list(range(stage, 8))
    assert {visit.entered_at for visit in visits[1:]} <= {NOW}
    assert [visit.left_how for visit in visits] == ["advanced"] * (7 - stage) + ["won"]
    assert (deal.outcome, deal.amount) == ("won", 80)
    assert faults_of(deal) == []


def test_a_sale_at_once_made_an_offer_by_word(cast):
    deal = with_company(cast)
    said = GateInput(
        conversation=ConversationInput(),
        verdict=VerdictInput(),
        need=NeedInput(words="Out of stock"),
        path=DecisionPathInput(steps="She decides", decides=NewContact(name="Ola")),
    )

    sold(deal, gate_input=said)

    made = deal.offers.get()
    assert (made.kind, made.value, made.outcome) == ("verbal", 80, "accepted")
    assert not Judgement.objects.filter(deal=deal).exists()


def test_a_sale_at_once_is_asked_like_any_other(cast):
    deal = make_deal(by=cast.ana)

    assert gap(lambda: sold(deal)) == {
        "G1-party",
        "G2-conversation",
        "G3-agreement",
        "G4-qualified",
        "G5-problem",
        "G5-decision_path",
    }
    assert "offer" not in {fact.value for fact in facts(deal).known}


def test_what_is_kept_of_a_finding_reads_back(cast):
    deal = make_deal(by=cast.ana)
    act = Act(verb=Verb.MOVE, from_stage=Stage.LEAD_GENERATION, to=Stage.PROSPECTING)

    assert [gate.as_json(one) for one in gates.missing(deal, act)] == [
        {"gate": "G1", "weight": "hard", "stage": 1, "fact": "party"}
    ]
