"""The queue of a day as its page shows it: what to do, about what, and why it stands where it stands."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.attention import (
    ANSWER_WITHIN,
    AttentionReason,
    Cause,
    Customer,
    OpenDeal,
)
from crm.erased import person_name
from crm.presenters.plans import ICONS
from crm.presenters.viewer import Viewer
from crm.shipped import shipped_name
from day.models import NotToday
from day.queries.own import Aside
from day.queries.queue import MOST, Candidate, FoundQueue, Queued
from pipeline.process.stages import Stage
from salesprocess.lib.format import join_list, money

# How each reason looks; a word always stands beside it.
_TONES = {
    AttentionReason.OVERDUE: ("bad", "alert-circle"),
    AttentionReason.ANSWER: ("acc", "message-2"),
    AttentionReason.LEAD: ("", "clock"),
    AttentionReason.TODAY: ("", ""),
    AttentionReason.DECISION: ("bad", "alert-circle"),
    AttentionReason.COOLING: ("warn", "alert-triangle"),
    AttentionReason.NOTHING: ("warn", "circle-dashed"),
    AttentionReason.GATE: ("", "arrow-right"),
    AttentionReason.HAND_OFF: ("", "note"),
    AttentionReason.TOUCH: ("", "user-check"),
}
# What is done where no activity says it.
_PICTURES = {
    AttentionReason.ANSWER: "message-2",
    AttentionReason.GATE: "arrow-right",
    AttentionReason.HAND_OFF: "note",
}


@dataclass(frozen=True, kw_only=True)
class QueueItem:
    """One row. `verb` is what its button does: log, move, hand_off. `place` is where it stands, from
    0; `moved` says that the reader put it there, `up` in which direction."""

    key: str
    place: int
    icon: str
    title: str
    about: str
    href: str
    stage: int
    stage_name: str
    tone: str
    reason_icon: str
    reason: str
    also: str
    at: str
    clock: str
    is_late: bool
    verb: str
    verb_href: str
    moved: str
    deal: int | None
    act: int | None
    deal_version: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class AsideItem:
    """What was laid aside, and until when."""

    id: int
    title: str
    until: str
    why: str


class ShownQueue(NamedTuple):
    items: list[QueueItem]
    aside: list[AsideItem]
    overdue: int
    # Whether more asks than a page shows.
    has_more: bool


def shown_queue(
    viewer: Viewer,
    found: FoundQueue,
    *,
    aside: Mapping[str, Aside],
    places: Mapping[str, int],
    later_too: bool = False,
) -> ShownQueue:
    """The rows in the order of the reader. `later_too` leaves in what has an hour of today that is
    not near yet."""
    rows = [row for row in found.rows if row.key not in aside]
    if not later_too:
        rows = [row for row in rows if not _is_later_today(viewer, row)]
    ranked = [row.key for row in rows]
    order = placed(ranked, places)
    by_key = {row.key: row for row in rows}
    items = [
        _item(viewer, by_key[key], place=place, was=ranked.index(key) if key in places else place)
        for place, key in enumerate(order[:MOST])
    ]
    asleep = [
        _aside(viewer, row.candidate, row.reason, aside[row.key])
        for row in found.rows
        if row.key in aside
    ]
    overdue = sum(row.reason == AttentionReason.OVERDUE for row in rows)
    return ShownQueue(items=items, aside=asleep, overdue=overdue, has_more=len(order) > MOST)


def placed(ranked: Sequence[str], places: Mapping[str, int]) -> list[str]:
    """The keys in the order that the reader gave them: what was moved stands at its place, all the
    rest as it is ranked."""
    moved = sorted((key for key in ranked if key in places), key=lambda key: places[key])
    order = [key for key in ranked if key not in places]
    for key in moved:
        order.insert(min(places[key], len(order)), key)
    return order


# What has an hour of today comes up when it is so near.
_NEAR = dt.timedelta(hours=1)


def _is_later_today(viewer: Viewer, row: Queued) -> bool:
    act = row.candidate.act
    if act is None or act.due_at is None or row.reason != AttentionReason.TODAY:
        return False
    return act.due_at > viewer.at + _NEAR


def _item(viewer: Viewer, row: Queued, *, place: int, was: int) -> QueueItem:
    one, reason = row.candidate, row.reason
    tone, picture = _TONES[reason]
    deal, act = one.deal, one.act
    verb, verb_href = _verb(one, reason)
    at = act.due_at if act is not None and reason == AttentionReason.TODAY else None
    left, is_late = _clock(viewer, row)
    return QueueItem(
        key=one.key,
        place=place,
        icon=ICONS[act.kind] if act is not None else _PICTURES.get(reason, "phone"),
        title=title_of(viewer, one, reason),
        about=_about(one),
        href=_href(one),
        stage=deal.stage if deal is not None else Stage.LEAD_GENERATION.value,
        stage_name=viewer.stage_names[deal.stage if deal is not None else 1],
        tone=tone,
        reason_icon=picture,
        reason=reason_words(viewer, one, row.causes[0]),
        also=_also(viewer, one, row.causes[1:]),
        at=viewer.time(at) if at is not None else "",
        clock=left,
        is_late=is_late,
        verb=verb,
        verb_href=verb_href,
        moved="" if was == place else "up" if place < was else "down",
        deal=deal.id if deal is not None else None,
        act=act.id if act is not None else None,
        deal_version=deal.version if deal is not None else 0,
        kind=act.kind if act is not None else "call",
    )


def _verb(one: Candidate, reason: AttentionReason) -> tuple[str, str]:
    if one.deal is not None and reason == AttentionReason.GATE:
        return "move", f"/deals/{one.deal.id}/move/?version={one.deal.version}"
    if one.deal is not None and reason == AttentionReason.HAND_OFF:
        return "hand_off", f"/deals/{one.deal.id}/hand-off/"
    return "log", ""


def _href(one: Candidate) -> str:
    if one.deal is not None:
        return f"/deals/{one.deal.id}/"
    if one.act is not None and one.act.contact_id is not None:
        return f"/contacts/{one.act.contact_id}/"
    company = one.company[0] if one.company else one.act and one.act.company_id
    return f"/companies/{company}/"


def title_of(viewer: Viewer, one: Candidate, reason: AttentionReason | None) -> str:
    """What to do, in a few words; the reason says it where no act does."""
    act = one.act
    if act is not None:
        what = viewer.kinds[act.kind]
        who = person_name(act.contact) if act.contact else act.company or ""
        if act.subject:
            return f"{what}: {act.subject}"
        return _("%(what)s with %(who)s") % {"what": what, "who": who} if who else what
    words = _TITLES[reason or AttentionReason.NOTHING]()
    return words % {"who": _who(one), "stage": _next_stage(viewer, one)}


_TITLES = {
    AttentionReason.ANSWER: lambda: _("Answer %(who)s"),
    AttentionReason.LEAD: lambda: _("Reach %(who)s"),
    AttentionReason.DECISION: lambda: _("Ask %(who)s about the offer"),
    AttentionReason.COOLING: lambda: _("Speak to %(who)s"),
    AttentionReason.NOTHING: lambda: _("Plan what’s next with %(who)s"),
    AttentionReason.GATE: lambda: _("%(who)s to %(stage)s"),
    AttentionReason.HAND_OFF: lambda: _("Write the hand-off for %(who)s"),
    AttentionReason.TOUCH: lambda: _("Touch: %(who)s"),
}


def _who(one: Candidate) -> str:
    if one.company is not None:
        return one.company[1]
    deal = one.deal
    return (deal.company or deal.name) if deal is not None else ""


def _next_stage(viewer: Viewer, one: Candidate) -> str:
    stage = one.deal.stage if one.deal is not None else 1
    return viewer.stage_names[min(stage + 1, Stage.CLOSING.value)]


def _about(one: Candidate) -> str:
    """With whom and about what, without what the title says already."""
    deal, act = one.deal, one.act
    if deal is None:
        return (act.company or "") if act is not None else ""
    words = [deal.name] if deal.name != deal.company else []
    if act is not None and deal.company:
        words.insert(0, deal.company)
    if deal.stage <= Stage.PROSPECTING:
        words.append(shipped_name(deal.source))
    else:
        words.append(money(deal.amount, deal.currency))
    return " · ".join(filter(None, words))


# Why -----------------------------------------------------------------------------------------------


def reason_words(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    """The reason with what it rests on, as the page says it."""
    return _WORDS[cause.reason](viewer, one, cause)


def _days(viewer: Viewer, since: dt.datetime) -> int:
    return (viewer.today - viewer.date_of(since)).days


def _overdue(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    act = one.act
    assert act is not None  # noqa: S101  # what is overdue was planned
    days, when = (viewer.today - act.due.day(viewer.zone)).days, viewer.due_day(act.due)
    if days == 0:
        return _("Promised for %(when)s") % {"when": viewer.today_at(act.due)}
    words = ngettext(
        "Promised for %(when)s, %(n)s day over", "Promised for %(when)s, %(n)s days over", days
    )
    return words % {"when": when, "n": days}


def _answer(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    told = viewer.time(cause.since) if _days(viewer, cause.since) == 0 else viewer.day(cause.since)
    if not one.words:
        return _("Answer waiting since %(when)s") % {"when": told}
    words = one.words if len(one.words) <= 60 else f"{one.words[:59]}…"
    return _("Answer waiting since %(when)s: “%(words)s”") % {"when": told, "words": words}


def _lead(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    waits, within = viewer.at - cause.since, ANSWER_WITHIN
    if waits > dt.timedelta(days=2):
        return _("New lead, nobody has tried since %(day)s") % {"day": viewer.day(cause.since)}
    return _("New lead, waits %(waits)s of your %(within)s") % {
        "waits": span(waits),
        "within": span(within),
    }


def _today(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    return _("Promised for today")


def _decision(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    return _("Offer %(n)s past its decision day, %(day)s") % {
        "n": one.revision or 1,
        "day": viewer.day(cause.since),
    }


def _cooling(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    usual = one.asking.usual_days if isinstance(one.asking, OpenDeal) else 0
    stage = viewer.stage_names[one.deal.stage] if one.deal is not None else ""
    return _("Cooling: %(n)s days without a word, %(usual)s is usual in %(stage)s") % {
        "n": _days(viewer, cause.since),
        "usual": usual,
        "stage": stage,
    }


def _nothing(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    parked = one.deal.parked_until if one.deal is not None else None
    if parked is not None:
        return _("Was parked until %(day)s, nothing planned") % {"day": viewer.date(parked)}
    return _("Nothing planned, last word %(day)s") % {"day": viewer.day(cause.since)}


def _gate(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    if not one.missing:
        return _("Nothing is missing before it can move")
    return _("One gate from moving: %(what)s") % {"what": join_list(one.missing)}


def _hand_off(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    return _("Won on %(day)s; those who deliver know nothing yet") % {
        "day": viewer.day(cause.since)
    }


def _touch(viewer: Viewer, one: Candidate, cause: Cause) -> str:
    customer = one.asking
    assert isinstance(customer, Customer)  # noqa: S101  # who else is touched
    told = {
        "n": _days(viewer, customer.heard_at) // 30,
        "usual": customer.months,
    }
    if one.has_rhythm:
        return _("%(n)s months without a touch, your plan says %(usual)s") % told
    return _("%(n)s months without a touch, %(usual)s is usual") % told


_WORDS = {
    AttentionReason.OVERDUE: _overdue,
    AttentionReason.ANSWER: _answer,
    AttentionReason.LEAD: _lead,
    AttentionReason.TODAY: _today,
    AttentionReason.DECISION: _decision,
    AttentionReason.COOLING: _cooling,
    AttentionReason.NOTHING: _nothing,
    AttentionReason.GATE: _gate,
    AttentionReason.HAND_OFF: _hand_off,
    AttentionReason.TOUCH: _touch,
}


def _also(viewer: Viewer, one: Candidate, others: Sequence[Cause]) -> str:
    """What else speaks for it, and when it is to close."""
    told = [str(cause.reason.label).lower() for cause in others]
    closes = one.deal.expected_close_on if one.deal is not None else None
    if closes is not None and one.deal is not None and one.deal.outcome == "open":
        days = (closes - viewer.today).days
        if 0 <= days <= 30:
            told.append(ngettext("closes in %(n)s day", "closes in %(n)s days", days) % {"n": days})
    return ", ".join(told)


def why_here(viewer: Viewer, item: QueueItem) -> str:
    """Why it stands where it stands, in one sentence."""
    if item.moved == "up":
        return _("You moved it up for today.")
    if item.moved == "down":
        return _("You moved it down for today.")
    reasons = item.reason[:1].lower() + item.reason[1:]
    also = f", {item.also}" if item.also else ""
    first = _("First because: %(reasons)s.") if item.place == 0 else _("Here because: %(reasons)s.")
    return first % {"reasons": reasons + also}


def _clock(viewer: Viewer, row: Queued) -> tuple[str, bool]:
    """How long a new lead may still wait, while that counts."""
    if row.reason != AttentionReason.LEAD:
        return "", False
    left = row.causes[0].since + ANSWER_WITHIN - viewer.at
    if left < -dt.timedelta(days=1):
        return "", False
    if left <= dt.timedelta(0):
        return _("%(span)s late") % {"span": span(-left)}, True
    return _("%(span)s left") % {"span": span(left)}, False


def span(length: dt.timedelta) -> str:
    """Hours and minutes, as a clock would not say it."""
    minutes = int(length.total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return _("%(m)s min") % {"m": minutes}
    return (
        _("%(h)s h %(m)s") % {"h": hours, "m": f"{minutes:02}"}
        if minutes
        else _("%(h)s h") % {"h": hours}
    )


def _aside(viewer: Viewer, one: Candidate, reason: AttentionReason, aside: Aside) -> AsideItem:
    near = viewer.date_of(aside.until) == viewer.today
    return AsideItem(
        id=aside.id,
        title=title_of(viewer, one, reason),
        until=viewer.time(aside.until) if near else viewer.day(aside.until),
        why=str(NotToday(aside.why).label) if aside.why else "",
    )
