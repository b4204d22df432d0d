"""Which entries of METRICS are computed is said there, and true."""

import re
from pathlib import Path

from django.conf import settings

from reports import metrics  # noqa: F401  # registers them all
from reports.metric import METRICS


def test_the_marked_entries_are_those_that_are_computed() -> None:
    text = Path(settings.BASE_DIR, "docs/METRICS.md").read_text()
    marked = set(re.findall(r"\*\*● (K\d+)\b", text))
    assert marked == {metric.definition.key for metric in METRICS.values()}
