"""How much of what the process expects was done when a stage was left, and whether those that went on
had done more than those that stopped (METRICS K20, step completion)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from pipeline.process.moves import LeftHow
from reports.axes import LEFT_HOW, STAGE
from reports.figures import MIN_ROWS, Figure
from reports.metrics.steps import steps_done_by_exit
from reports.presenters.panels import ReportPanel, Table, TableCell, TableHead, TableRow
from reports.presenters.report import Report
from reports.question import Question
from reports.together import Wanted
from salesprocess.lib.format import join_list

_ALONG = {"stage": STAGE, "exit": LEFT_HOW}


def wanted_of_steps(question: Question) -> list[Wanted]:
    """What the box asks for, to be asked after how visits of each playbook went on in each stage."""
    return [
        Wanted(question=each, metrics=(steps_done_by_exit,), axes=axes)
        for each in (question, question.before)
        if each
        for axes in ((), (STAGE,), (LEFT_HOW,))
    ]


def steps_panel(report: Report) -> ReportPanel:
    question, metric = report.question, steps_done_by_exit
    chosen, switch = report.chosen("steps", {key: axis.label for key, axis in _ALONG.items()})
    by, before = _ALONG[chosen], question.before
    found = metric.measure(question, by)
    past = metric.measure(before, by) if before else {}
    whole, whole_past = metric.whole(question), metric.whole(before) if before else None
    none = metric.of_nothing(question)

    def cells(figure: Figure, was: Figure | None) -> list[TableCell]:
        told = [report.n_cell(figure), report.cell(figure) if figure.n else TableCell(text="–")]
        if before:
            has_past = was is not None and was.n
            told.append(report.cell(was) if was and has_past else TableCell(text="–"))
        return told

    names = by.named(question, {*by.every, *found, *past})
    return ReportPanel(
        key="steps",
        title=_("Steps done when a stage was left"),
        switch=switch,
        table=Table(
            heads=[
                TableHead(text=by.label, numeric=False),
                TableHead(text=_("Visits ended")),
                TableHead(text=_("Steps done by exit")),
                *([TableHead(text=_("Before"))] if before else []),
            ],
            rows=[
                *(
                    TableRow(
                        name=name,
                        stage=value if by is STAGE else 0,
                        cells=cells(found.get(value, none), past.get(value)),
                    )
                    for value, name in names.items()
                ),
                TableRow(name=_("All"), cells=cells(whole, whole_past)),
            ],
        ),
        say=_by_exit(report, metric.measure(question, LEFT_HOW)),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        empty="" if whole.n else _("No visit in which a step was expected ended in this period."),
    )


def _by_exit(report: Report, found: Mapping[Any, Figure]) -> str:
    """How much was done by each way out of which there is enough to say it."""
    names = LEFT_HOW.named(report.question, LEFT_HOW.every)
    told = [
        _("%(how)s: %(share)s") % {"how": names[how.value], "share": report.text(figure)}
        for how in LeftHow
        if (figure := found.get(how.value)) and figure.n >= MIN_ROWS
    ]
    return _("*Expected steps done*: %(list)s.") % {"list": join_list(told)} if told else ""
