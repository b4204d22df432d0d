"""What one point more of what goes on is worth, stage by stage (the sensitivity of METRICS K3)."""

from decimal import Decimal

from django.utils.translation import gettext as _

from reports.axes import STAGE
from reports.metric import figures
from reports.metrics import flow
from reports.presenters.by_stage import by_stage, longer, stage_heads, stage_names
from reports.presenters.panels import Bar, Bars, ReportPanel, Segment, Table, TableRow, at_percent
from reports.presenters.report import Report, too_few_words
from salesprocess.lib.format import money_short, number, percent


def worth_panel(report: Report) -> ReportPanel:
    """Where of a hundred deals one more going on would bring most, and why."""
    question = report.question
    metrics = (flow.worth_of_a_point, flow.won_after_going_on, flow.value_after_going_on)
    figures(question, metrics, STAGE)
    worth, won, value = (by_stage(report, metric) for metric in metrics)
    known = {stage: figure for stage, figure in worth.items() if figure.value is not None}
    if not known:
        closed = max(min(won[stage].n, value[stage].coverage.known) for stage in won)
        return ReportPanel(
            key="worth",
            title=_("What one point more is worth"),
            definition=flow.worth_of_a_point.definition,
            empty=too_few_words(closed),
            todo=longer(report),
        )
    most = max(known, key=lambda stage: known[stage].value or 0)
    largest = float(known[most].value or 0)
    names = stage_names(report)
    bars = [
        Bar(
            label=name,
            stage=stage,
            href=report.rows(worth[stage]) if worth[stage].n else "",
            segments=[
                Segment(
                    css="fill-accent" if stage is most else "fill-pale",
                    start=0,
                    width=at_percent(known[stage].value or 0, largest),
                    title=report.text(known[stage], short=True),
                    href=report.rows(known[stage]),
                )
            ]
            if stage in known
            else [],
            text=report.text(worth[stage], short=True) if stage in known else _("too few"),
            tone="" if stage in known else "young",
        )
        for stage, name in names.items()
    ]
    return ReportPanel(
        key="worth",
        title=_("What one point more is worth"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars),
        definition=flow.worth_of_a_point.definition,
        say=_(
            "One point more in *%(stage)s* is worth about *%(worth)s a quarter*, because %(n)s deals "
            "came in, %(rate)s of those that went on and closed were won, and a win brings %(value)s."
        )
        % {
            "stage": names[most],
            "worth": report.text(known[most], short=True),
            "n": number(known[most].n),
            "rate": percent(won[most].value or 0, won[most].n),
            "value": money_short(Decimal(value[most].value or 0), report.currency),
        },
        note=_("An estimate: it says what is at stake, not how to get there."),
        table=Table(
            heads=stage_heads(
                _("Came in"),
                _("Won, of those that went on"),
                _("A win brings"),
                _("A point a quarter"),
            ),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.n_cell(worth[stage]),
                        report.cell(won[stage]),
                        report.cell(value[stage]),
                        report.cell(worth[stage]),
                    ],
                )
                for stage, name in names.items()
            ],
        ),
        wide=True,
    )
