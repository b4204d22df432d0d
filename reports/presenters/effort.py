"""Whether effort went into what may come to a close, before it is too late (CHECKLIST B17, C14)."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.metrics import effort
from reports.presenters.panels import ReportPanel, Table, TableCell, TableHead, TableRow
from reports.presenters.report import Report
from reports.question import Question
from reports.together import Wanted
from salesprocess.lib.format import number

_DONE = (effort.effort_before_qualified, effort.leads_to_no_close)
_OPEN = (effort.far_unqualified, effort.effort_in_unqualified)


def wanted_of_effort(question: Question) -> list[Wanted]:
    """What the box reads, to be asked for together with other things."""
    before = [Wanted(question=question.before, metrics=_DONE)] if question.before else []
    return [
        Wanted(question=question, metrics=_DONE),
        Wanted(question=question, metrics=_OPEN),
        *before,
    ]


def effort_panel(report: Report) -> ReportPanel:
    question, before = report.question, report.question.before
    found = [metric.whole(question) for metric in (effort.far_unqualified, *_DONE)]
    # Of what is open the page asks for no other day.
    was = [None, *(metric.whole(before) if before else None for metric in _DONE)]
    return ReportPanel(
        key="effort",
        title=_("Effort before it was sure"),
        template="reports/panels/numbers.html",
        drawing=[report.headline(now, was=past) for now, past in zip(found, was, strict=True)],
        say=_says(report),
        table=Table(
            heads=[
                TableHead(text=_("Figure"), numeric=False),
                TableHead(text=_("Share")),
                TableHead(text=_("Number")),
            ],
            rows=[
                TableRow(
                    name=str(figure.definition.name),
                    cells=[
                        report.cell(figure),
                        TableCell(
                            text=number(figure.part or 0),
                            raw=figure.part,
                            href=report.rows(figure, part=True) if figure.part else "",
                        ),
                    ],
                )
                for figure in found
            ],
        ),
        empty="" if any(figure.n for figure in found) else _("Nothing was done in this period."),
        wide=True,
    )


def _says(report: Report) -> str:
    far = effort.far_unqualified.whole(report.question)
    if not far.n:
        return ""
    if not far.part:
        return _("Every deal that is open in needs analysis or beyond was qualified.")
    done = effort.effort_in_unqualified.whole(report.question).value or 0
    return ngettext(
        "*%(n)s open deal* is in needs analysis or beyond though nobody recorded that both sides want "
        "to go on, and *%(done)s activities* went into it: qualify it, or let it go.",
        "*%(n)s open deals* are in needs analysis or beyond though nobody recorded that both sides want "
        "to go on, and *%(done)s activities* went into them: qualify them, or let them go.",
        far.part,
    ) % {"n": number(far.part), "done": number(done)}
