"""How the stages fit together: where deals wait after a move, and from where they come back
(CHECKLIST C22)."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from pipeline.process.stages import Stage
from reports.axes import CAME_FROM, STAGE
from reports.figures import MIN_ROWS, Figure
from reports.metrics import duration, flow, outcomes
from reports.presenters.by_stage import if_none, stage_names
from reports.presenters.panels import (
    LegendKey,
    Matrix,
    MatrixRow,
    MatrixSquare,
    ReportPanel,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report
from reports.question import Question
from reports.together import Wanted
from salesprocess.lib.format import number


def wanted_of_fit(question: Question) -> list[Wanted]:
    """What the box reads beside the waiting, to be asked for together with other things."""
    return [
        Wanted(question=question, metrics=(flow.came_back,), axes=(CAME_FROM, STAGE)),
        Wanted(question=question, metrics=(outcomes.reopen_rate,), axes=(STAGE,)),
    ]


def fit_panel(report: Report) -> ReportPanel:
    question = report.question
    found = flow.came_back.measure(question, CAME_FROM, STAGE)
    names = stage_names(report)
    most = max((figure.n for figure in found.values()), default=0)
    total = sum(figure.n for figure in found.values())
    return ReportPanel(
        key="fit",
        title=_("Where deals come back from"),
        template="reports/panels/matrix.html",
        drawing=Matrix(
            first=_("Came back from"),
            heads=[
                *(TableHead(text=_("to %(stage)s") % {"stage": s}, title=names[s]) for s in Stage),
                TableHead(text=_("All")),
            ],
            rows=[_row(report, stage, found, most) for stage in Stage],
        ),
        legend=[LegendKey(css="key-norm", text=_("framed: opened again where it had stopped"))],
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Half wait, after coming to it")),
                TableHead(text=_("Came back from it")),
                TableHead(text=_("Came back to it")),
                TableHead(text=_("Opened again, of the stopped")),
            ],
            rows=[
                TableRow(
                    name=names[stage],
                    stage=stage,
                    cells=[
                        _plain(report, duration.waiting_days.at(question, STAGE, stage)),
                        _of(report, [found.get((stage, to)) for to in STAGE.every]),
                        _of(report, [found.get((other, stage)) for other in STAGE.every]),
                        _plain(report, outcomes.reopen_rate.at(question, STAGE, stage)),
                    ],
                )
                for stage in Stage
            ],
        ),
        definition=flow.came_back.definition,
        n=total,
        say=_says(report, found, total),
        # The matrix is a table already; a file has the waiting beside it.
        has_twin=False,
        wide=True,
        **if_none(report, total, _("No deal came back to a stage in this period.")),
    )


def _row(
    report: Report, stage: Stage, found: dict[tuple[int, int], Figure], most: int
) -> MatrixRow:
    own = [found.get((stage, to)) for to in STAGE.every]
    n = sum(figure.n for figure in own if figure)
    return MatrixRow(
        name=stage_names(report)[stage],
        stage=stage,
        squares=[
            *(
                _square(report, figure, most, framed=to == stage)
                for to, figure in zip(STAGE.every, own, strict=True)
            ),
            MatrixSquare(text=number(n) if n else "·"),
        ],
    )


def _square(report: Report, figure: Figure | None, most: int, *, framed: bool) -> MatrixSquare:
    if figure is None or not figure.n:
        return MatrixSquare(text="·")
    shade = 1 + round(3 * (figure.n - 1) / max(most - 1, 1))
    return MatrixSquare(text=number(figure.n), href=report.rows(figure), shade=shade, framed=framed)


def _plain(report: Report, figure: Figure) -> TableCell:
    """Without the way to its rows, which the boxes of waiting and of wins open."""
    return replace(report.cell(figure, with_n=True), href="")


def _of(report: Report, figures: Sequence[Figure | None]) -> TableCell:
    n = sum(figure.n for figure in figures if figure)
    return TableCell(text=number(n), raw=n)


def _says(report: Report, found: dict[tuple[int, int], Figure], total: int) -> str:
    """The way on which deals come back most often, where it is one in four and of enough rows."""
    back = {pair: figure.n for pair, figure in found.items() if pair[0] != pair[1]}
    if not back:
        return ""
    (start, to), n = max(back.items(), key=lambda each: (each[1], each[0]))
    if n < MIN_ROWS or 4 * n < total:
        return ""
    names = stage_names(report)
    return _(
        "The most frequent way back is *from %(start)s to %(to)s*: %(n)s of %(all)s. What is missing "
        "when they leave %(to)s?"
    ) % {"start": names[Stage(start)], "to": names[Stage(to)], "n": number(n), "all": number(total)}
