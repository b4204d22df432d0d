"""What the process pages show of deals: whom a change concerns, and how steps are used."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Min, OuterRef, QuerySet

from crm.models import Deal, Judgement, StageVisit, StepResult
from crm.models.step_result import StepState
from crm.queries.facts import facts_of
from pipeline.models import Layer, User
from pipeline.process.gates import Facts, Reason
from pipeline.process.playbook import Fact, Playbook, PlaybookStep
from pipeline.process.queries.in_force import of_versions
from pipeline.process.queries.page import layer_tree
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.chance import Interval, wilson


def teams_below(layer: Layer) -> list[int]:
    """The team of a layer with all teams below it, which work by what it publishes."""
    return [] if layer.team_id is None else layer_tree().below(layer.team_id)


@dataclass(frozen=True, kw_only=True)
class Affected:
    """The people and open deals, by stage, that a published change concerns."""

    people: int
    by_stage: Mapping[Stage, int]

    @property
    def deals(self) -> int:
        return sum(self.by_stage.values())


def affected_deals(teams: Collection[int]) -> Affected:
    """Two queries, however many teams."""
    counted = dict(
        Deal.objects.filter(team_id__in=teams, outcome=Outcome.OPEN)
        .order_by()
        .values_list("stage")
        .annotate(count=Count("pk"))
    )
    return Affected(
        people=User.objects.active().filter(team_id__in=teams).count(),
        by_stage={stage: counted.get(stage.value, 0) for stage in Stage},
    )


@dataclass(frozen=True, kw_only=True)
class RemovedStep:
    """A step that a new version no longer has, and how many open deals have a result for it."""

    stage: Stage
    key: str
    label: str
    deals: int

    @property
    def place(self) -> tuple[Stage, str]:
        return (self.stage, self.key)

    @property
    def name(self) -> str:
        """Its name in forms."""
        return f"map-{self.stage.value}-{self.key}"


def removed_steps_in_use(
    teams: Collection[int],
    *,
    before: Mapping[int, tuple[int, ...]],
    after: Mapping[int, tuple[int, ...]],
) -> tuple[RemovedStep, ...]:
    """Steps that `before` shows and `after` does not, with results in open deals. One query. A step
    with the same key is not removed."""
    return removed_steps(
        teams,
        before={pk: of_versions(ids) for pk, ids in before.items()},
        after={pk: of_versions(ids) for pk, ids in after.items()},
    )


def removed_steps(
    teams: Collection[int], *, before: Mapping[int, Playbook], after: Mapping[int, Playbook]
) -> tuple[RemovedStep, ...]:
    lost: dict[tuple[Stage, str], str] = {}
    for team in teams:
        for stage in Stage:
            there = {step.key for step in after[team].steps(stage)}
            for step in before[team].steps(stage):
                if step.key not in there:
                    lost.setdefault(step.place, step.label)
    if not lost:
        return ()
    counted = {
        (stage, key): count
        for stage, key, count in StepResult.objects.current()
        .filter(
            private_to=None,
            key__in={key for _stage, key in lost},
            deal__team_id__in=teams,
            deal__outcome=Outcome.OPEN,
        )
        .order_by()
        .values_list("stage", "key")
        .annotate(count=Count("deal", distinct=True))
    }
    return tuple(
        RemovedStep(stage=stage, key=key, label=label, deals=counted.get((stage.value, key), 0))
        for (stage, key), label in sorted(lost.items())
    )


# How steps are used ------------------------------------------------------------------------------

# The visits of the last year are counted, of at most MAX_VISITS.
YEAR = dt.timedelta(days=365)
MAX_VISITS = 2000


# With fewer deals no share and no median is shown: one more would change it by a tenth.
MIN_DEALS = 10


@dataclass(frozen=True, kw_only=True)
class StepUse:
    """How a step was used in the `n` deals that left its stage.

    In `done` of them it was done; in `overridden` it was set aside, or a gate was passed without it.
    `with_…` and `without_…` count closed deals and wins with and without the step. `days` are from
    entering the stage until the step was recorded. Shares and medians of fewer than MIN_DEALS deals
    are None.
    """

    n: int
    done: int
    overridden: int
    with_won: int
    with_closed: int
    without_won: int
    without_closed: int
    days: tuple[float, ...] = ()

    @property
    def done_share(self) -> float | None:
        return share(self.done, self.n)

    @property
    def overridden_share(self) -> float | None:
        return share(self.overridden, self.n)

    @property
    def wins(self) -> tuple[float | None, float | None]:
        """The win rates with and without the step."""
        return (
            share(self.with_won, self.with_closed),
            share(self.without_won, self.without_closed),
        )

    @property
    def win_intervals(self) -> tuple[Interval, Interval] | None:
        """Between which the win rates with and without the step lie 9 times in 10; None unless both
        can be told."""
        if None in self.wins:
            return None
        return (
            wilson(self.with_won, self.with_closed),
            wilson(self.without_won, self.without_closed),
        )

    @property
    def wins_differ(self) -> bool:
        """Whether more are won with the step, or without it, than chance makes."""
        found = self.win_intervals
        return found is not None and not found[0].overlaps(found[1])

    @property
    def median_days(self) -> float | None:
        return median(self.days) if len(self.days) >= MIN_DEALS else None


def share(part: int, whole: int) -> float | None:
    """From 0 to 1; None if `whole` is less than MIN_DEALS."""
    return part / whole if whole >= MIN_DEALS else None


# Facts that do not last: what was planned next then is done or cancelled by now.
PASSING = frozenset({Fact.NEXT})


def is_measured(step: PlaybookStep) -> bool:
    """Whether it is known of past deals if the step was done: not of hints and of passing facts."""
    return step.can_be_done and step.fact not in PASSING


def step_use(
    user: User,
    steps: Iterable[PlaybookStep],
    *,
    stage: Stage,
    teams: Collection[int],
    at: dt.datetime,
    asked_on: Mapping[str, dt.date] | None = None,
) -> tuple[dict[str, StepUse], int]:
    """How the steps of a stage were used in a year, and in how many deals; four queries.

    Counted are deals in the reach of `user` that left the stage, by their team at the exit. A step
    counts under all its names, for the deals that it applied to, and that left after it was first
    asked: `asked_on`, by key, else its own date. Win rates are of deals that the customer decided
    (METHOD). A step about concerns does not count where none were raised. Days are known only of what
    somebody recorded, not of facts, and not if it was done before the stage. Steps that are not
    `measured` are left out.
    """
    rows = (
        StageVisit.objects.visible_to(user)
        .filter(stage=stage, exit_team_id__in=teams, left_at__gt=at - YEAR)
        .order_by("-left_at")
        .annotate(set_aside=ArraySubquery(_set_aside(stage).values("key")))
        .values_list(
            "deal_id", "entered_at", "left_at", "deal__outcome", "deal__initiator", "set_aside"
        )
    )
    left: dict[int, dt.datetime] = {}
    entered: dict[int, dt.datetime | None] = {}
    closed: dict[int, bool] = {}
    overridden: dict[str | Fact, set[int]] = {}
    for pk, entered_at, left_at, outcome, initiator, keys in rows[:MAX_VISITS]:
        if left_at is not None:
            left.setdefault(pk, left_at)
        entered[pk] = entered_at  # the last that is read is the first visit
        if outcome == Outcome.WON or initiator == Initiator.CUSTOMER:
            closed[pk] = outcome == Outcome.WON
        for key in keys:
            overridden.setdefault(key, set()).add(pk)
    for what, pk in _gone_past(stage, left):
        overridden.setdefault(what, set()).add(pk)
    facts = facts_of(left, at=at)
    wanted = list(filter(is_measured, steps))
    recorded = _recorded(stage, {step.key for step in wanted}, left)
    found = {}
    for step in wanted:
        since = (asked_on or {}).get(step.key, step.made_on)
        meant = [
            pk
            for pk, when in left.items()
            if pk in facts
            and not is_not_applicable(step, facts[pk])
            and step.is_for(existing_customer=facts[pk].existing_customer)
            and (since is None or since <= when.date())
        ]
        without = overridden.get(step.key, set())
        if step.fact is not None:
            without = without | overridden.get(step.fact, set())
        done = {pk for pk in meant if facts[pk].has(step) and pk not in without}
        found[step.key] = StepUse(
            n=len(meant),
            done=len(done),
            overridden=sum(1 for pk in meant if pk in without),
            with_won=sum(1 for pk in meant if pk in done and closed.get(pk)),
            with_closed=sum(1 for pk in meant if pk in done and pk in closed),
            without_won=sum(1 for pk in meant if pk not in done and closed.get(pk)),
            without_closed=sum(1 for pk in meant if pk not in done and pk in closed),
            days=tuple(
                max((when - began) / DAY, 0.0)
                for pk in done
                if (when := recorded.get((pk, step.key))) and (began := entered.get(pk))
            ),
        )
    return found, len(left)


DAY = dt.timedelta(days=1)


def is_not_applicable(step: PlaybookStep, facts: Facts) -> bool:
    """A step about concerns where none is recorded: it holds up nothing, and counts as nothing
    done."""
    return (
        step.fact == Fact.CONCERNS_SETTLED
        and step.fact in facts.known
        and Fact.CONCERNS_RECORDED not in facts.known
    )


def _set_aside(stage: Stage) -> QuerySet[StepResult]:
    return StepResult.objects.current().filter(
        deal=OuterRef("deal"), stage=stage, state=StepState.OVERRIDDEN, private_to=None
    )


def _gone_past(stage: Stage, deals: Collection[int]) -> Iterator[tuple[str | Fact, int]]:
    """By step key or fact, the deals that passed a gate of the stage without it; except what
    imports could not say. One query."""
    judged = Judgement.objects.filter(deal__in=list(deals)).exclude(reason=Reason.IMPORTED)
    for pk, findings in judged.values_list("deal_id", "findings"):
        for one in findings:
            if one["stage"] == stage:
                yield one["step"] if "step" in one else Fact(one["fact"]), pk


def _recorded(
    stage: Stage, keys: Collection[str], deals: Collection[int]
) -> dict[tuple[int, str], dt.datetime]:
    """When a step was first recorded as done, by deal and key; later corrections do not count. One
    query."""
    found = (
        StepResult.objects.filter(
            deal__in=list(deals), stage=stage, key__in=keys, state=StepState.DONE, private_to=None
        )
        .order_by()
        .values_list("deal_id", "key")
        .annotate(first=Min("at"))
    )
    return {(pk, key): first for pk, key, first in found}


def open_deals(user: User, *, most: int) -> list[tuple[int, str, str | None, int]]:
    """The open deals in sight that were changed last: (id, name, company, stage)."""
    rows = Deal.objects.visible_to(user).open().order_by("-changed_at", "-pk")
    return list(rows.values_list("pk", "name", "company__name", "stage")[:most])


def own_names(user: User, *, most: int) -> list[str]:
    """What the deals of `user` are called, the one that was changed last first."""
    rows = Deal.objects.visible_to(user).filter(owner=user).order_by("-changed_at")
    return list(rows.values_list("name", flat=True)[:most])
