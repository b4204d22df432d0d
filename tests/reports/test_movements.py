"""What became of deals between two days: the waterfall closes to zero, whatever happened and whoever
asks, and the deals of each box add up to it (METRICS K13)."""

import datetime as dt
import random
import zoneinfo
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

from crm.events import AmountChanged, ExpectedCloseChanged, OwnerChanged
from crm.models import Deal, DealChange, StageVisit
from pipeline.models import User
from pipeline.people.events import TeamChanged
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Outcome
from reports.axes import HAPPENED, STAGE
from reports.figures import FigureCell, Period
from reports.measures import Told
from reports.metric import WHOLE, Metric, figures, told_rows
from reports.metrics import flow, movement, pipeline, promise
from reports.movements import MOVED, Movement, went_back
from reports.queries.stock import (
    ages_at_the_end,
    changed_deals,
    happened_to,
    stock_by_week,
)
from reports.question import Question, team_with_all_below
from salesprocess.lib.events import Event, RecordRef, event_columns
from salesprocess.lib.events import Sum as Money
from tests.conftest import Cast
from tests.factories import NOW, cause_named
from tests.reports.test_funnel_page import undated_deal
from tests.reports.worked import on_day

ZONE = zoneinfo.ZoneInfo("Europe/Vienna")


@dataclass(frozen=True)
class Then:
    """What a deal is from an instant on; stage 0 is closed."""

    at: dt.datetime
    stage: int
    owner: User
    amount: int | None
    closes: dt.date | None


@dataclass
class Story:
    """A deal that anything may happen to, kept as the product keeps it and told by `states`."""

    luck: random.Random
    people: list[User]
    states: list[Then] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    changes: list[tuple[dt.datetime, Event]] = field(default_factory=list)

    def tell(self) -> None:
        luck, at = self.luck, on_day(self.luck.uniform(0, 85))
        stage = luck.randint(1, 7)
        self.states = [Then(at, stage, luck.choice(self.people), self.sum(), self.day(at))]
        self.enter(EnteredHow.CREATED, stage, at)
        for _turn in range(luck.randint(0, 9)):
            at += dt.timedelta(days=luck.uniform(0.01, 12))
            if at >= NOW:
                return
            verbs = (self.move, self.revalue, self.reschedule, self.hand_over, self.close)
            luck.choice(verbs if self.states[-1].stage else (self.reopen,))(at)

    def sum(self) -> int | None:
        sums: list[int | None] = [None, *range(10, 90, 10)]
        return self.luck.choice(sums)

    def day(self, at: dt.datetime) -> dt.date | None:
        found = at.date() + dt.timedelta(days=self.luck.randint(-5, 120))
        return found if self.luck.random() < 0.75 else None

    def now(self, at: dt.datetime, **changed: Any) -> Then:
        self.states.append(replace(self.states[-1], at=at, **changed))
        return self.states[-1]

    def enter(self, how: EnteredHow, stage: int, at: dt.datetime) -> None:
        owner = self.states[-1].owner
        self.visits.append(
            {
                "sequence": len(self.visits) + 1,
                "stage": stage,
                "entered_at": at,
                "entered_how": how,
                "reason": "told",
                "entry_owner": owner,
                "entry_team_id": owner.team_id,
            }
        )

    def leave(self, how: LeftHow, at: dt.datetime) -> None:
        self.visits[-1] |= {"left_at": at, "left_how": how}

    def move(self, at: dt.datetime) -> None:
        was = self.states[-1].stage
        to = self.luck.choice([stage for stage in range(1, 8) if stage != was])
        self.leave(LeftHow.ADVANCED if to > was else LeftHow.BACK, at)
        self.enter(EnteredHow.FORWARD if to > was else EnteredHow.BACK, to, at)
        self.now(at, stage=to)

    def close(self, at: dt.datetime) -> None:
        won = self.states[-1].stage == 7 and self.luck.random() < 0.6
        self.leave(LeftHow.WON if won else LeftHow.STOPPED, at)
        self.now(at, stage=0)

    def reopen(self, at: dt.datetime) -> None:
        stage = self.visits[-1]["stage"]
        self.enter(EnteredHow.REOPENED, stage, at)
        self.now(at, stage=stage)

    def revalue(self, at: dt.datetime) -> None:
        old, new = self.states[-1].amount, self.now(at, amount=self.sum()).amount
        if old != new:
            kept = [None if one is None else Money(amount=Decimal(one)) for one in (old, new)]
            self.changes.append((at, AmountChanged(old=kept[0], new=kept[1])))

    def reschedule(self, at: dt.datetime) -> None:
        old, new = self.states[-1].closes, self.now(at, closes=self.day(at)).closes
        if old != new:
            self.changes.append((at, ExpectedCloseChanged(old=old, new=new)))

    def hand_over(self, at: dt.datetime) -> None:
        old = self.states[-1].owner
        new = self.now(at, owner=self.luck.choice(self.people)).owner
        if old != new:
            owners = OwnerChanged(old=RecordRef.to(old), new=RecordRef.to(new))
            self.changes.append((at, owners))
        if old.team_id != new.team_id:
            refs = [RecordRef(kind="team", id=one.team_id, name="told") for one in (old, new)]
            self.changes.append((at, TeamChanged(old=refs[0], new=refs[1])))

    def keep(self, number: int) -> None:
        last, ended = self.states[-1], self.visits[-1]
        closed: dict[str, Any] = {}
        if not last.stage:
            closed = {"outcome": Outcome.WON, "closed_at": ended["left_at"]}
            if ended["left_how"] == LeftHow.STOPPED:
                closed |= {"outcome": Outcome.STOPPED, "initiator": Initiator.CUSTOMER}
                closed["cause"] = cause_named("price")
        deal = Deal.objects.create(
            name=f"T{number}",
            owner=last.owner,
            team_id=team_of(last.owner),
            stage=ended["stage"],
            stage_entered_at=ended["entered_at"],
            amount=last.amount,
            currency="EUR",
            expected_close_on=last.closes,
            created_at=self.states[0].at,
            changed_at=last.at,
            **closed,
        )
        StageVisit.objects.bulk_create(StageVisit(deal=deal, **visit) for visit in self.visits)
        DealChange.objects.bulk_create(
            DealChange(deal=deal, at=at, **event_columns(event)) for at, event in self.changes
        )

    def at(self, instant: dt.datetime) -> Then | None:
        told = [state for state in self.states if state.at < instant]
        return told[-1] if told and told[-1].stage else None


def team_of(user: User) -> int:
    assert user.team_id is not None
    return user.team_id


def random_question(luck: random.Random, cast: Cast) -> Question:
    """Somebody asks about any two days, of everybody, of a team or of one person."""
    until = luck.randint(5, 90)
    since = luck.randint(-3, until - 1)
    narrowed: dict[str, Any] = luck.choice(
        [{}, {"person": cast.ben.pk}, {"teams": team_with_all_below(cast.north)}]
    )
    last = NOW.date() if until == 90 else on_day(until).date()
    return Question(
        reader=cast.again(luck.choice([cast.rosa, cast.mona, cast.adele])),
        today=NOW.date(),
        period=Period(start_on=on_day(0).date(), end_on=NOW.date(), zone=ZONE),
        since=on_day(since).date(),
        as_of=luck.choice([None, last]) if until == 90 else last,
        **narrowed,
    )


def counts(
    question: Question, reach: set[int], story: Story, instant: dt.datetime, *, due: bool
) -> int:
    """What a deal is worth to a question at an instant, by its story; nothing where it is not in it."""
    then = story.at(instant)
    if then is None or then.amount is None or story.states[-1].owner.pk not in reach:
        return 0
    if question.person and then.owner.pk != question.person:
        return 0
    if question.teams and then.owner.team_id not in question.teams:
        return 0
    first, last = question.quarter
    if due and not (then.closes and first <= then.closes <= last):
        return 0
    return then.amount


def total(metric: Metric, question: Question) -> Decimal:
    """What the rows behind a box add up to: by the columns of its list, one by one."""
    told = {one.pk: one for one in told_rows(question, metric.population)}
    rows = metric.rows(question, FigureCell(metric=metric.slug)).values_list("pk", flat=True)
    assert isinstance(metric.measures, Told)
    assert metric.measures.of is not None
    values = [metric.measures.of(told[pk]) for pk in rows]
    return sum((value for value in values if value is not None), Decimal(0))


def test_a_waterfall_closes_to_zero(cast: Cast) -> None:
    luck = random.Random(7)
    stories = [Story(luck, [cast.ana, cast.ben, cast.carl]) for _number in range(40)]
    for number, story in enumerate(stories):
        story.tell()
        story.keep(number)
    met: set[str] = set()
    for _turn in range(5):
        question = random_question(luck, cast)
        people = User.objects.whose_records_are_visible_to(question.reader)
        reach = set(people.values_list("pk", flat=True))
        for boxes, due in ((movement.ALL_OPEN, False), (movement.DUE, True)):
            found = figures(question, boxes.values())
            value = {key: found[box.slug][WHOLE].value or 0 for key, box in boxes.items()}
            between = sum(value.values()) - value["start"] - value["end"]
            assert value["start"] + between == value["end"], question
            ends = (("start", question.changed_from), ("end", question.changed_until))
            for end, instant in ends:
                told = sum(counts(question, reach, story, instant, due=due) for story in stories)
                assert value[end] == told, (end, due, question)
            for key, box in boxes.items():
                if found[box.slug][WHOLE].n:
                    assert total(box, question) == value[key], key
                    met.add(box.slug)
        stock = replace(question, as_of=question.since).about(question.period)
        start = pipeline.open_value.whole(stock).value
        assert start == movement.ALL_OPEN["start"].whole(question).value
    # Stories of such luck come to most of them; without it this proves little.
    assert len(met) >= len(movement.DUE)


def test_the_stock_of_each_week_is_what_stood_on_its_last_day(cast: Cast) -> None:
    """Weeks of one query say the same as a question about each day, and what ended adds up; with what goes
    on since nobody knows when."""
    undated_deal(cast)
    luck = random.Random(11)
    for number in range(20):
        story = Story(luck, [cast.ana, cast.ben])
        story.tell()
        story.keep(number)
    question = Question(
        reader=cast.again(cast.mona),
        today=NOW.date(),
        period=Period(start_on=on_day(0).date(), end_on=NOW.date(), zone=ZONE),
    )
    weeks = stock_by_week(question, weeks=10)
    ended = StageVisit.objects.filter(left_how__in=[LeftHow.WON, LeftHow.STOPPED])
    first = dt.datetime.combine(weeks[0].monday, dt.time.min, tzinfo=ZONE)
    for week in weeks:
        stood = flow.stood.measure(question.as_of_day(week.last_day), STAGE)
        assert {stage: figure.n for stage, figure in stood.items()} == week.stages, week.monday
        monday = dt.datetime.combine(week.monday, dt.time.min, tzinfo=ZONE) + dt.timedelta(weeks=1)
        assert ended.filter(left_at__gte=first, left_at__lt=monday).count() == week.ended
    assert weeks[-1].ended > 5
    assert len({stage for week in weeks for stage in week.stages}) > 4


def test_the_ages_of_what_is_open_are_those_of_its_deals(cast: Cast) -> None:
    """Now and as of any day: how many are open in each stage and for how long, and who has been there
    longest, as each deal by itself tells."""
    luck = random.Random(5)
    stories = [Story(luck, [cast.ana, cast.ben]) for _number in range(30)]
    for number, story in enumerate(stories):
        story.tell()
        story.keep(number)
    met = 0
    for _turn in range(4):
        question = random_question(luck, cast)
        told = [one for one in told_rows(question, MOVED) if one.at_end]
        found = ages_at_the_end(question, most=2)
        assert sum(each.n for each in found.values()) == len(told)
        for stage, ages in found.items():
            days = {
                one.pk: (question.last_day - one.entered_then.astimezone(ZONE).date()).days
                for one in told
                if one.stage_then == stage and one.entered_then is not None
            }
            assert (ages.n, ages.by_days) == (len(days), Counter(days.values()))
            first = sorted(days, key=lambda pk: (-days[pk], pk))[:2]
            assert [(each.pk, each.days) for each in ages.longest] == [
                (pk, days[pk]) for pk in first
            ]
            planned = {one.pk: one.is_planned for one in told}
            assert all(planned[each.pk] == each.is_planned for each in ages.longest)
            met += len(ages.longest)
    assert met > 20


def test_the_first_of_what_changed_are_the_first_of_its_rows(cast: Cast) -> None:
    """Whatever part of the strip is chosen: who needs a talk, what is overdue, then by value; each with
    what became of it."""
    luck = random.Random(3)
    for number in range(40):
        story = Story(luck, [cast.ana, cast.ben, cast.carl])
        story.tell()
        story.keep(number)
    met: set[str] = set()
    for _turn in range(5):
        question = random_question(luck, cast)
        told = told_rows(question, MOVED)
        for metric in (movement.changed, *movement.STRIP.values()):
            assert isinstance(metric.measures, Told)
            where = metric.measures.where
            expected = sorted(filter(where, told), key=partial(in_order, question))[:3]
            found = [each.moved for each in changed_deals(question, where, most=3)]
            assert found == expected, metric.slug
            met |= {metric.slug} if found else set()
    assert len(met) > 7


def in_order(question: Question, one: Movement) -> tuple[bool, bool, Decimal, int]:
    to_talk = one.is_idle or one.was_pushed or went_back(one)
    closes = one.closes_then
    is_overdue = one.at_end and closes is not None and closes < question.last_day
    return not to_talk, not is_overdue, -(one.value_then or Decimal(0)), one.pk


def test_promises_of_several_months_are_those_of_each(cast: Cast) -> None:
    """One query for all of them says what the figure of each month says of its own beginning."""
    luck = random.Random(2)
    for number in range(60):
        story = Story(luck, [cast.ana, cast.ben, cast.carl])
        story.tell()
        story.keep(number)
    months = [
        Period(start_on=dt.date(year, month, 1), end_on=dt.date(year, month, 28), zone=ZONE)
        for year, month in ((2025, 12), (2026, 1), (2026, 2), (2026, 3))
    ]
    met = 0
    for _turn in range(3):
        question = random_question(luck, cast)
        asked = [question.about(month) for month in months]
        for one, found in zip(asked, happened_to(asked), strict=True):
            told = promise.slipped.measure(one, HAPPENED)
            assert found == {key: figure.n for key, figure in told.items()}
            met += sum(found.values())
    assert met > 30
