"""The pages of the reports: each a list of panels over the metrics, and nothing else."""

from collections.abc import Mapping

from reports.pages import definitions, overview, pipeline, process, sources, wins
from reports.pages.page import ReportPage

# In the order of their tabs.
PAGES: Mapping[str, ReportPage] = {
    page.key: page
    for page in (
        overview.PAGE,
        pipeline.PAGE,
        wins.PAGE,
        sources.PAGE,
        process.PAGE,
        definitions.PAGE,
    )
}

__all__ = ["PAGES", "ReportPage"]
