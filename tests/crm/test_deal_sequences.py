"""Any verbs, in any order, by several people: what must hold of a deal holds after each of them."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Model, Q
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as play

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as win_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, ActivityResult, Deal, StageVisit, StopCause
from crm.models.activity import TOUCHES
from crm.models.due import Due
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.crm.truth import faults_of, rows
from tests.factories import NOW, needed_for

# Everything that a verb may answer; anything else is a fault of ours.
ANSWERS = (Refused, ObjectDoesNotExist)
PEOPLE = ("ana", "ben", "mona", "carl", "rosa", "adele")


@dataclass(frozen=True, kw_only=True)
class SalesAct:
    """Who does something to which deal, when, and having seen which state of it.

    `minutes` is how long after the last act. `behind` is by how many versions the page is old;
    None sends none.
    """

    who: str
    number: int
    minutes: int
    behind: int | None


# Mostly such as succeed, so that stories grow long; sometimes by anybody, too early or too late.
acts = st.builds(
    SalesAct,
    who=st.sampled_from(["", "", "", "", "", *PEOPLE]),
    number=st.integers(0, 5),
    minutes=st.sampled_from([0, 1, 2, 30, 60, 60 * 26, 60 * 50, -5]),
    behind=st.sampled_from([None, 0, 0, 0, 0, 0, 0, 1]),
)
stages = st.sampled_from(Stage)
reasons = st.sampled_from(["Because.", "Because.", "Because.", ""])
money = st.none() | st.decimals(0, 10**6, places=2)
kinds = st.sampled_from(ActivityKind)
results = st.sampled_from([None, *ActivityResult])
days = st.integers(-1, 20)
nexts = st.none() | st.tuples(kinds, days)


SOME_PLANNED = Q(activities__in=Activity.objects.planned())


# The rows of what a deal consists of, by table and id.
Everything = dict[type[Model], dict[int, dict[str, Any]]]

# How often each verb is tried, and with what.
VERBS: dict[str, tuple[int, dict[str, Any]]] = {
    "open": (
        1,
        {"who": st.sampled_from(PEOPLE), "stage": stages, "amount": money, "pool": st.booleans()},
    ),
    "move": (3, {"to": stages, "reason": reasons}),
    "advance": (5, {"by_how_many": st.integers(1, 3), "reason": reasons}),
    "move_back": (2, {"to": stages, "reason": reasons}),
    "win": (2, {"value": money, "reason": reasons}),
    "stop": (2, {"why": st.integers(0, 8), "initiator": st.sampled_from(Initiator)}),
    "reopen": (4, {"reason": reasons}),
    "hand_over": (2, {"to": st.sampled_from(PEOPLE)}),
    "claim": (2, {}),
    "park": (1, {"day": st.none() | days}),
    "edit": (1, {"amount": money}),
    "plan": (3, {"kind": kinds, "day": days}),
    "log": (3, {"kind": kinds, "result": results, "next": nexts, "hours": st.integers(0, 90)}),
    "complete": (3, {"which": st.integers(0, 9), "result": results, "next": nexts}),
    "cancel": (1, {"which": st.integers(0, 9)}),
    "postpone": (1, {"which": st.integers(0, 9), "day": days, "all_day": st.booleans()}),
}
tries = st.sampled_from(
    [name for name, (often, _with_what) in VERBS.items() for _time in range(often)]
).flatmap(lambda name: st.tuples(st.just(name), st.fixed_dictionaries(VERBS[name][1])))


class Sales(RuleBasedStateMachine):
    """A few deals among the cast. Time walks on from act to act, up to the clock's today."""

    cast: Cast

    def __init__(self) -> None:
        # Each story is rolled back to where the cast stood.
        self.story = transaction.atomic()
        self.story.__enter__()
        super().__init__()
        self.at = NOW - dt.timedelta(days=400)
        self.before = self.everything()
        self.causes = list(StopCause.objects.order_by("key"))

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.story.__exit__(None, None, None)

    @initialize(stage=stages)
    def begin(self, stage):
        self.open_one("ana", stage, pool=False)
        self.open_one("ben", Stage.PROSPECTING, pool=True)

    def open_one(self, who: str, stage: Stage, **given: Any) -> None:
        user = getattr(self.cast, who)
        team = user.team if given.pop("pool") else None
        deal_commands.open(
            name=f"By {who}",
            by=user,
            team=team,
            stage=stage,
            at=self.at,
            gate_input=needed_for(Stage.CLOSING),
            **given,
        )

    @contextmanager
    def doing(self, act: SalesAct, deals: Q | None = None) -> Iterator[tuple[Deal, dict[str, Any]]]:
        """One of the deals (of those that the verb is for, if any), and who does it when.

        What is refused, stale or out of reach must have changed no row.
        """
        fitting = list(Deal.objects.filter(deals or Q()).order_by("pk").distinct())
        fitting = fitting or list(Deal.objects.order_by("pk"))
        deal = fitting[act.number % len(fitting)]
        whoever_may = deal.owner or self.cast.mona
        by = self.cast.again(getattr(self.cast, act.who) if act.who else whoever_may)
        at = self.at + dt.timedelta(minutes=act.minutes)
        self.at = max(self.at, at)
        try:
            yield deal, {"by": by, "at": at}
        except ANSWERS:
            assert self.everything() == self.before

    def everything(self) -> Everything:
        return {
            model: {row["id"]: row for row in rows(model)} for model in (Deal, StageVisit, Activity)
        }

    def seen(self, act: SalesAct, deal: Deal) -> dict[str, Any]:
        return {} if act.behind is None else {"version": deal.version - act.behind}

    def next(self, what: tuple[ActivityKind, int] | None) -> Next | None:
        if what is None:
            return None
        kind, day = what
        due = self.due(day, all_day=day % 2 == 0)
        return Next(kind=kind, due_on=due.on, due_at=due.at)

    def due(self, day: int, *, all_day: bool) -> Due:
        at = self.at + dt.timedelta(days=day)
        return Due(on=at.date()) if all_day else Due(at=at)

    @rule(act=acts, what=tries)
    def somebody_does_something(self, act, what):
        verb, given = what
        getattr(self, verb)(act, **given)

    def open(self, act, who, stage, amount, pool):
        if Deal.objects.count() < 5:
            self.open_one(who, stage, amount=amount, pool=pool)

    def move(self, act, to, reason):
        with self.doing(act, Q(outcome=Outcome.OPEN)) as (deal, given):
            move_commands.move(deal, to=to, reason=reason, **given, **self.seen(act, deal))

    def advance(self, act, by_how_many, reason):
        with self.doing(act, Q(outcome=Outcome.OPEN, stage__lt=7)) as (deal, given):
            to = Stage(min(deal.stage + by_how_many, 7))
            move_commands.advance(deal, to=to, reason=reason, **given, **self.seen(act, deal))

    def move_back(self, act, to, reason):
        with self.doing(act, Q(outcome=Outcome.OPEN, stage__gt=to)) as (deal, given):
            move_commands.move(deal, to=to, reason=reason, **given, **self.seen(act, deal))

    def win(self, act, value, reason):
        with self.doing(act, Q(outcome=Outcome.OPEN)) as (deal, given):
            given |= self.seen(act, deal)
            win_commands.win(deal, value=value or Decimal(0), reason=reason, **given)

    def stop(self, act, why, initiator):
        with self.doing(act, Q(outcome=Outcome.OPEN)) as (deal, given):
            given |= self.seen(act, deal)
            deal_commands.stop(deal, initiator=initiator, cause=self.causes[why], **given)

    def reopen(self, act, reason):
        with self.doing(act, ~Q(outcome=Outcome.OPEN)) as (deal, given):
            deal_commands.reopen(deal, reason=reason, **given, **self.seen(act, deal))

    def hand_over(self, act, to):
        with self.doing(act) as (deal, given):
            to = self.cast.again(getattr(self.cast, to))
            deal_commands.hand_over(deal, to=to, **given, **self.seen(act, deal))

    def claim(self, act):
        with self.doing(act, Q(owner=None)) as (deal, given):
            deal_commands.claim(deal, **given)

    def park(self, act, day):
        with self.doing(act, Q(outcome=Outcome.OPEN)) as (deal, given):
            until = None if day is None else given["at"].date() + dt.timedelta(days=day)
            deal_commands.park(deal, until=until, **given, **self.seen(act, deal))

    def edit(self, act, amount):
        with self.doing(act) as (deal, given):
            deal_commands.edit(deal, amount=amount, **given, **self.seen(act, deal))

    def plan(self, act, kind, day):
        with self.doing(act, Q(outcome=Outcome.OPEN)) as (deal, given):
            planned = self.next((kind, day))
            assert planned is not None
            activity_commands.plan(About(deal=deal), next=planned, **given)

    def log(self, act, kind, result, next, hours):
        with self.doing(act) as (deal, given):
            activity_commands.log(
                About(deal=deal),
                kind=kind,
                body="Said so.",
                result=result,
                done_at=given["at"] - dt.timedelta(hours=hours),
                next=self.next(next),
                **given,
            )

    def complete(self, act, which, result, next):
        with self.doing(act, SOME_PLANNED) as (deal, given):
            activity = self.activity(deal, which)
            activity_commands.complete(activity, result=result, next=self.next(next), **given)

    def cancel(self, act, which):
        with self.doing(act, SOME_PLANNED) as (deal, given):
            activity = self.activity(deal, which)
            activity_commands.cancel(activity, **given)

    def postpone(self, act, which, day, all_day):
        with self.doing(act, SOME_PLANNED) as (deal, given):
            activity = self.activity(deal, which)
            activity_commands.postpone(activity, to=self.due(day, all_day=all_day), **given)

    def activity(self, deal: Deal, which: int) -> Activity:
        """A planned one, if the deal has any, else one that is over."""
        fitting = list(deal.activities.planned().order_by("pk")) or list(deal.activities.all())
        if not fitting:
            raise Activity.DoesNotExist
        return fitting[which % len(fitting)]

    @invariant()
    def all_is_as_it_should_be(self):
        """After each act, which makes it what was before the next."""
        now = self.everything()
        if now != self.before:
            self.every_deal_is_true(now)
            self.closed_visits_never_change(now)
            self.versions_grow_with_every_change(now)
            self.what_is_done_has_its_stage_and_time()
            self.before = now

    def every_deal_is_true(self, now: Everything) -> None:
        """Those of which something was changed: what is true of a deal is said by rows of its own."""
        changed = set()
        for model, owner in ((Deal, "id"), (StageVisit, "deal_id"), (Activity, "deal_id")):
            before, after = self.before[model], now[model]
            for pk in before.keys() | after.keys():
                if before.get(pk) != after.get(pk):
                    changed.add((after.get(pk) or before[pk])[owner])
        for deal in Deal.objects.filter(pk__in=changed):
            assert faults_of(deal) == []

    def closed_visits_never_change(self, now: Everything) -> None:
        """But for in whose reach they lie, which goes with the deal."""
        held = ("holder_id", "holder_team_id")
        for pk, before in self.before[StageVisit].items():
            after = now[StageVisit].get(pk, {})
            assert before["left_how"] is None or before == {
                **after,
                **{name: before[name] for name in held},
            }

    def versions_grow_with_every_change(self, now: Everything) -> None:
        for pk, before in self.before[Deal].items():
            after = now[Deal][pk]
            assert after == before or after["version"] > before["version"]

    def what_is_done_has_its_stage_and_time(self) -> None:
        done = Activity.objects.done()
        # What is ours alone counts for no stage once the deal had its outcome.
        assert not done.filter(Q(stage=None, kind__in=TOUCHES) | Q(done_at__gt=self.at)).exists()


@pytest.mark.slow
def test_it_stays_true_whatever_is_done_to_it(cast):
    Sales.cast = cast
    play(
        Sales,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            # A story that fails is shown as it was found: making it shorter takes minutes.
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
