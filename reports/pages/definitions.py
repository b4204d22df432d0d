"""The glossary of figures: each by its number, in words, with what it counts (METRICS)."""

from collections.abc import Sequence
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.figures import Definition
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

# What the K-numbers are about, in the order in which somebody sells.
_CHAPTERS = (
    (gettext_lazy("How deals move"), ("K1", "K2", "K3")),
    (gettext_lazy("What is won, and why not"), ("K4", "K24", "K25", "K26", "K27")),
    (gettext_lazy("How long it takes"), ("K5", "K6", "K17")),
    (gettext_lazy("What is open"), ("K7", "K8", "K12", "K13", "K14", "K15", "K16")),
    (gettext_lazy("Where deals come from"), ("K18",)),
    (gettext_lazy("What is done, and how"), ("K19", "K20")),
    (gettext_lazy("How far it can be trusted"), ("K21", "K22")),
)


def _number(key: str) -> int:
    return int(key.removeprefix("K"))


def _shows(report: Report) -> Sequence[ReportPanel]:
    by_key: dict[str, list[Metric]] = {}
    for metric in sorted(METRICS.values(), key=lambda one: _number(one.definition.key)):
        by_key.setdefault(metric.definition.key, []).append(metric)
    told = {key for _title, keys in _CHAPTERS for key in keys}
    rest = tuple(sorted(set(by_key) - told, key=_number))
    chapters = [*_CHAPTERS, *([(_("Other"), rest)] if rest else [])]
    return [
        _chapter(report, number, title, [metric for key in keys for metric in by_key.get(key, [])])
        for number, (title, keys) in enumerate(chapters)
        if any(key in by_key for key in keys)
    ]


def _chapter(report: Report, number: int, title: object, metrics: Sequence[Metric]) -> ReportPanel:
    entries = [_entry(report, definition, list(some)) for definition, some in _defined(metrics)]
    return ReportPanel(
        key=f"chapter-{number}",
        title=str(title),
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
    basis=gettext_lazy("what every figure means, and what it is counted of"),
)
