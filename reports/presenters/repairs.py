"""The list of what to repair, as the person sees it whose deals they are: each gap one click away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.stages import Stage
from reports.metrics import consistency
from reports.presenters.multiples import Repair, Repairs
from reports.presenters.panels import (
    PanelChoice,
    ReportPanel,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report
from reports.queries.repairs import SHOWN, DealToRepair, deals_to_repair
from salesprocess.lib.format import number

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Of each sign that is missing: what it says, and the ways to mend it on the deal's own pages.
_GAPS: Sequence[tuple[str, StrOrPromise, Sequence[tuple[StrOrPromise, str]]]] = (
    (
        "has_next",
        gettext_lazy("Nothing planned."),
        ((gettext_lazy("Plan"), "plan/"), (gettext_lazy("Park"), "park/")),
    ),
    ("is_touched", gettext_lazy("No talk recorded in time."), ((gettext_lazy("Log"), ""),)),
    (
        "true_stage",
        gettext_lazy("Nobody confirmed the stage in time: still true?"),
        ((gettext_lazy("Move"), "move/"), (gettext_lazy("Stop"), "stop/")),
    ),
    (
        "has_dates",
        gettext_lazy("Without a value, or the closing date has passed."),
        ((gettext_lazy("Date"), "edit/close/"), (gettext_lazy("Value"), "edit/value/")),
    ),
)


def repairs_panel(report: Report) -> ReportPanel:
    """The first deals to repair of those asked about."""
    question = report.question
    missing = consistency.to_repair.whole(question)
    title = _("What to repair")
    if not missing.n:
        return ReportPanel(
            key="repairs", title=title, empty=_("Nothing is missing on any open deal."), wide=True
        )
    rows = [
        _repair(report, each) for each in deals_to_repair(question, whole=consistency.WHOLE_RECORD)
    ]
    return ReportPanel(
        key="repairs",
        title=title,
        template="reports/panels/repairs.html",
        drawing=Repairs(
            rows=rows,
            more=_("All %(n)s") % {"n": number(missing.n)} if missing.n > SHOWN else "",
            href=report.rows(missing),
        ),
        definition=missing.definition,
        n=missing.n,
        table=Table(
            heads=[
                TableHead(text=_("Deal"), numeric=False),
                TableHead(text=_("Owner"), numeric=False),
                TableHead(text=_("Missing"), numeric=False),
            ],
            rows=[
                TableRow(
                    name=row.name,
                    href=row.href,
                    cells=[
                        TableCell(text=row.owner),
                        TableCell(text=" ".join(map(str, row.missing))),
                    ],
                )
                for row in rows
            ],
        ),
        wide=True,
    )


def _repair(report: Report, deal: DealToRepair) -> Repair:
    gaps = [gap for gap in _GAPS if not getattr(deal, gap[0])]
    ways = {path: label for _sign, _words, mends in gaps for label, path in mends}
    href = f"/deals/{deal.id}/"
    is_own = deal.owner_id == report.question.reader.pk
    return Repair(
        stage=deal.stage,
        stage_name=str(Stage(deal.stage).label),
        name=deal.name,
        company=deal.company or "",
        owner=deal.owner or _("pool"),
        href=href,
        missing=[words for _sign, words, _mends in gaps],
        ways=[
            PanelChoice(label=label, href=f"{href}{path}", is_current=False)
            for path, label in ways.items()
        ],
        is_own=is_own,
        ask=None
        if is_own or not report.question.reader.is_manager
        else PanelChoice(label=_("Ask"), href=f"{href}#log-body", is_current=False),
    )
