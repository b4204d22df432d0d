"""A page of the reports as somebody asks for it: from its address to the report that its boxes are
made of. For pages, files and mails alike."""

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import OperationalError
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from pipeline.models import User
from reports.colleagues import colleagues
from reports.commands.looks import note_look
from reports.forms import QuestionForm
from reports.pages import PAGES, PERSON_PAGE, ReportPage
from reports.presenters.panels import ReportPanel
from reports.presenters.people import person_path
from reports.presenters.report import Report
from reports.presenters.stamp import ConsistencyStamp, stamp_of
from reports.queries.looks import LookedAt
from salesprocess.lib.deadline import AnswerDeadline, answered_by
from salesprocess.lib.trouble import Trouble, trouble_of


def page_of(key: str, reader: User) -> ReportPage | None:
    """The page of a key, if there is one and the reader has it."""
    page = PERSON_PAGE if key == PERSON_PAGE.key else PAGES.get(key)
    return page if page is not None and page.who(reader) else None


def page_path(page: ReportPage) -> str:
    return reverse("reports:overview") if page.key == "overview" else f"/reports/{page.key}/"


def question_form(
    query: QueryDict,
    *,
    reader: User,
    today: dt.date,
    asked: Mapping[str, str] | None = None,
    person: int | None = None,
) -> QuestionForm:
    """What an address asks, of the person whom its path names; `asked` is what a page asks where the
    address does not. `today` is the organisation's."""
    said = query.copy()
    for name, value in (asked or {}).items():
        said.setdefault(name, value)
    if person is not None:
        said["person"] = str(person)
    return QuestionForm(said, reader=reader, today=today)


def is_out_of_reach(form: QuestionForm) -> bool:
    """Whether it asks about a person or a team that the reader does not see, or that is not there."""
    if form.is_valid():
        return False
    return any(
        name in form.errors and form.data.get(name, "").isdigit() for name in ("person", "team")
    )


def asked_of(query: QueryDict) -> Mapping[str, str]:
    """The parts of an address that say what is asked."""
    return {name: str(query[name]) for name in QuestionForm.base_fields if query.get(name)}


def report_of(page: ReportPage, form: QuestionForm, query: QueryDict) -> Report:
    question = form.question()
    asked = {**page.asked, **asked_of(query)}
    more = {name: str(value) for name, value in query.items() if name not in form.fields and value}
    if "compare" not in page.asks:
        question = question.alone()
    path = page_path(page)
    if page is PERSON_PAGE and question.person is not None:
        path = person_path(question.person)
        asked["person"] = str(question.person)
    return Report(question=question, path=path, asked=asked, more=more)


@dataclass(frozen=True, kw_only=True)
class DrawnPage:
    """What a report's page shows; or the `problem`, in words, for which it shows nothing."""

    panels: Sequence[ReportPanel] = ()
    stamp: ConsistencyStamp | None = None
    head: Any = None
    problem: str = ""


# What is left of the time for an answer to draw what was gathered.
_DRAWING = 0.6


def gathered_in_time() -> AbstractContextManager[None]:
    """Within it figures are gathered for somebody who waits: what is late raises OperationalError
    (`Trouble.SLOW`), so that the answer, or the words that refuse it, comes within ANSWER_SECONDS."""
    return answered_by(AnswerDeadline(settings.ANSWER_SECONDS - _DRAWING))


def drawn_in_time(report: Report, page: ReportPage) -> DrawnPage:
    """The boxes of a page. What asks for more than the database finds while somebody waits is refused in
    words that say how to ask for less."""
    if problem := page.problem(report):
        return DrawnPage(head=page.head(report) if page.template else None, problem=problem)
    try:
        with gathered_in_time():
            # The stamp comes after them: what they asked of each person it adds up.
            return DrawnPage(
                panels=page.shows(report),
                stamp=stamp_of(report),
                head=page.head(report) if page.template else None,
            )
    except OperationalError as error:
        if trouble_of(error) is not Trouble.SLOW:
            raise
        return DrawnPage(problem=_too_much(report))


def _too_much(report: Report) -> str:
    if report.question.reader.is_manager:
        return _(
            "This asks for more than can be found while you wait: take a shorter period, one team or one "
            "person."
        )
    return _("This asks for more than can be found while you wait: take a shorter period.")


def note_looks(report: Report, page: ReportPage, *, at: dt.datetime) -> None:
    """Tell the people whose figures are shown who looked (CHECKLIST E2)."""
    question = report.question
    if question.person is not None:
        people, what = [question.person], LookedAt.PAGE
    elif page.shows_people:
        people, what = [each.id for each in colleagues(question)], LookedAt.TEAM
    else:
        return
    asked = urlencode(report.asked)
    note_look(people, what=what, by=question.reader, at=at, asked=asked)
