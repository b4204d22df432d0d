"""How a deal is shown on a card: everything is text before the template loops over it."""

import datetime as dt
from functools import lru_cache
from typing import NamedTuple, Protocol

from crm.attention import heard_at, is_parked, is_past, is_silent
from crm.models.due import Due, DueState
from crm.presenters.viewer import Viewer
from crm.queries.board import BoardRow
from crm.queries.progress import Progress
from crm.shipped import shipped_name
from pipeline.people.models.people import initials_of
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import format_day, money
from salesprocess.lib.translation import gettext as _


class Card(NamedTuple):
    """Five lines at most: who, what it is, value, what's next, days with one warning.

    A board has 140 of them: its template takes them apart in this order.
    """

    id: int
    version: int
    name: str
    about: str
    value: str
    dots: str
    dots_say: str
    dots_n: str  # the same as "2/7", for a column that is narrow
    owner: str
    initials: str
    next_class: str
    next: str
    days: str
    is_late: bool
    risk: str
    may: str  # what its button does: move, claim, or nothing
    is_sample: bool
    stage: int


class ShownDeal(Protocol):
    """What the words for what's next and for an end are made of, whichever query has read it."""

    @property
    def outcome(self) -> str | None: ...
    @property
    def owner_id(self) -> int | None: ...
    @property
    def team_id(self) -> int | None: ...
    @property
    def next_on(self) -> dt.date | None: ...
    @property
    def next_at(self) -> dt.datetime | None: ...
    @property
    def next_kind(self) -> str | None: ...
    @property
    def parked_until(self) -> dt.date | None: ...
    @property
    def closed_at(self) -> dt.datetime | None: ...


def path_of(activity: int, deal: int | None) -> str:
    """Where the verbs of an activity are."""
    return f"/activities/{activity}/" if deal else f"/touches/{activity}/"


@lru_cache(maxsize=8)
def _words(language: str) -> dict[str, str]:
    """What nearly every card says, looked up once for all of them."""
    return {
        "days": _("%(n)s d"),
        "no date": _("no date"),
        "nothing": _("Nothing planned"),
        "overdue": _("Overdue · %(day)s"),
        "past": _("Past close"),
        "silent": _("Silent %(n)s d"),
        "steps": _("%(n)s of %(all)s expected steps done"),
    }


def deal_card(viewer: Viewer, row: BoardRow, progress: Progress | None = None) -> Card:
    """`progress` says how far the deal is in its stage, where a page shows that."""
    stage = Stage(row.stage)
    next_class, next_words = what_next(viewer, row)
    days, is_late = days_in_stage(viewer, row)
    dots, dots_say, dots_n = _dots(viewer, progress)
    return Card(
        id=row.id,
        version=row.version,
        name=row.company or row.name,
        about=_about(row),
        value="" if stage.is_lead else money(row.amount, row.currency),
        dots=dots,
        dots_say=dots_say,
        dots_n=dots_n,
        owner=row.owner or "",
        initials=initials_of(row.owner or ""),
        next_class=next_class,
        next=next_words,
        days=days,
        is_late=is_late,
        risk=_risk(viewer, row),
        may=_may(viewer, row),
        is_sample=viewer.is_sample(row.batch_id),
        stage=row.stage,
    )


def closed_card(viewer: Viewer, row: BoardRow) -> Card:
    """A won or stopped deal: when it ended, and why."""
    next_class, next_words = how_it_ended(viewer, row)
    return Card(
        id=row.id,
        version=row.version,
        name=row.company or row.name,
        about=_about(row),
        value=money(row.amount, row.currency),
        dots="",
        dots_say="",
        dots_n="",
        owner=row.owner or "",
        initials=initials_of(row.owner or ""),
        next_class=next_class,
        next=next_words,
        days=shipped_name(row.cause),
        is_late=False,
        risk="",
        may="",
        is_sample=viewer.is_sample(row.batch_id),
        stage=row.stage,
    )


def _dots(viewer: Viewer, progress: Progress | None) -> tuple[str, str, str]:
    """A dot for each step that is expected, filled where it is settled; the same in words, and
    as a number."""
    if progress is None:
        return "", "", ""
    settled, expected = progress
    said = _words(viewer.language)["steps"] % {"n": settled, "all": expected}
    return "●" * settled + "○" * (expected - settled), said, f"{settled}/{expected}"


def _about(row: BoardRow) -> str:
    """What the deal is; where that is the company over again, where it came from."""
    if row.company and row.name != row.company:
        return row.name
    return shipped_name(row.source)


def days_in_stage(viewer: Viewer, row: BoardRow) -> tuple[str, bool]:
    """How long it has been in its stage, and whether that is more than usual."""
    words = _words(viewer.language)
    if row.stage_entered_at is None:
        return words["no date"], False
    days = _days_since(viewer, row.stage_entered_at)
    return words["days"] % {"n": days}, days > viewer.norms.of(row.stage, row.team_id)


def how_it_ended(viewer: Viewer, row: ShownDeal) -> tuple[str, str]:
    won = row.outcome == Outcome.WON
    day = viewer.day(row.closed_at) if row.closed_at else ""
    words = _("Won · %(day)s") if won else _("Stopped · %(day)s")
    return "won" if won else "stopped", words % {"day": day}


def what_next(viewer: Viewer, row: ShownDeal) -> tuple[str, str]:
    """Its class and its words."""
    if not row.next_kind:
        if row.parked_until and is_parked(row.parked_until, today=viewer.today):
            return "parked", _("Parked to %(day)s") % {"day": viewer.date(row.parked_until)}
        return "none", _words(viewer.language)["nothing"]
    due = Due(on=row.next_on, at=row.next_at)
    state, day = due.state(at=viewer.at, zone=viewer.zone), due.day(viewer.zone)
    if state == DueState.OVER:
        return "over", _words(viewer.language)["overdue"] % {"day": _past(viewer, day)}
    if state == DueState.TODAY:
        return f"today {row.next_kind}", viewer.today_at(due)
    kind = viewer.kinds.get(row.next_kind, "")
    return row.next_kind, f"{kind} · {viewer.date(day)}"


def _risk(viewer: Viewer, row: BoardRow) -> str:
    """The one warning that a card has room for, with its reason."""
    if is_past(row.expected_close_on, today=viewer.today):
        return _words(viewer.language)["past"]
    if is_parked(row.parked_until, today=viewer.today):
        return ""
    heard = heard_at(row.touched_at, row.created_at)
    if is_silent(heard, usual_days=viewer.norms.of(row.stage, row.team_id), at=viewer.at):
        return _words(viewer.language)["silent"] % {"n": _days_since(viewer, heard)}
    return ""


def _may(viewer: Viewer, row: BoardRow) -> str:
    if may_change(viewer, row):
        return "move"
    return "claim" if row.owner_id is None else ""


def may_change(viewer: Viewer, row: ShownDeal) -> bool:
    """Whether a deal in sight is the viewer's to change: as `Deal.editable_by`."""
    reach = viewer.user.scope
    if reach.everything or row.owner_id in reach.owner_ids:
        return True
    return row.owner_id is None and row.team_id in reach.managed_team_ids


def _days_since(viewer: Viewer, moment: dt.datetime) -> int:
    return (viewer.today - moment.astimezone(viewer.zone).date()).days


def _past(viewer: Viewer, day: dt.date) -> str:
    """Short, because it stands beside a word: `Tue` in the last week, else `12 Mar`."""
    pattern = "EEE" if (viewer.today - day).days < 7 else "d MMM"
    return format_day(day, pattern, viewer.language)
