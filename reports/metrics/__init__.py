"""Every metric of METRICS, by what it is about. Importing this package registers them all."""

from reports.metrics import (
    activity,
    adoption,
    consistency,
    duration,
    expected,
    flow,
    leads,
    movement,
    outcomes,
    pipeline,
    process,
    promise,
)

__all__ = [
    "activity",
    "adoption",
    "consistency",
    "duration",
    "expected",
    "flow",
    "leads",
    "movement",
    "outcomes",
    "pipeline",
    "process",
    "promise",
]
