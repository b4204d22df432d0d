"""Columns of a file of deals answer the steps of the team's process."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.commands import deal as deal_commands
from crm.commands import step as step_commands
from crm.commands.writers.step_result import StepResultInput
from crm.models import Deal, DealChange, ImportedRow, StepResult
from exchange import words
from exchange.commands import work
from exchange.forms.columns import ColumnsForm
from exchange.imports import mapping
from exchange.imports.answers import suggested_columns
from exchange.imports.faults import Unreadable
from exchange.models import ImportJob
from pipeline.models import Layer, User
from pipeline.process import commands as process
from pipeline.process.playbook import AnswerKind, Importance, Proof, StepKind
from pipeline.process.stages import Stage
from tests.conftest import Cast, Keep
from tests.exchange.test_import_activities import faults
from tests.exchange.uploads import (
    answer,
    brought_in,
    browser,
    checked,
    loaded,
    page,
    uploaded,
    worked,
)
from tests.factories import NOW, ago
from tests.kept_rows import KeptRows

pytestmark = pytest.mark.django_db

STEPS: Mapping[str, Mapping[str, Any]] = {
    "Fleet": {"kind": StepKind.QUESTION, "answer": AnswerKind.NUMBER},
    "Budget": {"kind": StepKind.QUESTION, "answer": AnswerKind.MONEY},
    "Needed by": {"kind": StepKind.QUESTION, "answer": AnswerKind.DATE},
    "Contract": {
        "kind": StepKind.QUESTION,
        "answer": AnswerKind.CHOICE,
        "choices": ["Frame contract", "Single order"],
    },
    "Why now": {"kind": StepKind.QUESTION, "answer": AnswerKind.TEXT},
    "NDA signed": {"kind": StepKind.CHECK},
    "Brief": {"kind": StepKind.EVIDENCE, "proof": Proof.LINK},
}


def make_steps(cast: Cast) -> dict[str, str]:
    """Steps of the team North, published; their names by label."""
    layer: Layer = process.layer_of(cast.north, by=cast.adele, at=ago(days=2))
    found = {}
    for label, about in STEPS.items():
        said: Any = {"label": label, "importance": Importance.EXPECTED, "gives_you": "Less work."}
        step = process.add_step(
            layer, stage=Stage.QUALIFICATION, said=said | about, by=cast.adele, at=ago(days=2)
        )
        found[label] = f"qualification/{step.key}"
    process.publish(layer, by=cast.adele, at=ago(days=2), note="")
    return found


@pytest.fixture(scope="module")
def kept_steps(keep: Keep) -> KeptRows:
    return keep(make_steps)


@pytest.fixture
def steps(cast: Cast, kept_steps: KeptRows) -> dict[str, str]:
    names: dict[str, str] = kept_steps.lay_out()
    return names


FILE = (
    "No,Title,Fleet,Budget,Needed by,Contract,Why now,NDA signed,Brief,Last Modified Date\n"
    "7,Pump,1200,€ 20k,2027-03-01,frame contract,Old ones leak,yes,norte.example/brief,2026-03-02\n"
    "8,Belt,,,,,,no,,2026-03-03\n"
)


def look(user: User, text: str, **named: str) -> ImportJob:
    """A file whose columns are named on the page; each answers the step that it is called like."""
    job = uploaded(user, text, kind="answers")
    form = ColumnsForm(job=job, said=suggested_columns(job))
    said = {name: form.initial[name] for name in form.fields if form.initial.get(name)}
    said |= {name: str(job.columns.index(column)) for name, column in named.items()}
    response = browser(user).post(f"/imports/{job.pk}/columns/", said | {"system": "old"})
    assert response.status_code == 302, response.content.decode()
    if worked(job).state == "asking":
        answer(user, job)
        worked(job)
    assert job.state == "checked", job.error
    return job


def brings_in(user: User, text: str, **named: str) -> ImportJob:
    return loaded(user, look(user, text, deal="No", **named))


def told(deal: str) -> dict[str, Any]:
    found = StepResult.objects.current().filter(deal__name=deal)
    return {each.label: each.value or each.link or "done" for each in found}


def undone(user: User, job: ImportJob) -> ImportJob:
    browser(user).post(f"/imports/{job.pk}/undo/")
    assert worked(job).state == "undone"
    return job


@pytest.fixture
def pump(cast: Cast, steps: dict[str, str]) -> Deal:
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, FILE), id="No", name="Title"))
    return Deal.objects.get(name="Pump")


PUMP = {
    "Fleet": "1200",
    "Budget": "20000",
    "Needed by": "2027-03-01",
    "Contract": "Frame contract",
    "Why now": "Old ones leak",
    "NDA signed": "done",
    "Brief": "https://norte.example/brief",
}


def test_columns_answer_steps_of_each_kind(cast: Cast, pump: Deal, steps: dict[str, str]):
    before = (pump.version, pump.stage)
    job = look(cast.ana, FILE, deal="No")
    assert not StepResult.objects.exists()
    assert faults(job) == [], job.answers
    (first,) = job.counts["first"]
    assert {"Fleet: 1200", "Budget: 20000", "NDA signed: ✓"} <= set(first["about"].split(" · "))
    loaded(cast.ana, job)
    assert (told("Pump"), told("Belt")) == (PUMP, {})
    assert (job.counts["new"], job.counts["matched"]) == (1, 1)
    fleet = StepResult.objects.get(label="Fleet")
    assert (fleet.by, fleet.at.date(), f"qualification/{fleet.key}") == (
        cast.ana,
        dt.date(2026, 3, 2),
        steps["Fleet"],
    )
    assert fleet.version_ids
    pump.refresh_from_db()
    # An answer moves nothing.
    assert (pump.version, pump.stage) == before
    assert DealChange.objects.filter(deal=pump, kind="step").count() == len(PUMP)
    assert browser(cast.ana).get(f"/deals/{pump.pk}/").status_code == 200
    again = brings_in(cast.ana, FILE)
    assert (again.counts["known"], StepResult.objects.count()) == (2, len(PUMP))
    undone(cast.ana, job)
    assert not StepResult.objects.exists()
    assert not ImportedRow.objects.filter(kind="answers").exists()


OTHERS = (
    "No,Fleet,Contract,NDA signed,Needed by\n"
    "7,many,Rahmen,perhaps,soon\n"
    "8,3,Single order,x,2027-01-31\n"
    "9,3,Single order,x,2027-01-31\n"
)


def test_what_cannot_be_read_stays_out_with_each_reason_and_a_remedy(cast: Cast, pump: Deal):
    job = look(cast.ana, OTHERS, deal="No")
    told_of = {(fault.line, fault.column) for fault in job.faults.all()}
    assert told_of == {
        *((2, column) for column in ("Fleet", "Contract", "NDA signed", "Needed by")),
        (4, "No"),
    }
    asked = {word.field: word for word in words.of_job(job)}
    assert {field: word.text for field, word in asked.items()} == {
        "Contract": "Rahmen",
        "NDA signed": "perhaps",
    }
    shown = page(cast.ana, job)
    assert "Single order" in shown
    assert 'value="Fleet"' in shown  # leave it empty in this row
    said = {
        asked["Contract"].name: "=Frame contract",
        asked["NDA signed"].name: "=no",
        "leave-empty": "Fleet",
    }
    assert answer(cast.ana, job, **said).status_code == 302
    # What another column says stays to be answered.
    left = worked(job).faults.filter(comes_in=False)
    assert [(fault.line, fault.column) for fault in left] == [(2, "Needed by"), (4, "No")]
    assert "Where “Fleet” cannot be read" in page(cast.ana, job)
    assert answer(cast.ana, job, **{"leave-empty": "Needed by"}).status_code == 302
    assert [fault.line for fault in worked(job).faults.filter(comes_in=False)] == [4]
    loaded(cast.ana, job)
    assert told("Pump") == {"Contract": "Frame contract"}
    assert told("Belt")["NDA signed"] == "done"


def test_a_later_file_changes_what_a_file_has_answered(
    cast: Cast, pump: Deal, steps: dict[str, str]
):
    first = brings_in(cast.ana, FILE)
    place = (Stage.QUALIFICATION, steps["Why now"].partition("/")[2])
    step_commands.answer(
        pump, place=place, given=StepResultInput(value="They grow"), by=cast.ana, at=NOW
    )
    text = (
        FILE.replace("1200", "1500").replace("Old ones leak", "A new hall").replace(",no,", ",yes,")
    )
    job = look(cast.ana, text, deal="No")
    assert (job.counts["changed"], told("Pump")["Fleet"]) == (2, "1200")
    changes = {change.field: change for change in job.changes.all()}
    fleet, why = changes[steps["Fleet"]], changes[steps["Why now"]]
    assert (fleet.was, fleet.now, fleet.applied) == ("1200", "1500", True)
    assert (why.was, why.now, why.is_ours, why.applied) == ("They grow", "A new hall", True, False)
    shown = page(cast.ana, job)
    assert "Fleet" in shown
    assert "Why now" in shown
    loaded(cast.ana, job)
    assert told("Pump") == PUMP | {"Fleet": "1500", "Why now": "They grow"}
    assert told("Belt") == {"NDA signed": "done"}
    assert page(cast.ana, job)
    undone(cast.ana, job)
    assert (told("Pump"), told("Belt")) == (PUMP | {"Why now": "They grow"}, {})
    # It is compared anew, and by somebody who says that the file goes before.
    again = look(cast.ana, text, deal="No")
    assert again.counts["changed"] == 2
    answer(cast.ana, again, **{f"update-{steps['Why now']}": "overwrite"})
    loaded(cast.ana, worked(again))
    assert told("Pump")["Why now"] == "A new hall"
    undone(cast.ana, again)
    undone(cast.ana, first)
    # What a person has answered is nobody's to take back.
    assert told("Pump") == {"Why now": "They grow"}
    assert [name for _kind, _pk, name, _why in first.kept] == ["Pump · Why now"]


def test_two_files_are_taken_back_in_any_order(cast: Cast, pump: Deal, steps: dict[str, str]):
    first = brings_in(cast.ana, "No,Fleet\n7,1200\n")
    second = brings_in(cast.ana, "No,Fleet\n7,1500\n")
    undone(cast.ana, first)
    assert told("Pump") == {"Fleet": "1500"}
    undone(cast.ana, second)
    assert told("Pump") == {}


def test_a_team_may_have_more_to_choose_from(cast: Cast, pump: Deal):
    """Whose process lets one choose it may say it, though that of all does not."""
    everybody = process.layer_of(cast.root, by=cast.adele, at=ago(days=1))
    said: Any = {"label": "Term", "gives_you": "Less work.", "gives_managers": "One list."}
    step = process.add_step(
        everybody, stage=Stage.QUALIFICATION, said=said | TERM, by=cast.adele, at=ago(days=1)
    )
    process.publish(everybody, by=cast.adele, at=ago(days=1), note="")
    north = process.layer_of(cast.north, by=cast.adele, at=ago(days=1))
    process.adapt_step(
        north,
        stage=Stage.QUALIFICATION,
        key=step.key,
        said={"choices": ["Year", "Month", "Week"]},
        reason="They sell by the week",
        by=cast.adele,
        at=ago(days=1),
    )
    process.publish(north, by=cast.adele, at=ago(days=1), note="")
    brings_in(cast.ana, "No,Term\n7,Week\n")
    assert told("Pump") == {"Term": "Week"}
    job = look(cast.ana, "No,Term\n7,Decade\n", deal="No")
    assert [why for _line, why in faults(job)] == [
        "“Decade” is none of the answers to choose from."
    ]


TERM = {"kind": StepKind.QUESTION, "answer": AnswerKind.CHOICE, "choices": ["Year", "Month"]}


def test_what_people_answered_or_took_back_stays(cast: Cast, pump: Deal, steps: dict[str, str]):
    place = (Stage.QUALIFICATION, steps["Fleet"].partition("/")[2])
    step_commands.answer(pump, place=place, given=StepResultInput(value="9"), by=cast.ana, at=NOW)
    job = brings_in(cast.ana, FILE)
    assert told("Pump") == PUMP | {"Fleet": "9"}
    budget = (Stage.QUALIFICATION, steps["Budget"].partition("/")[2])
    step_commands.undo(pump, place=budget, by=cast.ana, at=NOW)
    brings_in(cast.ana, FILE.replace("20k", "30k"))
    assert "Budget" not in told("Pump")
    assert job.changes.get().is_ours


def test_only_on_deals_within_reach_and_of_their_own_process(
    cast: Cast, pump: Deal, steps: dict[str, str]
):
    deal_commands.hand_over(pump, to=cast.carl, by=cast.adele, at=NOW)
    assert faults(look(cast.ana, FILE, deal="No"))[0][1] == "The deal “7” is out of your reach."
    # The team South has no such steps.
    job = look(cast.adele, FILE.replace("7,", "Pump,").replace("8,", "Belt,"), deal="No")
    assert {reason for line, reason in faults(job) if line == 2} == {
        "The process of the deal’s team has no step that this answers."
    }
    assert job.counts["new"] == 0
    assert not StepResult.objects.exists()


def test_the_command_brings_in_a_file_as_deals_and_as_answers_at_once(
    cast: Cast, steps: dict[str, str], tmp_path: Path
):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "deals.csv").write_text(
        FILE.replace("Title,", "Title,Owner,")
        .replace("Pump,", "Pump,Ana Ruiz,")
        .replace("Belt,", "Belt,Ana Ruiz,")
    )
    content: dict[str, Any] = {
        "system": "theirs",
        "deals": {
            "file": "deals.csv",
            "columns": {"id": "No", "name": "Title", "owner": "Owner"},
            "stages": {"": {"stage": "lead_generation"}},
        },
        "answers": {
            "file": "deals.csv",
            "columns": {
                "deal": "No",
                "answered_on": "Last Modified Date",
                "answers": list(STEPS),
            },
            "steps": steps,
        },
    }
    result = brought_in(mapping.of_content(content), [folder], at=timezone.now(), commit=True)
    assert (result.counts["answers"].new, result.counts["answers"].matched) == (1, 1)
    assert told("Pump") == PUMP
    assert StepResult.objects.filter(by=None).count() == len(PUMP)
    again = brought_in(mapping.of_content(content), [folder], at=timezone.now(), commit=True)
    assert not again.comes_in
    assert result.batch is not None
    work.take_back(result.batch, by=None, at=timezone.now())
    assert not Deal.objects.exists()
    for name in ("qualification/nothing", "lead_generation/fit"):
        content["answers"]["steps"] = steps | {"Fleet": name}
        with pytest.raises(Unreadable):
            mapping.of_content(content)
