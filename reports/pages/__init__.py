"""The pages of the reports: each a list of panels over the metrics, and nothing else."""

from collections.abc import Mapping

from reports.pages import (
    ask,
    consistency,
    definitions,
    funnel,
    overview,
    people,
    person,
    pipeline,
    process,
    sources,
    teams,
    time,
    wins,
)
from reports.pages.page import ReportPage

# In the order of their tabs.
PAGES: Mapping[str, ReportPage] = {
    page.key: page
    for page in (
        overview.PAGE,
        pipeline.PAGE,
        funnel.PAGE,
        time.PAGE,
        people.PAGE,
        wins.PAGE,
        sources.PAGE,
        process.PAGE,
        consistency.PAGE,
        teams.PAGE,
        ask.PAGE,
        definitions.PAGE,
    )
}
# About one person, at an address of his or her own; a tab for who has no other people.
PERSON_PAGE = person.PAGE

__all__ = ["PAGES", "PERSON_PAGE", "ReportPage"]
