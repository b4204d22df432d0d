"""Tells what happens to one deal: what it is worth, what is done, and how it ends."""

import datetime as dt
from decimal import Decimal
from typing import TypeVar

from crm.models import ActivityKind, ActivityResult
from crm.models.activity import TOUCHES, is_conversation
from crm.models.due import Due
from demo import effects, writing
from demo.paths import SimAct
from demo.records import (
    SimActivity,
    SimCompany,
    SimDeal,
    SimDraft,
    SimNextState,
)
from demo.telling import DealTelling, Teller, working_day
from demo.working_time import MINUTES
from pipeline.process.moves import LeftHow, Visit
from pipeline.process.stages import DESCRIPTIONS, Stage

MINUTE = 1 / MINUTES
# Working days between two touches, by stage.
RHYTHM = {1: 5.0, 2: 3.2, 3: 3.0, 4: 3.2, 5: 4.0, 6: 3.6, 7: 2.4}

PULLED_IN = 0.3

CALL, EMAIL, MEETING, NOTE, TASK = ActivityKind
Item = TypeVar("Item")


def tell(
    teller: Teller, draft: SimDraft, company: SimCompany, brought_by: SimCompany | None
) -> SimDeal:
    """A deal with all that happened to it; `brought_by` is the customer from whom it came."""
    return _Story(teller, draft, company).tell(brought_by)


class _Story(DealTelling):
    def tell(self, brought_by: SimCompany | None) -> SimDeal:
        self._source(brought_by)
        self._amounts()
        self._expected_close()
        self._touches()
        self._conversation()
        self._ending()
        if self.open:
            self._what_is_next()
        self.deal.changes.sort(key=lambda change: change.at)
        return self.deal

    # What it is worth, and when --------------------------------------------------------------

    def _amounts(self) -> None:
        list_price = sum(writing.PRODUCTS[product][2] * n for product, n in self.deal.products)
        first = self.deal.visits[0]
        guess: Decimal | None = None
        if first.stage >= Stage.QUALIFICATION or self.rng.random() < 0.45:
            guess = _rounded(list_price * self.rng.uniform(0.7, 1.3), to=500)
        self.deal.amounts = [(self.instant(self.draft.created), guess)]
        for number, visit in enumerate(self.deal.visits):
            entered, left = self._bounds(number)
            if left - entered < 4 * MINUTE:
                continue
            if visit.stage == Stage.NEEDS_ANALYSIS:
                self._worth(entered + (left - entered) / 3, 1.02)
            elif visit.stage == Stage.PROPOSAL:
                self._worth(entered + (left - entered) / 3, 1)
            elif visit.stage == Stage.OBJECTIONS and self.rng.random() < 0.5:
                self._worth(entered + (left - entered) / 2, self.rng.uniform(0.86, 1))
        if self.deal.visits[-1].left_how == LeftHow.WON:
            self._worth(self.end, self.share * self.rng.choice((1, 1, 0.97, 0.95)))

    def _worth(self, when: float, share: float) -> None:
        """From then on it is worth what its products come to, at a share of their prices."""
        self.share = share
        prices = [
            _rounded(writing.PRODUCTS[one][2] * share, to=5) for one, _n in self.deal.products
        ]
        pairs = zip(prices, self.deal.products, strict=True)
        new = sum((price * n for price, (_one, n) in pairs), Decimal(0))
        at, old = self.instant(when), self.deal.amounts[-1][1]
        self.deal.prices[new] = prices
        if new == old:
            return
        self.deal.amounts.append((at, new))
        self._change(at, "amount", old, new)

    def _expected_close(self) -> None:
        """Estimated from qualification on; pushed when the day comes, or forgotten."""
        entries = [
            self._bounds(number)[0]
            for number, visit in enumerate(self.deal.visits)
            if visit.stage >= Stage.QUALIFICATION
        ]
        kept = self.open and self.draft.is_kept
        if not entries or (self.rng.random() < 0.04 and not kept):
            return
        when = entries[0]
        stage = next(s.stage for s in self.deal.visits if s.stage >= Stage.QUALIFICATION)
        left = sum(DESCRIPTIONS[Stage(n)].norm_days for n in range(stage, 8))
        hopes = self.draft.seller and effects.HOPEFUL.get(self.draft.seller.name)
        day = self._date(when) + dt.timedelta(
            days=int(left * self.rng.uniform(*hopes or effects.HOPES))
        )
        if when > self.draft.created:
            self._change(self.instant(when), "expected_close_on", None, day)
        while True:
            when = max(when, self.time.count(self._noon(day))) + self.rng.uniform(0, 1.5)
            if kept and day < self.today:
                when = min(when, self.end)
            elif when >= self.end - 0.2 or (self.rng.random() < 0.1 and not kept):
                break
            old = day
            day += dt.timedelta(days=self.rng.choice((14, 21, 30, 30, 45, 60)))
            reason = self.rng.choice(writing.PUSH_REASONS)
            self._change(self.instant(when), "expected_close_on", old, day, reason)
        day = self._pulled_in(entries[-1], day)
        self.deal.expected_close_on = day

    def _pulled_in(self, when: float, day: dt.date) -> dt.date:
        """Some find that it goes faster than they thought."""
        earlier = day - dt.timedelta(days=self.rng.randint(5, 15))
        changed = [change.at for change in self.deal.changes if change.kind == "expected_close_on"]
        at = self.instant(when + self.rng.uniform(0.2, 2))
        known = self.time.count(max(changed, default=at)) < self.time.count(at) < self.end - 0.2
        if not known or earlier <= self._date(self.end) or self.rng.random() > PULLED_IN:
            return day
        self._change(at, "expected_close_on", day, earlier)
        return earlier

    # What was done ---------------------------------------------------------------------------

    def _touches(self) -> None:
        if self.draft.seller is None:
            return
        for number, visit in enumerate(self.deal.visits):
            entered, left = self._bounds(number)
            count = min(5, int((left - entered) / RHYTHM[visit.stage] + self.rng.uniform(0.2, 1.2)))
            if left - entered < 10 * MINUTE:
                count = 0
            times = sorted(self.rng.uniform(entered + MINUTE, left) for _ in range(count))
            if number == 0 and self.deal.manner.waits:
                times = self._after_the_answer(times, visit, entered)
            for when in times:
                self._touch(when, visit)
            self._last_touch(number, visit, left)
        if self.open and self.draft.is_kept:
            self._keep_in_touch()

    def _after_the_answer(self, times: list[float], visit: Visit, entered: float) -> list[float]:
        """They asked us: the first thing that they hear is our answer, if there is one."""
        answered = self.deal.manner.answered
        if answered is None or entered + answered > self.end:
            return []
        kind = EMAIL if self.rng.random() < 0.5 else CALL
        self._done(entered + answered, visit, kind, ActivityResult.REACHED)
        return [when for when in times if when > entered + answered]

    def _keep_in_touch(self) -> None:
        """Half of the usual time in a stage goes by at most without a word."""
        visit = self.deal.visits[-1]
        entered, now = self._bounds(len(self.deal.visits) - 1)
        silent_since = now - DESCRIPTIONS[Stage(visit.stage)].norm_days * 5 / 7 / 2
        touched = [d.done_at for d in self.deal.doings if d.kind in TOUCHES and d.done_at]
        if not touched or self.time.count(max(touched)) < silent_since:
            when = self.rng.uniform(max(entered, silent_since), now)
            self._done(when, visit, CALL, ActivityResult.REACHED)

    def _conversation(self) -> None:
        """Nobody is qualified without having been spoken to (G2): what chance has left out."""
        entered = next(
            (s.entered_at for s in self.deal.visits if s.stage >= Stage.QUALIFICATION), None
        )
        if entered is None or any(_was_talk(d) and d.done_at <= entered for d in self.deal.doings):  # type: ignore[operator]
            return
        before = [s.stage for s in self.deal.visits if s.entered_at and s.entered_at < entered]
        stage = before[-1] if before else self.deal.visits[0].stage
        texts = writing.TOUCHES[stage][CALL]
        self.deal.doings.append(
            SimActivity(
                kind=CALL,
                owner=self._actor(entered),
                created_at=entered,
                body=self._text(texts[len(self.deal.name) % len(texts)]),
                contact=self.deal.contacts[0][0] if self.deal.contacts else None,
                method=self.deal.method if stage <= Stage.PROSPECTING else "",
                done_at=entered,
                result=ActivityResult.REACHED,
                stage=stage,
            )
        )

    def _last_touch(self, number: int, visit: Visit, left: float) -> None:
        """The conversation before a move: its result is that the deal moved on."""
        if visit.left_how != LeftHow.ADVANCED or self.rng.random() > 0.6:
            return
        after = self.deal.visits[number + 1]
        if after.stage != visit.stage + 1 or after.left_at == after.entered_at:
            return
        kind = MEETING if visit.stage in (2, 3, 4) and self.rng.random() < 0.5 else CALL
        self._done(left, visit, kind, ActivityResult.MOVED_FORWARD)

    def _touch(self, when: float, visit: Visit) -> None:
        chance = self.rng.random()
        if chance < 0.10:
            self._note(when, visit)
        elif chance < 0.15:
            self._done(when, visit, TASK, None, subject=self.rng.choice(writing.TASKS), body="")
        elif chance < 0.58:
            result = self._call_result(visit.stage)
            self._done(when, visit, CALL, result)
        elif chance < 0.86 or visit.stage == Stage.LEAD_GENERATION:
            self._done(when, visit, EMAIL, ActivityResult.REACHED if chance < 0.68 else None)
        else:
            self._done(when, visit, MEETING, ActivityResult.REACHED)

    def _call_result(self, stage: Stage) -> ActivityResult:
        chance = self.rng.random()
        if chance < (0.45 if stage <= Stage.PROSPECTING else 0.25):
            return ActivityResult.NO_ANSWER
        if stage in (2, 3, 4) and chance > 0.88:
            return ActivityResult.MEETING_SET
        return ActivityResult.REACHED

    def _note(self, when: float, visit: Visit) -> None:
        at = self.instant(when)
        self.deal.doings.append(
            SimActivity(
                kind=NOTE,
                owner=self._actor(at),
                created_at=at,
                body=self._text(self.rng.choice(writing.NOTES)),
                done_at=at,
                stage=visit.stage,
            )
        )

    def _done(
        self,
        when: float,
        visit: Visit,
        kind: ActivityKind,
        result: ActivityResult | None,
        *,
        subject: str = "",
        body: str | None = None,
    ) -> None:
        at = self.instant(when)
        if body is None:
            texts = writing.TOUCHES[visit.stage].get(kind, [""])
            unreached = result == ActivityResult.NO_ANSWER
            body = self.rng.choice(writing.NO_ANSWER if unreached else texts)
        due, created_at = self._planned_for(at)
        prospecting = visit.stage <= Stage.PROSPECTING and kind != TASK
        self.deal.doings.append(
            SimActivity(
                kind=kind,
                owner=self._actor(at),
                created_at=created_at,
                subject=subject,
                body=self._text(body),
                contact=self._who() if kind != TASK else None,
                method=self.deal.method if prospecting else "",
                due=due,
                done_at=at,
                result=result,
                stage=visit.stage,
            )
        )

    def _planned_for(self, at: dt.datetime) -> tuple[Due | None, dt.datetime]:
        """Half of what is done was planned: for when, and since when."""
        if self.deal.manner.records_late:
            return None, min(
                at + dt.timedelta(days=self.rng.uniform(0.3, 4)), self.instant(self.end)
            )
        since = max(self.instant(self.draft.created), at - dt.timedelta(days=5))
        if self.rng.random() < 0.5 or at - since < dt.timedelta(hours=20):
            return None, at
        late = dt.timedelta(days=self.rng.choice((0, 0, 0, 0, 1, 2)))
        all_day = self.rng.random() < 0.7
        day = (at - late).astimezone(self.time.zone).date()
        day -= dt.timedelta(days=max(0, day.weekday() - 4))  # nobody plans for a weekend
        day = max(day, since.astimezone(self.time.zone).date())
        return Due(on=day) if all_day else Due(at=at), since

    # How it ended, or goes on ----------------------------------------------------------------

    def _ending(self) -> None:
        act = self.draft.path.steps[-1].act if self.draft.path.steps else None
        if self.open:
            return
        if act == SimAct.WIN:
            self.deal.closing_note = self.rng.choice(writing.WON_NOTES)
            return
        last = self.deal.visits[-1]
        causes = [((key, who), weight) for key, who, weight in writing.CAUSES[last.stage]]
        self.deal.cause, self.deal.initiator = self.teller.weighted(causes)
        self.deal.closing_note = self.rng.choice(writing.STOP_NOTES[self.deal.cause])
        entered, left = self._bounds(len(self.deal.visits) - 1)
        if self.rng.random() < 0.35 and left - entered > 1:
            self._plan(self.instant(left - 0.9), self._end_date(3), cancelled_at=last.left_at)

    def _what_is_next(self) -> None:
        state = self.draft.next_state
        planned_at = self._last_instant()
        if state == SimNextState.PARKED:
            self.deal.parked_until = self.today + dt.timedelta(days=self.rng.randint(9, 80))
            self._change(planned_at, "parked_until", None, self.deal.parked_until)
        elif state == SimNextState.TODAY:
            self._plan(planned_at, self.today)
        elif state == SimNextState.OVERDUE:
            self._plan_overdue(planned_at)
        elif state == SimNextState.LATER:
            days = self.rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12, 14, 18, 25))
            day = working_day(self.today + dt.timedelta(days=days))
            self._plan(planned_at, day)
            if self.rng.random() < 0.15:
                self._plan(planned_at, working_day(day + dt.timedelta(days=self.rng.randint(2, 9))))

    def _plan_overdue(self, planned_at: dt.datetime) -> None:
        """Overdue since some days; a deal of today can only be due today."""
        created = self.instant(self.draft.created).astimezone(self.time.zone).date()
        day = working_day(
            self.today - dt.timedelta(days=self.rng.choice((1, 1, 2, 3, 4, 6, 9, 13)))
        )
        day = max(day, created)
        day = min(self.today, day)
        noon = self._noon(day) - dt.timedelta(hours=4)
        self._plan(max(self.instant(self.draft.created), min(planned_at, noon)), day)

    def _plan(
        self, at: dt.datetime, day: dt.date, *, cancelled_at: dt.datetime | None = None
    ) -> None:
        kind, subject = self.rng.choice(writing.PLANS[self.draft.path.stage])
        all_day = kind != MEETING and self.rng.random() < 0.65
        due = Due(on=day)
        if not all_day:
            time = dt.time(self.rng.randint(8, 16), self.rng.choice((0, 0, 15, 30, 30, 45)))
            at_hour = dt.datetime.combine(day, time, tzinfo=self.time.zone).astimezone(dt.UTC)
            # What is for later today is not overdue already.
            due = due if day == self.today and at_hour <= self.teller.at else Due(at=at_hour)
        self.deal.doings.append(
            SimActivity(
                kind=kind,
                owner=self._actor(cancelled_at or self.instant(self.end)),
                created_at=at,
                subject=self._text(subject),
                contact=self._who() if kind != TASK else None,
                due=due,
                cancelled_at=cancelled_at,
            )
        )


def _was_talk(doing: SimActivity) -> bool:
    """As the gates count one: both sides spoke, and not only about a date."""
    return doing.done_at is not None and is_conversation(doing.kind, doing.result)


def _rounded(value: float, *, to: int) -> Decimal:
    return Decimal(max(1, round(value / to)) * to).quantize(Decimal("0.01"))
