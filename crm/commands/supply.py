"""What a gate asked for, recorded on a locked deal by the act that needs it.

A gate never keeps anybody from saying what happened: it asks for the missing record inside the
same gesture, and `record` writes it in the same transaction (METHOD, "Gates"). The commands of the
records themselves use the same functions, so that a need is a need however it came in.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.db.models import Max, Model
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import company as company_commands
from crm.commands import contact as contact_commands
from crm.commands import record_changes, values
from crm.commands.contact import NewContact
from crm.commands.deal_people import add_person
from crm.commands.locked_deal import (
    NEXT_FIELDS,
    add_change,
    note_change,
    refresh_next,
    save,
)
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Company,
    Concern,
    Contact,
    Deal,
    DealLine,
    DealRole,
    DecisionPath,
    Disposition,
    EvidenceFile,
    Need,
    Offer,
    OfferKind,
    OfferLine,
    OfferOutcome,
    OfferRecipient,
    Per,
    Ruling,
    StepResult,
    StepState,
    Sure,
    Verdict,
)
from crm.models.due import Due
from crm.models.evidence import LARGEST
from crm.queries import offer as offers
from crm.queries.activity import stage_of
from crm.queries.facts import AGREEMENT_STEP
from pipeline import moves
from pipeline.models import User
from pipeline.moves import Refused
from pipeline.playbook import Answer, Fact, Level, Playbook, Proof, Step, StepKind
from pipeline.queries.process import of_versions
from pipeline.stages import Stage

M = TypeVar("M", bound=Model)
# Characters of an answer in words.
LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One that was held, at `done_at` (by default now), with `contact` where it is known; or
    `logged`, one that stands on the deal already and did not say that both sides spoke.
    """

    kind: ActivityKind = ActivityKind.CALL
    done_at: dt.datetime | None = None
    contact: Contact | NewContact | None = None
    words: str = ""
    logged: Activity | None = None


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What the other side agreed to, and for which day; a day ahead is planned as a meeting."""

    to: str
    on: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class Qualified:
    """The verdict that both sides want to go on, and what shows it on each."""

    ours_why: str = ""
    theirs_why: str = ""


@dataclass(frozen=True, kw_only=True)
class NeedSaid:
    """A problem in the customer's words; `worth` in the deal's currency, `per` what time."""

    words: str
    worth: Decimal | None = None
    per: Per = Per.YEAR


@dataclass(frozen=True, kw_only=True)
class PathSaid:
    """How they decide; `decides` is who does, None where the deal's people say it already."""

    steps: str
    decides: Contact | NewContact | None = None
    criteria: str = ""
    decides_on: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class OfferSaid:
    """An offer by word or from the price list; `value` in the deal's currency.

    Without a value it is that of the deal. One from the price list takes over the deal's lines.
    """

    value: Decimal | None = None
    kind: OfferKind = OfferKind.VERBAL
    what: str = ""
    decision_on: dt.date | None = None
    to: tuple[Contact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Disposal:
    """What became of a concern: any disposition but open."""

    disposition: Disposition
    response: str = ""
    concession: str = ""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came in."""

    name: str
    content: bytes
    content_type: str = ""


@dataclass(frozen=True, kw_only=True)
class StepAnswer:
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


@dataclass(frozen=True, kw_only=True)
class Supplied:
    """Everything that an act may bring along for the gates that it meets; nothing is the rule.

    `company` is one on record or the name of a new one, `contact` likewise. `dispositions` are by
    the concern's id, `answers` by the step's (stage, key).
    """

    company: Company | str | None = None
    contact: Contact | NewContact | None = None
    conversation: Conversation | None = None
    agreement: Agreement | None = None
    verdict: Qualified | None = None
    need: NeedSaid | None = None
    path: PathSaid | None = None
    offer: OfferSaid | None = None
    dispositions: Mapping[int, Disposal] = field(default_factory=dict)
    answers: Mapping[tuple[Stage, str], StepAnswer] = field(default_factory=dict)


NOTHING = Supplied()


def record(
    row: Deal, said: Supplied, playbook: Playbook, *, by: User, at: dt.datetime
) -> Offer | None:
    """Write what is supplied on a locked deal, and give back the offer if one was.

    Raises Refused for what cannot be (a conversation that lies ahead, a step that is none of the
    playbook's, a concern of another deal), ValidationError for a value that its field cannot hold.
    """
    if said == NOTHING:
        return None
    if said.company or said.contact:
        party(row, company=said.company, contact=said.contact, by=by, at=at)
    if said.agreement:
        agreement(row, said.agreement, playbook, by=by, at=at)
    writers: tuple[tuple[Callable[..., object], object], ...] = (
        (conversation, said.conversation),
        (qualified, said.verdict),
        (need, said.need),
        (path, said.path),
    )
    for write, given in writers:
        if given is not None:
            write(row, given, by=by, at=at)
    made = offer(row, said.offer, by=by, at=at) if said.offer else None
    for concern, disposal in said.dispositions.items():
        dispose(row, concern, disposal, by=by, at=at)
    _answer_all(row, said.answers, playbook, by=by, at=at)
    return made


def _answer_all(
    row: Deal,
    answers: Mapping[tuple[Stage, str], StepAnswer],
    playbook: Playbook,
    *,
    by: User,
    at: dt.datetime,
) -> None:
    for (stage, key), given in answers.items():
        step = playbook.find(stage, key)
        if step is None or step.hidden:
            raise Refused(_("This step is no longer part of the process: look at it again."))
        answer(row, step, given, version_ids=playbook.version_ids, by=by, at=at)


def party(
    row: Deal,
    *,
    company: Company | str | None,
    contact: Contact | NewContact | None,
    by: User,
    at: dt.datetime,
) -> None:
    """Say with whom the deal is; a person brings along his or her company."""
    if isinstance(company, str):
        company = company_commands.create(name=company, by=by, at=at, owner=by)
    if isinstance(contact, NewContact):
        contact = contact_commands.create_new(contact, company=company or row.company, by=by, at=at)
    if contact is not None:
        add_person(row, contact, by=by, at=at)
        company = company or (contact.company if row.company_id is None else None)
    if company is not None and note_change(row, "company", company, by=by, at=at):
        save(row, "company", by=by, at=at)


def conversation(row: Deal, said: Conversation, *, by: User, at: dt.datetime) -> Activity:
    """Log a conversation that was held (G2), or say of what was logged that it was one.

    Raises Refused for one that lies ahead, or is not there any more to be spoken of.
    """
    if said.logged is not None:
        return _spoke(row, said.logged, by=by, at=at)
    done_at = said.done_at or at
    _check_past(done_at, field="talk_on")
    contact = said.contact
    if isinstance(contact, NewContact):
        contact = contact_commands.create_new(contact, company=row.company, by=by, at=at)
    if contact is not None:
        add_person(row, contact, by=by, at=at)
    return _log(
        row,
        kind=said.kind,
        done_at=done_at,
        # By telephone or in person both were there; of an e-mail it has to be said.
        result=ActivityResult.REACHED,
        contact=contact,
        body=said.words,
        by=by,
        at=at,
    )


def _spoke(row: Deal, logged: Activity, *, by: User, at: dt.datetime) -> Activity:
    """Say of something that was logged without a result that both sides spoke."""
    found: Activity | None = (
        Activity.objects.without_result(row, by=by)
        .select_for_update(of=("self",))
        .filter(pk=logged.pk)
        .first()
    )
    if found is None:
        raise Refused(
            _("What was logged has changed: choose again, or log it here."), field="talk_logged"
        )
    found.result = ActivityResult.REACHED
    found.version += 1
    found.changed_by, found.changed_at = by, at
    found.save(update_fields=["result", "version", "changed_by", "changed_at"])
    return found


def agreement(row: Deal, said: Agreement, playbook: Playbook, *, by: User, at: dt.datetime) -> None:
    """Record what the other side agreed to (G3)."""
    if not said.to.strip():
        raise Refused(_("Write what they agreed to."), field="agreed_to")
    step = playbook.find(Stage.PROSPECTING, AGREEMENT_STEP)
    label = str(step.label if step else Fact.AGREEMENT.label)
    _result(
        row,
        stage=Stage.PROSPECTING,
        key=AGREEMENT_STEP,
        label=label,
        value=said.to.strip(),
        version_ids=playbook.version_ids,
        at=at,
        by=by,
    )
    record_changes.agreed(row, label, said.to.strip(), by=by, at=at)
    if said.on is None or said.on < timezone.localdate(at, by.zone):
        return
    owner = row.owner or by
    meeting = Activity(
        kind=ActivityKind.MEETING,
        subject=said.to.strip()[:200],
        deal=row,
        company_id=row.company_id,
        owner=owner,
        created_at=at,
        created_by=by,
    )
    meeting.plan_for(Due(on=said.on))
    meeting.save(force_insert=True)
    if row.parked_until is not None:
        note_change(row, "parked_until", None, by=by, at=at)
    refresh_next(row)
    save(row, "parked_until", *NEXT_FIELDS, by=by, at=at)


def qualified(row: Deal, said: Qualified, *, by: User, at: dt.datetime) -> Verdict:
    """Give the verdict that both sides want to go on (G4)."""
    verdict = _kept(
        Verdict(
            deal=row,
            ruling=Ruling.QUALIFIED,
            ours=Sure.YES,
            ours_why=said.ours_why.strip(),
            theirs=Sure.YES,
            theirs_why=said.theirs_why.strip(),
            at=at,
            by=by,
        )
    )
    record_changes.verdict_given(row, verdict, by=by, at=at)
    return verdict


def need(row: Deal, said: NeedSaid, *, by: User, at: dt.datetime) -> Need:
    """Record a problem of the customer (G5)."""
    if not said.words.strip():
        raise Refused(_("Write the need, in the customer’s words."), field="need_words")
    need = _kept(
        Need(deal=row, words=said.words.strip(), worth=said.worth, per=said.per, at=at, by=by)
    )
    record_changes.need_added(row, need, by=by, at=at)
    return need


def path(row: Deal, said: PathSaid, *, by: User, at: dt.datetime) -> DecisionPath:
    """Record who decides and how (G5); what is not said stays as it was."""
    if isinstance(decides := said.decides, NewContact):
        decides = contact_commands.create_new(decides, company=row.company, by=by, at=at)
    if decides is not None:
        add_person(row, decides, role=DealRole.DECIDES, by=by, at=at)
    known = DecisionPath.objects.filter(deal=row).first() or DecisionPath(deal=row)
    old = known.steps
    known.steps = said.steps.strip() or known.steps
    known.criteria = said.criteria.strip() or known.criteria
    known.decides_on = said.decides_on or known.decides_on
    known.at, known.by = at, by
    values.check(known)
    known.save()
    if known.steps != old:
        add_change(row, "path_steps", old=old, new=known.steps, by=by, at=at)
    return known


def offer(row: Deal, said: OfferSaid, *, by: User, at: dt.datetime) -> Offer:
    """Record an offer in two clicks (G6, G7); the one before it counts as revised. The deal is worth
    what was offered, as with any other offer.
    """
    listed = list(row.lines.all()) if said.kind == OfferKind.PRICE_LIST else []
    value, why = _offered(row, said, listed)
    made = revise(row, value=value, kind=said.kind, what=said.what, by=by, at=at, copying=False)
    made.value_why = why
    if said.decision_on is not None:
        made.decision_on = said.decision_on
    made.save(update_fields=["decision_on", "value_why"])
    OfferRecipient.objects.bulk_create(
        OfferRecipient(offer=made, contact=contact) for contact in said.to
    )
    OfferLine.objects.bulk_create(
        OfferLine(
            offer=made,
            product_id=line.product_id,
            quantity=line.quantity,
            unit_price=line.unit_price,
        )
        for line in listed
    )
    record_changes.offer_made(row, made, by=by, at=at)
    if made.value is not None and note_change(row, "amount", made.value, by=by, at=at):
        save(row, "amount", by=by, at=at)
    return made


def _offered(row: Deal, said: OfferSaid, listed: Sequence[DealLine]) -> tuple[Decimal | None, str]:
    """For how much, and why it is not what the list comes to, where it is not."""
    come_to = offers.total(listed)
    if said.value is None:
        return (row.amount if come_to is None else come_to), ""
    if come_to in (None, said.value):
        return said.value, ""
    return said.value, said.what.strip() or _("As agreed")


def revise(
    row: Deal,
    *,
    value: Decimal | None,
    kind: OfferKind,
    what: str,
    by: User,
    at: dt.datetime,
    copying: bool = True,
) -> Offer:
    """Add the next revision; with `copying` to whom the last one went and what it was for.

    The last one, where nothing had been decided about it, counts as revised.
    """
    last = offers.current(row.pk)
    number = Offer.objects.filter(deal=row).aggregate(most=Max("revision"))["most"] or 0
    made = _kept(
        Offer(
            deal=row,
            revision=number + 1,
            kind=kind,
            sent_at=at,
            what_changed=what.strip(),
            value=value,
            currency=row.currency,
            decision_on=last.decision_on if last else None,
            premature=bool(last and last.premature and copying),
            at=at,
            by=by,
        )
    )
    Offer.objects.filter(deal=row, outcome=OfferOutcome.OPEN).exclude(pk=made.pk).update(
        outcome=OfferOutcome.REVISED, known_at=at
    )
    if last is not None and copying:
        OfferRecipient.objects.bulk_create(
            OfferRecipient(offer=made, contact_id=went.contact_id) for went in last.went_to.all()
        )
        lines = list(last.lines.all())
        if offers.total(lines) not in (None, value):
            # What was agreed is the reason, where nobody gives another.
            made.value_why = made.what_changed or last.value_why
            made.save(update_fields=["value_why"])
        for line in lines:
            line.pk, line.offer = None, made
        OfferLine.objects.bulk_create(lines)
    if copying:
        record_changes.offer_made(row, made, by=by, at=at)
    return made


def dispose(row: Deal, concern: int, said: Disposal, *, by: User, at: dt.datetime) -> None:
    """Say what became of a concern (G8). Raises Refused for one that is not the deal's."""
    if said.disposition == Disposition.OPEN:
        raise Refused(_("Choose how it was settled."), field=f"concern_{concern}")
    found = Concern.objects.select_for_update().filter(deal=row, pk=concern).first()
    if found is None:
        raise Refused(_("This concern is not there any more."))
    if said.disposition == Disposition.CONCEDED and not said.concession.strip():
        raise Refused(_("Write what we gave."), field=f"concern_{concern}")
    was = found.disposition
    found.disposition = said.disposition
    found.response = said.response.strip() or found.response
    found.concession = said.concession.strip() or found.concession
    found.disposed_at, found.disposed_by = at, by
    values.check(found)
    found.save(
        update_fields=["disposition", "response", "concession", "disposed_at", "disposed_by"]
    )
    record_changes.concern_settled(row, found, was=was, by=by, at=at)


def answer(
    row: Deal,
    step: Step,
    given: StepAnswer,
    *,
    version_ids: tuple[int, ...],
    by: User,
    at: dt.datetime,
) -> StepResult:
    """Record a step as done, in place of what was recorded against it before (G15).

    Raises Refused where its kind asks for something that `given` lacks, or for something else.
    """
    field = f"step_{step.stage.value}_{step.key}"
    activity, file = given.activity, None
    _check_answer(row, step, given, field=field, by=by)
    if step.kind == StepKind.ACTIVITY and activity is None:
        if given.done_at is None:
            raise Refused(_("Say when “%(step)s” was done.") % {"step": step.label}, field=field)
        _check_past(given.done_at, field=field)
        activity = _log(
            row,
            kind=ActivityKind(step.doing),
            done_at=given.done_at,
            body=given.note,
            by=by,
            at=at,
        )
    if given.file is not None:
        file = _kept(
            EvidenceFile(
                deal=row,
                name=given.file.name[:200],
                content_type=given.file.content_type[:100],
                size=len(given.file.content),
                content=given.file.content,
                at=at,
                by=by,
            )
        )
    if step.kind == StepKind.EVIDENCE and not (given.link or file or activity):
        raise Refused(_("Add what proves “%(step)s”.") % {"step": step.label}, field=field)
    result = _result(
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
    record_changes.step_answered(row, step, result, by=by, at=at)
    return result


def _check_answer(row: Deal, step: Step, given: StepAnswer, *, field: str, by: User) -> None:
    """What is given must be what the step asks for: of its type, and of this deal."""
    if step.kind == StepKind.HINT:
        raise Refused(_("There is nothing to do about a hint."), field=field)
    if step.kind == StepKind.QUESTION:
        _check_value(step, given, field=field)
    if given.contact is not None and (
        not Contact.objects.visible_to(by).filter(pk=given.contact.pk).exists()
    ):
        raise Refused(_("This person is not there any more."), field=field)
    if given.activity is not None:
        done = given.activity
        if done.deal_id != row.pk or done.done_at is None:
            raise Refused(_("Choose something that was done on this deal."), field=field)
        if step.kind == StepKind.ACTIVITY and done.kind != step.doing:
            raise Refused(_("This step asks for something else to be done."), field=field)
    _check_proof(step, given, field=field)


def _check_value(step: Step, given: StepAnswer, *, field: str) -> None:
    value = given.value
    if step.answer == Answer.CONTACT:
        if given.contact is None:
            raise Refused(_("Choose a person."), field=field)
        return
    if not isinstance(value, str) or not value.strip():
        raise Refused(_("Write the answer to “%(step)s”.") % {"step": step.label}, field=field)
    if step.answer == Answer.TEXT and len(value) > LONGEST:
        raise Refused(_("At most %(n)s characters.") % {"n": LONGEST}, field=field)
    if step.answer == Answer.CHOICE and value not in step.choices:
        raise Refused(_("Choose one of the answers."), field=field)
    if step.answer in (Answer.NUMBER, Answer.MONEY):
        _check_number(value, field=field)
    if step.answer == Answer.DATE:
        _check_day(value, field=field)


def _check_past(at: dt.datetime, *, field: str) -> None:
    try:
        moves.check_time(at, since=None, now=timezone.now())
    except Refused as refused:
        raise Refused(refused.message, field=field) from None


def _check_day(value: str, *, field: str) -> None:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        raise Refused(_("Enter a valid date."), field=field) from None


def _check_number(value: str, *, field: str) -> None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Refused(_("Enter a number."), field=field) from None
    if not number.is_finite() or abs(number) >= 10**12:
        raise Refused(_("Enter a number."), field=field)


def _check_proof(step: Step, given: StepAnswer, *, field: str) -> None:
    if given.link and urlsplit(given.link).scheme not in ("http", "https"):
        raise Refused(_("A link begins with https:// or http://."), field=f"{field}_link")
    if given.file is not None and len(given.file.content) > LARGEST:
        raise Refused(
            _("This file is larger than %(n)s MB: add a link to it instead.")
            % {"n": LARGEST // 1024**2},
            field=f"{field}_file",
        )
    if step.kind != StepKind.EVIDENCE or step.proof == Proof.ANY:
        return
    kinds = {Proof.LINK: given.link, Proof.FILE: given.file, Proof.ACTIVITY: given.activity}
    if not kinds[step.proof]:
        raise Refused(_("Add what proves “%(step)s”.") % {"step": step.label}, field=field)


def _result(
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
    return _kept(
        StepResult(
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
    )


def override(
    row: Deal,
    step: Step,
    *,
    reason: str,
    words: str,
    version_ids: tuple[int, ...],
    by: User,
    at: dt.datetime,
) -> StepResult:
    """Record that a step was gone past with a reason (G15)."""
    return _result(
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


def _told(step: Step, version_ids: tuple[int, ...]) -> str:
    """The name by which everybody knows a step: how somebody words it for himself is told to nobody
    else."""
    if all(source.level != Level.MINE for source, _row in step.adapted):
        return step.label
    known = of_versions(version_ids).find(step.stage, step.key)
    return known.label if known else step.label


def _log(
    row: Deal,
    *,
    kind: ActivityKind,
    done_at: dt.datetime,
    by: User,
    at: dt.datetime,
    body: str = "",
    contact: Contact | None = None,
    result: ActivityResult | str = "",
) -> Activity:
    made = _kept(
        Activity(
            kind=kind,
            body=body.strip(),
            deal=row,
            company_id=row.company_id,
            contact=contact,
            owner=by,
            result=result,
            done_at=done_at,
            stage=stage_of(kind, row, done_at),
            created_at=at,
            created_by=by,
        )
    )
    if kind != ActivityKind.TASK and (row.touched_at is None or row.touched_at < done_at):
        row.touched_at = done_at
        save(row, "touched_at", by=by, at=at)
    return made


def _kept(record: M) -> M:
    values.check(record)
    record.save(force_insert=True)
    return record
