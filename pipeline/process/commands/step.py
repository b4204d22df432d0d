"""What can be done to the steps of a layer. Each row is a difference; equal ones are not kept."""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypedDict

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from pipeline.models import Choice, Collision, Layer, Step, Team, User, Version
from pipeline.people.access import subtrees
from pipeline.process.commands.layer import locked, touch
from pipeline.process.merging import clashes, merge
from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Fact,
    Importance,
    Level,
    Proof,
    Side,
    StepKind,
    WorkKind,
)
from pipeline.process.playbook import PlaybookStep as Inherited
from pipeline.process.queries import in_force
from pipeline.process.stages import Stage
from salesprocess.lib.clean_text import clean_text
from salesprocess.lib.refused import Refused

# The room between two steps that are added one after the other.
GAP = 10.0
KEYS_LOCK = 77_011


class Namesake(Refused):
    """A step that is added has the name of one that stands above or below it in the stage: it may
    be the same one, which is adapted and not added."""


class StepWording(TypedDict, total=False):
    """What a layer says of a step; what is not named stays as it is, None means: as inherited."""

    label: str | None
    kind: StepKind | None
    answer: AnswerKind | None
    choices: list[str] | None
    proof: Proof | None
    doing: WorkKind | None
    importance: Importance | None
    applies: Applies | None
    side: Side | None
    fact: Fact | None
    gives_you: str | None
    gives_managers: str | None
    help: str | None
    locked: bool | None


def add_step(
    layer: Layer,
    *,
    stage: Stage,
    said: StepWording,
    by: User,
    at: dt.datetime,
    reason: str = "",
    key: str = "",
    revision: int | None = None,
    ask: bool = False,
) -> Step:
    """Add a step at the end of a stage. `said` has at least a label; a check that is expected is
    what it is otherwise (of one's own: a hint of nothing but oneself, never a gate, never counted).

    `key` is made of the label where none is given, and never one that was used before, on whatever
    layer (G14: the step belongs to this stage for ever). With `ask` a name that another step of the
    stage has, on a layer above or of a team below, is asked about before it is given twice.

    Raises Namesake where it asks; Refused for a step without a name, a gate that gives nothing to those who are asked
    (CHECKLIST B10), a choice of fewer than two, and by `Clash`; ValidationError for a text that is
    too long.
    """
    with _keys_locked(), locked(layer, by=by, revision=revision) as row:
        label = (said.get("label") or "").strip()
        if ask and (other := _namesake(row, stage, label)):
            raise Namesake(
                _(
                    "%(who)s has a step “%(label)s” in this stage already. If yours is the same,"
                    " adapt that one; if not, add it once more."
                )
                % {"who": other, "label": label},
                field="label",
            )
        step = Step(
            layer=row,
            stage=stage,
            key=_free_key(stage, key or label),
            adds=True,
            reason=reason.strip(),
            author=by,
            made_at=at,
        )
        step.position = (
            max((s.position for s in in_force.working_playbook(row).stages[stage]), default=0.0)
            + GAP
        )
        step.kind, step.importance = StepKind.CHECK, Importance.EXPECTED
        _say(step, dict(said))
        _keep(step, above=None, row=row)
        touch(row, by=by, at=at)
    return step


def adapt_step(
    layer: Layer,
    *,
    stage: Stage,
    key: str,
    said: StepWording,
    by: User,
    at: dt.datetime,
    reason: str = "",
    revision: int | None = None,
) -> Step | None:
    """Reword, replace, tighten, soften or lock a step: one that begins on this layer, or the
    difference from what is inherited. What is said as it is inherited is no difference; the row
    that is left, or None when nothing differs any more.

    `reason` is why the inherited step is changed; empty keeps the one that is there. On one's own
    layer it may be left out.

    Raises Refused for a step that is not there, an inherited one that is changed without a reason
    (CHECKLIST E21), by `Clash` (a gate is never weakened, a locked step only tightened), and as
    `add_step`.
    """
    with locked(layer, by=by, revision=revision) as row:
        return _adapt(row, stage=stage, key=key, said=dict(said), reason=reason, by=by, at=at)


def hide_step(
    layer: Layer,
    *,
    stage: Stage,
    key: str,
    by: User,
    at: dt.datetime,
    reason: str = "",
    revision: int | None = None,
) -> Step | None:
    """Put a step out of sight here and below; on one's own layer hints only. Raises as `adapt_step`."""
    with locked(layer, by=by, revision=revision) as row:
        hidden = {"hidden": True}
        return _adapt(row, stage=stage, key=key, said=hidden, reason=reason, by=by, at=at)


def show_step(
    layer: Layer,
    *,
    stage: Stage,
    key: str,
    by: User,
    at: dt.datetime,
    reason: str = "",
    revision: int | None = None,
) -> Step | None:
    """Bring a step back that is hidden here or above. Raises as `adapt_step`."""
    with locked(layer, by=by, revision=revision) as row:
        shown = {"hidden": False}
        return _adapt(row, stage=stage, key=key, said=shown, reason=reason, by=by, at=at)


def move_step(
    layer: Layer,
    *,
    stage: Stage,
    key: str,
    after: str | None,
    by: User,
    at: dt.datetime,
    reason: str = "",
    revision: int | None = None,
) -> None:
    """Put a step right after the step `after` of the same stage, or first where that is None.

    It never leaves its stage (G14): there is no argument for it. Hidden steps have their place,
    too. Raises Refused for an `after` that is not in the stage, and as `adapt_step`.
    """
    with locked(layer, by=by, revision=revision) as row:
        steps = list(in_force.working_playbook(row).stages[stage])
        moved = next((step for step in steps if step.key == key), None)
        if moved is None:
            raise Refused(_("There is no such step here any more."))
        others = [step for step in steps if step is not moved]
        at_index = 0
        if after is not None:
            found = [n for n, step in enumerate(others, start=1) if step.key == after]
            if not found:
                raise Refused(_("That step is not in this stage."), field="after")
            at_index = found[0]
        if steps.index(moved) == at_index:
            return
        for step, position in _places(moved, others[:at_index], others[at_index:]):
            said = {"position": position}
            _adapt(row, stage=stage, key=step.key, said=said, reason=reason, by=by, at=at)


def remove_step(
    layer: Layer,
    *,
    stage: Stage,
    key: str,
    by: User,
    at: dt.datetime,
    revision: int | None = None,
) -> None:
    """Take a step out that begins on this layer, or take back what the layer says of an inherited
    one. What was recorded against it stays. Raises Refused if the layer says nothing of it.
    """
    with locked(layer, by=by, revision=revision) as row:
        gone, _kinds = Step.objects.filter(layer=row, stage=stage, key=key).delete()
        if not gone:
            raise Refused(_("Nothing differs here any more."))
        settle_collision(row, stage=stage, key=key, by=by, at=at)
        touch(row, by=by, at=at)


def settle_collision(row: Layer, *, stage: Stage, key: str, by: User, at: dt.datetime) -> None:
    """Decide the open collisions of a step whose difference was removed: what is above was taken."""
    Collision.objects.filter(layer=row, stage=stage, key=key, choice="").update(
        choice=Choice.TAKE, decided_at=at, decided_by=by
    )


def _adapt(
    row: Layer,
    *,
    stage: Stage,
    key: str,
    said: dict[str, Any],
    reason: str,
    by: User,
    at: dt.datetime,
) -> Step | None:
    above = merge(in_force.inherited_layers(row)).find(stage, key)
    step = Step.objects.filter(layer=row, stage=stage, key=key).first()
    if step is None:
        if above is None:
            raise Refused(_("There is no such step here any more."))
        step = Step(layer=row, stage=stage, key=key, made_at=at)
    said = _changes(step, said, now=in_force.working_playbook(row).find(stage, key))
    if not said and reason.strip() in ("", step.reason):
        return step if step.pk else None
    if not step.adds:
        # A step keeps the name of who brought it in, however often it is reworded.
        step.author, step.made_at = by, at
    _say(step, said)
    if not step.adds and above is not None:
        _leave_out_what_is_inherited(step, above)
        if not in_force.step_row(step).said():
            _take_back(step, row=row, by=by, at=at)
            return None
    _give_reason(step, reason, row=row)
    _keep(step, above=above, row=row)
    touch(row, by=by, at=at)
    return step


def _give_reason(step: Step, reason: str, *, row: Layer) -> None:
    step.reason = reason.strip() or step.reason
    if not step.adds and not step.reason:
        if row.user_id is None:
            raise Refused(
                _("Say why it is done differently here: those below will read it."), field="reason"
            )
        step.reason = _("I like it better this way.")


def _take_back(step: Step, *, row: Layer, by: User, at: dt.datetime) -> None:
    """Remove the difference, if nothing of it is left."""
    if step.pk:
        step.delete()
        settle_collision(row, stage=Stage(step.stage), key=step.key, by=by, at=at)
        touch(row, by=by, at=at)


def _changes(step: Step, said: dict[str, Any], *, now: Inherited | None) -> dict[str, Any]:
    """The part of `said` that differs from the layer's row and from what is in force: a form sends
    all fields that it shows, also untouched ones."""
    return {
        name: value
        for name, value in said.items()
        if value != getattr(step, name)
        and (now is None or _as_shown(value) != _as_shown(getattr(now, name)))
    }


def _as_shown(value: Any) -> Any:
    """A value as a form gives it back: empty and None are the same, line ends are normalised."""
    if isinstance(value, str):
        value = clean_text(value)
    elif isinstance(value, list):
        value = tuple(value)
    return value or None


def _say(step: Step, said: dict[str, Any]) -> None:
    for name, value in said.items():
        setattr(step, name, value.strip() if isinstance(value, str) else value)
    if step.adds:
        # A step that begins here inherits nothing: what is not said is what is usual.
        step.kind = step.kind or StepKind.CHECK
        step.importance = step.importance or Importance.EXPECTED
        step.hidden, step.locked = step.hidden or None, step.locked or None


def _leave_out_what_is_inherited(step: Step, above: Inherited) -> None:
    for name, value in in_force.step_row(step).said().items():
        if value == getattr(above, name):
            setattr(step, name, None)


def _keep(step: Step, *, above: Inherited | None, row: Layer) -> None:
    """Check a difference against the layers above, and save it."""
    if step.adds and step.kind == StepKind.HINT:
        step.importance = Importance.HINT
    _check(step, above)
    level = in_force.source_of_draft(row).level
    found = clashes(in_force.step_row(step), above=above, level=level)
    if found:
        raise Refused(str(found[0].label))
    step.full_clean()
    step.save()


def _check(step: Step, above: Inherited | None) -> None:
    """Raise Refused for a step that is invalid by itself, whatever other layers say."""

    def effective(name: str) -> Any:
        own = getattr(step, name)
        return getattr(above, name, None) if own is None else own

    if not effective("label"):
        raise Refused(_("Give the step a name."), field="label")
    choices = effective("choices") or ()
    is_choice = effective("kind") == StepKind.QUESTION and effective("answer") == AnswerKind.CHOICE
    if is_choice and len(set(choices)) < 2:
        raise Refused(_("A choice needs at least two answers."), field="choices")
    asks = step.importance == Importance.GATE
    if asks and not effective("gives_you"):
        raise Refused(
            _("Say what it gives the salesperson: nobody is asked for something for nothing."),
            field="gives_you",
        )


def _places(
    moved: Inherited, before: list[Inherited], after: list[Inherited]
) -> Iterable[tuple[Inherited, float]]:
    """New positions that put the moved step after the chosen one; following steps move if there is
    no gap."""
    low = before[-1].position if before else None
    high = after[0].position if after else None
    if low is None:
        yield moved, (GAP if high is None else high - GAP)
    elif high is None:
        yield moved, low + GAP
    elif (middle := (low + high) / 2) not in (low, high):
        yield moved, middle
    else:
        last = low + GAP
        yield moved, last
        for step in after:
            if step.position > last:
                return
            last += GAP
            yield step, last


@contextmanager
def _keys_locked() -> Iterator[None]:
    """Lock all step keys, before any row is locked. Two people who add a step of the same name to
    different layers lock different rows; without this both would get the same key, and one step
    would be taken for a difference from the other."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [KEYS_LOCK])
        yield


def _namesake(row: Layer, stage: Stage, label: str) -> str:
    """Who has a step of that name above the layer or in a team below it, as text; empty if nobody
    has. Personal steps are not looked at."""
    name = label.casefold()
    inherited = merge(in_force.inherited_layers(row))
    for step in inherited.stages[stage]:
        if step.label.casefold() == name:
            level = step.origin.level
            return str(level.label) if level == Level.FRAMEWORK else step.origin.name
    if row.team is None:
        return ""
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    below = Layer.objects.filter(team__in=subtrees(parents)[row.team.pk])
    for layer in below.select_related("team", "current").order_by("pk"):
        said = (in_force.draft_content(layer), in_force.published_content(layer))
        rows = (each for content in said for each in content.steps)
        if any(each.stage == stage and (each.label or "").casefold() == name for each in rows):
            return str(layer.team)
    return ""


def _free_key(stage: Stage, text: str) -> str:
    """A key that no layer and no version has used in the stage, so that results of another step can
    never count for this one."""
    slug = slugify(text)[:50].strip("-") or "step"
    number, key = 1, slug
    while (
        Step.objects.filter(stage=stage, key=key).exists()
        or Version.objects.filter(
            content__steps__contains=[{"stage": stage.value, "key": key}]
        ).exists()
    ):
        number += 1
        key = f"{slug}-{number}"
    return key
