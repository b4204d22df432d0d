"""What is usual among the people of a selling style: like is set beside like (CHECKLIST E18).

It is of everybody in the organisation, whoever asks. So it is told only of several people, as the
middle of them, and opens no rows; and one person's own past stands in the same answer.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from django.db.models import Count, Q

from reports.colleagues import colleagues
from reports.figures import LEAST_PEOPLE, MIN_ROWS, Period
from reports.flow_populations import CONVERSATION, FORWARD
from reports.populations import done_of_everybody, ends_of_everybody
from reports.question import Question

K = TypeVar("K")

# A manager compares people, and knows them anyway.
LEAST_FOR_MANAGERS = 3
DAYS_A_WEEK = 7
# The key of all stages together.
ALL_STAGES = 0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Of the stays that ended, how many went on."""

    went_on: int
    n: int


@dataclass(frozen=True, kw_only=True)
class UsualShare:
    """The middle of the shares of so many people with ten ended stays or more."""

    share: float
    people: int


@dataclass(frozen=True, kw_only=True)
class UsualFlow:
    """Which share goes on: `usual` by style and stage, `past` by person asked about and stage in the
    period compared with. The stage 0 stands for all of them."""

    usual: Mapping[tuple[str, int], UsualShare]
    past: Mapping[tuple[int, int], Ended]


@dataclass(frozen=True, kw_only=True)
class UsualTalks:
    """Conversations a week: `usual` by style, `past` by person asked about in the period compared with."""

    usual: Mapping[str, UsualShare]
    past: Mapping[int, float]


def least_people(question: Question) -> int:
    return LEAST_FOR_MANAGERS if question.reader.is_manager else LEAST_PEOPLE


def weeks_of(period: Period) -> float:
    return period.days / DAYS_A_WEEK


def usual_flow(question: Question) -> UsualFlow:
    """One query for both periods."""
    return question.once("usual_flow", lambda: _flow(question))


def usual_talks(question: Question) -> UsualTalks:
    """One query for both periods."""
    return question.once("usual_talks", lambda: _talks(question))


def _flow(question: Question) -> UsualFlow:
    both, now, past = _periods(question, "left_at", whose="entry_owner")
    rows = (
        ends_of_everybody(both)
        .filter(now | past)
        .order_by()
        .values_list("entry_owner", "entry_owner__style", "stage")
        .annotate(
            n=Count("pk", filter=now),
            went_on=Count("pk", filter=now & FORWARD),
            past_n=Count("pk", filter=past),
            past_went_on=Count("pk", filter=past & FORWARD),
        )
    )
    ended: dict[tuple[int, str, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    before: dict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for owner, style, stage, n, went_on, past_n, past_went_on in rows:
        for key in (stage, ALL_STAGES):
            ended[owner, style, key] = _sum(ended[owner, style, key], (went_on, n))
            before[owner, key] = _sum(before[owner, key], (past_went_on, past_n))
    shares: dict[tuple[str, int], list[float]] = defaultdict(list)
    for (_owner, style, stage), (went_on, n) in ended.items():
        if n >= MIN_ROWS:
            shares[style, stage].append(went_on / n)
    return UsualFlow(
        usual=_middles(shares, least_people(question)),
        past={key: Ended(went_on=went_on, n=n) for key, (went_on, n) in before.items() if n},
    )


def _talks(question: Question) -> UsualTalks:
    both, now, past = _periods(question, "done_at", whose="owner")
    rows = (
        done_of_everybody(both)
        .filter(CONVERSATION, now | past)
        .order_by()
        .values_list("owner", "owner__style")
        .annotate(n=Count("pk", filter=now), past_n=Count("pk", filter=past))
    )
    weeks = weeks_of(question.period)
    weeks_past = weeks_of(question.compare) if question.compare else 0
    counts: dict[str, list[float]] = defaultdict(list)
    before: dict[int, float] = {}
    for owner, style, n, past_n in rows:
        if n >= MIN_ROWS:
            counts[style].append(n / weeks)
        if past_n >= MIN_ROWS:
            before[owner] = past_n / weeks_past
    return UsualTalks(usual=_middles(counts, least_people(question)), past=before)


def _periods(question: Question, at: str, *, whose: str) -> tuple[Question, Q, Q]:
    """A question about both periods together, and the conditions of each: of the one compared with only
    what is of those asked about counts, since what is usual is told of the period alone."""

    def within(period: Period) -> Q:
        return Q(**{f"{at}__gte": period.starts_at, f"{at}__lt": period.ends_at})

    period, compare = question.period, question.compare
    if compare is None:
        return question, within(period), Q(pk__in=[])
    both = Period(
        start_on=min(period.start_on, compare.start_on),
        end_on=max(period.end_on, compare.end_on),
        zone=period.zone,
    )
    people = [each.id for each in colleagues(question)]
    return question.about(both), within(period), within(compare) & Q(**{f"{whose}__in": people})


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _middles(shares: Mapping[K, list[float]], least: int) -> dict[K, UsualShare]:
    return {
        key: UsualShare(share=median(found), people=len(found))
        for key, found in shares.items()
        if len(found) >= least
    }
