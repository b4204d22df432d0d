"""Every metric of METRICS, by what it is about. Importing this package registers them all."""

from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.metric import METRICS
from reports.metrics import (
    activity,
    adoption,
    attention,
    consistency,
    duration,
    effort,
    expected,
    flow,
    leads,
    movement,
    outcomes,
    paths,
    pipeline,
    process,
    promise,
    steps,
)

__all__ = [
    "METRICS",
    "activity",
    "adoption",
    "attention",
    "consistency",
    "duration",
    "effort",
    "expected",
    "figures_of_stages",
    "flow",
    "leads",
    "movement",
    "outcomes",
    "paths",
    "pipeline",
    "process",
    "promise",
    "steps",
]


def figures_of_stages() -> dict[Stage, list[str]]:
    """The K-numbers of the figures that are made of each stage."""
    keys = sorted({each.definition.key for each in METRICS.values() if STAGE.key in each.axes})
    return {stage: keys for stage in Stage if stage.value in STAGE.every}
