"""The rows behind a number of the funnel, in any order, as a page or a file, with their totals."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from crm.models.letters import Fold
from crm.queries import lists
from crm.shipped import shipped_name
from pipeline.audit.commands import record_export
from pipeline.people.signing_in import download_when_confirmed
from pipeline.process.moves import LeftHow
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Outcome, Stage
from pipeline.requests import HtmxRequest
from reports.forms import QuestionForm
from reports.queries import funnel_rows as populations
from reports.queries.funnel_rows import CLOSED_MEASURES, VISIT_MEASURES, Together
from reports.question import Question
from reports.views.funnel import form_of, outcome_words, question_params, way_words
from salesprocess.lib import spreadsheet
from salesprocess.lib.format import day, money, number
from salesprocess.lib.htmx import render
from salesprocess.lib.keyset import Cursor, Ordering, SortKey, by_instant, by_number, by_text
from salesprocess.lib.refused import Refused

DAY = 86400


@dataclass(frozen=True, kw_only=True)
class FunnelColumn:
    """A column of the page: its head, the order that it is put in, and whether it holds numbers.

    `down` says that the first press is downwards.
    """

    key: str
    label: Any
    order: SortKey | None = None
    down: bool = False
    numeric: bool = False


class Cell(NamedTuple):
    """`late` marks a visit that took longer than its norm."""

    text: str
    numeric: bool
    late: bool = False


class FunnelLine(NamedTuple):
    href: str
    name: str
    is_sample: bool
    cells: Sequence[Cell]


_DEAL = FunnelColumn(
    key="deal", label=gettext_lazy("Deal"), order=by_text(Fold("name"), never_null=True)
)
_COMPANY = FunnelColumn(
    key="company", label=gettext_lazy("Company"), order=by_text(Fold("company__name"))
)
_OWNER = FunnelColumn(key="owner", label=gettext_lazy("Owner"), order=by_text(Fold("owner__name")))
_STAGE = FunnelColumn(
    key="stage", label=gettext_lazy("Stage"), order=by_number("stage", never_null=True)
)
_VALUE = FunnelColumn(
    key="value", label=gettext_lazy("Value"), order=by_number("value"), down=True, numeric=True
)
_SINCE = FunnelColumn(
    key="since",
    label=gettext_lazy("In stage"),
    order=by_instant("stage_entered_at"),
    numeric=True,
)
_CLOSED = FunnelColumn(
    key="closed", label=gettext_lazy("Closed"), order=by_instant("closed_at"), down=True
)
_CAUSE = FunnelColumn(key="cause", label=gettext_lazy("Cause"), order=by_text(Fold("cause__name")))

_ITS_DEAL = FunnelColumn(
    key="deal", label=gettext_lazy("Deal"), order=by_text(Fold("deal__name"), never_null=True)
)
_ITS_COMPANY = FunnelColumn(
    key="company", label=gettext_lazy("Company"), order=by_text(Fold("deal__company__name"))
)
_ENTRY_OWNER = FunnelColumn(
    key="owner",
    label=gettext_lazy("Owner when it entered"),
    order=by_text(Fold("entry_owner__name")),
)
_ENTERED = FunnelColumn(
    key="entered", label=gettext_lazy("Entered"), order=by_instant("entered_at"), down=True
)
_LEFT = FunnelColumn(key="left", label=gettext_lazy("Left"), order=by_instant("left_at"), down=True)
_HOW = FunnelColumn(key="how", label=gettext_lazy("How"), order=by_text("left_how"))
_DAYS = FunnelColumn(
    key="days",
    label=gettext_lazy("Days"),
    order=by_number(populations.Length("left_at", "entered_at")),
    down=True,
    numeric=True,
)


@dataclass(frozen=True, kw_only=True)
class DrillDown:
    """The rows behind one number, their description, and how they are shown."""

    rows: Any
    title: str
    of_visits: bool
    columns: Sequence[FunnelColumn]
    default: str


_VISIT_COLUMNS = (_ITS_DEAL, _ITS_COMPANY, _ENTRY_OWNER, _ENTERED, _LEFT, _DAYS, _HOW, _VALUE)


# What an address says of the number whose rows are asked for.
DRILL_DOWN_PARAMS = ("outcome", "stage", "way", "time", "open")


def drill_down(query: Mapping[str, str], asked: Question) -> DrillDown:
    """The drill-down that an address asks for. Raises Http404 for an unknown one."""
    query = {name: query[name] for name in DRILL_DOWN_PARAMS if name in query}
    outcome = query.get("outcome")
    if outcome in CLOSED_MEASURES:
        return DrillDown(
            rows=populations.counted_deals(asked, outcome=outcome),
            title=outcome_words()[outcome],
            of_visits=False,
            columns=(_DEAL, _COMPANY, _OWNER, _STAGE, _CLOSED, _CAUSE, _VALUE),
            default="-closed",
        )
    try:
        stage = Stage(int(query.get("stage", "")))
    except ValueError as error:
        raise Http404 from error
    if (way := query.get("way")) in VISIT_MEASURES:
        return DrillDown(
            rows=populations.counted_visits(asked, way=way, stage=stage),
            title=f"{stage.label} · {way_words()[way]}",
            of_visits=True,
            columns=_VISIT_COLUMNS,
            # Of what is still there, what has been there longest.
            default="entered" if way == "still" else "-entered",
        )
    if "time" in query:
        return DrillDown(
            rows=populations.timed_visits(asked, stage=stage),
            title=" · ".join((str(stage.label), _("visits that ended"))),
            of_visits=True,
            columns=_VISIT_COLUMNS,
            default="-days",
        )
    if "open" in query:
        return DrillDown(
            rows=populations.held_deals(asked, stage=stage),
            title=" · ".join((str(stage.label), _("open now"))),
            of_visits=False,
            columns=(_DEAL, _COMPANY, _OWNER, _SINCE, _VALUE),
            default="-value",
        )
    raise Http404


class FunnelRowsQuestion:
    """One reader's question for the rows behind a number, as an address puts it."""

    def __init__(self, request: HtmxRequest) -> None:
        self.form: QuestionForm = form_of(request)
        if not self.form.is_valid():
            raise Http404
        self.query = request.GET
        self.reader = request.user
        self.at = timezone.now()
        self.question = self.form.question()
        # A row shows the day by which the period counted it.
        self.zone = self.question.period.zone
        self.behind = drill_down(request.GET, self.question)
        self.sort = self._sort()
        self.ordering = self._ordering()

    def _sort(self) -> str:
        said = self.query.get("sort", "")
        orders = {column.key for column in self.behind.columns if column.order}
        return said if said.removeprefix("-") in orders else self.behind.default

    def _ordering(self) -> Ordering:
        key = self.sort.removeprefix("-")
        order = next(column.order for column in self.behind.columns if column.key == key)
        assert order is not None  # noqa: S101  # as `_sort` saw to
        return Ordering(sort_key=order, descending=self.sort.startswith("-"))

    def cursor(self, name: str) -> Cursor | None:
        text = self.query.get(name, "")
        try:
            return Cursor.parse(text, self.ordering.sort_key) if text else None
        except ValueError as error:
            raise BadRequest("no place of a list") from error

    def rows(self) -> Any:
        """The rows, each with its `value` in the organisation's currency; of a visit, its deal's."""
        rates, of_visits = self.question.rates, self.behind.of_visits
        return populations.with_value(self.behind.rows, rates=rates, of_visits=of_visits)

    @cached_property
    def together(self) -> Together:
        rates, of_visits = self.question.rates, self.behind.of_visits
        return populations.together(self.behind.rows, rates=rates, of_visits=of_visits)

    def address(self, **changed: object) -> str:
        """This page with its question and order, and some of it changed; None takes a part out."""
        kept = {
            name: self.query[name] for name in (*DRILL_DOWN_PARAMS, "sort") if self.query.get(name)
        }
        said = {name: str(value) for name, value in (kept | changed).items() if value is not None}
        return (
            f"?{'&'.join(part for part in (question_params(self.query), urlencode(said)) if part)}"
        )

    def heads(self) -> Iterator[dict[str, Any]]:
        for column in self.behind.columns:
            is_here = self.sort.removeprefix("-") == column.key
            down = not self.ordering.descending if is_here else column.down
            direction = "descending" if self.ordering.descending else "ascending"
            yield {
                "label": column.label,
                "numeric": column.numeric,
                "direction": direction if is_here else "",
                "href": self.address(sort=f"{'-' if down else ''}{column.key}"),
            }

    def total(self) -> str:
        """What the rows are worth together, and what of that is not known."""
        found, rates = self.together, self.question.rates
        parts = []
        if self.behind.of_visits:
            deals = ngettext("%(n)s deal", "%(n)s deals", found.deals)
            parts.append(deals % {"n": number(found.deals)})
        parts += [found.worth.as_text(rates), rates.earlier(found.worth.foreign)]
        if unknown := found.deals - found.valued - found.worth.unrated:
            text = ngettext("value of %(n)s deal unknown", "value of %(n)s deals unknown", unknown)
            parts.append(text % {"n": number(unknown)})
        return " · ".join(filter(None, parts))


@require_GET
def rows(request: HtmxRequest) -> HttpResponse:
    """Exactly the rows that a number of the funnel counts, a page at a time."""
    asked = FunnelRowsQuestion(request)
    kind = _VISITS if asked.behind.of_visits else _DEALS
    found = lists.page(
        lambda _scope: asked.rows(),
        asked.ordering,
        lambda _scope: kind.fields,
        scope=request.user.scope,
        after=asked.cursor("after"),
        before=asked.cursor("before"),
    )
    return render(
        request,
        page="reports/funnel/rows.html",
        context={
            "title": asked.behind.title,
            "count": number(asked.together.rows),
            "total": asked.total(),
            "period": asked.question.period,
            "of": asked.form.scope_label(),
            "heads": list(asked.heads()),
            "lines": [kind.line(asked, row) for row in found.rows],
            "previous": asked.address(before=found.before) if found.before else "",
            "next": asked.address(after=found.after) if found.after else "",
            "start": asked.address(),
            "csv": f"{reverse('reports:funnel_rows_export')}{asked.address()}",
            "back": f"{reverse('reports:funnel')}?{question_params(request.GET)}",
            "today": timezone.localdate(timezone=request.user.zone),
        },
    )


@require_GET
@download_when_confirmed
def export(request: HtmxRequest) -> HttpResponseBase:
    """The same rows as CSV, streamed; `bom=1` for programs that guess at encodings.

    Stages are called as everywhere, not as the reader calls them: a file goes to others.
    """
    asked = FunnelRowsQuestion(request)
    kind = _VISITS if asked.behind.of_visits else _DEALS
    try:
        record_export(
            asked.rows(),
            owner="entry_owner" if asked.behind.of_visits else "owner",
            what="funnel",
            asked=request.GET.urlencode(),
            by=request.user,
            at=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{reverse('reports:funnel_rows')}{asked.address()}")
    written = spreadsheet.csv_lines(_written(asked, kind), bom="bom" in request.GET)
    return spreadsheet.csv_response(written, name=f"funnel-{asked.form.today.isoformat()}")


def _written(asked: FunnelRowsQuestion, kind: "RowKind") -> Iterator[Sequence[Any]]:
    yield [str(label) for label, _write in kind.parts]
    for row in lists.each(asked.rows(), asked.ordering, kind.fields):
        named = kind.row._make(row)
        yield [write(asked, named) for _label, write in kind.parts]


class DealRow(NamedTuple):
    pk: int
    name: str
    company: str | None
    owner: str | None
    stage: int
    outcome: str
    team_id: int
    amount: Decimal | None
    currency: str
    value: Decimal | None
    stage_entered_at: dt.datetime | None
    closed_at: dt.datetime | None
    cause: str | None
    batch_id: int | None


class VisitRow(NamedTuple):
    pk: int
    deal_id: int
    name: str
    company: str | None
    owner: str | None
    stage: int
    team_id: int
    amount: Decimal | None
    currency: str
    value: Decimal | None
    entered_at: dt.datetime | None
    left_at: dt.datetime | None
    left_how: str | None
    batch_id: int | None


@dataclass(frozen=True, kw_only=True)
class RowKind:
    """How rows of one kind are read, told on a page, and written into a file."""

    fields: Sequence[str]
    row: Any
    cells: Mapping[str, Callable[[FunnelRowsQuestion, Any], Cell]]
    parts: Sequence[tuple[Any, Callable[[FunnelRowsQuestion, Any], Any]]]
    deal: Callable[[Any], int]

    def line(self, asked: FunnelRowsQuestion, values: Sequence[Any]) -> FunnelLine:
        row = self.row._make(values)
        cells = [self.cells[column.key](asked, row) for column in asked.behind.columns[1:]]
        return FunnelLine(
            href=f"/deals/{self.deal(row)}/",
            name=row.name,
            is_sample=asked.reader.scope.is_sample(row.batch_id),
            cells=cells,
        )


def _text(value: str | None) -> Cell:
    return Cell(text=value or "", numeric=False)


def _on(asked: FunnelRowsQuestion, at: dt.datetime | None) -> Cell:
    """The day in the zone of the report's period."""
    if at is None:
        return _text("")
    return Cell(
        text=day(at.astimezone(asked.zone).date(), asked.at.astimezone(asked.zone).date()),
        numeric=False,
    )


def _value(_asked: FunnelRowsQuestion, row: DealRow | VisitRow) -> Cell:
    return Cell(text=money(row.amount, row.currency), numeric=True)


def _taken(asked: FunnelRowsQuestion, row: VisitRow) -> Cell:
    """The days of a visit, against the norm of its team."""
    if row.entered_at is None:
        return Cell(text="", numeric=True)
    days = Decimal(((row.left_at or asked.at) - row.entered_at).total_seconds()) / DAY
    norm = norms_for(asked.reader).of(row.stage, row.team_id)
    taken = days.quantize(Decimal("0.1"))
    return Cell(text=f"{number(taken)} / {norm}", numeric=True, late=taken > norm)


def _in_stage(asked: FunnelRowsQuestion, row: DealRow) -> Cell:
    if row.stage_entered_at is None:
        return Cell(text=_("no date"), numeric=True)
    since = row.stage_entered_at.astimezone(asked.zone).date()
    days = (asked.at.astimezone(asked.zone).date() - since).days
    norm = norms_for(asked.reader).of(row.stage, row.team_id)
    return Cell(text=f"{number(days)} / {norm}", numeric=True, late=days > norm)


def _how(row: VisitRow) -> str:
    return str(LeftHow(row.left_how).label) if row.left_how else _("Still there")


def _instant(asked: FunnelRowsQuestion, at: dt.datetime | None) -> str:
    """In the reader's zone, to the minute, as spreadsheets parse it."""
    return at.astimezone(asked.zone).strftime("%Y-%m-%d %H:%M") if at else ""


_DEALS = RowKind(
    fields=(
        *("pk", "name", "company__name", "owner__name", "stage", "outcome", "team_id", "amount"),
        *("currency", "value", "stage_entered_at", "closed_at", "cause__name"),
        "batch_id",
    ),
    row=DealRow,
    deal=lambda row: row.pk,
    cells={
        "company": lambda _asked, row: _text(row.company),
        "owner": lambda _asked, row: _text(row.owner or _("pool")),
        "stage": lambda _asked, row: _text(f"{row.stage} {Stage(row.stage).short}"),
        "value": _value,
        "since": _in_stage,
        "closed": lambda asked, row: _on(asked, row.closed_at),
        "cause": lambda _asked, row: _text(shipped_name(row.cause)),
    },
    parts=(
        (gettext_lazy("Id"), lambda _asked, row: row.pk),
        (gettext_lazy("Name"), lambda _asked, row: row.name),
        (gettext_lazy("Company"), lambda _asked, row: row.company),
        (gettext_lazy("Owner"), lambda _asked, row: row.owner),
        (gettext_lazy("Stage number"), lambda _asked, row: row.stage),
        (gettext_lazy("Stage"), lambda _asked, row: Stage(row.stage).universal),
        (gettext_lazy("In stage since"), lambda asked, row: _instant(asked, row.stage_entered_at)),
        (gettext_lazy("Outcome"), lambda _asked, row: Outcome(row.outcome).label),
        (gettext_lazy("Value"), lambda _asked, row: row.amount),
        (gettext_lazy("Currency"), lambda _asked, row: row.currency),
        (gettext_lazy("Value in the organisation’s currency"), lambda _asked, row: row.value),
        (gettext_lazy("Closed at"), lambda asked, row: _instant(asked, row.closed_at)),
        (gettext_lazy("Cause"), lambda _asked, row: shipped_name(row.cause)),
    ),
)
_VISITS = RowKind(
    fields=(
        *("pk", "deal_id", "deal__name", "deal__company__name", "entry_owner__name", "stage"),
        *("entry_team_id", "deal__amount", "deal__currency", "value", "entered_at", "left_at"),
        *("left_how", "deal__batch_id"),
    ),
    row=VisitRow,
    deal=lambda row: row.deal_id,
    cells={
        "company": lambda _asked, row: _text(row.company),
        "owner": lambda _asked, row: _text(row.owner or _("pool")),
        "entered": lambda asked, row: _on(asked, row.entered_at),
        "left": lambda asked, row: _on(asked, row.left_at),
        "days": _taken,
        "how": lambda _asked, row: _text(_how(row)),
        "value": _value,
    },
    parts=(
        (gettext_lazy("Id of the deal"), lambda _asked, row: row.deal_id),
        (gettext_lazy("Deal"), lambda _asked, row: row.name),
        (gettext_lazy("Company"), lambda _asked, row: row.company),
        (gettext_lazy("Owner when it entered"), lambda _asked, row: row.owner),
        (gettext_lazy("Stage number"), lambda _asked, row: row.stage),
        (gettext_lazy("Stage"), lambda _asked, row: Stage(row.stage).universal),
        (gettext_lazy("Entered"), lambda asked, row: _instant(asked, row.entered_at)),
        (gettext_lazy("Left"), lambda asked, row: _instant(asked, row.left_at)),
        (gettext_lazy("How"), lambda _asked, row: _how(row)),
        (gettext_lazy("Value"), lambda _asked, row: row.amount),
        (gettext_lazy("Currency"), lambda _asked, row: row.currency),
        (gettext_lazy("Value in the organisation’s currency"), lambda _asked, row: row.value),
    ),
)
