"""How what happened to the records of a deal goes into its history, in one place for all commands."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from crm import events
from crm.commands.locked_deal import add_change, as_sum
from crm.models import Concern, Deal, Offer, StepResult, Verdict
from pipeline.models import User
from pipeline.process.gates import Act, Finding
from pipeline.process.playbook import PlaybookStep, StepKind
from salesprocess.lib.events import RecordRef, change_event


def note_parts_changed(
    row: Deal,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    of: str = "",
    about: str = "",
    by: User,
    at: dt.datetime,
) -> bool:
    """A row for each part of a record, by its kind, that is another than `before`; False if none is.

    `about` says of which record, unless the part `of` which it is made has changed itself.
    """
    kinds = [kind for kind in before if before[kind] != after[kind]]
    for kind in kinds:
        which = "" if kind == of else about
        event = change_event(kind, old=before[kind], new=after[kind], about=which)
        add_change(row, event, by=by, at=at)
    return bool(kinds)


def note_verdict_given(row: Deal, verdict: Verdict, *, by: User, at: dt.datetime) -> None:
    event = events.VerdictGiven(ruling=verdict.ruling, ours=verdict.ours, theirs=verdict.theirs)
    why = "\n".join(filter(None, (verdict.ours_why, verdict.theirs_why)))
    add_change(row, event, by=by, at=at, reason=why)


def note_offer_made(row: Deal, offer: Offer, *, by: User, at: dt.datetime) -> None:
    event = events.OfferMade(
        revision=offer.revision,
        form=offer.kind,
        value=as_sum(offer.value, offer.currency),
        sent_at=offer.sent_at,
        to=tuple(RecordRef.to(person) for person in offer.recipients.order_by("id")),
    )
    add_change(row, event, by=by, at=at, reason=offer.what_changed)


def note_concern_settled(
    row: Deal, concern: Concern, *, was: str, reason: str = "", by: User, at: dt.datetime
) -> None:
    """It has another disposition than `was`; reopening is one of them."""
    said = reason or "\n".join(filter(None, (concern.response, concern.concession)))
    event = events.ConcernSettled(words=concern.words, old=was, new=concern.disposition)
    add_change(row, event, by=by, at=at, reason=said)


def note_step_answered(
    row: Deal, step: PlaybookStep, result: StepResult, *, by: User, at: dt.datetime
) -> None:
    """What is one's own leaves no trace, and what was done is told by itself."""
    answer = _answer_of(step)
    if step.is_mine or not answer:
        return
    said = str(result.value or result.contact or result.file or result.link or "")
    if result.activity is not None:
        said = result.activity.subject or result.activity.body
    event = events.StepAnswered(answer=answer, step=result.label, said=said)
    add_change(row, event, by=by, at=at)


def _answer_of(step: PlaybookStep) -> str:
    """How its result is read; empty where it is told by itself."""
    match step.kind:
        case StepKind.CHECK | StepKind.EVIDENCE:
            return step.kind.value
        case StepKind.QUESTION:
            return step.answer.value
        case StepKind.ACTIVITY | StepKind.HINT:
            return ""


def note_gate_passed(
    row: Deal,
    act: Act,
    findings: Iterable[Finding],
    *,
    reason: str,
    words: str,
    by: User,
    at: dt.datetime,
) -> None:
    """What was missing is told once, facts by their key and steps by their words."""
    missing = dict.fromkeys(
        events.Missed(step=one.step.label)
        if one.step
        else events.Missed(fact=(one.fact or one.gate).value)
        for one in findings
    )
    event = events.GatePassed(why=reason, stage=act.to.value, missing=tuple(missing))
    add_change(row, event, by=by, at=at, reason=words)
