"""A saved report as somebody opens it: its address, and why it may not be answered any more."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from pipeline.models import User
from pipeline.people.access import ME
from reports.forms import CompareWith, QuestionForm, Span
from reports.models import SavedReport
from reports.pages import PAGES, PERSON_PAGE, ReportPage
from reports.pages.asked import is_out_of_reach, page_of, page_path, question_form, report_of
from reports.presenters.people import person_path
from reports.presenters.report import Report
from reports.queries import saved_reports as queries
from salesprocess.lib.format import full_day

# Of an address, what is no part of what it asks.
_NOT_ASKED = frozenset({"saved", "was", "basis", "bom"})
_LONGEST = 100


def asked_query(page: ReportPage, query: QueryDict, reader: User) -> str:
    """What an address asks of a page, in one order and without what holds anyhow, so that two that ask
    the same are the same. Who asks about himself or herself asks so for every reader."""
    usual = {"span": Span.DAYS_90.value, "compare": CompareWith.BEFORE.value, **page.asked}
    if query.get("span", usual["span"]) != Span.CUSTOM:
        usual |= {"start": query.get("start", ""), "end": query.get("end", "")}
    said = {
        name: str(value)
        for name, value in query.items()
        if name.replace("-", "_").isidentifier()
        and name not in _NOT_ASKED
        and 0 < len(value) <= _LONGEST
        and usual.get(name) != value
    }
    if said.get("person") == str(reader.pk):
        said["person"] = ME
    return urlencode(sorted(said.items()))


@dataclass(frozen=True, kw_only=True)
class OpenedReport:
    """A saved report in one reader's hands. Where it cannot be answered, `problem` says why; else
    there are its page, its form and its report, and the `address` of it."""

    record: SavedReport
    title: str
    words: str
    problem: str = ""
    address: str = ""
    page: ReportPage | None = None
    form: QuestionForm | None = None
    report: Report | None = None


def opened(record: SavedReport, reader: User) -> OpenedReport:
    """A saved report as `reader` gets it at this moment."""
    any_page = PERSON_PAGE if record.page == PERSON_PAGE.key else PAGES.get(record.page)
    if any_page is None:
        return _closed(record, record.page, _("There is no such page of the reports any more."))
    title = str(any_page.title)
    page = page_of(record.page, reader)
    if page is None:
        return _closed(record, title, _("This page is for others than you."))
    query = QueryDict(record.query)
    today = timezone.localdate(timezone=reader.organisation.zone)
    person = _person_of(query, reader) if page is PERSON_PAGE else None
    form = question_form(query, reader=reader, today=today, asked=page.asked, person=person)
    if is_out_of_reach(form):
        words = _("It asks about a person or a team whose figures you do not see, or not any more.")
        return _closed(record, title, words)
    if not form.is_valid():
        return _closed(record, title, _mistakes(form))
    report = report_of(page, form, query)
    path = page_path(page)
    if page is PERSON_PAGE:
        if report.question.person is None:
            return _closed(record, title, _("It asks about nobody."))
        path = person_path(report.question.person)
    problem = page.problem(report)
    return OpenedReport(
        record=record,
        title=page.named(report) if page.named is not None and not problem else title,
        words=asked_words(form),
        problem=problem,
        address=f"{path}?{urlencode([*query.items(), ('saved', record.pk)])}",
        page=page,
        form=form,
        report=report,
    )


def _closed(record: SavedReport, title: str, problem: str) -> OpenedReport:
    return OpenedReport(record=record, title=title, words="", problem=problem)


def _person_of(query: QueryDict, reader: User) -> int | None:
    said = query.get("person", "")
    if said == ME:
        return reader.pk
    return int(said) if said.isdigit() and len(said) < 12 else None


def _mistakes(form: QuestionForm) -> str:
    """What is wrong with the question, each with the field that it is about: a source that was merged
    into another one, say."""
    told = []
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        told += [f"{label}: {error}" if label else str(error) for error in errors]
    return " ".join(told)


def asked_words(form: QuestionForm) -> str:
    """What a question asks about, in words: the time, and of whom."""
    said = form.cleaned_data if form.is_valid() else {}
    period = said.get("period")
    span = said.get("span") or Span.DAYS_90.value
    parts = [str(Span(span).label)]
    if span == Span.CUSTOM and period is not None:
        parts = [f"{full_day(period.start_on)} – {full_day(period.end_on)}"]
    if as_of := said.get("as_of"):
        parts.append(_("as of %(day)s") % {"day": full_day(as_of)})
    return " · ".join(filter(None, [*parts, form.scope_label()]))


# On the pages ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SavedHere:
    """What one may do with the page at hand: save it, or the saved report that it shows, which may
    ask something else by now (`is_changed`)."""

    query: str
    save: str
    record: SavedReport | None = None
    is_mine: bool = False
    is_pinned: bool = False
    is_changed: bool = False
    is_gone: bool = False
    back: str = ""
    change: str = ""


def saved_here(report: Report, page: ReportPage, query: QueryDict) -> SavedHere:
    """One query, where the address names a saved report; else none."""
    reader = report.question.reader
    told = query.copy()
    if page is PERSON_PAGE:
        told["person"] = str(report.question.person)
    now = asked_query(page, told, reader)
    save = f"{reverse('reports:saved_save')}?{urlencode({'page': page.key, 'query': now})}"
    named = query.get("saved", "")
    if not (named.isdigit() and len(named) < 12):
        return SavedHere(query=now, save=save)
    try:
        record = queries.one(reader, int(named))
    except SavedReport.DoesNotExist:
        return SavedHere(query=now, save=save, is_gone=True)
    change = reverse("reports:saved_change", args=[record.pk])
    return SavedHere(
        query=now,
        save=save,
        record=record,
        is_mine=record.owner_id == reader.pk,
        is_pinned=getattr(record, "pinned", False),
        is_changed=(page.key, now) != (record.page, record.query),
        back=reverse("reports:saved_open", args=[record.pk]),
        change=f"{change}?{urlencode({'page': page.key, 'query': now})}",
    )


def may_be_saved(page_key: str, query: str, reader: User) -> tuple[ReportPage | None, str]:
    """The page and what may be kept of a question to it; None where the reader has no such page."""
    page = page_of(page_key, reader)
    return page, asked_query(page, QueryDict(query), reader) if page is not None else ""


def suggested_name(page: ReportPage, query: str, reader: User, *, at: dt.datetime) -> str:
    """What a report may be called, until somebody says otherwise."""
    record = SavedReport(name="", page=page.key, query=query, owner=reader, changed_at=at)
    return opened(record, reader).title[:60]
