"""The steps on the deal page: whose they are, what they say, and what a press does."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import concern as concerns
from crm.commands import deal as deals
from crm.commands import deal_move as move_commands
from crm.commands import need as needs
from crm.commands import step as steps
from crm.commands.gate import GoAhead
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.step_result import StepResultInput
from crm.models import ConcernCategory, Deal, Disposition, StepResult
from pipeline.models import Step, StepVote, User
from pipeline.process import commands as process
from pipeline.process.gates import Reason
from pipeline.process.playbook import Proof, StepKind
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.test_step_answer import own_step, stopped, team_step
from tests.factories import NOW, ago, make_contact, make_deal

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/deals/1/"}
HERE = Stage.QUALIFICATION


@pytest.fixture
def deal(cast: Cast) -> Deal:
    contact = make_contact(by=cast.ana, name="Petra Voss")
    return make_deal(by=cast.ana, contact=contact, stage=HERE, at=ago(days=1))


def panel(client: Client, user: User, deal: Deal, stage: Stage = HERE) -> str:
    client.force_login(user)
    response = client.get(f"/deals/{deal.pk}/stages/{stage.value}/", headers=HTMX)
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def post(client: Client, user: User, deal: Deal, path: str, **said: Any) -> Any:
    client.force_login(user)
    return client.post(f"/deals/{deal.pk}/steps/{path}", said, headers=HTMX)


def answered(deal: Deal, key: str) -> StepResult:
    return StepResult.objects.current().get(deal=deal, key=key)


def test_it_shows_what_each_step_gives_and_its_field_while_it_is_open(
    client: Client, cast: Cast, deal: Deal
):
    before = panel(client, cast.ana, deal)
    assert "No offer for a drawer." in before
    assert 'name="step_3_money"' in before
    assert "0 of 6 expected" in before
    said = StepResultInput(value="40,000 from operations")
    steps.answer(deal, place=(HERE, "money"), given=said, by=cast.mona, at=NOW)
    after = panel(client, cast.ana, deal)
    assert "No offer for a drawer." not in after
    assert 'name="step_3_money"' not in after
    assert "40,000 from operations" in after
    assert "Mona Reyes · 11 Mar" in after
    assert "1 of 6 expected" in after


def groups(page: str) -> dict[str, str]:
    """What folds to one line, by what the line is about."""
    folds = page.split('<details class="in stepfold ')[1:]
    return {fold.split('"')[0]: fold.split("</ol>")[0] for fold in folds}


def test_what_was_done_and_hints_fold_to_a_line_and_what_is_asked_stands_open(
    client: Client, cast: Cast, deal: Deal
):
    assert "done" not in groups(panel(client, cast.ana, deal))
    steps.answer(
        deal, place=(HERE, "money"), given=StepResultInput(value="40,000"), by=cast.ana, at=NOW
    )
    steps.set_aside(deal, place=(HERE, "trust"), said=BEFORE, by=cast.ana, at=NOW)
    folded = groups(panel(client, cast.ana, deal))
    assert "<b>1 done, 1 set aside</b>" in folded["done"]
    assert 'id="row-money"' in folded["done"]
    assert 'id="row-trust"' in folded["done"]
    assert not any('id="row-need"' in fold for fold in folded.values())
    hints = groups(panel(client, cast.ana, deal, Stage.PROPOSAL))["hints"]
    assert "Begin with their words" in hints
    # A step that folds is unfolded for who has just pressed something in it.
    voted = post(client, cast.ana, deal, "3/money/vote/", vote="helps").content.decode()
    assert 'id="fold-done" open>' in voted
    deals.stop(deal, **stopped())
    over = groups(panel(client, cast.ana, deal))
    assert 'id="row-need"' in over["open"]
    assert "not done" in over["open"]


def test_it_says_at_once_only_what_a_gate_and_what_comes_first_give(
    client: Client, cast: Cast, deal: Deal
):
    rows = panel(client, cast.ana, deal).split('<li class="askrow ')[1:]
    asked = [row for row in rows if row.startswith("open")]
    said = [row.split("</details>")[1].count("Gives you:") for row in asked]
    is_gate = ['class="chip warn">gate' in row for row in asked]
    assert said == [int(gate or not at) for at, gate in enumerate(is_gate)]
    assert all("Gives you:" in row for row in asked)


def test_it_shows_different_steps_to_two_people_of_a_team_and_the_same_count(
    client: Client, cast: Cast
):
    team_step(cast, "Ask for the fleet")
    own_step(cast.ana, "Ask for the dog")
    layer = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    said: Any = {"label": "What do they spend?"}
    process.adapt_step(layer, stage=HERE, key="money", said=said, by=cast.ana, at=NOW)
    deal = make_deal(by=cast.ana, stage=HERE)
    anas, monas = panel(client, cast.ana, deal), panel(client, cast.mona, deal)
    for text in (anas, monas):
        assert "Ask for the fleet" in text
        assert "0 of 7 expected" in text
    assert "Ask for the dog" in anas
    assert "Ask for the dog" not in monas
    assert "What do they spend?" in anas
    assert "What do they spend?" not in monas


def test_it_never_shows_a_private_step_or_what_was_said_to_a_manager(
    client: Client, cast: Cast, deal: Deal
):
    place = own_step(cast.ana, "Ask for the dog", kind=StepKind.QUESTION)
    given = StepResultInput(value="Called Waldi")
    steps.answer(deal, place=place, given=given, by=cast.ana, at=NOW)
    assert "Called Waldi" in panel(client, cast.ana, deal)
    client.force_login(cast.mona)
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "Waldi" not in page
    assert "the dog" not in page
    assert post(client, cast.mona, deal, f"3/{place[1]}/").status_code == 404


def test_it_shows_a_step_as_done_by_the_record_and_leads_to_it_otherwise(
    client: Client, cast: Cast
):
    deal = make_deal(by=cast.ana, stage=Stage.NEEDS_ANALYSIS)
    here = Stage.NEEDS_ANALYSIS
    assert f'href="/deals/{deal.pk}/needs/?version=' in panel(client, cast.ana, deal, here)
    needs.add(deal, NeedInput(words="Too warm"), by=cast.ana, at=NOW)
    text = panel(client, cast.ana, deal, here)
    assert 'id="fill-problem"' not in text
    assert 'id="fill-worth"' in text


def test_it_answers_by_a_form_with_and_without_a_script(client: Client, cast: Cast, deal: Deal):
    done = post(client, cast.ana, deal, "3/money/", step_3_money="40,000", seen="0")
    assert done.status_code == 200
    events = json.loads(done["HX-Trigger"])
    assert events["deal-changed"]["id"] == deal.pk
    assert events["toast"]["undo"]["href"] == f"/deals/{deal.pk}/undo/"
    assert answered(deal, "money").value == "40,000"
    plain = client.post(f"/deals/{deal.pk}/steps/3/need/", {"step_3_need": "Heat"})
    assert (plain.status_code, plain["Location"]) == (302, f"/deals/{deal.pk}/")


def test_it_says_what_is_wrong_at_the_field_and_keeps_what_was_typed(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, stage=Stage.NEEDS_ANALYSIS)
    bad = post(client, cast.ana, deal, "4/deadline/", step_4_deadline="soon")
    text = bad.content.decode()
    assert bad.status_code == 422
    assert 'aria-describedby="step_4_deadline_error"' in text
    assert 'value="soon"' in text
    empty = post(client, cast.ana, deal, "4/today/")
    assert (empty.status_code, "Write the answer" in empty.content.decode()) == (422, True)


def test_it_begins_another_answer_with_the_one_that_stands(client: Client, cast: Cast, deal: Deal):
    post(client, cast.ana, deal, "3/money/", step_3_money="40,000")
    now = answered(deal, "money")
    for headers in (HTMX, {}):
        form = client.get(f"/deals/{deal.pk}/steps/3/money/", headers=headers)
        text = form.content.decode()
        assert form.status_code == 200
        assert 'value="40,000"' in text
        assert f'name="seen" value="{now.pk}"' in text


def test_it_shows_both_answers_when_somebody_was_faster(client: Client, cast: Cast, deal: Deal):
    given = StepResultInput(value="Too warm")
    first = steps.answer(deal, place=(HERE, "need"), given=given, by=cast.mona, at=NOW)
    late = post(client, cast.ana, deal, "3/need/", step_3_need="Too slow", seen="0")
    text = late.content.decode()
    assert late.status_code == 409
    for words in ("Mona Reyes changed", "Too warm", "Too slow", f'value="{first.pk}"'):
        assert words in text
    again = post(client, cast.ana, deal, "3/need/", step_3_need="Too slow", seen=str(first.pk))
    assert again.status_code == 200


def test_it_sets_a_step_aside_and_shows_why(client: Client, cast: Cast, deal: Deal):
    assert post(client, cast.ana, deal, "3/trust/aside/").status_code == 422
    said = {"go_reason": "done_before", "go_words": "In the last deal"}
    assert post(client, cast.ana, deal, "3/trust/aside/", **said).status_code == 200
    text = panel(client, cast.ana, deal)
    assert "Done before: In the last deal" in text
    assert "1 of 6 expected" in text
    post(client, cast.ana, deal, "3/trust/undo/")
    assert "0 of 6 expected" in panel(client, cast.ana, deal)


def test_it_takes_a_file_and_gives_it_back_as_a_download_only(client: Client, cast: Cast):
    _stage, key = team_step(cast, "The contract", kind=StepKind.EVIDENCE, proof=Proof.FILE)
    deal = make_deal(by=cast.ana, stage=HERE)
    page = b"<script>alert(1)</script>"
    sent = SimpleUploadedFile("offer & more.txt", page, content_type="text/html")
    assert (
        post(client, cast.ana, deal, f"3/{key}/", **{f"step_3_{key}_file": sent}).status_code == 200
    )
    file = answered(deal, key).file
    assert file is not None
    address = f"/deals/{deal.pk}/files/{file.pk}/"
    got = client.get(address)
    assert (got.content, got["Content-Type"]) == (page, "application/octet-stream")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Disposition"].startswith("attachment")
    assert "offer &amp; more.txt" in client.get(f"/deals/{deal.pk}/").content.decode()
    client.force_login(cast.carl)
    assert client.get(address).status_code == 404


def test_it_refuses_a_file_that_is_too_large_at_its_field(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    _stage, key = team_step(cast, "The contract", kind=StepKind.EVIDENCE, proof=Proof.FILE)
    deal = make_deal(by=cast.ana, stage=HERE)
    monkeypatch.setattr("crm.views.step.LARGEST", 1000)
    for size in (2000, 200_000):
        sent = SimpleUploadedFile("a.pdf", b"x" * size)
        answer = post(client, cast.ana, deal, f"3/{key}/", **{f"step_3_{key}_file": sent})
        assert answer.status_code == 422
        assert "add a link to it instead" in answer.content.decode()
    assert not StepResult.objects.exists()


def test_it_asks_for_the_token(cast: Cast, deal: Deal):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ana)
    said = {"step_3_need": "Heat"}
    assert client.post(f"/deals/{deal.pk}/steps/3/need/", said).status_code == 403


def test_it_adds_moves_and_removes_a_step_of_ones_own(client: Client, cast: Cast, deal: Deal):
    bad = post(client, cast.ana, deal, "3/", label="", kind="check")
    assert bad.status_code == 422
    added = post(client, cast.ana, deal, "3/", label="Ask for the dog", kind="question")
    assert added["HX-Retarget"] == "#deal-stage"
    step = Step.objects.get(layer__user=cast.ana)
    assert (step.label, step.kind, step.importance) == ("Ask for the dog", "question", 2)

    def places() -> list[int]:
        text = panel(client, cast.ana, deal)
        return [text.index("Ask for the dog"), text.index("A verdict: qualified")]

    assert places() == sorted(places(), reverse=True)
    post(client, cast.ana, deal, f"3/{step.key}/up/")
    assert places() == sorted(places())
    post(client, cast.ana, deal, f"3/{step.key}/down/")
    assert places() == sorted(places(), reverse=True)
    post(client, cast.ana, deal, f"3/{step.key}/remove/")
    assert "Ask for the dog" not in panel(client, cast.ana, deal)


def test_it_hides_a_hint_for_oneself_and_shows_it_again(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    hint, here = "Begin with their words", Stage.PROPOSAL
    hidden = post(client, cast.ana, deal, "5/begin-with-needs/hide/")
    back = json.loads(hidden["HX-Trigger"])["toast"]["undo"]["href"]
    assert hint not in panel(client, cast.ana, deal, here)
    assert hint in panel(client, cast.mona, deal, here)
    client.force_login(cast.ana)
    client.post(back, headers=HTMX)
    assert hint in panel(client, cast.ana, deal, here)
    refused = post(client, cast.ana, deal, "5/offer/hide/")
    assert (refused.status_code, 'role="alert"' in refused.content.decode()) == (422, True)


def test_it_takes_a_vote_and_takes_it_back(client: Client, cast: Cast, deal: Deal):
    post(client, cast.ana, deal, "3/need/vote/", vote="helps")
    assert StepVote.objects.get(user=cast.ana, key="need").vote == "helps"
    text = panel(client, cast.ana, deal)
    assert 'id="helps-need" name="vote" value="" ' in text
    assert '<details class="how" open>' not in text
    post(client, cast.ana, deal, "3/need/vote/", vote="")
    assert not StepVote.objects.exists()


def test_it_lists_what_was_recorded_against_steps_that_are_gone(client: Client, cast: Cast):
    place = team_step(cast, "Ask for the fleet", kind=StepKind.QUESTION)
    deal = make_deal(by=cast.ana, stage=HERE, contact=make_contact(by=cast.ana))
    given = StepResultInput(value="Twelve lorries")
    steps.answer(deal, place=place, given=given, by=cast.ana, at=NOW)
    layer = process.layer_of(cast.north, by=cast.adele, at=NOW)
    process.remove_step(layer, stage=HERE, key=place[1], by=cast.adele, at=NOW)
    process.publish(layer, note="", by=cast.adele, at=NOW)
    # The stay goes on by the version that it began with.
    assert "steps that are gone" not in panel(client, cast.ana, deal)
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW, go_ahead=BEFORE)
    move_commands.move(deal, to=HERE, reason="Fleet", by=cast.ana, at=NOW)
    text = panel(client, cast.ana, deal)
    assert "steps that are gone" in text
    assert "Twelve lorries" in text


BEFORE = GoAhead(reason=Reason.DONE_BEFORE)


def test_it_calls_stages_as_the_reader_does_and_tells_the_version_of_each_stay(
    client: Client, cast: Cast
):
    layer = process.layer_of(cast.north, by=cast.adele, at=ago(days=3))
    process.name_stage(
        layer, stage=HERE, label="Fit check", norm_days=4, by=cast.adele, at=ago(days=3)
    )
    process.publish(layer, note="", by=cast.adele, at=ago(days=3))
    own = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    process.name_stage(
        own, stage=Stage.PROSPECTING, label="Hunt", norm_days=None, by=cast.ana, at=NOW
    )
    deal = make_deal(by=cast.ana, stage=HERE, at=ago(days=1))
    for user, hunt in ((cast.ana, "Hunt"), (cast.mona, "Prospecting")):
        client.force_login(user)
        page = client.get(f"/deals/{deal.pk}/").content.decode()
        assert "Now in Fit check" in page
        assert "1 d of usually 4" in page
        assert f'<span class="w clip">{hunt}</span>' in page
        assert "process North v1" in page


def test_it_shows_the_steps_of_a_closed_deal_to_read_and_to_complete(
    client: Client, cast: Cast, deal: Deal
):
    deals.stop(deal, **stopped())
    text = panel(client, cast.ana, deal, Stage.CLOSING)
    assert 'name="step_7_decisive-reason"' in text
    assert 'id="fill-asked"' not in text


def test_it_offers_nothing_to_do_to_who_may_only_look(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, stage=HERE)
    Deal.objects.filter(pk=deal.pk).update(owner=None)
    text = panel(client, cast.ben, deal)
    assert 'name="step_3_money"' not in text
    assert 'id="aside-' not in text
    assert post(client, cast.ben, deal, "3/need/", step_3_need="x").status_code == 404


@pytest.mark.parametrize("count", [1, 9])
def test_it_asks_as_much_for_one_answer_as_for_many(client: Client, cast: Cast, count: int):
    for number in range(count):
        own_step(cast.ana, f"Step {number}")
        team_step(cast, f"Team {number}")
    deal = make_deal(by=cast.ana, stage=HERE)
    for number in range(count):
        place = (HERE, f"team-{number}")
        steps.answer(deal, place=place, given=StepResultInput(), by=cast.ana, at=NOW)
    panel(client, cast.ana, deal)
    with CaptureQueriesContext(connection) as queries:
        panel(client, cast.ana, deal)
    assert len([q for q in queries if "stepresult" in q["sql"]]) == 1
    assert len([q for q in queries if "pipeline_step" in q["sql"]]) <= 2


def test_it_shows_no_concern_as_settled_where_none_is_recorded(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, contact=make_contact(by=cast.ana), stage=Stage.OBJECTIONS)

    def line() -> str:
        page = panel(client, cast.ana, deal, Stage.OBJECTIONS)
        before = page[: page.index('id="row-concerns-settled"')]
        return before[before.rindex('<li class="askrow') :]

    assert 'class="askrow moot"' in line()
    assert "Done" not in line()
    concern = concerns.add(
        deal,
        ConcernInput(category=ConcernCategory.PRICE, words="Too dear", after_price=True),
        by=cast.ana,
        at=NOW,
    )
    assert 'class="askrow open"' in line()
    concerns.settle(
        concern,
        DispositionInput(disposition=Disposition.ANSWERED, response="It pays"),
        by=cast.ana,
        at=NOW,
    )
    assert 'class="askrow done"' in line()


def test_the_agreement_is_asked_for_with_its_day_which_becomes_whats_next(
    client: Client, cast: Cast
):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    page = panel(client, cast.ana, deal, Stage.PROSPECTING)
    assert 'name="step_2_agreement_on"' in page
    said = {"step_2_agreement": "Half an hour on site", "step_2_agreement_on": "never"}
    refused = post(client, cast.ana, deal, "2/agreement/", seen="0", **said)
    assert refused.status_code == 422
    assert 'value="Half an hour on site"' in refused.content.decode()
    assert 'id="step_2_agreement_on_error"' in refused.content.decode()
    said["step_2_agreement_on"] = (NOW.date() - dt.timedelta(days=1)).isoformat()
    past = post(client, cast.ana, deal, "2/agreement/", seen="0", **said)
    assert (past.status_code, "That day is past" in past.content.decode()) == (422, True)
    day = NOW.date() + dt.timedelta(days=3)
    said["step_2_agreement_on"] = day.isoformat()
    assert post(client, cast.ana, deal, "2/agreement/", seen="0", **said).status_code == 200
    assert answered(deal, "agreement").value == "Half an hour on site"
    deal.refresh_from_db()
    assert (deal.next_on, deal.next_kind) == (day, "meeting")
    # What is put right in words plans nothing a second time.
    change = client.get(f"/deals/{deal.pk}/steps/2/agreement/", headers=HTMX).content.decode()
    assert "Half an hour on site" in change
    assert "step_2_agreement_on" not in change.replace("step_2_agreement_on_error", "")


def test_the_agreement_of_a_closed_deal_plans_nothing(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    deals.stop(deal, **stopped())
    assert "step_2_agreement_on" not in panel(client, cast.ana, deal, Stage.PROSPECTING)
    day = (NOW.date() + dt.timedelta(days=3)).isoformat()
    said = {"step_2_agreement": "A call", "step_2_agreement_on": day}
    assert post(client, cast.ana, deal, "2/agreement/", seen="0", **said).status_code == 200
    deal.refresh_from_db()
    assert deal.next_on is None
