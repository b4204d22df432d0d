"""The glossary of figures: what each is there to answer, in words, with what it counts (METRICS)."""

from collections.abc import Sequence
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.figures import Definition, Goal
from reports.metric import METRICS, Metric
from reports.pages.page import ReportPage
from reports.presenters.panels import (
    GlossaryEntry,
    ReportPanel,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report


def _number(key: str) -> int:
    return int(key.removeprefix("K"))


def _shows(report: Report) -> Sequence[ReportPanel]:
    """The goals come first, in their order; under each what is measured for it (CHECKLIST D20)."""
    ordered = sorted(METRICS.values(), key=lambda one: _number(one.definition.key))
    by_goal = {goal: [each for each in ordered if each.definition.goal is goal] for goal in Goal}
    return [_chapter(report, goal, metrics) for goal, metrics in by_goal.items() if metrics]


def _chapter(report: Report, goal: Goal, metrics: Sequence[Metric]) -> ReportPanel:
    entries = [_entry(report, definition, list(some)) for definition, some in _defined(metrics)]
    return ReportPanel(
        key=f"goal-{goal}",
        title=goal.label,
        template="reports/panels/glossary.html",
        drawing=entries,
        table=Table(
            heads=[
                TableHead(text=head, numeric=False)
                for head in (_("Name"), _("Number"), _("Meaning"), _("Formula"), _("Counted by"))
            ],
            rows=[
                TableRow(
                    name=str(entry.definition.name),
                    cells=[
                        TableCell(text=entry.definition.key),
                        TableCell(text=str(entry.definition.text)),
                        TableCell(text=str(entry.definition.formula)),
                        TableCell(text=str(entry.definition.basis)),
                    ],
                )
                for entry in entries
            ],
        ),
        wide=True,
        has_twin=False,
    )


def _defined(metrics: Sequence[Metric]) -> Sequence[tuple[Definition, Sequence[Metric]]]:
    """Each definition once, with all the metrics that it is the definition of."""
    found = groupby(metrics, key=lambda metric: id(metric.definition))
    return [(each[0].definition, each) for _id, some in found if (each := list(some))]


def _entry(report: Report, definition: Definition, metrics: Sequence[Metric]) -> GlossaryEntry:
    return GlossaryEntry(
        definition=definition,
        anchor=metrics[0].slug,
        href=report.rows_of(metrics[0]),
    )


PAGE = ReportPage(
    key="definitions",
    title=gettext_lazy("Definitions"),
    shows=_shows,
    asks=(),
    basis=gettext_lazy(
        "what every figure is there to answer, what it means, and what it is counted of"
    ),
)
