"""What the figures say of one stage, to stand beside what the process says of it."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.figures import Figure
from reports.metric import METRICS, figures
from reports.presenters.panels import Headline
from reports.presenters.report import Report
from salesprocess.lib.format import percent

# How many come, how many go on, how long it takes, how much of that nothing happens, what is gone
# past, and what it comes to.
OF_A_STAGE = (
    "entered",
    "flow_conversion",
    "lasting_days",
    "waiting_days",
    "gates_kept",
    "won_within",
)


def stage_figures(report: Report, stage: Stage) -> Sequence[Headline]:
    """Each with its n and what is covered of it; one query for each population among them."""
    metrics = [METRICS[slug] for slug in OF_A_STAGE]
    figures(report.question, metrics, STAGE)
    found = [metric.at(report.question, STAGE, stage.value) for metric in metrics]
    told = [(report.headline(figure), _covered(figure)) for figure in found]
    return [replace(headline, lines=[*headline.lines, *covered]) for headline, covered in told]


def _covered(figure: Figure) -> list[str]:
    share = figure.coverage.share
    if share is None:
        return []
    return [_("%(share)s covered") % {"share": percent(share, figure.coverage.population)}]
