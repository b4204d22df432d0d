"""How what happened to the records of a deal goes into its history, in one place for all commands.

Each act is one row of the deal's changes. `field` says what, `new` begins with the plain words that
`crm.presenters.records` reads again (a ruling, a revision, a disposition) and goes on with what
people wrote; `reason` is what was said of it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from crm.commands.locked_deal import add_change
from crm.models import ClosingAttempt, Concern, Contact, Deal, Need, Offer, StepResult, Verdict
from pipeline.models import User
from pipeline.process.gates import Act, Finding
from pipeline.process.playbook import PlaybookStep, StepKind

# Characters of a value in history.
LONGEST = 400


def parts_changed(
    row: Deal,
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    of: str = "",
    about: str = "",
    by: User,
    at: dt.datetime,
) -> bool:
    """A row for each part of a record that is another than `before`; False if none is.

    `about` says of which record, unless the part `of` which it is made has changed itself.
    """
    changed = [field for field in before if before[field] != after[field]]
    for field in changed:
        reason = "" if field == of else about
        old, new = before[field], after[field]
        add_change(row, field, old=old, new=new, by=by, at=at, reason=reason)
    return bool(changed)


def named(person: Contact | None) -> str:
    """A person as history keeps him or her: by id and name."""
    return f"{person.pk} {person}" if person else ""


def day(on: dt.date | None) -> str:
    return on.isoformat() if on else ""


def need_added(row: Deal, need: Need, *, by: User, at: dt.datetime) -> None:
    add_change(row, "need", old="", new=need.words, by=by, at=at)


def verdict_given(row: Deal, verdict: Verdict, *, by: User, at: dt.datetime) -> None:
    new = f"{verdict.ruling} {verdict.ours} {verdict.theirs}"
    why = "\n".join(filter(None, (verdict.ours_why, verdict.theirs_why)))
    add_change(row, "verdict", old="", new=new, by=by, at=at, reason=why)


def offer_made(row: Deal, offer: Offer, *, by: User, at: dt.datetime) -> None:
    """Revision, kind, value, day of sending, then to whom."""
    value = "-" if offer.value is None else f"{offer.value.normalize():f}"
    to = ", ".join(offer.recipients.order_by("id").values_list("name", flat=True))
    new = f"{offer.revision} {offer.kind} {value} {offer.sent_at.isoformat()} {to}"
    add_change(row, "offer", old="", new=new, by=by, at=at, reason=offer.what_changed)


def offer_withdrawn(row: Deal, offer: Offer, *, reason: str, by: User, at: dt.datetime) -> None:
    add_change(row, "offer", old=str(offer.revision), new="", by=by, at=at, reason=reason)


def concern_raised(row: Deal, concern: Concern, *, by: User, at: dt.datetime) -> None:
    """Before the price it is a question (CHECKLIST F7)."""
    what = "open" if concern.after_price else "question"
    add_change(row, "concern", old="", new=f"{what} {concern.words}", by=by, at=at)


def concern_settled(
    row: Deal, concern: Concern, *, was: str, reason: str = "", by: User, at: dt.datetime
) -> None:
    """It has another disposition than `was`; reopening is one of them."""
    said = reason or "\n".join(filter(None, (concern.response, concern.concession)))
    new = f"{concern.disposition} {concern.words}"
    add_change(row, "concern", old=was, new=new, by=by, at=at, reason=said)


def attempt_made(row: Deal, attempt: ClosingAttempt, *, by: User, at: dt.datetime) -> None:
    add_change(row, "attempt", old="", new=attempt.reply, by=by, at=at, reason=attempt.why)


def step_answered(
    row: Deal, step: PlaybookStep, result: StepResult, *, by: User, at: dt.datetime
) -> None:
    """Of what type the answer is, the step's words, and in a line below them what was said.

    What is one's own leaves no trace, and what was done is told by itself.
    """
    if step.is_mine or step.kind == StepKind.ACTIVITY:
        return
    said = str(result.value or result.contact or result.file or result.link or "")
    if result.activity is not None:
        said = result.activity.subject or result.activity.body
    kind = step.answer.value if step.kind == StepKind.QUESTION else step.kind.value
    add_change(row, "step", old="", new=f"{kind} {result.label}\n{said}", by=by, at=at)


def agreed(row: Deal, label: str, said: str, *, by: User, at: dt.datetime) -> None:
    """The answer to the framework's step for an agreement, which may be gone."""
    add_change(row, "step", old="", new=f"text {label}\n{said}", by=by, at=at)


def step_undone(row: Deal, result: StepResult, *, by: User, at: dt.datetime) -> None:
    if result.private_to_id is None:
        add_change(row, "step", old=result.label, new="", by=by, at=at)


def step_set_aside(
    row: Deal, result: StepResult, *, reason: str, words: str, by: User, at: dt.datetime
) -> None:
    add_change(
        row, "step_aside", old="", new=f"{reason} {result.label}", by=by, at=at, reason=words
    )


def gate_passed(
    row: Deal,
    act: Act,
    findings: Iterable[Finding],
    *,
    reason: str,
    words: str,
    by: User,
    at: dt.datetime,
) -> None:
    """The reason and the stage that was entered, then in a line each what was missing: a fact by its
    key behind an equals sign, a step in its words. As many as there is room for, and whole.
    """
    new = f"{reason} {act.to.value}"
    for one in dict.fromkeys(one.step.label if one.step else f"={one.fact}" for one in findings):
        if len(new) + len(one) < LONGEST:
            new = f"{new}\n{one}"
    add_change(row, "gate", old="", new=new, by=by, at=at, reason=words)
