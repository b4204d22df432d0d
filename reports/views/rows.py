"""The rows behind any number of any metric, in any order, as a page or a file, with their totals."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from crm.queries import lists
from pipeline.audit.commands import record_export
from pipeline.people.signing_in import download_when_confirmed
from pipeline.requests import HtmxRequest
from reports.axes import PERSON
from reports.axis import Axis
from reports.commands.looks import note_look
from reports.figures import FigureCell
from reports.metric import AXES, METRICS, Metric
from reports.pages.asked import asked_of, gathered_in_time
from reports.presenters.people import person_path
from reports.presenters.report import Report
from reports.presenters.rows import ROW_KINDS, RowColumn, RowsReader, Written, columns_of
from reports.queries.looks import LookedAt
from reports.queries.totals import RowsTotal, total_of
from reports.views.page import form_of
from salesprocess.lib import spreadsheet
from salesprocess.lib.format import number
from salesprocess.lib.htmx import render
from salesprocess.lib.keyset import Cursor, Ordering, by_number
from salesprocess.lib.refused import Refused

# What an address says of the number whose rows are asked for, and how they are sorted.
CELL_PARAMS = ("by", "of", "across", "in", "part", "sort")


class ReportLine(NamedTuple):
    href: str
    name: str
    is_sample: bool
    cells: Sequence[tuple[Written, bool]]


class CellRows:
    """One reader's question for the rows behind a number, as an address puts it. Raises Http404 for
    a number that there is not."""

    def __init__(self, request: HtmxRequest, slug: str) -> None:
        metric = METRICS.get(slug)
        form = form_of(request)
        if metric is None or not form.is_valid():
            raise Http404
        self.metric: Metric = metric
        self.form = form
        self.query = request.GET
        question = form.question()
        self.reader = RowsReader(question=question, at=timezone.now())
        self.kind = ROW_KINDS[metric.population.kind]
        self.columns: dict[str, RowColumn] = columns_of(
            metric.population.kind, metric.population.columns
        )
        self.by, key = self._axis("by", "of")
        self.across, column = self._axis("across", "in")
        self.cell = FigureCell(
            metric=slug,
            by=self.by.key if self.by else "",
            key=key,
            across=self.across.key if self.across else "",
            column=column,
            part=self.query.get("part") == "1",
        )
        self.report = Report(
            question=question,
            path=reverse("reports:rows", args=[slug]),
            asked=asked_of(request.GET),
            more={k: v for k in CELL_PARAMS if (v := request.GET.get(k))},
        )
        self.sort = self._sort()

    def _axis(self, name: str, value: str) -> tuple[Axis | None, Any]:
        """The axis that one part of the address names, and its value that another does."""
        key = self.query.get(name, "")
        if not key:
            return None, None
        along = AXES.get(key)
        if along is None or key not in self.metric.axes:
            raise Http404
        try:
            return along, along.value(self.query.get(value, ""))
        except ValueError as error:
            raise Http404 from error

    def _sort(self) -> str:
        said = self.query.get("sort", "")
        orders = {key for key, column in self.columns.items() if column.order}
        return said if said.removeprefix("-") in orders else self.metric.population.order

    @cached_property
    def ordering(self) -> Ordering:
        order = self.columns[self.sort.removeprefix("-")].order
        return Ordering(sort_key=order or by_number("pk"), descending=self.sort.startswith("-"))

    def cursor(self, name: str) -> Cursor | None:
        text = self.query.get(name, "")
        try:
            return Cursor.parse(text, self.ordering.sort_key) if text else None
        except ValueError as error:
            raise BadRequest("no place of a list") from error

    @cached_property
    def title(self) -> str:
        names = [
            along.named(self.reader.question, [value])[value]
            for along, value in ((self.by, self.cell.key), (self.across, self.cell.column))
            if along is not None
        ]
        return " · ".join([*names, str(self.metric.definition.name)])

    def note_look(self, rows: Sequence[Sequence[Any]]) -> None:
        """Tell those whose list it is, or whose records are in it, who looked at it (CHECKLIST E2)."""
        question = self.reader.question
        place = self.fields.index(self.owner)
        people = {question.person, *(row[place] for row in rows)}
        for along, value in ((self.by, self.cell.key), (self.across, self.cell.column)):
            if along is PERSON and value in question.reader.scope.owner_ids:
                people.add(value)
        note_look(
            people - {None},
            what=LookedAt.LIST,
            of=self.metric.slug,
            rows=len(rows),
            by=question.reader,
            at=self.reader.at,
            asked=self.query.urlencode(),
        )

    def counted(self) -> Any:
        return self.metric.rows(self.reader.question, self.cell, self.by, self.across)

    def rows(self) -> Any:
        """The rows, each with its `value` in the organisation's currency."""
        return self.metric.population.valued(self.reader.question, self.counted())

    @property
    def fields(self) -> list[str]:
        reads = [path for column in self.columns.values() for path in column.reads]
        return list(dict.fromkeys(["pk", *self.kind.deal_paths, *reads, self.owner]))

    @property
    def owner(self) -> str:
        """The field of whose record a row is."""
        return f"{self.kind.owner}_id"

    def line(self, values: Sequence[Any]) -> ReportLine:
        row = dict(zip(self.fields, values, strict=False))
        pk, name, batch = (row[path] for path in self.kind.deal_paths)
        first, *others = self._written(row)
        return ReportLine(
            href=self._address_of(pk),
            name=first.text if self.columns and "deal" not in self.columns else name or first.text,
            is_sample=self.reader.reader.scope.is_sample(batch),
            cells=[
                (written, column.numeric)
                for written, column in zip(others, list(self.columns.values())[1:], strict=True)
            ],
        )

    def _address_of(self, pk: int | None) -> str:
        """Of the deal of a row, or of the page of its person."""
        if self.kind.of_people and pk:
            return self.report.address(person_path(pk), person=None)
        return f"/deals/{pk}/" if pk else ""

    def _written(self, row: dict[str, Any]) -> list[Written]:
        return [
            column.write(self.reader, *(row[path] for path in column.reads))
            for column in self.columns.values()
        ]

    def filed(self) -> Iterator[Sequence[Any]]:
        yield [
            _("Id of the person") if self.kind.of_people else _("Id of the deal"),
            *(str(column.label) for column in self.columns.values()),
        ]
        for values in lists.each(self.rows(), self.ordering, self.fields):
            row = dict(zip(self.fields, values, strict=False))
            yield [row[self.kind.deal_paths[0]], *(each.raw for each in self._written(row))]

    def heads(self) -> Iterator[dict[str, Any]]:
        for key, column in self.columns.items():
            is_here = self.sort.removeprefix("-") == key
            down = not self.ordering.descending if is_here else column.down
            direction = "descending" if self.ordering.descending else "ascending"
            yield {
                "label": column.label,
                "numeric": column.numeric,
                "direction": direction if is_here else "",
                "href": self.report.address(sort=f"{'-' if down else ''}{key}")
                if column.order
                else "",
            }

    @property
    def count(self) -> int:
        return self.counted().count() if self.kind.of_people else self.together.rows

    @cached_property
    def together(self) -> RowsTotal:
        rates = self.reader.question.rates
        return total_of(self.counted(), deal=self.kind.path("pk"), rates=rates)

    def total(self) -> str:
        """Of how many deals the rows are, what these are worth together, and what of it is unknown."""
        if self.kind.of_people:
            return ""
        found, rates = self.together, self.reader.question.rates
        parts = []
        if self.kind.deal:
            words = ngettext("%(n)s deal", "%(n)s deals", found.deals)
            parts.append(words % {"n": number(found.deals)})
        parts += [found.worth.as_text(rates), rates.earlier(found.worth.foreign)]
        if unknown := found.deals - found.valued - found.worth.unrated:
            text = ngettext("value of %(n)s deal unknown", "value of %(n)s deals unknown", unknown)
            parts.append(text % {"n": number(unknown)})
        return " · ".join(filter(None, parts))


@require_GET
def rows(request: HtmxRequest, slug: str) -> HttpResponse:
    """Exactly the rows that a number counts, a page at a time."""
    with gathered_in_time():
        context = _context(CellRows(request, slug), request)
    return render(request, page="reports/rows.html", context=context)


def _context(asked: CellRows, request: HtmxRequest) -> dict[str, Any]:
    found = lists.page(
        lambda _scope: asked.rows(),
        asked.ordering,
        lambda _scope: asked.fields,
        scope=request.user.scope,
        after=asked.cursor("after"),
        before=asked.cursor("before"),
    )
    asked.note_look(found.rows)
    address = asked.report.address
    return {
        "title": asked.title,
        "definition": asked.metric.definition,
        "count": number(asked.count),
        "total": asked.total(),
        "period": asked.reader.question.period,
        "of": asked.form.scope_label(),
        "heads": list(asked.heads()),
        "lines": [asked.line(row) for row in found.rows],
        "previous": address(before=found.before) if found.before else "",
        "next": address(after=found.after) if found.after else "",
        "start": address(),
        "csv": address().replace("?", "export/?", 1) if "?" in address() else f"{address()}export/",
        "today": timezone.localdate(timezone=request.user.zone),
    }


@require_GET
@download_when_confirmed
def export(request: HtmxRequest, slug: str) -> HttpResponseBase:
    """The same rows as a file (`spreadsheet.file_response` says of which kind).

    Stages are called as everywhere, not as the reader calls them: a file goes to others.
    """
    asked = CellRows(request, slug)
    try:
        record_export(
            asked.counted(),
            owner=asked.kind.owner,
            what=slug,
            asked=request.GET.urlencode(),
            by=request.user,
            at=timezone.now(),
        )
        name = f"{slug}-{asked.form.today.isoformat()}"
        return spreadsheet.file_response(asked.filed(), query=request.GET, name=name)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(asked.report.address())
