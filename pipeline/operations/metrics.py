"""What /metrics tells Prometheus: each request's time, and how the installation is.

Several web processes share their counts in a folder, if PROMETHEUS_MULTIPROC_DIR names one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from pipeline.operations.queries import Installation

# Before the first request is counted.
_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if _FOLDER:
    Path(_FOLDER).mkdir(parents=True, exist_ok=True)

REQUEST_SECONDS = Histogram(
    "seven_request_seconds",
    "Seconds that a request took, by the name of its address and the class of its status.",
    ["address", "status"],
    registry=None,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class _InstallationCollector(Collector):
    def __init__(self, found: Installation) -> None:
        self.found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self.found
        plain = {
            "seven_outbox_waiting": ("Rows of the outbox to deliver.", found.outbox_waiting),
            "seven_outbox_oldest_seconds": ("Age of the oldest that is due.", found.outbox_lag),
            "seven_outbox_given_up": ("Rows that an admin must try again.", found.outbox_dead),
            "seven_queue_length": ("Tasks that wait in the broker.", found.queue),
            "seven_broker_up": ("1 if the broker answers.", int(found.broker)),
            "seven_migrations_missing": ("Migrations to apply.", len(found.migrations)),
            "seven_database_bytes": ("Size of the database.", found.database_bytes),
            "seven_database_connections": ("Connections to it.", found.connections),
        }
        for name, (text, value) in plain.items():
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
        seen = GaugeMetricFamily(
            "seven_sign_of_life_age_seconds", "Since the last sign of life.", labels=["part"]
        )
        for part, at in found.last_seen.items():
            seen.add_metric([part], (found.at - at).total_seconds())
        yield seen
        incidents = GaugeMetricFamily(
            "seven_incidents_today", "What went wrong since midnight (UTC).", labels=["kind"]
        )
        for kind, count in found.incidents.items():
            incidents.add_metric([kind], count)
        yield incidents


def exposition(found: Installation) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry()
    if _FOLDER:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # registers itself
    else:
        registry.register(REQUEST_SECONDS)
    registry.register(_InstallationCollector(found))
    return generate_latest(registry)
