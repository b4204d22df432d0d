"""What stands around the queue: the head of the day, its schedule, what was done, what to repair."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.attention import is_parked
from crm.erased import person_name
from crm.models import ActivityKind, ActivityResult
from crm.presenters.plans import ICONS
from crm.presenters.proposals import ProposalLine
from crm.presenters.viewer import Viewer, labels
from crm.proposal import DealStanding
from day.forms.day import DayLogForm, LaterForm
from day.models import NotToday
from day.presenters.queue import QueueItem, ShownQueue, span, title_of, why_here
from day.queries.done import DoneAct
from day.queries.opened import LastTalk
from day.queries.own import KeptFree
from day.queries.queue import Candidate, FoundQueue
from day.queries.repair import SHOWN, UntrueDeal
from pipeline.process.gates import Act, Verb, blocking_findings, judge
from pipeline.process.stages import Stage
from salesprocess.lib.format import format_day, join_list, number

# What each kind takes, in minutes, for the sum at the head: a guess, and called one.
_MINUTES = {"call": 12, "email": 8, "meeting": 45, "task": 15}


@dataclass(frozen=True, kw_only=True)
class DayHead:
    title: str
    to_do: str
    about: str
    overdue: str
    done: str


def day_head(viewer: Viewer, queue: ShownQueue, *, done: int) -> DayHead:
    n = len(queue.items)
    minutes = sum(_MINUTES.get(item.kind, 10) for item in queue.items)
    return DayHead(
        title=format_day(viewer.today, "EEEE, d MMMM", viewer.language),
        to_do=ngettext("%(n)s to do", "%(n)s to do", n) % {"n": number(n)},
        about=_("about %(span)s") % {"span": span(dt.timedelta(minutes=minutes // 10 * 10))}
        if minutes >= 10
        else "",
        overdue=_("%(n)s overdue") % {"n": number(queue.overdue)} if queue.overdue else "",
        done=_("%(n)s done") % {"n": number(done)},
    )


# The open row ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StageHelp:
    """What a stage is for, and what of its steps is open: what each gives to who does it."""

    what: str
    done_when: str
    steps: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class OpenedRow:
    item: QueueItem
    form: DayLogForm
    proposals: Sequence[ProposalLine]
    said: str
    missing: str
    why: str
    phone: str
    phone_href: str
    phone_of: str
    moves_to: str
    # What was planned on a deal that is closed by now may be done; nothing follows on it.
    is_closed: bool
    help: StageHelp | None


def opened_row(
    viewer: Viewer,
    item: QueueItem,
    last: LastTalk,
    standing: DealStanding | None,
    *,
    form: DayLogForm,
    proposals: Sequence[ProposalLine],
    focus: bool,
) -> OpenedRow:
    phone = last.phone or ""
    return OpenedRow(
        item=item,
        form=form,
        proposals=proposals,
        said=_last_words(viewer, last),
        missing=_still_open(standing) if standing is not None else "",
        why=why_here(viewer, item),
        phone=phone,
        phone_href="".join(phone.split()),
        phone_of=person_name(last.phone_of) if last.phone_of else "",
        moves_to=viewer.stage_names[standing.stage + 1]
        if standing is not None and standing.stage < Stage.CLOSING
        else "",
        is_closed=form.deal is not None and not form.deal.is_open,
        help=_help(standing) if focus and standing is not None else None,
    )


def _last_words(viewer: Viewer, last: LastTalk) -> str:
    if last.done_at is None or last.kind is None:
        return _("Nothing was said yet.")
    what = viewer.kinds[last.kind].lower()
    when = viewer.day(last.done_at)
    if last.body:
        words = last.body if len(last.body) <= 160 else f"{last.body[:159]}…"
        return _("%(day)s, %(what)s: “%(words)s”") % {"day": when, "what": what, "words": words}
    if last.result:
        result = labels(ActivityResult, viewer.language)[last.result].lower()
        return f"{when}, {what}: {result}"
    return f"{when}, {what}"


def _still_open(standing: DealStanding) -> str:
    """What is missing before the deal can move on."""
    if standing.stage == Stage.CLOSING:
        return ""
    act = Act(verb=Verb.MOVE, from_stage=standing.stage, to=Stage(standing.stage + 1))
    found = blocking_findings(judge(standing.facts, standing.playbook, act), standing.playbook)
    if not found:
        return ""
    return _("Still open in %(stage)s: %(what)s.") % {
        "stage": standing.stage.short,
        "what": join_list(str(one.label) for one in found),
    }


def _help(standing: DealStanding) -> StageHelp:
    facts, about = standing.facts, standing.stage.about
    steps = [
        (step.label, step.gives_you)
        for step in standing.playbook.steps(standing.stage)
        if step.is_for(existing_customer=facts.existing_customer)
        and not (step.can_be_done and facts.has(step))
    ]
    return StageHelp(what=str(about.what), done_when=str(about.done_when), steps=steps)


class LaterPick(NamedTuple):
    name: str
    value: str
    label: str
    when: str
    icon: str
    key: str


def later_picks(viewer: Viewer, form: LaterForm) -> tuple[list[LaterPick], list[LaterPick]]:
    """When else, and why not today."""
    tomorrow = viewer.today + dt.timedelta(days=1)
    afternoon = form.afternoon()
    near = afternoon.time() == dt.time(14)
    when = [
        LaterPick(
            "next",
            LaterForm.AFTERNOON_PICK,
            _("This afternoon") if near else _("In two hours"),
            viewer.time(afternoon),
            "clock",
            "1",
        ),
        LaterPick("next", "tomorrow", _("Tomorrow"), viewer.date(tomorrow), "calendar", "2"),
        LaterPick(
            "next", LaterForm.WEEK, _("Next week"), viewer.date(form.next_week()), "calendar", "3"
        ),
    ]
    pictures = {"they_wait": "user", "we_wait": "users", "not_worth": "thumb-down"}
    why = [
        LaterPick("why", reason.value, str(reason.label), "", pictures[reason.value], str(n))
        for n, reason in enumerate(NotToday, 5)
    ]
    return when, why


# Done, and to be repaired ---------------------------------------------------------------------------


class DayDone(NamedTuple):
    icon: str
    title: str
    about: str
    href: str
    at: str
    result: str


@dataclass(frozen=True, kw_only=True)
class DoneFold:
    head: str
    kinds: str
    lines: list[DayDone]


def done_fold(viewer: Viewer, done: Sequence[DoneAct]) -> DoneFold:
    counts = Counter(one.kind for one in done)
    words = [f"{n} × {viewer.kinds[kind]}" for kind, n in counts.most_common()]
    n = len(done)
    return DoneFold(
        head=ngettext("%(n)s done today", "%(n)s done today", n) % {"n": number(n)},
        kinds=", ".join(words),
        lines=[_done_line(viewer, one) for one in done],
    )


def _done_line(viewer: Viewer, one: DoneAct) -> DayDone:
    title = viewer.kinds[one.kind]
    if one.contact:
        title = _("%(what)s with %(who)s") % {"what": title, "who": person_name(one.contact)}
    if one.deal is not None:
        href, about = f"/deals/{one.deal}/", one.deal_company or one.deal_name or ""
    else:
        href, about = f"/companies/{one.company}/" if one.company else "", one.company_name or ""
    return DayDone(
        icon=ICONS.get(one.kind, "note"),
        title=f"{title}: {one.subject}" if one.subject else title,
        about=about,
        href=href,
        at=viewer.time(one.done_at),
        result=labels(ActivityResult, viewer.language)[one.result] if one.result else "",
    )


class RepairLine(NamedTuple):
    """A deal that is not true, and what mends it: a day that is taken by one click, or the value in
    its currency."""

    deal: int
    version: int
    name: str
    words: str
    kind: str  # close, value
    set_to: str
    set_words: str
    currency: str
    is_parked: bool


@dataclass(frozen=True, kw_only=True)
class DayRepairs:
    lines: list[RepairLine]
    more: bool


# A closing date that has passed is moved by a week; most often that is what is meant.
_PUSH = dt.timedelta(days=7)
# Where there never was one, a month is proposed.
_MONTH = dt.timedelta(days=30)


def repairs(viewer: Viewer, rows: Sequence[UntrueDeal]) -> DayRepairs:
    return DayRepairs(lines=[_repair(viewer, row) for row in rows[:SHOWN]], more=len(rows) > SHOWN)


def _repair(viewer: Viewer, row: UntrueDeal) -> RepairLine:
    closes = row.expected_close_on
    parked = row.parked_until if is_parked(row.parked_until, today=viewer.today) else None
    line = RepairLine(
        deal=row.id,
        version=row.version,
        name=row.company or row.name,
        words=_("Nobody knows its value"),
        kind="value",
        set_to="",
        set_words="",
        currency=row.currency,
        is_parked=parked is not None,
    )
    if row.amount is None and (closes is None or closes >= viewer.today):
        return line
    if closes is None:
        day, words = viewer.today + _MONTH, _("Nobody knows when it closes")
    else:
        day, words = viewer.today + _PUSH, _("Close date %(day)s has passed")
        words %= {"day": viewer.date(closes)}
    # What is parked does not close before it is taken up again.
    day = max(day, parked or day)
    return line._replace(
        words=words, kind="close", set_to=day.isoformat(), set_words=viewer.date(day)
    )


# The schedule ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ScheduleBlock:
    """`row` and `rows` count half hours from the beginning of the schedule, from 1. It stands in `lane`,
    from 1, of so many `lanes`: what is at the same time stands side by side."""

    row: int
    rows: int
    title: str
    text: str
    href: str = ""
    is_kept_free: bool = False
    is_past: bool = False
    lane: int = 1
    lanes: int = 1


@dataclass(frozen=True, kw_only=True)
class Schedule:
    day: str
    hours: list[tuple[int, str]]
    blocks: list[ScheduleBlock]
    now_row: int
    now: str


_HALF = 30
_FIRST, _LAST = 8, 18
_LANES = 3


def schedule(
    viewer: Viewer, found: FoundQueue, done: Sequence[DoneAct], free: Sequence[KeptFree]
) -> Schedule:
    """The hours of today: what is planned, what was planned and is done, what is kept free."""
    today = [one for one in free if one.weekday == viewer.today.isoweekday()]
    planned = list(_timed(viewer, found))
    kept = [one for one in done if one.due_at is not None and _is_today(viewer, one.due_at)]
    times = [at for at, _one in planned] + [one.due_at for one in kept if one.due_at is not None]
    hours = [at.astimezone(viewer.zone).hour for at in times] + [one.starts.hour for one in today]
    first, last = min([_FIRST, *hours]), max([_LAST, *(hour + 1 for hour in hours)])
    last = min(last, 23)
    blocks = [
        *(_free_block(viewer, one, done, first) for one in today),
        *(_planned_block(viewer, at, one, first) for at, one in planned),
        *(_done_block(viewer, one, first) for one in kept),
    ]
    local = viewer.at.astimezone(viewer.zone)
    inside = first <= local.hour <= last
    return Schedule(
        day=viewer.date(viewer.today),
        hours=[(2 * (hour - first) + 1, _hour(viewer, hour)) for hour in range(first, last + 1)],
        blocks=side_by_side(blocks),
        now_row=_row_of(local.time(), first) if inside else 0,
        now=viewer.time(viewer.at),
    )


def side_by_side(blocks: Iterable[ScheduleBlock]) -> list[ScheduleBlock]:
    """The blocks in their order, none over another: what is at the same time in lanes of its own.

    Of more than _LANES at once the next one moves to where the first lane is free; it says its hour.
    """
    placed: list[ScheduleBlock] = []
    together: list[ScheduleBlock] = []  # each reaches to the next, if only by way of others
    ends: list[int] = []  # the first free row of each lane

    def close() -> None:
        placed.extend(replace(one, lanes=len(ends)) for one in together)
        together.clear()
        ends.clear()

    for block in sorted(blocks, key=lambda block: (block.row, -block.rows)):
        if block.row >= max(ends, default=0):
            close()
        free = [lane for lane, end in enumerate(ends) if end <= block.row]
        if not free and len(ends) < _LANES:
            free = [len(ends)]
            ends.append(0)
        lane = free[0] if free else ends.index(min(ends))
        row = max(block.row, ends[lane])
        ends[lane] = row + block.rows
        together.append(replace(block, row=row, lane=lane + 1))
    close()
    return placed


def _timed(viewer: Viewer, found: FoundQueue) -> Iterator[tuple[dt.datetime, Candidate]]:
    """What is planned for an hour of today."""
    candidates = chain((row.candidate for row in found.rows), found.ahead)
    for one in candidates:
        at = one.act.due_at if one.act is not None else None
        if at is not None and _is_today(viewer, at):
            yield at, one


def _is_today(viewer: Viewer, at: dt.datetime) -> bool:
    return viewer.date_of(at) == viewer.today


def _hour(viewer: Viewer, hour: int) -> str:
    return viewer.time(dt.datetime.combine(viewer.today, dt.time(hour), tzinfo=viewer.zone))


def _row_of(time: dt.time, first: int) -> int:
    return (time.hour - first) * 2 + time.minute // _HALF + 1


def _planned_block(viewer: Viewer, at: dt.datetime, one: Candidate, first: int) -> ScheduleBlock:
    assert one.act is not None  # noqa: S101  # only what is planned has an hour
    deal = one.deal
    return ScheduleBlock(
        row=_row_of(at.astimezone(viewer.zone).time(), first),
        rows=2 if one.act.kind == ActivityKind.MEETING else 1,
        title=title_of(viewer, one, None),
        text=viewer.time(at),
        href=f"/deals/{deal.id}/" if deal is not None else "",
        is_past=at < viewer.at,
    )


def _done_block(viewer: Viewer, one: DoneAct, first: int) -> ScheduleBlock:
    assert one.due_at is not None  # noqa: S101  # as chosen
    line = _done_line(viewer, one)
    return ScheduleBlock(
        row=_row_of(one.due_at.astimezone(viewer.zone).time(), first),
        rows=2 if one.kind == ActivityKind.MEETING else 1,
        title=line.title,
        text=f"{viewer.time(one.due_at)} · {line.result}"
        if line.result
        else viewer.time(one.due_at),
        href=line.href,
        is_past=True,
    )


def _free_block(
    viewer: Viewer, one: KeptFree, done: Sequence[DoneAct], first: int
) -> ScheduleBlock:
    """What came of it: only prospecting counts, which is what the time is kept for."""
    tried = [
        act
        for act in done
        if (act.stage or 0) in (Stage.LEAD_GENERATION, Stage.PROSPECTING)
        and one.starts <= act.done_at.astimezone(viewer.zone).time() < one.ends
    ]
    agreed = sum(
        act.result in (ActivityResult.MEETING_SET, ActivityResult.MOVED_FORWARD) for act in tried
    )
    starts, ends = (
        viewer.time(dt.datetime.combine(viewer.today, time, tzinfo=viewer.zone))
        for time in (one.starts, one.ends)
    )
    text = f"{starts}\N{EN DASH}{ends}"
    if tried:
        words = _("%(tried)s tried, %(agreed)s agreed")
        text += " · " + words % {"tried": number(len(tried)), "agreed": number(agreed)}
    row = _row_of(one.starts, first)
    return ScheduleBlock(
        row=row,
        rows=max(_row_of(one.ends, first) - row, 1),
        title=_("%(stage)s, kept free") % {"stage": Stage.PROSPECTING.short},
        text=text,
        is_kept_free=True,
        is_past=one.ends < viewer.at.astimezone(viewer.zone).time(),
    )
