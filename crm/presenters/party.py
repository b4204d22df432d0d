"""How a company or a contact is shown: what was said, what is planned, who has looked after it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from crm.commands.deleted import KEPT
from crm.events import OwnerChanged, PartyGivenBack, PartyTakenIn
from crm.models import Activity, PartyChange
from crm.presenters.cards import path_of
from crm.presenters.events import event_sentence
from crm.presenters.plans import ICONS, due_state, plan_title, talk_title
from crm.presenters.timeline import when_group
from crm.presenters.viewer import Viewer
from crm.queries.deal import Talk
from salesprocess.lib.keyset import Cursor


@dataclass(frozen=True, kw_only=True)
class Touch:
    """An entry of the timeline. `heading` is set where a new group begins."""

    at: dt.datetime
    icon: str
    title: str
    when: str
    iso: str
    text: str
    who: str
    heading: str = ""
    deal: int = 0
    deal_name: str = ""
    stage: str = ""  # for which it counted, where that is told by no deal
    correct: str = ""  # where its author puts it right


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Something to be done; `may` is whether it can be done from here: it has no deal of its own."""

    id: int
    version: int
    kind: str
    icon: str
    state: str
    title: str
    when: str
    who: str
    deal: int
    deal_name: str
    path: str  # where its verbs are
    may: bool


@dataclass(frozen=True, kw_only=True)
class OwnerChange:
    """A change of who looks after a party, or that another one was merged into it; `undo` is the id of
    that one where it can be brought back."""

    words: str
    came: str
    when: str
    who: str
    reason: str
    undo: int = 0


def touches(
    viewer: Viewer,
    rows: Iterable[Activity],
    changes: Iterable[PartyChange] = (),
    *,
    after: Cursor | None,
) -> list[Touch]:
    """What was said, and what was put right of it, in order of time."""
    group = when_group(viewer, after.key) if after else ""
    told = []
    entries = [_touch(viewer, row, row.done_at or row.created_at) for row in rows]
    entries += [_corrected(viewer, change) for change in changes]
    for entry in sorted(entries, key=lambda entry: entry.at, reverse=True):
        heading = when_group(viewer, entry.at)
        told.append(replace(entry, heading="" if heading == group else heading))
        group = heading
    return told


def _corrected(viewer: Viewer, change: PartyChange) -> Touch:
    at = change.at
    icon, title, text = event_sentence(viewer, change.event)
    return Touch(
        at=at,
        icon=icon,
        title=title,
        when=viewer.day_and_time(at),
        iso=at.isoformat(),
        text=text,
        who=change.by.name if change.by else "",
    )


def _touch(viewer: Viewer, row: Activity, at: dt.datetime) -> Touch:
    return Touch(
        at=at,
        icon=ICONS[row.kind],
        title=talk_title(viewer, Talk.of(row)),
        when=viewer.day_and_time(at),
        iso=at.isoformat(),
        text=row.body,
        who=row.owner.name,
        deal=row.deal_id or 0,
        deal_name=row.deal.name if row.deal else "",
        stage="" if row.deal_id or not row.stage else viewer.stage_names[row.stage],
        correct=f"/activities/{row.pk}/correct/"
        if row.owner_id == viewer.user.pk and vars(row).get("may_edit")
        else "",
    )


def planned_lines(viewer: Viewer, rows: Iterable[Activity]) -> list[Planned]:
    return [_planned(viewer, row) for row in rows]


def _planned(viewer: Viewer, row: Activity) -> Planned:
    state, when = due_state(viewer, row)
    return Planned(
        id=row.pk,
        version=row.version,
        kind=row.kind,
        icon=ICONS[row.kind] if state != "over" else "alert-circle",
        state=state,
        title=plan_title(viewer, Talk.of(row)),
        when=when,
        who="" if row.owner_id == viewer.user.pk else row.owner.name,
        deal=row.deal_id or 0,
        deal_name=row.deal.name if row.deal else "",
        path=path_of(row.pk, row.deal_id),
        may=bool(vars(row).get("may_edit")),
    )


def owner_changes(viewer: Viewer, changes: Sequence[PartyChange]) -> list[OwnerChange]:
    """`changes` are the latest, the last one first."""
    found: list[OwnerChange] = []
    back: set[int | None] = set()
    for change in changes:
        event = change.event
        if isinstance(event, PartyGivenBack):
            back.add(event.party.id)
        found.append(_owner_change(viewer, change, back))
        if isinstance(event, PartyTakenIn):
            back.discard(event.party.id)
    return found


def _owner_change(viewer: Viewer, change: PartyChange, back: set[int | None]) -> OwnerChange:
    event, words, came, undo = change.event, "", "", 0
    if isinstance(event, OwnerChanged):
        words = _("Handed over to %(name)s") % {"name": event.new.name if event.new else ""}
        came = _("from %(name)s") % {"name": event.old.name} if event.old else ""
    else:
        _icon, words, _text = event_sentence(viewer, event)
    if isinstance(event, PartyTakenIn) and event.party.id not in back:
        undo = event.party.id or 0 if viewer.at - change.at <= KEPT else 0
    return OwnerChange(
        words=words,
        came=came,
        when=viewer.day(change.at),
        who=change.by.name if change.by else "",
        reason=change.reason,
        undo=undo,
    )
