"""The board: one page, its columns as a fragment for polls and filters, and more of one column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from crm.filters import BoardFilter
from crm.presenters.cards import Card, closed_card, deal_card
from crm.presenters.viewer import Viewer
from crm.queries import board as queries
from crm.queries.board import MOST, ORDERING, PAGE, BoardRow, StageSum
from crm.queries.deadlines import Deadline, Deadlines
from crm.queries.progress import Progress, progress_of
from crm.queries.rate import rates_on
from crm.worth import Rates
from pipeline.audit.commands import record_view
from pipeline.process.queries.stages import Norm
from pipeline.process.stages import Outcome, Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import money_short, number
from salesprocess.lib.htmx import render, wants_fragment
from salesprocess.lib.keyset import Cursor

# How the audit calls it.
BOARD = "board"
# What the address says of columns of days.
BY_DEADLINE = "deadline"


class Money(NamedTuple):
    """What a column comes to: the sum, what is no part of it, and at which rates it was made."""

    value: str
    unknown: str
    rates: str


@dataclass(frozen=True, kw_only=True)
class BoardColumn:
    """A stage as the template draws it."""

    stage: Stage
    name: str
    norm: Norm
    cards: list[Card]
    sum: StageSum
    value: Money
    more: str
    after: str
    opened: str
    is_current: bool
    is_of_days = False

    @property
    def is_thin(self) -> bool:
        """Leads have thin cards."""
        return self.stage.is_lead


@dataclass(frozen=True, kw_only=True)
class DeadlineColumn:
    """A column of days as the template draws it."""

    deadline: Deadline
    cards: list[Card]
    sum: StageSum
    value: Money
    more: str
    after: str
    opened: str
    is_thin = False
    is_of_days = True


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Deals that ended lately: a count, and their cards while the column is open."""

    outcome: Outcome
    count: int
    value: Money
    cards: list[Card] | None
    href: str


@require_GET
def board(request: HtmxRequest) -> HttpResponse:
    viewer, found = _asked(request)
    days = _days(request.GET, viewer)
    column = days.column if days else None
    sums = queries.sums(found, at=viewer.at, today=viewer.today, column=column)
    fragment = wants_fragment(request)
    if fragment and request.GET.get("v") == sums.version:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if days:
        context = _columns_of_days(request.GET, viewer, found, sums, days)
    else:
        context = _columns(request.GET, viewer, found, sums, _opened(request.GET))
    context |= {"filter": found, "sums": sums, "fragment": fragment}
    context |= {"total": _total(sums.total, found), "page_size": PAGE, "names": viewer.stage_names}
    context |= {"deadlines": [one for one in Deadline if one.can_be_set]}
    template = "crm/board/_deadlines.html" if days else "crm/board/_board.html"
    context["columns_template"] = template
    response = render(request, page="crm/board/page.html", fragment=template, context=context)
    if request.htmx.trigger == "filters":
        # The address takes only what was asked for, not each empty field of the form.
        response["HX-Push-Url"] = _address(request.GET)
    return response


@require_GET
def column(request: HtmxRequest) -> HttpResponse:
    """The next cards of one column, below where it was left off."""
    viewer, found = _asked(request)
    days = _days(request.GET, viewer)
    if days:
        return _more_of_days(request, viewer, found, days)
    stage, after = _left_off(request.GET)
    rows = queries.more_rows(found.deals(found.scope), stage=stage, after=after)
    _note_view(request.GET, viewer, rows)
    progress = progress_of(_deals({stage: rows}))
    left = _number(request.GET, "left") - len(rows)
    part = StageSum(count=len(rows) + max(left, 0))
    context = {
        "column": _column(request.GET, viewer, stage, rows, part, progress, found.rates),
        "focus": True,
    }
    return render(request, page="crm/board/_cards.html", context=context)


def _deals(rows: Mapping[Stage, Iterable[BoardRow]]) -> list[int]:
    """Those whose cards say how far they are; leads have thin ones."""
    return [row.id for stage, cards in rows.items() if not stage.is_lead for row in cards]


def _asked(request: HtmxRequest) -> tuple[Viewer, BoardFilter]:
    viewer = Viewer(request.user, at=timezone.now())
    rates = rates_on(viewer.today)
    return viewer, BoardFilter(request.GET, user=request.user, rates=rates, at=viewer.at)


def _note_view(query: QueryDict, viewer: Viewer, rows: Sequence[BoardRow]) -> None:
    record_view(
        (row.owner_id for row in rows),
        what=BOARD,
        asked=query.urlencode(),
        rows=len(rows),
        by=viewer.user,
        at=viewer.at,
    )


def _columns(
    query: QueryDict,
    viewer: Viewer,
    found: BoardFilter,
    sums: queries.Sums,
    opened: Outcome | None,
) -> dict[str, object]:
    limits = {stage: _limit(query, stage) for stage in Stage}
    rows, ended = queries.rows(found, limits=limits, closed=opened, at=viewer.at)
    _note_view(query, viewer, [*chain.from_iterable(rows.values()), *ended])
    progress = progress_of(_deals(rows))
    columns = [
        _column(
            query,
            viewer,
            stage,
            rows[stage],
            sums.stages.get(stage, StageSum()),
            progress,
            found.rates,
        )
        for stage in Stage
    ]
    current = _current(query, columns)
    return {
        "columns": columns,
        "current": current,
        "by_deadline": False,
        "closed": [
            _closed(query, viewer, outcome, sums, ended if outcome == opened else None, found.rates)
            for outcome in (Outcome.WON, Outcome.STOPPED)
        ],
    }


def _rest(rows: list[BoardRow], part: StageSum) -> tuple[int, str, str]:
    """What a column has besides its cards: how many, after which place they come, and that in words."""
    left = part.count - len(rows)
    if not rows:
        return left, "", ""
    after = str(Cursor(rows[-1].attention_at, rows[-1].id))
    return left, after, ngettext("%(n)s more", "%(n)s more", left) % {"n": left} if left > 0 else ""


def _column(
    query: QueryDict,
    viewer: Viewer,
    stage: Stage,
    rows: list[BoardRow],
    part: StageSum,
    progress: Mapping[int, Progress],
    rates: Rates,
) -> BoardColumn:
    left, after, more = _rest(rows, part)
    return BoardColumn(
        stage=stage,
        name=viewer.stage_names[stage],
        # Of what stands in it; of an empty one, of those whose deals might.
        norm=viewer.norms.among(stage, {row.team_id for row in rows} or viewer.team_ids),
        cards=[deal_card(viewer, row, progress.get(row.id)) for row in rows],
        sum=part,
        value=_money(part, rates),
        more=more,
        after=urlencode({"of": stage.value, "left": left, "after": after}),
        opened=_address(query, **{f"n{stage}": min(len(rows) + PAGE, MOST)}),
        is_current=False,
    )


def _days(query: QueryDict, viewer: Viewer) -> Deadlines | None:
    """The columns of days, where those are asked for."""
    is_asked = query.get("by") == BY_DEADLINE
    return Deadlines(at=viewer.at, zone=viewer.zone) if is_asked else None


def _columns_of_days(
    query: QueryDict,
    viewer: Viewer,
    found: BoardFilter,
    sums: queries.Sums,
    days: Deadlines,
) -> dict[str, object]:
    limits = {one.value: _limit(query, one) for one in Deadline}
    rows = days.rows(found, limits=limits)
    _note_view(query, viewer, list(chain.from_iterable(rows.values())))
    progress = progress_of(
        row.id for cards in rows.values() for row in cards if row.stage > Stage.PROSPECTING
    )
    columns = [
        _column_of_days(
            query,
            viewer,
            one,
            rows[one],
            sums.stages.get(one, StageSum()),
            progress,
            found.rates,
        )
        for one in Deadline
    ]
    chosen = _number(query, "stage")
    first = next((one.deadline for one in columns if one.cards), Deadline.OVERDUE)
    current = Deadline(chosen) if chosen in Deadline.values else first
    return {"columns": columns, "current": current, "closed": [], "by_deadline": True}


def _column_of_days(
    query: QueryDict,
    viewer: Viewer,
    deadline: Deadline,
    rows: list[BoardRow],
    part: StageSum,
    progress: Mapping[int, Progress],
    rates: Rates,
) -> DeadlineColumn:
    left, after, more = _rest(rows, part)
    place = {"by": BY_DEADLINE, "of": deadline.value, "left": left, "after": after}
    return DeadlineColumn(
        deadline=deadline,
        cards=[deal_card(viewer, row, progress.get(row.id)) for row in rows],
        sum=part,
        value=_money(part, rates),
        more=more,
        after=urlencode(place),
        opened=_address(query, **{f"n{deadline}": min(len(rows) + PAGE, MOST)}),
    )


def _more_of_days(
    request: HtmxRequest, viewer: Viewer, found: BoardFilter, days: Deadlines
) -> HttpResponse:
    try:
        deadline = Deadline(_number(request.GET, "of"))
        after = Cursor.parse(request.GET.get("after", ""), ORDERING.sort_key)
    except ValueError as error:
        raise BadRequest("no place of a column") from error
    rows = days.more_rows(found, column=deadline, after=after)
    _note_view(request.GET, viewer, rows)
    progress = progress_of(row.id for row in rows if row.stage > Stage.PROSPECTING)
    part = StageSum(count=len(rows) + max(_number(request.GET, "left") - len(rows), 0))
    column = _column_of_days(request.GET, viewer, deadline, rows, part, progress, found.rates)
    return render(request, page="crm/board/_cards.html", context={"column": column, "focus": True})


def _closed(
    query: QueryDict,
    viewer: Viewer,
    outcome: Outcome,
    sums: queries.Sums,
    rows: list[BoardRow] | None,
    rates: Rates,
) -> Closed:
    part = sums.closed.get(outcome, StageSum())
    return Closed(
        outcome=outcome,
        count=part.count,
        value=_money(part, rates),
        cards=None if rows is None else [closed_card(viewer, row) for row in rows],
        href=_address(query, closed="" if rows is not None else outcome.value),
    )


def _current(query: QueryDict, columns: list[BoardColumn]) -> Stage:
    """The stage that a phone shows: the chosen one, else the first that holds anything."""
    chosen = _number(query, "stage")
    if chosen in Stage.values:
        return Stage(chosen)
    return next((column.stage for column in columns if column.cards), Stage.LEAD_GENERATION)


def _opened(query: QueryDict) -> Outcome | None:
    value = query.get("closed")
    return Outcome(value) if value in (Outcome.WON, Outcome.STOPPED) else None


def _limit(query: QueryDict, column: int) -> int:
    return min(max(_number(query, f"n{column}"), PAGE), MOST)


def _number(query: QueryDict, name: str) -> int:
    value = query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def _left_off(query: QueryDict) -> tuple[Stage, Cursor]:
    try:
        stage = Stage(_number(query, "of"))
        return stage, Cursor.parse(query.get("after", ""), ORDERING.sort_key)
    except ValueError as error:
        raise BadRequest("no place of a column") from error


def _address(query: QueryDict, **changed: object) -> str:
    """The board's address with what is asked for, and some of it changed."""
    asked = query.copy()
    asked.pop("v", None)
    for name, value in changed.items():
        asked[name] = str(value)
    for name in [name for name, value in asked.items() if not value]:
        del asked[name]
    return f"/board/?{asked.urlencode()}" if asked else "/board/"


def _money(part: StageSum, rates: Rates) -> Money:
    worth = part.worth
    return Money(
        value=money_short(worth.value, rates.own) if worth.value else "",
        unknown=worth.without_rate(rates),
        rates=rates.earlier(worth.foreign),
    )


def _total(part: StageSum, found: BoardFilter) -> str:
    words = ngettext("%(n)s open deal", "%(n)s open deals", part.count) % {"n": number(part.count)}
    worth, rates = part.worth, found.rates
    said = (words, worth.as_text(rates, short=True), rates.earlier(worth.foreign), found.left_out())
    return " · ".join(filter(None, said))
