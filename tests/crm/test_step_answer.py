"""Recording against the steps of a deal: by their kind, by version, privately, and taken back."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.commands import activity as activities
from crm.commands import deal as deals
from crm.commands import deal_move as move_commands
from crm.commands import step as commands
from crm.commands.gate import GoAhead
from crm.commands.writers.activity import About
from crm.commands.writers.step_result import StepResultInput, Upload
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Deal,
    EvidenceFile,
    NoteKind,
    ProcessNote,
    StepResult,
)
from crm.models.evidence import LARGEST
from crm.queries.facts import facts
from crm.queries.steps import recorded_steps
from pipeline.models import User
from pipeline.process import commands as process
from pipeline.process.gates import Reason
from pipeline.process.playbook import AnswerKind, Importance, Proof, StepKind, WorkKind
from pipeline.process.queries.in_force import current_version_ids
from pipeline.process.stages import Initiator, Stage
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.crm.conftest import Refusal
from tests.factories import NOW, ago, cause_named, make_contact, make_deal

HERE = Stage.QUALIFICATION
NEED = (HERE, "need")


@pytest.fixture
def deal(cast: Cast) -> Deal:
    contact = make_contact(by=cast.ana, name="Petra Voss")
    return make_deal(by=cast.ana, contact=contact, stage=HERE, at=ago(days=1))


def team_step(cast: Cast, label: str, *, stage: Stage = HERE, **said: Any) -> tuple[Stage, str]:
    """A step of the team North, published."""
    layer = process.layer_of(cast.north, by=cast.adele, at=ago(days=2))
    usual: Any = {
        "label": label,
        "importance": Importance.EXPECTED,
        "gives_you": "Less to remember.",
    }
    step = process.add_step(layer, stage=stage, said=usual | said, by=cast.adele, at=ago(days=2))
    process.publish(layer, by=cast.adele, at=ago(days=2), note="")
    return (stage, step.key)


def own_step(user: User, label: str, *, stage: Stage = HERE, **more: Any) -> tuple[Stage, str]:
    said: Any = {"label": label} | more
    layer = process.layer_of(user, by=user, at=ago(days=2))
    step = process.add_step(layer, stage=stage, said=said, by=user, at=NOW)
    return (stage, step.key)


def answer(deal: Deal, place, by: User, *, seen: int | None = None, **given) -> StepResult:
    return commands.answer(
        deal, place=place, given=StepResultInput(**given), by=by, at=NOW, seen=seen
    )


def field(place) -> str:
    return f"step_{place[0].value}_{place[1]}"


def current(deal: Deal, place) -> StepResult:
    return StepResult.objects.current().get(deal=deal, stage=place[0], key=place[1])


def test_it_records_an_answer_with_who_when_and_by_which_version(cast: Cast, deal: Deal):
    version = deal.version
    result = answer(deal, NEED, cast.ana, value="Pallets warm up")
    assert (result.value, result.by, result.at) == ("Pallets warm up", cast.ana, NOW)
    assert result.label == "Do they need it enough to change something?"
    assert tuple(result.version_ids) == current_version_ids(cast.north.pk)
    assert deal.version == version + 1
    assert NEED in facts(deal).settled


def test_it_keeps_the_answer_before_as_replaced(cast: Cast, deal: Deal):
    first = answer(deal, NEED, cast.ana, value="Too slow")
    second = answer(deal, NEED, cast.mona, value="Too warm", seen=first.pk)
    first.refresh_from_db()
    assert (first.replaced_at, first.replaced_by) == (NOW, cast.mona)
    assert current(deal, NEED) == second


def test_it_notices_who_answered_meanwhile(cast: Cast, deal: Deal):
    answer(deal, NEED, cast.mona, value="Too warm")
    with pytest.raises(Stale):
        answer(deal, NEED, cast.ana, value="Too slow", seen=0)
    assert current(deal, NEED).value == "Too warm"


def test_it_takes_an_answer_back_and_keeps_it_on_record(cast: Cast, deal: Deal, refused: Refusal):
    answer(deal, NEED, cast.ana, value="Too warm")
    commands.undo(deal, place=NEED, by=cast.ana, at=NOW)
    assert NEED not in facts(deal).settled
    assert StepResult.objects.get(deal=deal).replaced_at == NOW
    with refused(None):
        commands.undo(deal, place=NEED, by=cast.ana, at=NOW)


TYPED = [
    (AnswerKind.TEXT, "In May", "   "),
    (AnswerKind.NUMBER, "12.5", "a dozen"),
    (AnswerKind.NUMBER, "-3", "NaN"),
    (AnswerKind.MONEY, "41000", "1e400"),
    (AnswerKind.DATE, "2026-05-01", "in May"),
    (AnswerKind.CHOICE, "Red", "Green"),
]


@pytest.mark.parametrize(("kind", "good", "bad"), TYPED)
def test_it_takes_what_is_of_the_steps_type_only(
    cast: Cast, deal: Deal, refused: Refusal, kind: AnswerKind, good: str, bad: str
):
    place = team_step(cast, "Say it", kind=StepKind.QUESTION, answer=kind, choices=["Red", "Blue"])
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=ago(hours=2), **yes(deal))
    move_commands.move(deal, to=HERE, reason="New step", by=cast.ana, at=ago(hours=1))
    with refused(field(place)):
        answer(deal, place, cast.ana, value=bad)
    assert answer(deal, place, cast.ana, value=good).value == good


def yes(deal: Deal) -> dict[str, Any]:
    return {"go_ahead": GoAhead(reason=Reason.DONE_BEFORE)}


def test_it_takes_a_person_in_reach(cast: Cast, refused: Refusal):
    place = team_step(cast, "Who signs?", kind=StepKind.QUESTION, answer=AnswerKind.CONTACT)
    deal = make_deal(by=cast.ana, stage=HERE)
    with refused(field(place)):
        answer(deal, place, cast.ana, value="Petra")
    petra = make_contact(by=cast.ana, name="Petra Voss")
    assert answer(deal, place, cast.ana, contact=petra).contact == petra


def test_it_takes_a_link_a_file_or_an_activity_as_evidence(cast: Cast, refused: Refusal):
    place = team_step(cast, "Report sent", kind=StepKind.EVIDENCE, proof=Proof.ANY)
    deal = make_deal(by=cast.ana, stage=HERE)
    with refused(field(place)):
        answer(deal, place, cast.ana)
    with refused(f"{field(place)}_link"):
        answer(deal, place, cast.ana, link="javascript:alert(1)")
    with refused(f"{field(place)}_file"):
        answer(deal, place, cast.ana, file=Upload(name="a.pdf", content=b"x" * (LARGEST + 1)))
    assert answer(deal, place, cast.ana, link="https://a.test/b").link == "https://a.test/b"
    sent = answer(deal, place, cast.ana, file=Upload(name="a.pdf", content=b"%PDF"))
    assert sent.file is not None
    assert (sent.file.name, bytes(sent.file.content)) == ("a.pdf", b"%PDF")
    other = make_deal(by=cast.ana, stage=HERE)
    call = activities.log(About(deal=other), kind=ActivityKind.CALL, by=cast.ana, at=NOW)
    with refused(field(place)):
        answer(deal, place, cast.ana, activity=call)


def test_it_takes_only_the_proof_that_is_asked_for(cast: Cast, refused: Refusal):
    place = team_step(cast, "Report sent", kind=StepKind.EVIDENCE, proof=Proof.FILE)
    deal = make_deal(by=cast.ana, stage=HERE)
    with refused(field(place)):
        answer(deal, place, cast.ana, link="https://a.test/b")


def test_it_refuses_what_is_no_longer_there_a_hint_and_what_the_records_say(
    cast: Cast, deal: Deal, refused: Refusal
):
    for place in ((HERE, "never"), (HERE, "verdict"), (Stage.PROPOSAL, "begin-with-needs")):
        with refused(None):
            answer(deal, place, cast.ana)


def test_it_answers_steps_of_a_stage_ahead_and_of_a_closed_deal(cast: Cast, deal: Deal):
    assert answer(deal, (Stage.CLOSING, "terms"), cast.ana).stage == Stage.CLOSING
    won = make_deal(by=cast.ana, stage=HERE)
    deals.stop(won, **stopped())
    answer(won, (Stage.CLOSING, "decisive-reason"), cast.ana, value="Our service")


def stopped() -> dict[str, Any]:
    user = User.objects.get(name="Ana Ruiz")
    return {
        "initiator": Initiator.CUSTOMER,
        "cause": cause_named("price"),
        "by": user,
        "at": NOW,
    }


def test_it_records_the_agreement_as_a_fact(cast: Cast):
    deal = make_deal(by=cast.ana, contact=make_contact(by=cast.ana), stage=Stage.PROSPECTING)
    answer(deal, (Stage.PROSPECTING, "agreement"), cast.ana, value="A call on Monday")
    assert "agreement" in facts(deal).known


# Doing it completes it ------------------------------------------------------------------------


def log(deal: Deal, by: User, kind: ActivityKind, **said) -> Activity:
    return activities.log(About(deal=deal), kind=kind, by=by, at=NOW, **said)


def test_it_completes_the_step_that_asks_for_what_was_done(cast: Cast):
    place = team_step(cast, "Visit them", kind=StepKind.ACTIVITY, doing=WorkKind.MEETING)
    deal = make_deal(by=cast.ana, stage=HERE)
    log(deal, cast.ana, ActivityKind.CALL, result=ActivityResult.REACHED)
    log(deal, cast.ana, ActivityKind.MEETING, result=ActivityResult.NO_ANSWER)
    log(deal, cast.ana, ActivityKind.MEETING)
    assert place not in facts(deal).settled
    visit = log(deal, cast.ana, ActivityKind.MEETING, result=ActivityResult.REACHED)
    assert current(deal, place).activity == visit
    again = log(deal, cast.ana, ActivityKind.MEETING, result=ActivityResult.REACHED)
    assert current(deal, place).activity == visit != again


def test_it_completes_it_before_the_deal_moves_on(cast: Cast):
    place = team_step(
        cast,
        "Visit them",
        kind=StepKind.ACTIVITY,
        doing=WorkKind.MEETING,
        importance=Importance.GATE,
    )
    deal = make_deal(by=cast.ana, contact=make_contact(by=cast.ana), stage=HERE)
    visit = log(
        deal,
        cast.ana,
        ActivityKind.MEETING,
        result=ActivityResult.MOVED_FORWARD,
        go_ahead=GoAhead(reason=Reason.DONE_BEFORE),
    )
    assert deal.stage == Stage.NEEDS_ANALYSIS
    done = current(deal, place)
    assert (done.state, done.activity) == ("done", visit)


def test_it_asks_one_query_more_for_it(cast: Cast):
    deal = make_deal(by=cast.ana, stage=HERE)
    log(deal, cast.ana, ActivityKind.MEETING, result=ActivityResult.REACHED)
    with CaptureQueriesContext(connection) as note:
        log(deal, cast.ana, ActivityKind.NOTE, body="Words")
    with CaptureQueriesContext(connection) as meeting:
        log(deal, cast.ana, ActivityKind.MEETING, result=ActivityResult.REACHED)
    assert len(meeting) == len(note) + 1


# Set aside ------------------------------------------------------------------------------------


def aside(deal: Deal, place, by: User, reason: Reason, words: str = "") -> None:
    said = GoAhead(reason=reason, words=words)
    commands.set_aside(deal, place=place, said=said, by=by, at=NOW)


def test_it_goes_on_without_a_step_for_a_reason(cast: Cast, deal: Deal):
    aside(deal, NEED, cast.ana, Reason.NOT_APPLICABLE, "They bought before")
    result = current(deal, NEED)
    assert (result.state, result.reason, result.note) == (
        "overridden",
        "not_applicable",
        "They bought before",
    )
    assert NEED in facts(deal).settled
    assert not ProcessNote.objects.exists()


def test_it_tells_the_owner_that_the_process_is_wrong(cast: Cast, deal: Deal, refused: Refusal):
    with refused("go_words"):
        aside(deal, NEED, cast.ana, Reason.PROCESS_WRONG)
    aside(deal, NEED, cast.ana, Reason.PROCESS_WRONG, "Nobody knows that so early")
    note = ProcessNote.objects.get()
    assert (note.kind, note.deal, note.stage, note.key, note.words) == (
        NoteKind.WRONG,
        deal,
        HERE,
        "need",
        "Nobody knows that so early",
    )


def test_it_sets_nothing_aside_that_nobody_asks_for(cast: Cast, deal: Deal, refused: Refusal):
    with refused(None):
        aside(deal, (Stage.PROPOSAL, "begin-with-needs"), cast.ana, Reason.DONE_BEFORE)
    with refused(None):
        aside(deal, own_step(cast.ana, "Ask for the dog"), cast.ana, Reason.DONE_BEFORE)
    with refused("go_reason"):
        aside(deal, NEED, cast.ana, Reason.IMPORTED)


# Whose it is ----------------------------------------------------------------------------------


def test_it_keeps_what_is_recorded_against_ones_own_step_to_oneself(cast: Cast, deal: Deal):
    place = own_step(cast.ana, "Ask for the dog")
    version = deal.version
    result = answer(deal, place, cast.ana)
    assert result.private_to == cast.ana
    assert deal.version == version
    for reader in (cast.mona, cast.rosa, cast.adele):
        assert not StepResult.objects.visible_to(cast.again(reader)).filter(deal=deal).exists()
        assert not recorded_steps(deal.pk, stage=HERE, user=reader.pk).results
    assert recorded_steps(deal.pk, stage=HERE, user=cast.ana.pk).results
    assert place not in facts(deal).settled


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_is_out_of_reach_for_others(cast: Cast, deal: Deal, unseen, who: str):
    with unseen(Deal.DoesNotExist):
        answer(deal, NEED, getattr(cast, who), value="Too warm")


def test_it_survives_in_old_deals_when_the_step_is_removed_above(cast: Cast):
    place = team_step(cast, "Ask for the fleet")
    deal = make_deal(by=cast.ana, stage=HERE)
    answer(deal, place, cast.ana)
    layer = process.layer_of(cast.north, by=cast.adele, at=NOW)
    process.remove_step(layer, stage=HERE, key=place[1], by=cast.adele, at=NOW)
    process.publish(layer, by=cast.adele, at=NOW, note="")
    result = current(deal, place)
    assert (result.label, result.value) == ("Ask for the fleet", None)
    commands.undo(deal, place=place, by=cast.ana, at=NOW)
    assert not StepResult.objects.current().filter(deal=deal).exists()


def test_it_keeps_the_file_of_a_private_step_private(cast: Cast, deal: Deal):
    place = own_step(cast.ana, "Sketch", kind=StepKind.EVIDENCE, proof=Proof.FILE)
    answer(deal, place, cast.ana, file=Upload(name="plan.txt", content=b"1"))
    assert EvidenceFile.objects.count() == 1
    assert [f.name for f in recorded_steps(deal.pk, stage=HERE, user=cast.ana.pk).files] == [
        "plan.txt"
    ]
    assert not recorded_steps(deal.pk, stage=HERE, user=cast.mona.pk).files


@pytest.mark.parametrize(
    ("name", "content", "is_taken"),
    [
        ("Offer v2.PDF", b"%PDF-1.7", True),
        ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", True),
        ("call.m4a", b"\0\0\0\x20ftypM4A ", True),
        ("table.xlsx", b"PK\x03\x04rest", True),
        ("mail.eml", "Grüße".encode("latin-1"), True),
        ("notes.txt", "Grüße".encode("utf-16"), True),
        ("offer.pdf", b"<html><script>", False),
        ("offer.pdf", b"", False),
        ("photo.png", b"\xff\xd8\xff", False),
        ("notes.txt", b"MZ\x90\0\x03", False),
        ("page.html", b"<html>", False),
        ("drawing.svg", b"<svg>", False),
        ("setup.exe", b"MZ", False),
        ("offer.pdf.exe", b"%PDF", False),
        ("all.zip", b"PK\x03\x04", False),
        ("macro.docm", b"PK\x03\x04", False),
        ("pdf", b"%PDF", False),
    ],
)
def test_it_takes_files_that_are_what_their_name_says(
    cast: Cast, refused: Refusal, name: str, content: bytes, is_taken: bool
):
    """V5.2.2"""
    place = team_step(cast, "Sketch", kind=StepKind.EVIDENCE, proof=Proof.FILE)
    deal = make_deal(by=cast.ana, stage=HERE)
    given = Upload(name=name, content=content)
    if is_taken:
        assert answer(deal, place, cast.ana, file=given).file is not None
        return
    with refused(f"{field(place)}_file"):
        answer(deal, place, cast.ana, file=given)


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ("EVIDENCE_STORED_BYTES_PER_PERSON", "one person may store"),
        ("EVIDENCE_STORED_BYTES", "no room left"),
    ],
)
def test_it_stores_no_more_files_than_it_may(cast: Cast, settings: Any, bound: str, words: str):
    place = team_step(cast, "Sketch", kind=StepKind.EVIDENCE, proof=Proof.FILE)
    deal = make_deal(by=cast.ana, stage=HERE)
    setattr(settings, bound, 3)
    answer(deal, place, cast.ana, file=Upload(name="a.txt", content=b"12"))
    with pytest.raises(Refused, match=words):
        answer(deal, place, cast.ana, file=Upload(name="b.txt", content=b"12"))
    answer(deal, place, cast.ana, file=Upload(name="c.txt", content=b"3"))
