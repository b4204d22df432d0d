"""Existing customers for people to read."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import ngettext

from crm.models import ActivityResult, Product
from crm.models.due import Due, DueState
from crm.presenters.viewer import Viewer, labels
from crm.touch_rhythm import proposed_rhythm
from day.queries.customers import DORMANT_AFTER, Brought, CustomerRow
from pipeline.process.stages import Outcome, Stage
from reports.figures import Figure
from reports.presenters.report import between_words
from salesprocess.lib.format import money, number, percent
from salesprocess.lib.translation import gettext as _

_FEW = 2


@dataclass(frozen=True, kw_only=True)
class Say:
    """A few words with their tone and icon; the tone is empty for what is usual."""

    words: str
    tone: str = ""
    icon: str = ""


@dataclass(frozen=True, kw_only=True)
class CustomerLine:
    id: int
    name: str
    about: str
    last_deal_id: int | None
    last: str
    last_when: str
    touch: str
    touch_when: str
    next: str
    next_class: str
    plan: str
    plan_note: Say
    lacks: Sequence[str]
    # The others, of which the row has room for their number.
    lacks_more: str
    lacks_more_count: int
    won: str
    brought: str
    hand_off_id: int | None
    open_deals: int
    wins: int
    referrals: int
    months: int | None
    plan_seen: int
    proposed: int
    propose_on: dt.date


def customer_line(viewer: Viewer, row: CustomerRow, lacks: Sequence[Product]) -> CustomerLine:
    proposed = proposed_rhythm(viewer.user.style, row.employees)
    next_words, next_class = _next(viewer, row)
    return CustomerLine(
        id=row.id,
        name=row.name,
        about=" · ".join(filter(None, [row.country, _since(viewer, row)])),
        last_deal_id=row.last_deal_id,
        last=row.last_deal or "–",
        last_when=_last(viewer, row),
        touch=_touch(viewer, row),
        touch_when=viewer.day(row.touched_at) if row.touched_at else "",
        next=next_words,
        next_class=next_class,
        plan=_plan(row),
        plan_note=_plan_note(viewer, row, proposed),
        lacks=[one.name for one in lacks[:_FEW]],
        lacks_more=", ".join(one.name for one in lacks[_FEW:]),
        lacks_more_count=len(lacks[_FEW:]),
        won=money(row.won, viewer.currency) if row.won else "–",
        brought=_brought(row),
        hand_off_id=row.hand_off_id,
        open_deals=row.open_deals,
        wins=row.wins,
        referrals=row.referrals,
        months=row.months,
        plan_seen=row.plan_version or 0,
        proposed=proposed,
        propose_on=max(row.due_on or viewer.today, viewer.today + dt.timedelta(days=1)),
    )


@dataclass(frozen=True, kw_only=True)
class RepeatShare:
    """How much of what was won came again, and where the deals behind it stand. `share` is empty for
    too few to say one, `covered` where enough is known."""

    share: str
    words: str
    covered: str
    href: str


def repeat_share(figure: Figure, *, person: int | None) -> RepeatShare | None:
    """Nothing where nothing was won; `person` is who is asked about, if it is one."""
    if figure.value is None or figure.cell is None:
        return None
    said: dict[str, object] = {"span": "year", "part": 1}
    if person is not None:
        said["person"] = person
    path = reverse("reports:rows", args=[figure.cell.metric])
    counts = {"part": number(figure.part or 0), "n": number(figure.n)}
    if figure.is_small_sample:
        share, words = (
            "",
            ngettext(
                "%(part)s of %(n)s win in 12 months came again",
                "%(part)s of %(n)s wins in 12 months came again",
                figure.n,
            ),
        )
    else:
        share = _("%(share)s repeat business") % {"share": percent(figure.value, figure.n)}
        words = ngettext(
            "%(part)s of %(n)s win in 12 months", "%(part)s of %(n)s wins in 12 months", figure.n
        )
    known = figure.coverage
    return RepeatShare(
        share=share,
        words=" · ".join(filter(None, [words % counts, between_words(figure)])),
        covered=_("%(share)s covered") % {"share": percent(known.share, known.population)}
        if known.share is not None and not known.is_reliable
        else "",
        href=f"{path}?{urlencode(said)}",
    )


def every(months: int) -> str:
    """A rhythm in words."""
    if months == 12:
        return _("Every year")
    return _("Every month") if months == 1 else _("Every %(n)s months") % {"n": months}


def _since(viewer: Viewer, row: CustomerRow) -> str:
    if row.since is None:
        return ""
    return _("since %(year)s") % {"year": viewer.date_of(row.since).year}


def _last(viewer: Viewer, row: CustomerRow) -> str:
    if row.last_at is None:
        return ""
    paid = money(row.last_amount, row.last_currency or "") if row.last_amount else ""
    return " · ".join(filter(None, [viewer.day(row.last_at), paid]))


def _touch(viewer: Viewer, row: CustomerRow) -> str:
    if row.touch_kind is None:
        return _("never")
    said = row.touch_person
    if row.touch_result == ActivityResult.NO_ANSWER:
        said = labels(ActivityResult, viewer.language)[ActivityResult.NO_ANSWER]
    return ", ".join(filter(None, [viewer.kinds[row.touch_kind], said]))


def _next(viewer: Viewer, row: CustomerRow) -> tuple[str, str]:
    """What is next in words, and by which class of the stylesheet it is drawn."""
    if row.hand_off_id is not None:
        return _("Hand-off to write"), "over"
    if row.next_kind is None:
        return _("Nothing planned"), "none"
    due = Due(on=row.next_on, at=row.next_at)
    state = due.state(at=viewer.at, zone=viewer.zone)
    day = viewer.due_day(due)
    if state == DueState.OVER:
        return _("Overdue · %(day)s") % {"day": day}, "over"
    today = "today " if state == DueState.TODAY else ""
    return f"{viewer.kinds[row.next_kind]} · {day}", f"{today}{row.next_kind}"


def _plan(row: CustomerRow) -> str:
    if row.open_deals:
        return _("By its deals")
    if row.months is not None:
        return every(row.months)
    return _("None") if row.plan_version else _("Not decided")


def _plan_note(viewer: Viewer, row: CustomerRow, proposed: int) -> Say:
    if row.open_deals:
        n = row.open_deals
        return Say(words=ngettext("%(n)s open deal", "%(n)s open deals", n) % {"n": n})
    if _is_dormant(viewer, row):
        return Say(words=_("dormant"), tone="warn", icon="moon")
    if row.months is None:
        words = "" if row.plan_version else _("proposed: %(rhythm)s") % {"rhythm": every(proposed)}
        return Say(words=words)
    if row.due_on is None or row.due_on > viewer.today or row.next_kind:
        return Say(words=_("in time"), tone="ok", icon="check")
    if (viewer.today - row.due_on).days < 14:
        return Say(words=_("due now"), tone="warn", icon="clock")
    words = _("due since %(day)s") % {"day": viewer.date(row.due_on)}
    return Say(words=words, tone="bad", icon="alert-circle")


def _is_dormant(viewer: Viewer, row: CustomerRow) -> bool:
    if row.next_kind:
        return False
    moments = [one for one in (row.touched_at, row.last_at) if one is not None]
    return not moments or max(moments) < viewer.at - DORMANT_AFTER


def _brought(row: CustomerRow) -> str:
    won = ngettext("%(n)s won", "%(n)s won", row.wins) % {"n": row.wins}
    if not row.referrals:
        return won
    named = ngettext("%(n)s referral", "%(n)s referrals", row.referrals) % {"n": row.referrals}
    return f"{won} · {named}"


@dataclass(frozen=True, kw_only=True)
class BroughtLine:
    """A deal with somebody else that came by way of the customer."""

    id: int
    name: str
    stage: int | None
    words: str
    tone: str


def brought_lines(viewer: Viewer, rows: Iterable[Brought]) -> list[BroughtLine]:
    return [_brought_line(viewer, row) for row in rows]


def _brought_line(viewer: Viewer, row: Brought) -> BroughtLine:
    is_open = row.outcome == Outcome.OPEN
    if is_open:
        words, tone = viewer.stage_names[row.stage], ""
    else:
        words = str(Outcome(row.outcome).label)
        tone = "ok" if row.outcome == Outcome.WON else ""
        if row.outcome == Outcome.WON and row.amount:
            words = f"{words} {money(row.amount, row.currency)}"
    return BroughtLine(
        id=row.id,
        name=row.company or row.name,
        stage=Stage(row.stage).value if is_open else None,
        words=words,
        tone=tone,
    )
