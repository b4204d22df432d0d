"""How a timeline is shown: what was said, moved and changed."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.presenters.corrections import TALK, correction
from crm.presenters.plans import ICONS, talk_title
from crm.presenters.record_changes import record_change
from crm.presenters.viewer import Viewer
from crm.queries.deal import DealChangeRecord, DealRecord, Rank, Talk, TimelineEntry, VisitRecord
from crm.shipped import shown
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Stage
from salesprocess.lib.format import money
from salesprocess.lib.keyset import Cursor


@dataclass(frozen=True, kw_only=True)
class TimelineItem:
    """An entry of the timeline. `heading` is set where a new group begins."""

    heading: str
    icon: str
    tone: str
    title: str
    when: str
    iso: str
    text: str
    quote: str
    who: str
    correct: str = ""  # where its author puts it right


def timeline_items(
    viewer: Viewer, entries: Iterable[TimelineEntry], deal: DealRecord, *, after: Cursor | None
) -> list[TimelineItem]:
    """Entries in order; `after` is the last one that is shown already."""
    group = when_group(viewer, after.key[0]) if after else ""
    items = []
    for entry in entries:
        heading = when_group(viewer, entry.at)
        items.append(_item(viewer, entry, deal, heading="" if heading == group else heading))
        group = heading
    return items


def when_group(viewer: Viewer, at: dt.datetime) -> str:
    day = viewer.date_of(at)
    if day == viewer.today:
        return _("Today")
    if day >= viewer.today - dt.timedelta(days=viewer.today.weekday()):
        return _("This week")
    return _("Earlier")


def _item(viewer: Viewer, entry: TimelineEntry, deal: DealRecord, *, heading: str) -> TimelineItem:
    at, record = entry.at, entry.record
    icon, tone, title, text, quote, who = "history", "", "", "", "", ""
    correct = ""
    if isinstance(record, Talk):
        icon, tone = ICONS[record.kind], "acc"
        title, text = talk_title(viewer, record), record.body
        who = record.owner
        if record.owner_id == viewer.user.pk and deal.may_edit:
            correct = f"/activities/{record.id}/correct/"
    elif isinstance(record, DealChangeRecord):
        icon, title, text = _change(viewer, record, deal)
        quote = "" if record.field.startswith(TALK) else record.reason
        who = record.by or ""
    elif entry.rank == Rank.END:
        icon, tone, title, text = _end(record, deal)
        quote = deal.closing_note if deal.closed_at == record.left_at else ""
        who = record.left_by or ""
    else:
        icon, tone, title, text = _move(record)
        quote = record.reason
        who = record.entered_by or ""
    return TimelineItem(
        heading=heading,
        icon=icon,
        tone=tone,
        title=title,
        when=viewer.day_and_time(at),
        iso=at.isoformat(),
        text=text,
        quote=quote,
        who=who,
        correct=correct,
    )


def _move(visit: VisitRecord) -> tuple[str, str, str, str]:
    stage = Stage(visit.stage).label
    how = EnteredHow(visit.entered_how)
    words = {
        EnteredHow.CREATED: ("plus", "acc", _("Opened in %(stage)s")),
        EnteredHow.IMPORTED: ("plus", "", _("Brought in from a file, in %(stage)s")),
        EnteredHow.FORWARD: ("arrow-right", "ok", _("Moved to %(stage)s")),
        EnteredHow.BACK: ("arrow-back-up", "", _("Back to %(stage)s")),
        EnteredHow.REOPENED: ("lock-open", "acc", _("Opened again in %(stage)s")),
    }
    icon, tone, title = words[how]
    return icon, tone, title % {"stage": stage}, ""


def _end(visit: VisitRecord, deal: DealRecord) -> tuple[str, str, str, str]:
    if visit.left_how == LeftHow.WON:
        return "trophy", "ok", _("Won"), money(visit.exit_amount, deal.currency)
    text = ""
    if deal.closed_at == visit.left_at and deal.cause:
        text = f"{Initiator(deal.initiator).label}: {shown(deal.cause)}"
    stage = Stage(visit.stage).label
    return "square-x", "bad", _("Stopped in %(stage)s") % {"stage": stage}, text


def _change(viewer: Viewer, change: DealChangeRecord, deal: DealRecord) -> tuple[str, str, str]:
    if told := record_change(viewer, change, deal):
        return told
    if change.field.startswith(TALK):
        return correction(viewer, change.field, change.old, change.new, change.reason)
    old, new = (_value(viewer, change.field, text, deal) for text in (change.old, change.new))
    if change.field == "owner":
        if not old:
            return "hand-grab", _("Claimed by %(name)s") % {"name": new}, ""
        text = _("from %(name)s") % {"name": old}
        return "user-share", _("Handed over to %(name)s") % {"name": new}, text
    if change.field in ("undone", "parked_until"):
        return _course(change.field, old, new)
    icons = {"contact": "user", "line": "package", "amount": "coin"}
    icon = icons.get(change.field, "pencil")
    if not old:
        return icon, _("%(what)s added") % {"what": _label(change.field)}, new
    if not new:
        return icon, _("%(what)s removed") % {"what": _label(change.field)}, old
    return icon, _("%(what)s changed") % {"what": _label(change.field)}, f"{old} → {new}"


def _course(field: str, old: str, new: str) -> tuple[str, str, str]:
    """What is no fact of the deal: that it was laid aside, or what was done and undone."""
    if field == "undone":
        return "arrow-back-up", _("Undone at once: %(what)s") % {"what": _undone(old)}, ""
    if not new:
        return "sun", _("Taken up again"), ""
    return "moon", _("Parked to %(day)s") % {"day": new}, ""


def _label(field: str) -> str:
    labels = {
        "name": _("Name"),
        "company": _("Company"),
        "amount": _("Value"),
        "currency": _("Currency"),
        "expected_close_on": _("Closing date"),
        "source": _("Source"),
        "source_detail": _("Source detail"),
        "source_company": _("Customer it came from"),
        "method": _("Method"),
        "contact": _("Person"),
        "team": _("Team"),
        "line": _("Product"),
        "initiator": _("Who stopped it"),
        "cause": _("Cause"),
        "closing_note": _("What was said of it"),
    }
    return labels.get(field, field)


def _value(viewer: Viewer, field: str, text: str, deal: DealRecord) -> str:
    """A value as history keeps it (text; records by id and name), for people to read."""
    if not text:
        return ""
    if field in ("owner", "team", "company", "source_company"):
        return text.partition(" ")[2]
    if field in ("source", "method", "cause"):
        return shown(text.partition(" ")[2])
    if field == "initiator":
        return str(Initiator(text).label)
    if field == "amount":
        return money(Decimal(text), deal.currency)
    if field in ("expected_close_on", "parked_until"):
        return viewer.date(dt.date.fromisoformat(text))
    return text


def _undone(verb: str) -> str:
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
        "value": _("value taken over"),
    }
    return words.get(verb, verb)
