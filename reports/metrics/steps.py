"""How much of what the process expects in a stage was done by the time it was left (METRICS K20)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import (
    BooleanField,
    CharField,
    Count,
    F,
    Func,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from crm.models import StepResult, StepState
from pipeline.process.playbook import Applies, Playbook, PlaybookStep
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage
from reports.axes import LEFT_HOW, STAGE, VERSION, versions_of
from reports.figures import Definition, Goal
from reports.flow_populations import undated_of
from reports.measures import FigureMeasure, SumShare
from reports.metric import metric
from reports.metrics import flow
from reports.populations import EXITS, column_at
from reports.question import Question


def expected_of_all(playbook: Playbook, stage: Stage) -> list[PlaybookStep]:
    """The steps of a stage that somebody records, and that are expected with every customer. What the
    records of a deal say by themselves is recorded by nobody, and a step for some customers alone was
    not asked for in all of the visits."""
    return [
        step
        for step in playbook.steps(stage)
        if step.counts and step.can_be_done and step.fact is None and step.applies == Applies.ALWAYS
    ]


def expected_steps(question: Question) -> Mapping[str, Mapping[str, list[str]]]:
    """The keys of these by playbook and stage, for all playbooks under which a visit ended in the period
    of this question, or of another one that was asked before it. No query where is known already how the
    visits of each playbook went on in each stage."""
    return question.once("expected steps", lambda: _expected_steps(question))


def _expected_steps(question: Question) -> Mapping[str, Mapping[str, list[str]]]:
    known: dict[str, dict[str, list[str]]] = question.once_for_all("expected steps", dict)
    ended = flow.flow_conversion.measure(question, VERSION, STAGE)
    new = {playbook for playbook, _stage in ended if playbook is not None} - set(known)
    for playbook, ids in sorted(versions_of(question, new).items()):
        known[playbook] = _keys(of_versions(ids))
    return known


def _keys(playbook: Playbook) -> dict[str, list[str]]:
    steps: Iterable[tuple[Stage, list[PlaybookStep]]] = (
        (stage, expected_of_all(playbook, stage)) for stage in Stage
    )
    return {str(stage.value): [step.key for step in some] for stage, some in steps}


class _Within(Func):
    """What a JSON object has under one name after another; null if nothing."""

    template = "(%(expressions)s)"
    arg_joiner = " -> "
    output_field: Any = JSONField()


class _Contains(Func):
    """Whether a JSON array has an element."""

    template = "(%(expressions)s)"
    arg_joiner = " @> "
    output_field = BooleanField()


class _Json(Func):
    function = "to_jsonb"
    output_field: Any = JSONField()


class _Length(Func):
    function = "jsonb_array_length"
    output_field = IntegerField()


def _with_steps(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Visits with how many steps were expected in each, and how many of these were done by its end: in
    that visit or in one before."""
    known = Value(expected_steps(question), JSONField())
    keys = _Within(Cast(known, JSONField()), F("playbook"), Cast("stage", CharField()))
    done = (
        StepResult.objects.filter(
            Q(replaced_at=None) | Q(replaced_at__gt=OuterRef("left_at")),
            _Contains(OuterRef("expected_keys"), _Json("key")),
            deal=OuterRef("deal"),
            stage=OuterRef("stage"),
            state=StepState.DONE,
            private_to=None,
            at__lte=OuterRef("left_at"),
        )
        .order_by()
        .values("deal")
        .annotate(n=Count("pk"))
        .values("n")
    )
    found: QuerySet[Any] = rows.annotate(expected_keys=keys).annotate(
        steps_expected=Coalesce(_Length("expected_keys"), 0),
        steps_done=Coalesce(Subquery(done, output_field=IntegerField()), 0),
    )
    return found


# Visits that ended in the period, each with its steps.
STEPS_BY_EXIT = replace(
    EXITS,
    key="steps_by_exit",
    find=lambda question: _with_steps(question, EXITS.find(question)),
    undated=undated_of(EXITS, _with_steps),
    axes={**EXITS.axes, LEFT_HOW.key: column_at("left_how")},
    columns=("deal", "company", "entry_owner", "left", "how", "steps"),
    order="-left",
    learns=lambda question: {"expected steps": expected_steps(question)},
)


@metric(
    Definition(
        key="K20",
        goal=Goal.FIT,
        name=_("Steps done by exit"),
        text=_(
            "Of the steps that the process expected in the visits that ended in the period, the share that "
            "was done when the stage was left, whichever way. What was set aside is not done. What the "
            "records say by themselves is not counted, nor a step for some customers alone."
        ),
        basis=_("by the day on which the visit ended; owner and team at entry"),
        formula=_("expected steps done by exit ÷ expected steps"),
        covers=_("visits whose day of leaving is known; imported history is not judged"),
    ),
    over=STEPS_BY_EXIT,
)
def steps_done_by_exit() -> FigureMeasure:
    """Expected steps done by exit among those expected (METRICS K20, step completion)."""
    return SumShare(part="steps_done", of="steps_expected", where=Q(steps_expected__gt=0))
