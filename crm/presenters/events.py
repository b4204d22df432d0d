"""How what happened is told in a timeline: a sentence for each kind of event (`crm.events`)."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Choices
from django.utils.translation import gettext as _

from crm import events
from crm.erased import person_name
from crm.models import (
    ActivityKind,
    ActivityResult,
    ConcernCategory,
    Confidence,
    DealRole,
    DecidedBy,
    Disposition,
    OfferKind,
    Per,
    Reply,
    Ruling,
)
from crm.presenters.answers import answer_words
from crm.presenters.viewer import Viewer, labels
from crm.proposal import NothingNext
from crm.shipped import shipped_name
from pipeline.process.framework import translated_text
from pipeline.process.gates import Reason
from pipeline.process.playbook import AnswerKind, Fact, StepKind
from pipeline.process.stages import Initiator, Stage
from salesprocess.lib.events import Event, RecordRef, Sum, ValueChanged, in_words
from salesprocess.lib.format import money

# Icon, title, text.
Sentence = tuple[str, str, str]

# Of facts by their kind, of records by what their kinds begin with.
_ICONS = {
    "contact": "user",
    "line": "package",
    "amount": "coin",
    "need": "inbox",
    "path": "arrows-move",
    "concern": "alert-circle",
    "hand": "package",
}
# What is kept by a value, and read by its label.
_CHOICES: dict[type[Event], type[Choices]] = {
    events.InitiatorChanged: Initiator,
    events.ConcernCategoryChanged: ConcernCategory,
    events.EntryKindChanged: ActivityKind,
    events.EntryResultChanged: ActivityResult,
}
# Characters of what a gate missed; more than that is no title, and stays in the event.
_ROOM = 400
# The lists whose names are shipped.
_LISTS = ("source", "method", "stopcause")


def event_sentence(viewer: Viewer, event: Event, at: dt.datetime | None = None) -> Sentence:
    """What happened `at`, for people to read; plain where its kind has no sentence."""
    if tell := _SENTENCES.get(type(event)):
        return tell(viewer, event)
    if isinstance(event, events.OfferMade):
        return _offer_made(viewer, event, at)
    if isinstance(event, events.EntryPartChanged):
        return _entry_corrected(viewer, event)
    if isinstance(event, ValueChanged):
        return _value_changed(viewer, event)
    what, old, new = in_words(event)
    return "pencil", what, " → ".join(filter(None, (old, new)))


# Values that changed ------------------------------------------------------------------------------


def _value_changed(viewer: Viewer, event: ValueChanged[Any]) -> Sentence:
    old, new = _value(viewer, event, event.old), _value(viewer, event, event.new)
    what = {"what": event.label}
    icon = _ICONS.get(event.kind.partition("_")[0], "pencil")
    if isinstance(event, events.RecordPartChanged):
        added, removed = _("%(what)s: written down"), _("%(what)s: taken out")
        other = _("%(what)s: changed")
    else:
        added, removed = _("%(what)s added"), _("%(what)s removed")
        other = _("%(what)s changed")
    if not old:
        return icon, added % what, new
    if not new:
        return icon, removed % what, old
    return icon, other % what, f"{old} → {new}"


def _value(viewer: Viewer, event: Event, value: Any) -> str:
    """A kept value, for people to read."""
    if value is None:
        return ""
    if choices := _CHOICES.get(type(event)):
        return _label(viewer, choices, value)
    if isinstance(event, events.ConcernAfterPriceChanged):
        return _("after the price") if value else _("before the price")
    tell = _BY_TYPE.get(type(value))
    return tell(viewer, value) if tell else str(value)


def _label(viewer: Viewer, choices: type[Choices], value: str) -> str:
    return labels(choices, viewer.language).get(value, value)


def _record(_viewer: Viewer, record: RecordRef) -> str:
    if record == events.US:
        return _("raised by us")
    if record.kind == "contact":
        return person_name(record.name)
    return shipped_name(record.name) if record.kind in _LISTS else record.name


def _need_worth(viewer: Viewer, worth: events.NeedWorth) -> str:
    return f"{money(worth.amount, worth.currency)} {_label(viewer, Per, worth.per)}"


def _in_role(viewer: Viewer, link: events.PersonInRole) -> str:
    name = person_name(link.person.name)
    return f"{name} ({_label(viewer, DealRole, link.role)})" if link.role else name


def _line(_viewer: Viewer, line: events.LineFacts) -> str:
    price = "" if line.unit_price is None else f" à {_plain(line.unit_price.amount)}"
    return f"{_plain(line.quantity)} × {line.product.name}{price}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


_BY_TYPE: Mapping[type[Any], Callable[[Viewer, Any], str]] = {
    bool: lambda _viewer, value: _("yes") if value else "",
    dt.date: Viewer.date,
    dt.datetime: Viewer.day_and_time,
    Sum: lambda _viewer, value: money(value.amount, value.currency),
    RecordRef: _record,
    events.NeedWorth: _need_worth,
    events.PersonInRole: _in_role,
    events.LineFacts: _line,
}


# The course of a deal -----------------------------------------------------------------------------


def _owner_changed(_viewer: Viewer, event: events.OwnerChanged) -> Sentence:
    new = event.new.name if event.new else ""
    if event.old is None:
        return "hand-grab", _("Claimed by %(name)s") % {"name": new}, ""
    text = _("from %(name)s") % {"name": event.old.name}
    return "user-share", _("Handed over to %(name)s") % {"name": new}, text


def _parked(viewer: Viewer, event: events.ParkedUntilChanged) -> Sentence:
    if event.new is None:
        return "sun", _("Taken up again"), ""
    return "moon", _("Parked to %(day)s") % {"day": viewer.date(event.new)}, ""


def _undone(_viewer: Viewer, event: events.ActUndone) -> Sentence:
    return "arrow-back-up", _("Undone at once: %(what)s") % {"what": _verb(event.verb)}, ""


def _merged(_viewer: Viewer, event: events.Merged) -> Sentence:
    return "git-merge", _("The same as %(name)s") % {"name": event.into.name}, ""


def _taken_in(_viewer: Viewer, event: events.LeadTakenIn) -> Sentence:
    return "git-merge", _("A deal that is the same: %(name)s") % {"name": event.lead.name}, ""


def _party_taken_in(_viewer: Viewer, event: events.PartyTakenIn) -> Sentence:
    return "git-merge", _("Merged: %(name)s is part of it") % {"name": event.party.name}, ""


def _party_given_back(_viewer: Viewer, event: events.PartyGivenBack) -> Sentence:
    return "git-merge", _("Merge undone: %(name)s is there again") % {"name": event.party.name}, ""


# Its records --------------------------------------------------------------------------------------


def _need_dropped(_viewer: Viewer, event: events.NeedDropped) -> Sentence:
    return "inbox", _("Need dropped"), event.words


def _verdict_given(viewer: Viewer, event: events.VerdictGiven) -> Sentence:
    sides = _("We in them: %(ours)s · they in us: %(theirs)s") % {
        "ours": _label(viewer, Confidence, event.ours),
        "theirs": _label(viewer, Confidence, event.theirs),
    }
    ruling = _label(viewer, Ruling, event.ruling)
    return "circle-check", _("Verdict: %(ruling)s") % {"ruling": ruling}, sides


def _offer_made(viewer: Viewer, event: events.OfferMade, at: dt.datetime | None) -> Sentence:
    said = [] if event.value is None else [money(event.value.amount, event.value.currency)]
    if event.form != OfferKind.WRITTEN:
        said.append(_label(viewer, OfferKind, event.form))
    if at is None or viewer.date_of(event.sent_at) != viewer.date_of(at):
        said.append(_("sent %(day)s") % {"day": viewer.day(event.sent_at)})
    names = {"n": event.revision, "names": ", ".join(person_name(one.name) for one in event.to)}
    title = _("Offer %(n)s to %(names)s") if event.to else _("Offer %(n)s made")
    return "file-text", title % names, " · ".join(said)


def _offer_withdrawn(_viewer: Viewer, event: events.OfferWithdrawn) -> Sentence:
    return "file-text", _("Offer %(n)s withdrawn") % {"n": event.revision}, ""


def _concern_raised(_viewer: Viewer, event: events.ConcernRaised) -> Sentence:
    title = _("Question raised") if event.is_question else _("Concern raised")
    return "alert-circle", title, event.words


def _concern_settled(viewer: Viewer, event: events.ConcernSettled) -> Sentence:
    if event.new == Disposition.OPEN:
        return "alert-circle", _("Concern open again"), event.words
    became = _label(viewer, Disposition, event.new)
    return "alert-circle", _("Concern: %(became)s") % {"became": became}, event.words


def _attempt_made(viewer: Viewer, event: events.AttemptMade) -> Sentence:
    reply = _label(viewer, Reply, event.reply)
    return "hand-grab", _("Asked for the agreement: %(reply)s") % {"reply": reply}, ""


def _looked_back(viewer: Viewer, event: events.LookedBack) -> Sentence:
    what = _label(viewer, DecidedBy, event.decided_by)
    where = viewer.stage_names.get(event.stage, "") if event.stage else ""
    return "history", _("Looking back, what decided it: %(what)s") % {"what": what}, where


# Its steps ----------------------------------------------------------------------------------------


def _step_answered(viewer: Viewer, event: events.StepAnswered) -> Sentence:
    step = {"step": translated_text(event.step)}
    if event.answer == StepKind.CHECK:
        return "list-check", _("Done: %(step)s") % step, event.said
    if event.answer == StepKind.EVIDENCE:
        return "list-check", _("Proved: %(step)s") % step, event.said
    said = event.said
    if event.answer in AnswerKind.values:
        said = answer_words(viewer, said, AnswerKind(event.answer))
    return "list-check", _("Answered: %(step)s") % step, said


def _step_undone(_viewer: Viewer, event: events.StepUndone) -> Sentence:
    return "list-check", _("Taken back: %(step)s") % {"step": event.step}, ""


def _step_set_aside(viewer: Viewer, event: events.StepSetAside) -> Sentence:
    step = {"step": translated_text(event.step)}
    return "list-check", _("Set aside: %(step)s") % step, _label(viewer, Reason, event.why)


def _gate_passed(viewer: Viewer, event: events.GatePassed) -> Sentence:
    missing, room = [], _ROOM
    for one in event.missing:
        said = one.step or _label(viewer, Fact, one.fact)
        if len(said) < room:
            missing.append(said)
            room -= len(said)
    title = _("Went ahead to %(stage)s without: %(what)s") % {
        "stage": Stage(event.stage).label,
        "what": ", ".join(missing),
    }
    return "player-skip-forward", title, _label(viewer, Reason, event.why)


# What was logged, put right -----------------------------------------------------------------------


def _entry_corrected(viewer: Viewer, event: events.EntryPartChanged[Any]) -> Sentence:
    was, now = (_value(viewer, event, value) or "–" for value in (event.old, event.new))
    title = _("Corrected: %(what)s of %(when)s") % _entry(viewer, event.entry)
    return "pencil", title, f"{event.label}: {was} → {now}"


def _entry_removed(viewer: Viewer, event: events.EntryRemoved) -> Sentence:
    title = _("Removed: %(what)s of %(when)s") % _entry(viewer, event.entry)
    return "trash", title, event.body


def _entry_restored(viewer: Viewer, event: events.EntryRestored) -> Sentence:
    title = _("Brought back: %(what)s of %(when)s") % _entry(viewer, event.entry)
    return "arrow-back-up", title, ""


def _deal_restored(_viewer: Viewer, _event: events.DealRestored) -> Sentence:
    return "arrow-back-up", _("Brought back, after it was taken back as opened by mistake"), ""


def _nothing_planned(viewer: Viewer, event: events.NothingPlanned) -> Sentence:
    return "circle-dashed", _("Nothing comes next"), _label(viewer, NothingNext, event.why)


def _entry(viewer: Viewer, entry: events.EntryRef) -> dict[str, str]:
    when = viewer.day_and_time(entry.at) if entry.at else ""
    return {"what": _label(viewer, ActivityKind, entry.kind), "when": when}


def _plan_taken_back(viewer: Viewer, event: events.PlanTakenBack) -> Sentence:
    plan = _label(viewer, ActivityKind, event.plan)
    title = _("Undone at once: %(what)s") % {"what": _verb("complete")}
    return "arrow-back-up", title, f"{plan}: {event.subject}" if event.subject else plan


def _verb(verb: str) -> str:
    """What was done and undone; see `UndoableAct.verb`."""
    words = {
        "move": _("moved"),
        "win": _("won"),
        "stop": _("stopped"),
        "reopen": _("opened again"),
        "hand_over": _("handed over"),
        "park": _("parked"),
        "wake": _("taken up again"),
        "log": _("logged"),
        "complete": _("plan done"),
        "cancel": _("plan cancelled"),
        "plan": _("planned"),
        "postpone": _("postponed"),
        "change_plan": _("plan changed"),
        "step": _("step answered"),
        "look_back": _("looked back"),
        "value": _("value taken over"),
        "accept": _("lead accepted"),
        "same_as": _("merged"),
        "edit": _("changed"),
        "claim": _("taken"),
        "deal_out": _("given out by the rules"),
    }
    return words.get(verb, verb)


_SENTENCES: Mapping[type[Event], Callable[[Viewer, Any], Sentence]] = {
    events.OwnerChanged: _owner_changed,
    events.ParkedUntilChanged: _parked,
    events.ActUndone: _undone,
    events.Merged: _merged,
    events.LeadTakenIn: _taken_in,
    events.PartyTakenIn: _party_taken_in,
    events.PartyGivenBack: _party_given_back,
    events.NeedDropped: _need_dropped,
    events.VerdictGiven: _verdict_given,
    events.OfferWithdrawn: _offer_withdrawn,
    events.ConcernRaised: _concern_raised,
    events.ConcernSettled: _concern_settled,
    events.AttemptMade: _attempt_made,
    events.LookedBack: _looked_back,
    events.StepAnswered: _step_answered,
    events.StepUndone: _step_undone,
    events.StepSetAside: _step_set_aside,
    events.GatePassed: _gate_passed,
    events.DealRestored: _deal_restored,
    events.NothingPlanned: _nothing_planned,
    events.EntryRemoved: _entry_removed,
    events.EntryRestored: _entry_restored,
    events.PlanTakenBack: _plan_taken_back,
}
