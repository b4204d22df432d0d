"""How far the figures of a page can be trusted, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.figures import Coverage, Figure
from reports.metric import figures
from reports.metrics import consistency
from reports.presenters.report import Report
from reports.together import Wanted
from salesprocess.lib.format import number, percent


@dataclass(frozen=True, kw_only=True)
class MissingPart:
    """What is missing: in words, with the list of it."""

    text: str
    href: str


@dataclass(frozen=True, kw_only=True)
class ConsistencyStamp:
    """The consistency of what was asked about (METRICS K21): below the organisation's share, what is
    missing stands beside it."""

    coverage: Coverage
    text: str
    gaps: Sequence[MissingPart]


_GAPS = (
    consistency.nothing_planned,
    consistency.date_passed,
    consistency.no_recent_touch,
    consistency.stage_to_confirm,
)


def wanted_of_stamp(report: Report) -> Wanted:
    """What the stamp reads, to be asked for together with other things."""
    return Wanted(question=report.question, metrics=consistency.EVERY)


def stamp_of(report: Report) -> ConsistencyStamp | None:
    """None where no deal is open: nothing can be missing of nothing."""
    question = report.question
    figures(question, consistency.EVERY)
    whole = consistency.consistency.whole(question)
    if not whole.n:
        return None
    coverage = question.coverage(known=whole.part or 0, population=whole.n)
    share = percent(coverage.share or 0, whole.n)
    trusted = _("Consistency %(share)s: it can be relied on.")
    careful = _("Consistency %(share)s: read with care.")
    return ConsistencyStamp(
        coverage=coverage,
        text=(trusted if coverage.is_reliable else careful) % {"share": share},
        gaps=[
            MissingPart(text=_gap(metric.slug, figure), href=report.rows(figure))
            for metric in _GAPS
            if (figure := metric.whole(question)).n
        ],
    )


def _gap(slug: str, figure: Figure) -> str:
    words = {
        "nothing_planned": _("%(n)s with nothing planned"),
        "date_passed": _("%(n)s without a value or with a past date"),
        "no_recent_touch": _("%(n)s silent"),
        "stage_to_confirm": _("%(n)s to confirm"),
    }[slug]
    return words % {"n": number(figure.n)}
