"""What is recorded against a step of a deal: done, or gone past with a reason."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, assert_never
from urllib.parse import urlsplit

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.refusals import refused_at
from crm.commands.writers import activity as activities
from crm.commands.writers.activity import About
from crm.models import (
    Activity,
    ActivityKind,
    Contact,
    Deal,
    EvidenceFile,
    StepResult,
    StepState,
)
from crm.models.activity import is_attempt
from crm.models.evidence import LARGEST, STORED, too_large
from crm.queries.steps import open_activity_steps
from pipeline.models import User
from pipeline.process.playbook import AnswerKind, Level, PlaybookStep, Proof, StepKind, WorkKind
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage
from salesprocess.lib.file_kinds import KNOWN, is_as_named
from salesprocess.lib.refused import Refused

# Characters of an answer in words.
LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came in."""

    name: str
    content: bytes
    content_type: str = ""


@dataclass(frozen=True, kw_only=True)
class StepResultInput:
    """What is recorded against a step, by its kind.

    A question takes `value` (as `StepResult` keeps it: text; a number or money as digits; a day as
    ISO; a choice as text) or `contact`; evidence takes `link`, `file` or `activity`; an activity
    takes `activity`, or `done_at` and `note` for one that is logged with it; a check takes nothing.
    """

    value: Any = None
    contact: Contact | None = None
    link: str = ""
    file: Upload | None = None
    activity: Activity | None = None
    done_at: dt.datetime | None = None
    note: str = ""


def answer(
    row: Deal,
    step: PlaybookStep,
    given: StepResultInput,
    *,
    version_ids: tuple[int, ...],
    by: User,
    at: dt.datetime,
) -> StepResult:
    """Record a step as done, in place of what was recorded against it before (G15). What is logged
    with it touches the deal; the caller saves that.

    Raises Refused where its kind asks for something that `given` lacks, or for something else.
    """
    field = f"step_{step.stage.value}_{step.key}"
    activity, file = given.activity, None
    _check_answer(row, step, given, field=field, by=by)
    if step.kind == StepKind.ACTIVITY and activity is None:
        if given.done_at is None:
            raise Refused(_("Say when “%(step)s” was done.") % {"step": step.label}, field=field)
        kind = ActivityKind(step.doing)
        with refused_at(field):
            activity = activities.new_done(
                About(deal=row),
                row,
                kind=kind,
                done_at=given.done_at,
                body=given.note,
                by=by,
                at=at,
            )
        activity.save(force_insert=True)
        activities.touch(row, activity)
    if given.file is not None:
        file = _store(row, given.file, field=f"{field}_file", by=by, at=at)
    result = replace_result(
        row,
        stage=step.stage,
        key=step.key,
        label=_told(step, version_ids),
        value=given.value,
        contact=given.contact,
        activity=activity,
        file=file,
        link=given.link,
        note=given.note.strip(),
        version_ids=version_ids,
        private_to=by if step.is_mine else None,
        at=at,
        by=by,
    )
    record_changes.note_step_answered(row, step, result, by=by, at=at)
    return result


def complete(
    row: Deal,
    activity: Activity,
    *,
    by: User,
    at: dt.datetime,
    but: Collection[tuple[Stage, str]] = (),
) -> None:
    """Complete the steps of a locked deal's stage that ask for what was just done (METHOD: doing it
    completes it), but those that are answered by themselves; an attempt is not yet doing it."""
    if activity.kind not in WorkKind.values or is_attempt(activity.kind, activity.result):
        return
    steps, version_ids = open_activity_steps(row, Stage(row.stage), activity.kind, by)
    done = StepResultInput(activity=activity)
    for step in steps:
        if step.place not in but:
            answer(row, step, done, version_ids=version_ids, by=by, at=at)


def _store(row: Deal, given: Upload, *, field: str, by: User, at: dt.datetime) -> EvidenceFile:
    """Raises Refused for more than may be stored."""
    size = len(given.content)
    STORED.hold()
    stored = EvidenceFile._base_manager.aggregate(
        own=Sum("size", filter=Q(by=by), default=0), everybodys=Sum("size", default=0)
    )
    STORED.check(size, own=stored["own"], everybodys=stored["everybodys"], field=field)
    file = EvidenceFile(
        deal=row,
        name=given.name[:200],
        content_type=given.content_type[:100],
        size=size,
        content=given.content,
        at=at,
        by=by,
    )
    values.check(file)
    file.save(force_insert=True)
    return file


def _check_answer(
    row: Deal, step: PlaybookStep, given: StepResultInput, *, field: str, by: User
) -> None:
    """What is given must be what the step asks for: of its type, and of this deal."""
    _check_given(row, given, field=field, by=by)
    match step.kind:
        case StepKind.CHECK:
            pass
        case StepKind.QUESTION:
            _check_value(step, given, field=field)
        case StepKind.EVIDENCE:
            _check_proof(step, given, field=field)
        case StepKind.ACTIVITY:
            if given.activity is not None and given.activity.kind != step.doing:
                raise Refused(_("This step asks for something else to be done."), field=field)
        case StepKind.HINT:
            raise Refused(_("There is nothing to do about a hint."), field=field)
        case _:
            assert_never(step.kind)


def _check_given(row: Deal, given: StepResultInput, *, field: str, by: User) -> None:
    """What must be true of an answer to a step of any kind."""
    if given.contact is not None and (
        not Contact.objects.visible_to(by).filter(pk=given.contact.pk).exists()
    ):
        raise Refused(_("This person is not there any more."), field=field)
    done = given.activity
    if done is not None and (done.deal_id != row.pk or done.done_at is None):
        raise Refused(_("Choose something that was done on this deal."), field=field)
    if given.link and urlsplit(given.link).scheme not in ("http", "https"):
        raise Refused(_("A link begins with https:// or http://."), field=f"{field}_link")
    if given.file is not None and len(given.file.content) > LARGEST:
        raise Refused(too_large(), field=f"{field}_file")
    if given.file is not None and not is_as_named(given.file.name, given.file.content):
        words = _("No file of this kind, or not what its name says. These are taken: %(kinds)s.")
        raise Refused(words % {"kinds": KNOWN}, field=f"{field}_file")


def _check_value(step: PlaybookStep, given: StepResultInput, *, field: str) -> None:
    value = given.value
    if step.answer == AnswerKind.CONTACT:
        if given.contact is None:
            raise Refused(_("Choose a person."), field=field)
        return
    if not isinstance(value, str) or not value.strip():
        raise Refused(_("Write the answer to “%(step)s”.") % {"step": step.label}, field=field)
    VALUE_CHECKS[step.answer](step, value, field)


def _check_text(_step: PlaybookStep, value: str, field: str) -> None:
    if len(value) > LONGEST:
        raise Refused(_("At most %(n)s characters.") % {"n": LONGEST}, field=field)


def _check_number(_step: PlaybookStep, value: str, field: str) -> None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Refused(_("Enter a number."), field=field) from None
    if not number.is_finite() or abs(number) >= 10**12:
        raise Refused(_("Enter a number."), field=field)


def _check_day(_step: PlaybookStep, value: str, field: str) -> None:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        raise Refused(_("Enter a valid date."), field=field) from None


def _check_choice(step: PlaybookStep, value: str, field: str) -> None:
    if value not in step.choices:
        raise Refused(_("Choose one of the answers."), field=field)


# A person is no value.
VALUE_CHECKS: Mapping[AnswerKind, Callable[[PlaybookStep, str, str], None]] = {
    AnswerKind.TEXT: _check_text,
    AnswerKind.NUMBER: _check_number,
    AnswerKind.MONEY: _check_number,
    AnswerKind.DATE: _check_day,
    AnswerKind.CHOICE: _check_choice,
}


def _check_proof(step: PlaybookStep, given: StepResultInput, *, field: str) -> None:
    kinds = {
        Proof.ANY: given.link or given.file or given.activity,
        Proof.LINK: given.link,
        Proof.FILE: given.file,
        Proof.ACTIVITY: given.activity,
    }
    if not kinds[step.proof]:
        raise Refused(_("Add what proves “%(step)s”.") % {"step": step.label}, field=field)


def replace_result(
    row: Deal,
    *,
    stage: Stage,
    key: str,
    version_ids: tuple[int, ...],
    by: User,
    at: dt.datetime,
    state: StepState = StepState.DONE,
    private_to: User | None = None,
    **given: Any,
) -> StepResult:
    """A new row in place of the current one, which stays on record."""
    StepResult.objects.current().filter(
        deal=row, stage=stage, key=key, private_to=private_to
    ).update(replaced_at=at, replaced_by=by)
    result = StepResult(
        deal=row,
        stage=stage,
        key=key,
        state=state,
        version_ids=list(version_ids),
        private_to=private_to,
        at=at,
        by=by,
        **given,
    )
    values.check(result)
    result.save(force_insert=True)
    return result


def override(
    row: Deal,
    step: PlaybookStep,
    *,
    reason: str,
    words: str,
    version_ids: tuple[int, ...],
    by: User,
    at: dt.datetime,
) -> StepResult:
    """Record that a step was gone past with a reason (G15)."""
    return replace_result(
        row,
        stage=step.stage,
        key=step.key,
        label=_told(step, version_ids),
        state=StepState.OVERRIDDEN,
        reason=reason,
        note=words.strip(),
        version_ids=version_ids,
        by=by,
        at=at,
    )


def _told(step: PlaybookStep, version_ids: tuple[int, ...]) -> str:
    """The name by which everybody knows a step: how somebody words it for himself is told to nobody
    else."""
    if all(source.level != Level.MINE for source, _row in step.adapted):
        return step.label
    known = of_versions(version_ids).find(step.stage, step.key)
    return known.label if known else step.label
