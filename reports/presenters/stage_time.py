"""How long stages take against what their teams hold for usual: for the pages and for the board."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from pipeline.process.queries.stages import Norm, norms_for
from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.figures import Figure
from reports.metric import Metric, figures
from reports.metrics import duration
from reports.question import Question


@dataclass(frozen=True, kw_only=True)
class StageTime:
    """How long visits to a stage take (K5), in days.

    `norm` is what their teams hold for usual, and `share_of_norm` what the middle visit took of the
    norm of its own team (1 is just the norm); None where nothing was timed.
    """

    stage: Stage
    median: Figure
    p75: Figure
    norm: Norm
    share_of_norm: Decimal | None

    def is_over(self, *, digits: int) -> bool:
        """Whether the middle visit exceeded its norm; False for fewer than MIN_ROWS.

        A single norm is compared with the median rounded to `digits` decimals, as printed, so that
        "5 d / 5" is not over.
        """
        days = self.median.value
        if days is None or self.share_of_norm is None or self.median.is_small_sample:
            return False
        if self.norm.differs:
            return self.share_of_norm > 1
        return round(Decimal(days), digits) > self.norm.high


class TimeMetrics(NamedTuple):
    """The metrics that one base gives of the time in a stage."""

    median: Metric
    p75: Metric
    of_usual: Metric
    shortest: Metric
    longest: Metric


# Of the visits that ended; the others need a query of their own where teams differ.
OF_EXITS = TimeMetrics(
    duration.median_days,
    duration.p75_days,
    duration.share_of_usual,
    duration.shortest_usual,
    duration.longest_usual,
)
# The same of the stays, whose other figures a page shows anyway: one query for all.
OF_STAYS = TimeMetrics(
    duration.ended_median,
    duration.ended_p75,
    duration.ended_of_usual,
    duration.ended_shortest_usual,
    duration.ended_longest_usual,
)


def stage_times(question: Question, of: TimeMetrics = OF_EXITS) -> list[StageTime]:
    """The time of each stage."""
    norms = norms_for(question.reader)
    figures(question, (of.median, of.p75), STAGE)
    differ = any(norms.among(stage, norms.team_ids).differs for stage in Stage)
    rows = []
    for stage in Stage:
        median, p75 = (metric.at(question, STAGE, stage.value) for metric in (of.median, of.p75))
        norm = norms.among(stage, question.team_ids)
        share = None if median.value is None else Decimal(median.value) / norm.high
        if differ and median.value is not None:
            norm, share = _of_each_team(question, stage, of)
        rows.append(StageTime(stage=stage, median=median, p75=p75, norm=norm, share_of_norm=share))
    return rows


def _of_each_team(question: Question, stage: Stage, of: TimeMetrics) -> tuple[Norm, Decimal | None]:
    """Each visit by the norm of its own team: a mix has no norm of its own."""
    metrics = (of.shortest, of.longest, of.of_usual)
    figures(question, metrics, STAGE)
    low, high, share = (metric.at(question, STAGE, stage.value).value for metric in metrics)
    return Norm(low=int(low or 0), high=int(high or 0)), None if share is None else Decimal(share)


def bottleneck(times: list[StageTime]) -> StageTime | None:
    """The stage whose middle visit exceeds its norm most, of those that say so reliably."""
    told = [row for row in times if row.is_over(digits=1) and row.median.coverage.is_reliable]
    return max(told, key=lambda row: row.share_of_norm or 0, default=None)
