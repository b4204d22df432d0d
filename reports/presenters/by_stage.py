"""What boxes of figures by stage share: their names, their heads, and what is said of none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.axis import Axis
from reports.figures import Coverage, Figure
from reports.metric import Metric
from reports.presenters.panels import PanelChoice, TableHead
from reports.presenters.report import Report


def by_stage(report: Report, metric: Metric, by: Axis = STAGE) -> dict[Stage, Figure]:
    """The figure of each stage, along the stages or along those that a deal reached."""
    return {stage: metric.at(report.question, by, stage.value) for stage in Stage}


def stage_names(report: Report) -> dict[Stage, str]:
    named = STAGE.named(report.question, STAGE.every)
    return {stage: named[stage.value] for stage in Stage}


def stage_heads(*words: str) -> list[TableHead]:
    return [TableHead(text=_("Stage"), numeric=False), *(TableHead(text=word) for word in words)]


def together(report: Report, parts: Iterable[Figure]) -> Coverage:
    """What of all these figures' rows is known."""
    found = list(parts)
    return report.question.coverage(
        known=sum(each.coverage.known for each in found),
        population=sum(each.coverage.population for each in found),
    )


def longer(report: Report) -> Sequence[PanelChoice]:
    """The best next thing where a period has too little in it."""
    return [
        PanelChoice(
            label=_("Take the last 12 months"),
            href=report.address("", span="year", start=None, end=None),
            is_current=False,
        )
    ]


def if_none(report: Report, n: int, words: str) -> dict[str, Any]:
    """What a box of no rows says instead of everything; nothing where there are some."""
    return {} if n else {"empty": words, "todo": longer(report)}
