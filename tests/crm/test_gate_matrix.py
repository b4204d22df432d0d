"""Every kind of step that a gate may ask for, by every verb that may meet it, filled in wrongly in
every manner: the form comes back with what was typed and says at the step what is wrong, and nothing
was done.

Kinds come from the enumerations of the playbook, verbs from the forms in which gates ask, so that a
new one of either comes under this by itself, or fails until it is listed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.commands import activity as activities
from crm.commands.writers.activity import About, Next
from crm.forms.deal import MoveForm, WinForm
from crm.forms.gate import GateForm
from crm.forms.lead import AcceptLeadForm
from crm.forms.new_deal import NewDealForm
from crm.forms.step import StepForm
from crm.models import ActivityKind, Deal, EvidenceFile, StepResult
from pipeline.process.playbook import AnswerKind, Importance, Proof, StepKind, WorkKind
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.truth import all_rows
from tests.factories import NOW, ready_deal
from tests.pipeline.process import in_force, row

HTMX = {"hx-request": "true", "hx-current-url": "http://testserver/board/"}
HERE = Stage.LEAD_GENERATION


# What a step may be -------------------------------------------------------------------------------


def shapes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each kind of step with each of what it may take; there is nothing to do about a hint."""
    for kind in StepKind:
        if kind == StepKind.QUESTION:
            for answer in AnswerKind:
                yield f"{kind}-{answer}", {"kind": kind, "answer": answer, "choices": ("A", "B")}
        elif kind == StepKind.EVIDENCE:
            yield from ((f"{kind}-{proof}", {"kind": kind, "proof": proof}) for proof in Proof)
        elif kind == StepKind.ACTIVITY:
            yield from ((f"{kind}-{doing}", {"kind": kind, "doing": doing}) for doing in WorkKind)
        elif kind != StepKind.HINT:
            yield str(kind), {"kind": kind}


SHAPES = dict(shapes())
PARTS = ("", "_link", "_file", "_activity", "_note", "_else")


def name_of(shape: str) -> str:
    return f"step_{HERE.value}_{shape}"


def everywhere(value: Any) -> dict[str, Any]:
    """The same in every input that a step may have, and in one that it never has."""
    made = value if callable(value) else lambda: value
    return {f"{name_of(shape)}{part}": made() for shape in SHAPES for part in PARTS}


# In what manner it is filled in, and which steps take that.
TICK, TEXT = "check", "question-text"
WRONG: dict[str, tuple[Callable[[], dict[str, Any]], set[str]]] = {
    "nothing": (dict, set()),
    "spaces": (lambda: everywhere("  "), set()),
    "too long": (lambda: everywhere("https://x.test/" + "y" * 3_000), {TICK}),
    "of another type": (lambda: everywhere("NaN <b>\u202e"), {TICK, TEXT}),
    "of another record": (
        lambda: everywhere("99999999999"),
        {TICK, TEXT, "question-number", "question-money"},
    ),
    "a day to come": (lambda: everywhere("2026-12-31"), {TICK, TEXT, "question-date"}),
    "an empty file": (lambda: everywhere(lambda: SimpleUploadedFile("x.pdf", b"")), set()),
}


def right(deal: Deal | None) -> dict[str, Any]:
    """What every step takes; of a deal that is none yet, nobody can be named and nothing was done."""
    given: dict[str, Any] = {
        "check": "on",
        "question-text": "Red",
        "question-number": "3",
        "question-money": "1,200.50",
        "question-date": "2026-12-31",
        "question-choice": "B",
        "evidence-any_link": "https://norte.test/",
        "evidence-link_link": "https://norte.test/",
        "evidence-file_file": SimpleUploadedFile("plan.txt", b"the plan"),
        **{f"activity-{doing}": "2026-03-10" for doing in WorkKind},
    }
    if deal is None:
        return {name_of(key): value for key, value in given.items()} | {"go_reason": "done_before"}
    given["question-contact"] = deal.contacts.order_by("pk")[0].pk
    given["evidence-activity_activity"] = deal.activities.done().order_by("pk")[0].pk
    return {name_of(key): value for key, value in given.items()}


# Which verbs meet a gate --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MatrixVerb:
    """`path` and `said` send it; `does` is the step that it completes by itself."""

    form: type[GateForm]
    path: str
    said: dict[str, Any] = field(default_factory=dict)
    does: str = ""


VERBS = {
    "move": MatrixVerb(form=MoveForm, path="/deals/{deal}/move/", said={"to": 2}),
    "advance": MatrixVerb(form=MoveForm, path="/deals/{deal}/advance/", said={"to": 2}),
    "jump": MatrixVerb(
        form=MoveForm, path="/deals/{deal}/move/", said={"to": 5, "reason": "At once"}
    ),
    "win": MatrixVerb(
        form=WinForm, path="/deals/{deal}/win/", said={"value": "80", "reason": "Now"}
    ),
    "accept a lead": MatrixVerb(
        form=AcceptLeadForm,
        path="/leads/{deal}/accept/",
        said={"kind": "call", "first_on": "2026-03-12"},
    ),
    "sell": MatrixVerb(form=WinForm, path="/deals/{deal}/sell/", said={"value": "80"}),
    "sell a new one": MatrixVerb(
        form=NewDealForm,
        path="/deals/new/",
        said={
            "sold": "on",
            "person": "Petra Voss",
            "value": "80",
            "talk_kind": "call",
            "verdict": "qualified",
            "need_words": "The reference_list is empty",
            "path_steps": "She orders",
        },
        does="activity-call",
    ),
    "log": MatrixVerb(
        form=GateForm,
        path="/deals/{deal}/log/",
        said={"kind": "call", "result": "moved_forward", "from_stage": 1},
        does="activity-call",
    ),
    "complete": MatrixVerb(
        form=GateForm,
        path="/activities/{activity}/complete/",
        said={"result": "moved_forward", "from_stage": 1},
        does="activity-task",
    ),
}
OF_SALE = ["talk", "verdict", "need", "path"]


def forms_of(kind: type[GateForm]) -> Iterator[type[GateForm]]:
    yield kind
    for below in kind.__subclasses__():
        yield from forms_of(below)


def test_every_form_of_a_gate_is_tried():
    assert set(forms_of(GateForm)) == {verb.form for verb in VERBS.values()} | {StepForm}


def process_of(cast: Cast) -> None:
    """Every kind of step as a gate of the first stage."""
    gates = (
        row(shape, stage=HERE, importance=Importance.GATE, **said) for shape, said in SHAPES.items()
    )
    in_force(cast.root, *gates)


@dataclass(frozen=True, kw_only=True)
class Tried:
    client: Client
    verb: MatrixVerb
    deal: Deal
    path: str

    @property
    def shapes(self) -> set[str]:
        return set(SHAPES) - {self.verb.does}

    def send(self, said: dict[str, Any], *, htmx: bool) -> Any:
        asks = [name_of(shape) for shape in self.shapes]
        asks += OF_SALE if self.verb.form is NewDealForm else []
        headers = HTMX if htmx else {}
        return self.client.post(
            self.path, {**self.verb.said, **said, "asks": asks}, headers=headers
        )


@pytest.fixture(params=VERBS)
def tried(request: pytest.FixtureRequest, client: Client, cast: Cast) -> Tried:
    verb = VERBS[request.param]
    process_of(cast)
    deal = ready_deal(by=cast.ana)
    names = {"deal": deal.pk}
    if "{activity}" in verb.path:
        task = Next(kind=ActivityKind.TASK, due_at=NOW)
        names["activity"] = activities.plan(About(deal=deal), next=task, by=cast.ana, at=NOW).pk
    client.force_login(cast.ana)
    path = verb.path.format(**names)
    return Tried(client=client, verb=verb, deal=deal, path=path)


def everything() -> Any:
    return all_rows(), StepResult.objects.count(), EvidenceFile.objects.count()


def sections(page: str) -> dict[str, str]:
    """What the page shows of each step that it asks for."""
    found = re.findall(r'<section class="ask\b.*?</section>', page, re.DOTALL)
    by_name = {re.search(r'name="asks" value="([^"]*)"', one)[1]: one for one in found}  # type: ignore[index]
    return {shape: by_name[name_of(shape)] for shape in SHAPES if name_of(shape) in by_name}


def test_what_a_gate_asks_for_is_never_an_error_of_ours(tried: Tried):
    before = everything()
    for manner, (made, takes) in WRONG.items():
        for htmx in (True, False):
            response = tried.send(made(), htmx=htmx)

            page = unescape(response.content.decode())
            assert response.status_code == 422, (manner, htmx)
            assert ("<html" in page) == (not htmx)
            shown = sections(page)
            assert shown.keys() == tried.shapes, (manner, htmx)
            silent = {shape for shape, part in shown.items() if 'class="errors"' not in part}
            assert silent == takes & tried.shapes, (manner, htmx)
            typed = made().get(name_of(TEXT))
            if isinstance(typed, str) and typed.isprintable() and typed.strip():
                assert f'value="{typed}"' in shown[TEXT]
    assert everything() == before

    done = tried.send(right(None if "/new/" in tried.path else tried.deal), htmx=False)
    wrong = re.findall(r'<ul class="errors".*?</ul>', done.content.decode(), re.DOTALL)
    assert done.status_code == 302, wrong
    new = Deal.objects.order_by("pk").last()
    assert new is not None
    assert new.stage > HERE


@pytest.mark.parametrize("shape", SHAPES)
def test_what_answers_a_step_is_never_an_error_of_ours(client: Client, cast: Cast, shape: str):
    in_force(cast.root, row(shape, stage=HERE, importance=Importance.GATE, **SHAPES[shape]))
    deal = ready_deal(by=cast.ana)
    client.force_login(cast.ana)
    before = everything()
    for manner, (made, takes) in WRONG.items():
        if shape in takes | {TICK}:  # to send it is to tick it
            continue
        said = {f"{name_of(shape)}{part}" for part in PARTS} & (sent := made()).keys()
        response = client.post(
            f"/deals/{deal.pk}/steps/1/{shape}/", {name: sent[name] for name in said}, headers=HTMX
        )
        assert response.status_code == 422, manner
        assert 'class="errors"' in response.content.decode(), manner
    assert everything() == before
