"""Each kind of step, and of answer, is known where no type checker asks for it: in tables, in templates."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.template import engines

from crm.commands.writers.step_result import VALUE_CHECKS
from crm.forms.gate_part import STEP_PARTS
from crm.models.evidence import file_bounds
from crm.presenters.steps import INPUTS, entry_of, proofs_of
from pipeline.process.playbook import (
    FIELDS_OF_KIND,
    SETTABLE_FIELDS,
    AnswerKind,
    Importance,
    LayerSource,
    Level,
    PlaybookStep,
    StepKind,
    fields_of_others,
)
from pipeline.process.stages import Stage


def test_each_kind_is_in_the_tables_of_kinds() -> None:
    assert set(STEP_PARTS) == set(FIELDS_OF_KIND) == set(StepKind)
    assert set(INPUTS) == {*VALUE_CHECKS, AnswerKind.CONTACT} == set(AnswerKind)
    for kind in StepKind:
        assert fields_of_others(kind).isdisjoint(FIELDS_OF_KIND[kind])
        assert fields_of_others(kind) < set(SETTABLE_FIELDS)


def steps() -> Iterator[PlaybookStep]:
    """One of each kind that can be done, and a question for each kind of answer."""
    shape: dict[str, Any] = {
        "stage": Stage.QUALIFICATION,
        "key": "asked",
        "label": "Asked",
        "importance": Importance.EXPECTED,
        "origin": LayerSource(level=Level.TEAM, layer_id=1, name="North"),
        "choices": ("A", "B"),
    }
    for kind in (kind for kind in StepKind if kind not in (StepKind.QUESTION, StepKind.HINT)):
        yield PlaybookStep(kind=kind, **shape)
    for answer in AnswerKind:
        yield PlaybookStep(kind=StepKind.QUESTION, answer=answer, **shape)


@pytest.mark.parametrize("step", list(steps()), ids=lambda step: f"{step.kind}-{step.answer}")
def test_the_deal_page_has_an_input_for_each(step: PlaybookStep) -> None:
    entry = entry_of(step, plans=True)
    if entry == "check":  # a form of its own, with one button
        return
    line = {
        "name": "step_3_asked",
        "label": "Asked",
        "entry": entry,
        "choices": [("A", "A")],
        "proofs": proofs_of(step),
    }
    panel: dict[str, Any] = {"people": [("1", "Pia")], "talks": [("1", "Call")]}
    panel |= {"today": "2026-11-29", "file_bounds": file_bounds()}
    module = engines["jinja2"].env.get_template("crm/deal/steps.html").module  # type: ignore[attr-defined]
    assert 'name="step_3_asked' in module.entry(line, panel)
