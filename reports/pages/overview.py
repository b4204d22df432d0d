"""The start of the reports."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import STAGE
from reports.metrics import outcomes, pipeline
from reports.pages.page import ReportPage
from reports.presenters.panels import Headline, ReportPanel, Table, TableHead, TableRow
from reports.presenters.report import Report, between_words, of_words


def _shows(report: Report) -> Sequence[ReportPanel]:
    return [_headlines(report), _open(report)]


def _headlines(report: Report) -> ReportPanel:
    question = report.question
    rate, value = (
        outcomes.closed_win_rate.whole(question),
        outcomes.won_value.whole(question),
    )
    numbers = [
        Headline(
            title=rate.definition.name,
            text=report.text(rate),
            definition=rate.definition,
            href=report.rows(rate),
            tone="young" if rate.is_small_sample else "",
            lines=[of_words(rate), between_words(rate)],
        ),
        Headline(
            title=value.definition.name,
            text=report.text(value, short=True),
            definition=value.definition,
            href=report.rows(value),
            lines=[f"n {value.n}"],
        ),
    ]
    return ReportPanel(
        key="numbers",
        title=_("In numbers"),
        template="reports/panels/numbers.html",
        drawing=numbers,
        wide=True,
    )


def _open(report: Report) -> ReportPanel:
    question = report.question
    deals, value = (
        metric.measure(question, STAGE) for metric in (pipeline.open_deals, pipeline.open_value)
    )
    none = pipeline.open_deals.of_nothing(question)
    names = STAGE.named(question, deals)
    return ReportPanel(
        key="open",
        title=_("Open now"),
        definition=none.definition,
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Deals")),
                TableHead(text=_("Value")),
            ],
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.cell(deals.get(stage, none)),
                        report.cell(value.get(stage, none)),
                    ],
                )
                for stage, name in names.items()
            ],
        ),
    )


PAGE = ReportPage(
    key="overview",
    title=gettext_lazy("Overview"),
    shows=_shows,
    basis=gettext_lazy("owner and team at entry; present owner of what is open"),
)
