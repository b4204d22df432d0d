"""What a gate asks on the pages: only what is missing, filled in on the spot, or gone past."""

import datetime as dt
import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.commands import activity as activities
from crm.commands import deal as deals
from crm.commands.contact import NewContact
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, Concern, Deal, Judgement, ProcessNote, StepResult
from pipeline.process.playbook import (
    AnswerKind,
    Importance,
    LayerContent,
    Proof,
    StageNaming,
    StepKind,
    WorkKind,
)
from pipeline.process.stages import Stage
from salesprocess.lib import uploads
from tests.conftest import Cast
from tests.crm.truth import all_rows, faults_of
from tests.factories import NOW, ago, make_company, make_contact, make_deal, plan_call, ready_deal
from tests.pipeline.process import in_force, row

HTMX = {"hx-request": "true", "hx-current-url": "http://testserver/board/"}
GATE = {"importance": Importance.GATE}


def post(client: Client, deal: Deal, verb: str = "move", **said: Any) -> Any:
    return client.post(f"/deals/{deal.pk}/{verb}/", said, headers=HTMX)


def words(response: Any) -> str:
    return unescape(str(response.content.decode()))


@pytest.fixture
def ana(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ana)
    return client


def lead(cast: Cast, stage: Stage = Stage.PROSPECTING, **facts: Any) -> Any:
    return make_deal(by=cast.ana, company=make_company(by=cast.ana), stage=stage, **facts)


def nameless(cast: Cast) -> Any:
    """One that an import brought in before the proposal: nobody is named on it."""
    deal = lead(cast, Stage.NEEDS_ANALYSIS)
    people = list(deal.contacts.all())
    deal.deal_contacts.all().delete()
    for person in people:
        person.delete()
    return deal


@pytest.mark.parametrize("verb", ["move", "advance"])
def test_it_answers_a_drag_with_the_sheet_of_what_is_missing(cast, ana, verb):
    deal = lead(cast)
    before = all_rows()

    response = post(ana, deal, verb, to=3)

    assert response.status_code == 422
    said = words(response)
    assert "1 thing missing before Qualification" in said
    assert "Which conversation was held?" in said
    assert "Who decides, and how?" not in said
    assert "Go ahead anyway" not in said
    assert f'hx-post="/deals/{deal.pk}/move/"' in said
    assert all_rows() == before


def test_it_moves_with_what_was_filled_in(cast, ana):
    deal = lead(cast)

    response = post(
        ana, deal, to=3, asks="talk", talk_kind="meeting", talk_on="2026-03-10", talk_words="Stops"
    )

    assert response.status_code == 200
    deal.refresh_from_db()
    assert deal.stage == Stage.QUALIFICATION
    held: Any = deal.activities.get()
    assert (held.kind, held.body, held.done_at.date().isoformat()) == (
        "meeting",
        "Stops",
        "2026-03-10",
    )


def test_it_tells_before_the_form_is_sent(cast, ana):
    deal = lead(cast, Stage.NEEDS_ANALYSIS)

    said = words(ana.get(f"/deals/{deal.pk}/move/?to=5"))

    assert "2 things missing before Proposal" in said
    assert "Go ahead anyway" in said
    assert "The customer insisted" in said


def then_of(sheet: str) -> tuple[str, str]:
    """What is chosen to come next, and what is proposed."""
    (chosen,) = re.findall(r'name="then" value="(\w*)" checked', sheet)
    (proposed,) = re.findall(r'name="proposed_then" value="([^"]+)"', sheet)
    return chosen, proposed


def test_its_sheet_says_what_the_move_does_and_plans_what_comes_next(cast, ana):
    deal = lead(cast, Stage.NEEDS_ANALYSIS, at=ago(days=3))
    said = words(ana.get(f"/deals/{deal.pk}/move/?to=5&version={deal.version}"))
    assert "Needs analysis ends after 3 days." in said
    assert "Proposal begins: " in said
    assert re.search(r"It usually takes \d+ days\.", said)
    assert "What’s next, once it is in Proposal" in said
    chosen, proposed = then_of(said)
    assert chosen == "proposed"
    kind, day, _hour, *subject = proposed.split(" ")
    gone: dict[str, Any] = {"to": 5, "asks": ["need", "path"], "go_reason": "customer_insisted"}

    # What is chosen stays while something is missing.
    refused = words(post(ana, deal, **gone | {"go_reason": ""}, then="3d", proposed_then=proposed))
    assert then_of(refused) == ("3d", proposed)
    response = post(ana, deal, **gone, then="proposed", proposed_then=proposed)
    assert response.status_code == 200, words(response)
    deal.refresh_from_db()
    planned = deal.activities.planned().get()
    assert (deal.stage, deal.next_kind) == (Stage.PROPOSAL, kind)
    assert (planned.kind, planned.subject) == (kind, " ".join(subject))
    assert planned.due.day(cast.ana.zone).isoformat() == day
    # Both are one act, and are taken back as one.
    undo = json.loads(response["HX-Trigger"])["toast"]["undo"]
    assert ana.post(undo["href"], undo["values"], headers=HTMX).status_code == 200
    deal.refresh_from_db()
    assert (deal.stage, deal.next_kind) == (Stage.NEEDS_ANALYSIS, "")
    assert not deal.activities.planned().exists()
    assert faults_of(deal) == []


@pytest.mark.parametrize(
    ("then", "on", "days"), [("1w", "", 7), ("", "2026-03-16", 5), ("proposed", "2026-03-12", 1)]
)
def test_it_comes_on_another_day_if_somebody_says_so(cast, ana, then, on, days):
    deal = ready_deal(by=cast.ana)
    proposed = "meeting 2026-03-13 10:00 Walk the line"
    said = {"to": 2, "then": then, "then_on": on, "proposed_then": proposed}
    assert post(ana, deal, **said).status_code == 200
    planned = deal.activities.planned().get()
    assert (planned.kind, planned.subject) == ("meeting", "Walk the line")
    assert planned.due_on == (NOW + dt.timedelta(days=days)).date()


def test_what_is_planned_stays_and_a_move_back_asks_for_nothing_next(cast, ana):
    deal = ready_deal(by=cast.ana)
    plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=2))
    sheet = words(ana.get(f"/deals/{deal.pk}/move/?to=2"))
    assert then_of(sheet)[0] == ""
    assert "Keep: Call" in sheet
    post(ana, deal, to=2, then="", proposed_then=then_of(sheet)[1])
    assert deal.activities.planned().count() == 1
    deal.refresh_from_db()
    assert deal.stage == Stage.PROSPECTING
    assert 'name="then"' not in words(ana.get(f"/deals/{deal.pk}/move/?to=1"))
    for bad in ({"then": "proposed"}, {"then_on": "2026-03-01"}, {"then": "never"}):
        assert post(ana, deal, to=3, asks="talk", talk_kind="call", **bad).status_code == 422


def test_it_asks_nothing_where_nothing_is_missing(cast, ana):
    deal = ready_deal(by=cast.ana)

    assert post(ana, deal, "advance", to=2).status_code == 200
    assert "missing" not in words(ana.get(f"/deals/{deal.pk}/move/?to=3"))


def test_it_keeps_all_that_was_typed_while_something_is_missing(cast, ana):
    deal = lead(cast, Stage.NEEDS_ANALYSIS)

    response = post(
        ana, deal, to=5, asks=["need", "path"], need_words="Two stops", need_worth="9000"
    )

    assert response.status_code == 422
    said = words(response)
    assert 'value="Two stops"' in said
    assert 'value="9000"' in said
    assert "This is missing." in said
    assert Deal.objects.get(pk=deal.pk).stage == Stage.NEEDS_ANALYSIS


def test_it_keeps_what_was_typed_when_a_value_is_none(cast, ana):
    deal = lead(cast, Stage.NEEDS_ANALYSIS)

    response = post(
        ana,
        deal,
        to=5,
        asks=["need", "path"],
        need_words="Two stops",
        need_worth="many",
        path_steps="The board",
    )

    assert response.status_code == 422
    said = words(response)
    assert 'value="many"' in said
    assert 'value="The board"' in said


def test_it_goes_ahead_with_a_reason(cast, ana):
    deal = lead(cast, Stage.NEEDS_ANALYSIS)

    post(ana, deal, to=5, asks=["need", "path"], go_reason="customer_insisted")

    deal.refresh_from_db()
    assert deal.stage == Stage.PROPOSAL
    assert Judgement.objects.get(deal=deal).reason == "customer_insisted"


def test_it_asks_for_words_where_the_process_is_wrong(cast, ana):
    deal = lead(cast, Stage.QUALIFICATION)
    said: dict[str, Any] = {
        "to": 4,
        "asks": "verdict",
        "go_reason": "process_wrong",
        "go_offered": "1",
    }

    response = post(ana, deal, **said)
    assert response.status_code == 422
    assert "Write what is wrong with the process" in words(response)

    post(ana, deal, **said, go_words="A farm has no money man")
    assert ProcessNote.objects.get().words == "A farm has no money man"


def test_no_reason_stands_for_what_is_needed(cast, ana):
    deal = lead(cast)

    response = post(ana, deal, to=3, asks="talk", go_reason="done_before")

    assert response.status_code == 422
    assert Deal.objects.get(pk=deal.pk).stage == Stage.PROSPECTING


def test_it_says_who_decides_by_press_or_by_name(cast, ana):
    first, second = (nameless(cast) for _time in range(2))
    deals.set_contact(first, contact=NewContact(name="Petra"), by=cast.ana, at=NOW)
    petra = first.contacts.get()
    said: dict[str, Any] = {
        "to": 5,
        "asks": ["need", "path"],
        "need_words": "Stops",
        "path_steps": "The board",
    }

    post(ana, first, **said, path_who=str(petra.pk))
    post(ana, second, **said, path_person="Inés Ferrer")

    assert first.deal_contacts.get().role == "decides"
    assert second.deal_contacts.get().contact.name == "Inés Ferrer"


STEPS: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "check": ({"kind": StepKind.CHECK}, {"step_1_fit": "on"}, None),
    "text": ({"kind": StepKind.QUESTION, "answer": AnswerKind.TEXT}, {"step_1_fit": "Red"}, "Red"),
    "money": (
        {"kind": StepKind.QUESTION, "answer": AnswerKind.MONEY},
        {"step_1_fit": "1,200.50"},
        "1200.50",
    ),
    "date": (
        {"kind": StepKind.QUESTION, "answer": AnswerKind.DATE},
        {"step_1_fit": "2026-05-01"},
        "2026-05-01",
    ),
    "choice": (
        {"kind": StepKind.QUESTION, "answer": AnswerKind.CHOICE, "choices": ("Big", "Small")},
        {"step_1_fit": "Small"},
        "Small",
    ),
    "link": (
        {"kind": StepKind.EVIDENCE, "proof": Proof.LINK},
        {"step_1_fit_link": "https://norte.test/"},
        None,
    ),
    "activity": (
        {"kind": StepKind.ACTIVITY, "doing": WorkKind.EMAIL},
        {"step_1_fit": "2026-03-10"},
        None,
    ),
}


@pytest.mark.parametrize("kind", STEPS)
def test_it_fills_in_a_step_by_its_kind(cast, ana, kind):
    what, said, value = STEPS[kind]
    in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, **what, **GATE))
    deal = ready_deal(by=cast.ana)
    asked = post(ana, deal, "advance", to=2)
    assert asked.status_code == 422
    assert ">framework</span>" in words(asked)
    assert "An easier talk" in words(asked)

    response = post(ana, deal, to=2, asks="step_1_fit", **said)

    assert response.status_code == 200, words(response)
    result = StepResult.objects.get(deal=deal)
    assert (result.key, result.state, result.value) == ("fit", "done", value)


def test_it_calls_stages_and_teams_as_the_page_behind_it_does(cast, ana):
    said = row("fit", stage=Stage.LEAD_GENERATION, **GATE)
    layer = in_force(cast.north, said).layer
    named = StageNaming(stage=Stage.PROSPECTING, label="First call")
    content = LayerContent(steps=(said,), stages=(named,)).as_json()
    layer.current = layer.versions.create(number=2, content=content, published_at=ago(days=20))
    layer.save()
    deal = ready_deal(by=cast.ana)
    sheet = words(post(ana, deal, to=2))
    assert "1 thing missing before First call" in sheet
    assert '<span class="chip acc">' in sheet
    moved = post(ana, deal, to=2, asks="step_1_fit", step_1_fit="on")
    assert "Moved to First call." in str(moved.headers)


def test_it_takes_a_file_as_evidence(cast, ana):
    in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, kind=StepKind.EVIDENCE, **GATE))
    deal = ready_deal(by=cast.ana)
    assert "multipart/form-data" in words(post(ana, deal, to=2))
    file = SimpleUploadedFile("plan.txt", b"the plan", content_type="text/plain")

    post(ana, deal, to=2, asks="step_1_fit", step_1_fit_file=file)

    kept: Any = StepResult.objects.get(deal=deal).file
    assert (kept.name, bytes(kept.content), kept.size) == ("plan.txt", b"the plan", 8)


def test_it_says_that_a_file_is_too_large(cast, ana, monkeypatch):
    monkeypatch.setattr(uploads, "FORM_MAX_BYTES", 1000)
    in_force(cast.root, row("fit", stage=Stage.LEAD_GENERATION, kind=StepKind.EVIDENCE, **GATE))
    deal = ready_deal(by=cast.ana)
    file = SimpleUploadedFile("plan.txt", b"x" * 2000, content_type="text/plain")
    sent: dict[str, Any] = {
        "asks": "step_1_fit",
        "step_1_fit_link": "https://a.test/",
        "step_1_fit_file": file,
    }

    refused = post(ana, deal, to=2, **sent)

    assert refused.status_code == 422
    assert "add a link to it instead" in words(refused)
    assert not StepResult.objects.exists()


def test_it_wins_with_an_offer_in_two_clicks(cast, ana):
    deal = lead(cast, Stage.PROPOSAL, amount=700)
    asked = post(ana, deal, "win", value="700", reason="At once")
    assert asked.status_code == 422
    assert "What was offered?" in words(asked)

    post(ana, deal, "win", value="700", reason="At once", asks="offer", offer_kind="verbal")

    deal.refresh_from_db()
    made: Any = deal.offers.get()
    assert (deal.outcome, made.kind, made.value, made.outcome) == ("won", "verbal", 700, "accepted")


def test_it_settles_concerns_in_the_sheet_of_the_win(cast, ana):
    deal = lead(cast, Stage.CLOSING, amount=700)
    concern = Concern.objects.create(
        deal=deal, category="price", words="Too dear for us", after_price=True, raised_at=NOW
    )
    assert "Too dear for us" in words(ana.get(f"/deals/{deal.pk}/win/"))

    post(ana, deal, "win", value="700", asks="concerns", **{f"concern_{concern.pk}": "answered"})

    deal.refresh_from_db()
    concern.refresh_from_db()
    assert (deal.outcome, concern.disposition) == ("won", "answered")


def test_it_sells_at_once_by_one_form(cast, ana):
    deal = make_deal(by=cast.ana)
    sheet = words(ana.get(f"/deals/{deal.pk}/sell/", headers=HTMX))
    assert "Sold in one conversation" in sheet

    response = post(
        ana,
        deal,
        "sell",
        value="80",
        asks=["party", "talk", "verdict", "need", "path"],
        party_company="Norte SA",
        party_person="Petra",
        party_reach="petra@norte.test",
        talk_kind="call",
        verdict="qualified",
        need_words="Out of stock",
        path_person="Petra",
        path_steps="She decides",
    )

    assert response.status_code == 200, words(response)
    visits = deal.visits.order_by("sequence")
    assert [visit.stage for visit in visits] == [1, 2, 3, 4, 5, 6, 7]
    deal.refresh_from_db()
    assert (deal.outcome, deal.amount) == ("won", Decimal(80))
    assert faults_of(deal) == []


def test_it_asks_for_what_a_deal_needs_that_begins_further_on(cast, ana):
    said = {"name": "Line 3", "company_name": "Norte SA", "stage": "3"}
    assert "Write with whom it is" in words(ana.post("/deals/new/", said))
    said["person"] = "Petra Voss"
    response = ana.post("/deals/new/", said)
    assert response.status_code == 422
    assert "Which conversation was held?" in words(response)
    assert not Deal.objects.exists()

    response = ana.post("/deals/new/", said | {"asks": "talk", "talk_kind": "call"})

    assert response.status_code == 302
    assert Deal.objects.get().stage == Stage.QUALIFICATION


def test_the_composer_asks_in_the_sheet_and_logs_once_it_is_answered(cast, ana):
    deal = lead(cast, Stage.QUALIFICATION)
    before = deal.activities.count()
    said = {"kind": "call", "body": "They want it", "result": "moved_forward", "from_stage": "3"}

    response = post(ana, deal, "log", **said)

    assert response.status_code == 422
    assert response["HX-Retarget"] == "#sheet"
    assert 'name="body" value="They want it"' in words(response)
    assert deal.activities.count() == before

    response = ana.post(
        f"/deals/{deal.pk}/log/",
        said | {"asks": "verdict", "verdict": "qualified"},
        headers=HTMX | {"hx-target": "sheet"},
    )
    assert response["HX-Redirect"] == f"/deals/{deal.pk}/"
    deal.refresh_from_db()
    assert deal.stage == Stage.NEEDS_ANALYSIS
    assert Activity.objects.filter(deal=deal, body="They want it").count() == 1


def test_it_is_a_page_without_a_script(cast, ana):
    deal = lead(cast)

    response = ana.post(f"/deals/{deal.pk}/move/", {"to": 3})

    assert response.status_code == 422
    assert "<html" in words(response)
    ana.post(f"/deals/{deal.pk}/move/", {"to": 3, "asks": "talk", "talk_kind": "call"})
    assert Deal.objects.get(pk=deal.pk).stage == Stage.QUALIFICATION


def test_a_stop_takes_three_actions_whatever_is_missing(cast, ana):
    in_force(cast.root, row("fit", stage=Stage.PROSPECTING, **GATE))
    deal = lead(cast, at=ago(days=3))

    assert post(ana, deal, "stop", decision="customer:price").status_code == 200


def asked_for_path(client: Client, deal: Deal) -> str:
    response = post(client, deal, "advance", to=5, version=deal.version)
    assert response.status_code == 422
    return words(response)


def checked(page: str) -> list[str]:
    return re.findall(r'name="path_who" value="(\d+)" checked', page)


def test_it_takes_the_only_person_for_who_decides(cast, ana):
    deal = nameless(cast)
    petra = make_contact(by=cast.ana, name="Petra Voss", company=deal.company)
    assert checked(asked_for_path(ana, deal)) == [str(petra.pk)]

    said: Any = {"asks": ["need", "path"], "need_words": "Stops", "path_who": petra.pk}
    post(ana, deal, to=5, **said, path_steps="She signs")

    link = deal.deal_contacts.get()
    assert (link.contact, link.role) == (petra, "decides")
    deal.refresh_from_db()
    assert deal.stage == Stage.PROPOSAL


def test_it_leaves_the_choice_of_who_decides_among_several(cast, ana):
    deal = nameless(cast)
    for name in ("Petra Voss", "Otto Lang"):
        make_contact(by=cast.ana, name=name, company=deal.company)
    page = asked_for_path(ana, deal)
    assert checked(page) == []
    assert "Otto Lang" in page


def test_it_asks_the_people_of_the_deal_before_those_of_the_company(cast, ana):
    company = make_company(by=cast.ana)
    petra = make_contact(by=cast.ana, name="Petra Voss", company=company)
    make_contact(by=cast.ana, name="Otto Lang", company=company)
    deal = make_deal(by=cast.ana, company=company, contact=petra, stage=Stage.NEEDS_ANALYSIS)
    page = asked_for_path(ana, deal)
    assert checked(page) == [str(petra.pk)]
    assert "Otto Lang" not in page


def test_whom_it_chose_beforehand_says_nothing_where_one_goes_ahead(cast, ana):
    deal = nameless(cast)
    petra = make_contact(by=cast.ana, name="Petra Voss", company=deal.company)
    said: Any = {"asks": ["need", "path"], "path_who": petra.pk, "go_reason": "customer_insisted"}
    post(ana, deal, to=5, **said)
    deal.refresh_from_db()
    assert deal.stage == Stage.PROPOSAL
    assert not deal.deal_contacts.exists()


def test_it_says_which_half_of_a_path_is_missing(cast, ana):
    deal = nameless(cast)
    said: Any = {"asks": ["need", "path"], "need_words": "Stops"}
    half = words(post(ana, deal, to=5, **said, path_steps="Somebody signs"))
    assert 'id="ask-path_person_error"' in half
    half = words(post(ana, deal, to=5, **said, path_person="Dora"))
    assert 'id="ask-path_steps_error"' in half


def test_it_asks_with_the_day_of_today_whoever_asked_first(cast, ana):
    sheet = words(post(ana, lead(cast), "advance", to=3))
    assert f'name="talk_on" value="{NOW:%Y-%m-%d}"' in sheet


def test_a_win_that_passes_stages_over_points_to_a_sale_at_once(cast, ana):
    early, late = lead(cast, Stage.QUALIFICATION), lead(cast, Stage.CLOSING)
    pages = [
        words(ana.get(f"/deals/{early.pk}/win/", headers=HTMX)),
        words(post(ana, early, "win", value="80")),
        words(ana.get(f"/deals/{late.pk}/win/", headers=HTMX)),
        words(ana.get(f"/deals/{early.pk}/sell/", headers=HTMX)),
    ]
    assert [page.count('id="sell-instead"') for page in pages] == [1, 1, 0, 0]
    assert f'href="/deals/{early.pk}/sell/?version={early.version}"' in pages[0]


# --- what counts is asked for in the same gesture -------------------------------------------------


def test_a_call_without_a_result_is_asked_about_before_the_deal_moves(cast, ana):
    deal = lead(cast)
    assert "Logged as an attempt." in post(ana, deal, "log", kind="call")["HX-Trigger"]
    call = deal.activities.get()

    sheet = post(ana, deal, to=3)
    assert sheet.status_code == 422
    assert f'name="talk_logged" value="{call.pk}"' in words(sheet)

    assert post(ana, deal, to=3, asks="talk", talk_logged=call.pk).status_code == 200
    deal.refresh_from_db()
    assert deal.stage == Stage.QUALIFICATION
    assert deal.activities.get().result == "reached"


@pytest.mark.parametrize("whose", ["another deal’s", "a mate’s", "one with a result"])
def test_it_speaks_only_of_what_one_logged_without_a_result(cast, ana, whose):
    deal, other = lead(cast), lead(cast)
    row = Activity.objects.create(
        deal=other if whose == "another deal’s" else deal,
        kind="call",
        result="no_answer" if whose == "one with a result" else "",
        owner=cast.ben if whose == "a mate’s" else cast.ana,
        done_at=ago(hours=2),
        created_at=NOW,
    )
    before = all_rows()

    response = post(ana, deal, to=3, asks="talk", talk_logged=row.pk)

    assert response.status_code == 422
    assert all_rows() == before


def test_it_offers_the_people_of_the_company_to_talk_to(cast, ana):
    deal = make_deal(by=cast.ana, company=make_company(by=cast.ana))
    petra = make_contact(by=cast.ana, name="Petra Voss", company=deal.company)

    sheet = post(ana, deal, to=2)
    assert sheet.status_code == 422
    assert "Petra Voss" in words(sheet)

    assert post(ana, deal, to=2, asks="party", party_who=petra.pk).status_code == 200
    assert deal.contacts.get() == petra


def test_it_offers_nothing_as_evidence_for_a_deal_that_is_none_yet(cast, client):
    """What was done without a deal is of everybody, and no evidence for it."""
    in_force(
        cast.root,
        row(
            "proof", stage=Stage.LEAD_GENERATION, kind=StepKind.EVIDENCE, importance=Importance.GATE
        ),
    )
    activities.log(
        About(company=make_company(by=cast.carl)),
        kind=ActivityKind.CALL,
        body="Of Carl alone",
        by=cast.carl,
        at=NOW,
    )
    client.force_login(cast.ana)
    said = {"sold": "on", "person": "Petra", "value": "80", "asks": ["step_1_proof"]}
    page = client.post("/deals/new/", said)
    assert page.status_code == 422
    assert "step_1_proof_activity" in page.content.decode()
    assert "Of Carl alone" not in page.content.decode()
