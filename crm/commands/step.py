"""What can be done to a step of a deal: answer it, take that back, or set it aside with a reason.

A step is looked up in the process that the person works by in that stage of the deal, one's own
layer included; what is recorded names the published versions in force (ARCHITECTURE 4). A closed
deal takes answers, too: what decided it is often known afterwards.

All raise Deal.DoesNotExist out of the reach of `by`, and Stale if `seen` is not the id of what
stands against the step now: 0 for nothing, None for whatever is there.
"""

import datetime as dt

from django.utils.translation import gettext as _

from crm.commands import gate
from crm.commands.gate import GoAhead
from crm.commands.locked_deal import NEXT_FIELDS, add_change, locked, save
from crm.commands.refusals import refused_at
from crm.commands.writers import conversation, step_result
from crm.commands.writers.conversation import AgreementInput
from crm.commands.writers.step_result import StepResultInput
from crm.events import StepSetAside, StepUndone
from crm.models import Deal, StepResult
from crm.models.step_result import StepResultQuerySet
from crm.queries.facts import AGREEMENT_STEP
from crm.queries.steps import book_of
from pipeline.models import User
from pipeline.process.playbook import Importance, Playbook, PlaybookStep
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused, Stale

Place = tuple[Stage, str]


def answer(
    deal: Deal,
    *,
    place: Place,
    given: StepResultInput,
    by: User,
    at: dt.datetime,
    version: int | None = None,
    seen: int | None = None,
    agreed_on: dt.date | None = None,
) -> StepResult:
    """Record that the step at `place` was done, with what its kind asks for; an answer that was
    there stays on record as replaced. Of a step of one's own it is private. What they agreed to may
    be for a day, `agreed_on`: of an open deal it is planned as a meeting, as at the gate.

    Raises Refused for a step that is gone, a hint, one that the records themselves complete, and
    for what is not of the step's type (the field is `step_<stage>_<key>`, with `_link` or `_file`),
    or an agreed day that is past (with `_on`).
    """
    with locked(deal, by=by, version=version) as row:
        step, version_ids = _step(row, place, by=by)
        _check_seen(row, step, seen, by=by)
        before = row.touched_at
        if place == (Stage.PROSPECTING, AGREEMENT_STEP):
            said = AgreementInput(to=str(given.value or ""), on=agreed_on)
            _agreed(row, said, version_ids, by=by, at=at)
        elif step.fact is not None:
            raise Refused(_("The records say this by themselves: fill in what is missing there."))
        else:
            step_result.answer(row, step, given, version_ids=version_ids, by=by, at=at)
        # What is private leaves no trace on the deal, but that we spoke to them.
        if not step.is_mine or row.touched_at != before:
            save(row, "touched_at", "parked_until", *NEXT_FIELDS, by=by, at=at)
        return _current(row, step, by=by).get()


def undo(
    deal: Deal,
    *,
    place: Place,
    by: User,
    at: dt.datetime,
    version: int | None = None,
    seen: int | None = None,
) -> None:
    """Take back what stands against a step, also one that is gone; it stays on record.

    Raises Refused where nothing stands against it.
    """
    with locked(deal, by=by, version=version) as row:
        found = list(_of_place(row, place, by=by))
        # What is private comes first: the same name above is another step.
        result = next((one for one in found if one.private_to_id), found[0] if found else None)
        if seen and seen != (result.pk if result else None):
            raise Stale(row, version=row.version, by=row.changed_by)
        if result is None:
            raise Refused(_("Nothing is recorded here any more."))
        result.replaced_at, result.replaced_by = at, by
        result.save(update_fields=["replaced_at", "replaced_by"])
        if result.private_to_id is None:
            add_change(row, StepUndone(step=result.label), by=by, at=at)
            save(row, by=by, at=at)


def set_aside(
    deal: Deal,
    *,
    place: Place,
    said: GoAhead,
    by: User,
    at: dt.datetime,
    version: int | None = None,
    seen: int | None = None,
) -> None:
    """Go on without a step that is expected or asked for by a gate, and say why (G15).

    "The process is wrong" goes to its owner, with the deal.

    Raises Refused for a hint, a step of one's own, a reason that is none, or no words where the
    process is wrong.
    """
    with locked(deal, by=by, version=version) as row:
        step, version_ids = _step(row, place, by=by)
        _check_seen(row, step, seen, by=by)
        if step.is_mine or step.importance == Importance.HINT:
            raise Refused(_("Nobody asks for this step: leave it, or hide it."))
        gate.require_reason(said)
        gate.tell_owner(row, said, stage=step.stage, step=step, by=by, at=at)
        words = said.words.strip()
        result = step_result.override(
            row, step, reason=said.reason, words=words, version_ids=version_ids, by=by, at=at
        )
        event = StepSetAside(why=said.reason, step=result.label)
        add_change(row, event, by=by, at=at, reason=words)
        save(row, by=by, at=at)


def _agreed(
    row: Deal, said: AgreementInput, version_ids: tuple[int, ...], *, by: User, at: dt.datetime
) -> None:
    playbook: Playbook = of_versions(version_ids)
    with refused_at(f"step_{Stage.PROSPECTING.value}_{AGREEMENT_STEP}_{{}}"):
        conversation.write_agreement(row, said, playbook, by=by, at=at)


def _step(row: Deal, place: Place, *, by: User) -> tuple[PlaybookStep, tuple[int, ...]]:
    stage, key = place
    book, version_ids = book_of(row, stage, by)
    step = book.find(stage, key)
    if step is None or step.hidden:
        raise Refused(_("This step is no longer part of the process: look at it again."))
    if not step.can_be_done:
        raise Refused(_("There is nothing to do about a hint."))
    return step, version_ids


def _check_seen(row: Deal, step: PlaybookStep, seen: int | None, *, by: User) -> None:
    if seen is None:
        return
    now = _current(row, step, by=by).values_list("pk", flat=True).first()
    if (now or 0) != seen:
        raise Stale(row, version=row.version, by=row.changed_by)


def _current(row: Deal, step: PlaybookStep, *, by: User) -> StepResultQuerySet:
    found = _of_place(row, step.place, by=by)
    return found.filter(private_to=by if step.is_mine else None)


def _of_place(row: Deal, place: Place, *, by: User) -> StepResultQuerySet:
    stage, key = place
    results = StepResult.objects.visible_to(by).current()
    return results.filter(deal=row, stage=stage, key=key)
