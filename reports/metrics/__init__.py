"""Every metric of METRICS, by what it is about. Importing this package registers them all."""

from reports.metrics import activity, duration, flow, outcomes, pipeline

__all__ = ["activity", "duration", "flow", "outcomes", "pipeline"]
