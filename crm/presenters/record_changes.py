"""How the history of a deal's records is shown: the other end of `crm.commands.record_changes`."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.models import ConcernCategory, Confidence, Disposition, OfferKind, Per, Reply, Ruling
from crm.presenters.answers import answer_words
from crm.presenters.viewer import Viewer, labels
from crm.queries.deal import DealChangeRecord, DealRecord
from pipeline.process import framework
from pipeline.process.gates import Reason
from pipeline.process.playbook import Fact, StepKind
from pipeline.process.stages import Stage
from salesprocess.lib.format import money

# Icon, title, text.
Sentence = tuple[str, str, str]

_ICONS = {
    "need": "inbox",
    "path": "arrows-move",
    "verdict": "circle-check",
    "offer": "file-text",
    "concern": "alert-circle",
    "attempt": "hand-grab",
    "hand": "package",
    "step": "list-check",
    "gate": "player-skip-forward",
}


def record_change(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> Sentence | None:
    """The sentence for a change of a record; None for what is no record's."""
    tell: dict[str, Callable[[Viewer, DealChangeRecord, DealRecord], tuple[str, str]]] = {
        "need_dropped": _need_dropped,
        "verdict": _verdict_given,
        "offer": _offer_made,
        "concern": _concern_settled,
        "attempt": _attempt_made,
        "step": _step_answered,
        "step_aside": _step_set_aside,
        "gate": _gate_passed,
    }
    icon = _ICONS.get(change.field.partition("_")[0])
    if icon is None:
        return None
    if change.field in tell:
        return icon, *tell[change.field](viewer, change, deal)
    label = _record_labels().get(change.field)
    if label is None:
        return None
    return icon, *_part_changed(viewer, label, change, deal)


def _part_changed(
    viewer: Viewer, label: str, change: DealChangeRecord, deal: DealRecord
) -> tuple[str, str]:
    old, new = (_part(viewer, change.field, text, deal) for text in (change.old, change.new))
    if not old:
        return _("%(what)s: written down") % {"what": label}, new
    if not new:
        return _("%(what)s: taken out") % {"what": label}, old
    return _("%(what)s: changed") % {"what": label}, f"{old} → {new}"


def _record_labels() -> dict[str, str]:
    return {
        "need": _("Need"),
        "need_worth": _("Worth of a need"),
        "need_said_by": _("Who said the need"),
        "need_confirmed_on": _("Need confirmed"),
        "path_steps": _("Decision path"),
        "path_criteria": _("By what they decide"),
        "path_decides_on": _("Day of their decision"),
        "path_confirmed_on": _("Decision path confirmed"),
        "path_confirmed_by": _("Who confirmed the decision path"),
        "concern_words": _("Words of a concern"),
        "concern_category": _("Kind of a concern"),
        "concern_after_price": _("Before or after the price"),
        "concern_raised_by": _("Who raised a concern"),
        "concern_response": _("Answer to a concern"),
        "hand_off": _("Who delivers"),
        "hand_off_promised": _("What was promised"),
        "hand_off_starts_on": _("Begin of delivery"),
        "hand_off_due_on": _("Delivery due"),
        "hand_off_seller": _("The salesperson takes part"),
    }


def _part(viewer: Viewer, field: str, text: str, deal: DealRecord) -> str:
    """A value as history keeps it, for people to read."""
    if not text:
        return ""
    if field.endswith("_on"):
        return viewer.date(dt.date.fromisoformat(text))
    if field == "need_worth":
        amount, _space, per = text.partition(" ")
        return f"{money(Decimal(amount), deal.currency)} {labels(Per, viewer.language)[per]}"
    if field in ("need_said_by", "path_confirmed_by", "concern_raised_by") and text != "us":
        return text.partition(" ")[2]
    return _said(viewer).get((field, text), text)


def _said(viewer: Viewer) -> dict[tuple[str, str], str]:
    """What stands for itself in history."""
    return {
        ("concern_after_price", "after"): _("after the price"),
        ("concern_after_price", "before"): _("before the price"),
        ("concern_raised_by", "us"): _("raised by us"),
        ("hand_off_seller", "yes"): _("yes"),
    } | {
        ("concern_category", value): label
        for value, label in labels(ConcernCategory, viewer.language).items()
    }


def _need_dropped(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    return _("Need dropped"), change.old


def _verdict_given(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    ruling, ours, theirs = change.new.split(" ")
    sures = labels(Confidence, viewer.language)
    sides = _("We in them: %(ours)s · they in us: %(theirs)s") % {
        "ours": sures[ours],
        "theirs": sures[theirs],
    }
    return _("Verdict: %(ruling)s") % {"ruling": labels(Ruling, viewer.language)[ruling]}, sides


def _offer_made(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    if change.old:
        return _("Offer %(n)s withdrawn") % {"n": change.old}, ""
    number, kind, value, sent, to = change.new.split(" ", 4)
    said = [] if value == "-" else [money(Decimal(value), deal.currency)]
    if kind != OfferKind.WRITTEN:
        said.append(labels(OfferKind, viewer.language)[kind])
    sent_at = dt.datetime.fromisoformat(sent)
    if viewer.date_of(sent_at) != viewer.date_of(change.at):
        said.append(_("sent %(day)s") % {"day": viewer.day(sent_at)})
    title = _("Offer %(n)s made") % {"n": number}
    if to:
        title = _("Offer %(n)s to %(names)s") % {"n": number, "names": to}
    return title, " · ".join(said)


def _concern_settled(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    disposition, _space, words = change.new.partition(" ")
    if not change.old:
        asked = disposition == "question"
        return _("Question raised") if asked else _("Concern raised"), words
    if disposition == Disposition.OPEN:
        return _("Concern open again"), words
    became = labels(Disposition, viewer.language)[disposition]
    return _("Concern: %(became)s") % {"became": became}, words


def _attempt_made(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    reply = labels(Reply, viewer.language)[change.new]
    return _("Asked for the agreement: %(reply)s") % {"reply": reply}, ""


def _step_answered(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    if not change.new:
        return _("Taken back: %(step)s") % {"step": change.old}, ""
    head, _line, said = change.new.partition("\n")
    kind, _space, label = head.partition(" ")
    label = framework.translated_text(label)
    if kind in (StepKind.CHECK, StepKind.EVIDENCE):
        words = _("Done: %(step)s") if kind == StepKind.CHECK else _("Proved: %(step)s")
        return words % {"step": label}, said
    return _("Answered: %(step)s") % {"step": label}, answer_words(viewer, said, kind)


def _step_set_aside(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    reason, _space, label = change.new.partition(" ")
    return _("Set aside: %(step)s") % {"step": framework.translated_text(label)}, _why(
        viewer, reason
    )


def _gate_passed(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str]:
    head, *missing = change.new.split("\n")
    reason, _space, stage = head.partition(" ")
    facts = labels(Fact, viewer.language)
    without = [facts.get(one[1:], one) if one.startswith("=") else one for one in missing]
    title = _("Went ahead to %(stage)s without: %(what)s") % {
        "stage": Stage(int(stage)).label,
        "what": ", ".join(without),
    }
    return title, _why(viewer, reason)


def _why(viewer: Viewer, reason: str) -> str:
    return labels(Reason, viewer.language).get(reason, reason)
