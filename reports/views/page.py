"""Any page of the reports, and the table of any box of it as a file."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pipeline.requests import HtmxRequest
from reports.colleagues import colleagues
from reports.forms import FIRST_DAY, QuestionForm
from reports.pages import PAGES, PERSON_PAGE, ReportPage
from reports.pages.asked import (
    drawn_in_time,
    gathered_in_time,
    is_out_of_reach,
    note_looks,
    page_of,
    page_path,
    question_form,
    report_of,
)
from reports.pages.saved import saved_here
from reports.presenters.panels import ReportPanel
from reports.presenters.people import person_path
from reports.presenters.report import Report
from salesprocess.lib import spreadsheet
from salesprocess.lib.htmx import render, wants_fragment


def form_of(
    request: HtmxRequest, asked: Mapping[str, str] | None = None, *, person: int | None = None
) -> QuestionForm:
    """As `question_form`. Raises Http404 for a person or a team out of reach: nobody learns that they
    are there."""
    reader = request.user
    today = timezone.localdate(timezone=reader.organisation.zone)
    form = question_form(request.GET, reader=reader, today=today, asked=asked, person=person)
    if is_out_of_reach(form):
        raise Http404
    return form


def _page(request: HtmxRequest, key: str) -> ReportPage:
    page = page_of(key, request.user)
    if page is None or page is PERSON_PAGE:
        raise Http404
    return page


@require_GET
def show(request: HtmxRequest, key: str = "overview") -> HttpResponse:
    """One page of the reports; what is asked stands in its address."""
    page = _page(request, key)
    return _shown(request, page, form_of(request, page.asked))


@require_GET
def person(request: HtmxRequest, pk: int) -> HttpResponse:
    """The page about one person, for the person and for who may see his or her figures."""
    return _shown(request, PERSON_PAGE, form_of(request, PERSON_PAGE.asked, person=pk))


def _shown(request: HtmxRequest, page: ReportPage, form: QuestionForm) -> HttpResponse:
    report = report_of(page, form, request.GET)
    if page is PERSON_PAGE and report.question.person is None:
        raise Http404  # the question has mistakes, and so no person to be about
    note_looks(report, page, at=timezone.now())
    drawn = drawn_in_time(report, page)
    is_fine = form.is_valid() and not drawn.problem
    return render(
        request,
        page="reports/page.html",
        fragment="reports/_panels.html",
        status=HTTPStatus.OK if is_fine else HTTPStatus.UNPROCESSABLE_ENTITY,
        context={
            "is_part": wants_fragment(request),
            "page": page,
            "form": form,
            "asks": page.asks,
            "report": report,
            "period": report.question.period,
            "is_all_time": report.question.period.start_on <= FIRST_DAY,
            "today": form.today,
            "scope": form.scope_label(),
            "panels": drawn.panels,
            "stamp": drawn.stamp,
            "problem": drawn.problem,
            "head": drawn.head,
            "saved": saved_here(report, page, request.GET),
            "tabs": _tabs(report, page),
            "about": colleagues(report.question)[0] if page is PERSON_PAGE else None,
        },
    )


def _tabs(report: Report, page: ReportPage) -> list[tuple[object, str, bool]]:
    """The pages that the reader has; who leads nobody has the own page in place of all people's."""
    reader = report.question.reader
    tabs: list[tuple[object, str, bool]] = []
    for each in PAGES.values():
        is_here = each is page or (page is PERSON_PAGE and each.key == "people")
        if each.key == "people" and not reader.is_manager:
            mine = report.address(person_path(reader.pk), person=None)
            tabs.append((_("My page"), mine, is_here))
        elif each.key == "people":
            tabs.append((each.title, report.address(page_path(each), person=None), is_here))
        elif each.who(reader):
            tabs.append((each.title, report.address(page_path(each)), is_here))
    return tabs


@require_GET
def table(request: HtmxRequest, key: str, panel: str) -> HttpResponseBase:
    """The figures of one box as a file: those that its page shows."""
    page = PERSON_PAGE if key == PERSON_PAGE.key else _page(request, key)
    form = form_of(request, page.asked)
    if not form.is_valid():
        raise Http404
    report = report_of(page, form, request.GET)
    if page.problem(report) or (page is PERSON_PAGE and report.question.person is None):
        raise Http404
    note_looks(report, page, at=timezone.now())
    with gathered_in_time():
        panels = page.shows(report)
    found: dict[str, ReportPanel] = {each.key: each for each in panels if each.table}
    if panel not in found:
        raise Http404
    name = f"{key}-{panel}-{form.today.isoformat()}"
    return spreadsheet.file_response(_lines(found[panel]), query=request.GET, name=name)


def _lines(panel: ReportPanel) -> Sequence[Sequence[Any]]:
    assert panel.table is not None  # noqa: S101  # as the caller saw to
    heads = [str(head.text) for head in panel.table.heads]
    return [
        heads,
        *(
            [row.name, *(cell.text if cell.raw is None else cell.raw for cell in row.cells)]
            for row in panel.table.rows
        ),
    ]
