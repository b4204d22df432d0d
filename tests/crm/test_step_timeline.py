"""What became of the steps of a deal, told in its timeline: what was said, by whom, and when."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from crm.commands import activity as activities
from crm.commands import deal_move as move_commands
from crm.commands import step as commands
from crm.commands.gate import GoAhead
from crm.commands.writers.activity import About
from crm.commands.writers.step_result import StepResultInput, Upload
from crm.models import ActivityKind, Deal, DealChange
from pipeline.models import User
from pipeline.process import commands as process
from pipeline.process.gates import Reason
from pipeline.process.playbook import AnswerKind, Importance, StepKind, WorkKind
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.test_step_answer import own_step, team_step
from tests.factories import NOW, ago, make_company, make_contact, make_deal

HERE = Stage.QUALIFICATION
NEED = (HERE, "need")


def lead(cast: Cast) -> Deal:
    contact = make_contact(by=cast.ana, name="Petra Voss")
    return make_deal(by=cast.ana, contact=contact, stage=HERE, at=ago(days=1))


def told(client: Client, user: User, deal: Deal, show: str = "changes") -> str:
    client.force_login(user)
    page = client.get(f"/deals/{deal.pk}/timeline/?show={show}", headers={"HX-Request": "true"})
    return re.sub(r"\s+", " ", strip_tags(page.content.decode()))


def say(deal: Deal, place: Any, by: User, **given: Any) -> None:
    commands.answer(deal, place=place, given=StepResultInput(**given), by=by, at=NOW)


@pytest.mark.parametrize(
    ("answer", "value", "words"),
    [
        (AnswerKind.TEXT, "Monday", "Monday"),
        (AnswerKind.MONEY, "40000", "€40,000"),
        (AnswerKind.NUMBER, "12", "12"),
        (AnswerKind.DATE, "2026-04-01", "1 Apr"),
    ],
)
def test_it_tells_what_was_answered_by_whom(
    client: Client, cast: Cast, answer: AnswerKind, value: str, words: str
):
    place = team_step(cast, "Budget", kind=StepKind.QUESTION, answer=answer)
    deal = lead(cast)
    say(deal, place, cast.mona, value=value)
    line = told(client, cast.ana, deal)
    assert re.search(rf"Answered: Budget.*{words}", line), line
    assert "Mona Reyes" in line
    assert "Answered" not in told(client, cast.ana, deal, "talks")


def test_it_tells_whom_an_answer_names(client: Client, cast: Cast):
    place = team_step(cast, "Signs", kind=StepKind.QUESTION, answer=AnswerKind.CONTACT)
    deal = lead(cast)
    say(deal, place, cast.ana, contact=deal.contacts.get())
    assert re.search("Answered: Signs.*Petra Voss", told(client, cast.ana, deal))


def test_it_tells_what_was_ticked_and_what_was_proved(client: Client, cast: Cast):
    fleet = team_step(cast, "Fleet counted", kind=StepKind.CHECK)
    plan = team_step(cast, "The plan", kind=StepKind.EVIDENCE)
    deal = lead(cast)
    say(deal, fleet, cast.ana)
    say(deal, plan, cast.ana, file=Upload(name="plan.pdf", content=b"%PDF"))
    line = told(client, cast.ana, deal)
    assert "Done: Fleet counted" in line
    assert re.search("Proved: The plan.*plan.pdf", line)


def test_it_tells_what_was_taken_back(client: Client, cast: Cast):
    place = team_step(cast, "Budget", kind=StepKind.QUESTION)
    deal = lead(cast)
    say(deal, place, cast.ana, value="No idea")
    commands.undo(deal, place=place, by=cast.ana, at=NOW)
    line = told(client, cast.ana, deal)
    assert "Taken back: Budget" in line
    assert "Answered: Budget" in line


def test_it_tells_what_was_set_aside_and_why(client: Client, cast: Cast):
    place = team_step(cast, "Budget", kind=StepKind.QUESTION)
    deal = lead(cast)
    said = GoAhead(reason=Reason.NOT_APPLICABLE, words="A public tender")
    commands.set_aside(deal, place=place, said=said, by=cast.ana, at=NOW)
    line = told(client, cast.ana, deal)
    assert re.search("Set aside: Budget.*Not applicable.*A public tender", line)


def test_it_tells_of_a_gate_what_it_lacked_in_one_line(client: Client, cast: Cast):
    team_step(cast, "Budget", importance=Importance.GATE, gives_managers="Forecasts that hold")
    deal = lead(cast)
    said = GoAhead(reason=Reason.CUSTOMER_INSISTED, words="They asked for it")
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW, go_ahead=said)
    line = told(client, cast.ana, deal)
    assert "Went ahead to Needs analysis without:" in line
    assert "Both sides want to proceed" in line
    assert "Budget" in line
    assert re.search("The customer insisted.*They asked for it", line)
    assert DealChange.objects.filter(deal=deal).count() == 1


def test_it_tells_as_much_of_a_gate_as_there_is_room_for(client: Client, cast: Cast):
    for n in range(5):
        name = f"{n} {'long ' * 29}"
        team_step(cast, name, importance=Importance.GATE, gives_managers="Forecasts that hold")
    deal = lead(cast)
    said = GoAhead(reason=Reason.DONE_BEFORE)
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW, go_ahead=said)
    line = told(client, cast.ana, deal)
    assert "without: 0 long" in line
    assert "4 long" not in line
    assert "Both sides want to proceed" in line
    assert "=" not in line


def test_it_tells_what_they_agreed_to(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, company=make_company(by=cast.ana), stage=Stage.PROSPECTING)
    say(deal, (Stage.PROSPECTING, "agreement"), cast.ana, value="A call on Friday")
    assert "A call on Friday" in told(client, cast.ana, deal)


def test_it_keeps_quiet_about_what_is_ones_own(client: Client, cast: Cast):
    place = own_step(cast.ana, "Ask for the dog")
    deal = lead(cast)
    say(deal, place, cast.ana)
    commands.undo(deal, place=place, by=cast.ana, at=NOW)
    for user in (cast.ana, cast.mona):
        assert "dog" not in told(client, user, deal)


def test_it_tells_nobody_how_somebody_words_a_step_for_herself(client: Client, cast: Cast):
    stage, key = place = team_step(cast, "Budget")
    own: Any = {"label": "Squeeze the miser"}
    layer = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    process.adapt_step(layer, stage=stage, key=key, said=own, by=cast.ana, at=NOW)
    deal = lead(cast)
    say(deal, place, cast.ana)
    commands.undo(deal, place=place, by=cast.ana, at=NOW)
    aside = GoAhead(reason=Reason.NOT_APPLICABLE)
    commands.set_aside(deal, place=place, said=aside, by=cast.ana, at=NOW)
    line = told(client, cast.mona, deal)
    assert "miser" not in line
    for words in ("Done: Budget", "Taken back: Budget", "Set aside: Budget"):
        assert words in line


def test_it_tells_what_was_done_only_once(client: Client, cast: Cast):
    team_step(cast, "Call the fleet", kind=StepKind.ACTIVITY, doing=WorkKind.CALL)
    deal = lead(cast)
    activities.log(
        About(deal=deal), kind=ActivityKind.CALL, body="Forty lorries", by=cast.ana, at=NOW
    )
    line = told(client, cast.ana, deal, "all")
    assert line.count("Forty lorries") == 1
    assert "Call the fleet" not in line
