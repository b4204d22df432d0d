"""How a timeline is shown: what was said, moved and changed."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.presenters.events import event_sentence
from crm.presenters.plans import ICONS, talk_title
from crm.presenters.viewer import Viewer
from crm.queries.deal import DealRecord, Talk, VisitRecord
from crm.queries.timeline import DealChangeRecord, Rank, TimelineEntry
from crm.shipped import shipped_name
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
        icon, title, text = event_sentence(viewer, record.event, at)
        quote = record.reason or getattr(record.event, "about", "")
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
        text = f"{Initiator(deal.initiator).label}: {shipped_name(deal.cause)}"
    stage = Stage(visit.stage).label
    return "square-x", "bad", _("Stopped in %(stage)s") % {"stage": stage}, text
