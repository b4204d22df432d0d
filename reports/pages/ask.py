"""One's own question over the same figures, and the reports that people keep."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.forms import Span
from reports.pages.page import ReportPage
from reports.presenters.answer import Answer
from reports.presenters.ask import (
    SHOWS,
    AskedFigure,
    asked_figure,
    measure_label,
    sentence_of,
    shows_for,
    title_of,
)
from reports.presenters.forest import beside_keys
from reports.presenters.panels import Headline, PanelChoice, ReportPanel
from reports.presenters.report import Report
from reports.presenters.saved_reports import saved_panel


def _shows(report: Report) -> Sequence[ReportPanel]:
    asked = asked_figure(report)
    assert not isinstance(asked, str)  # noqa: S101  # or there is a problem
    return [_answer(report, asked), saved_panel(report.question.reader)]


def _answer(report: Report, asked: AskedFigure) -> ReportPanel:
    answer = Answer(report, asked)
    whole = answer.whole
    drawn: tuple[str, Any] = answer.drawing if whole.n else ("", None)
    template, drawing = drawn
    is_rate = template == "reports/panels/dots.html"
    return ReportPanel(
        key="answer",
        title=title_of(asked),
        template=template,
        drawing=drawing,
        table=answer.table if whole.n else None,
        say=answer.say if whole.n else "",
        definition=asked.metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        switch=_switch(report, asked),
        legend=beside_keys(drawing) if is_rate else (),
        note=answer.note,
        empty="" if whole.n else _("There is nothing of this in the period."),
        todo=_others(report),
        wide=True,
    )


def _switch(report: Report, asked: AskedFigure) -> list[PanelChoice]:
    """The ways in which the answer can be shown: only those that there are."""
    best, *_others = fitting = shows_for(asked.by, asked.across)
    return [
        PanelChoice(
            label=label,
            href=report.address("", show=None if key == best else key),
            is_current=key == asked.show,
        )
        for key, label in SHOWS.items()
        if key in fitting
    ]


def _others(report: Report) -> list[PanelChoice]:
    """What to ask instead, where there is nothing."""
    longer = report.address("", span=Span.YEAR.value, start=None, end=None)
    everybody = report.address("", person=None, team=None, source=None, product=None, style=None)
    return [
        PanelChoice(label=_("The last 12 months"), href=longer, is_current=False),
        PanelChoice(label=_("All in reach"), href=everybody, is_current=False),
    ]


def _problem(report: Report) -> str:
    asked = asked_figure(report)
    return asked if isinstance(asked, str) else ""


def _named(report: Report) -> str:
    asked = asked_figure(report)
    return str(PAGE.title) if isinstance(asked, str) else title_of(asked)


def _headline(report: Report) -> Headline | None:
    """The figure of the whole."""
    asked = asked_figure(report)
    if isinstance(asked, str):
        return None
    return report.headline(asked.metric.whole(report.question), title=measure_label(asked.metric))


PAGE = ReportPage(
    key="ask",
    title=gettext_lazy("Ask"),
    shows=_shows,
    asks=("compare", "as_of", "source", "style", "product"),
    problem=_problem,
    template="reports/ask/_sentence.html",
    head=sentence_of,
    named=_named,
    headline=_headline,
)
