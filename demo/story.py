"""Makes the details of one deal: owners, amounts, activities."""

import datetime as dt
import random
from decimal import Decimal
from typing import TypeVar

from crm.models import ActivityKind, ActivityResult, DealRole
from crm.models.activity import is_conversation
from crm.models.due import Due
from demo import writing
from demo.ownership import Ownership
from demo.paths import SimAct, visits
from demo.people import MANAGER_OF
from demo.records import (
    SimActivity,
    SimChange,
    SimCompany,
    SimContact,
    SimDeal,
    SimDraft,
    SimNextState,
)
from demo.working_time import MINUTES, WorkingTime
from pipeline.process.moves import LeftHow, Visit
from pipeline.process.stages import DESCRIPTIONS, Stage

MINUTE = 1 / MINUTES
# Working days between two touches, by stage.
RHYTHM = {1: 5.0, 2: 3.2, 3: 3.0, 4: 3.2, 5: 4.0, 6: 3.6, 7: 2.4}

CALL, EMAIL, MEETING, NOTE, TASK = ActivityKind
Item = TypeVar("Item")


class Teller:
    """Makes deals one after the other, from one random generator. `now` counts working days."""

    def __init__(
        self, rng: random.Random, time: WorkingTime, *, now: float, today: dt.date
    ) -> None:
        self.rng = rng
        self.time = time
        self.now = now
        self.today = today
        self.ownership = Ownership(rng, time, today=today)

    def tell(self, draft: SimDraft, company: SimCompany, brought_by: SimCompany | None) -> SimDeal:
        return _Telling(self, draft, company).tell(brought_by)

    def weighted(self, choices: list[tuple[Item, int]]) -> Item:
        items = [item for item, _weight in choices]
        return self.rng.choices(items, [weight for _item, weight in choices])[0]


class _Telling:
    def __init__(self, teller: Teller, draft: SimDraft, company: SimCompany) -> None:
        self.teller, self.draft = teller, draft
        self.rng, self.time = teller.rng, teller.time
        self.instant, self.today = teller.time.instant, teller.today
        self.marks = draft.path.marks(draft.created)
        self.open = draft.next_state is not None
        self.end = teller.now if self.open else draft.end
        owned, changes = teller.ownership.of(draft)
        product = self._product()
        self.what = writing.PRODUCTS[product][0]
        self.place = self.rng.choice(writing.PLACES)
        went = visits(draft.path, draft.created, self.instant)
        self.furthest = max(visit.stage for visit in went)
        self.deal = SimDeal(
            name=self._name(company, product),
            company=company,
            contacts=self._contacts(company),
            visits=went,
            owned=owned,
            amounts=[],
            products=[(product, self._quantity(product))],
            created_by=owned[0].owner or MANAGER_OF[draft.team],
            source="",
            source_detail="",
            source_company=None,
            method="",
            changes=changes,
        )
        # Of the prices on the list, by what was talked about last.
        self.share = 1.0

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

    # What it is ------------------------------------------------------------------------------

    def _product(self) -> int:
        if self.draft.repeat and self.rng.random() < 0.35:
            return self.rng.choice((writing.CARE, writing.CARE, writing.TRAINING, writing.SOFTWARE))
        return self.rng.choice([*writing.MACHINES, *writing.MACHINES, writing.SOFTWARE])

    def _quantity(self, product: int) -> int:
        if product in writing.MACHINES:
            return self.rng.choice((1, 1, 1, 2, 2, 3, 4))
        return self.rng.choice((1, 1, 2, 3))

    def _name(self, company: SimCompany, product: int) -> str:
        short = " ".join(self.what.split()[:2]).rstrip(",")
        if product >= writing.CARE:
            names = writing.CARE_NAMES
        else:
            names = writing.REPEAT_NAMES if self.draft.repeat else writing.NEW_NAMES
        return self.rng.choice(names).format(short=short, place=self.place)

    def _contacts(self, company: SimCompany) -> list[tuple[SimContact, DealRole]]:
        """Roles become known on the way; some leads have nobody yet (G1)."""
        if self.rng.random() < 0.04 and self.furthest == Stage.LEAD_GENERATION:
            return []
        count = 1 + (self.rng.random() < 0.35) + (self.rng.random() < 0.15)
        people = company.contacts[:count]
        roles = [DealRole.DECIDES, DealRole.INFLUENCES, DealRole.USES, DealRole.FOR_US]
        known = self.rng.random() < 0.25 + 0.1 * self.draft.path.stage
        first = self.rng.choice((DealRole.DECIDES, DealRole.DECIDES, DealRole.INFLUENCES))
        return [
            (person, (first if number == 0 else self.rng.choice(roles[1:])))
            if known
            else (person, DealRole.UNKNOWN)
            for number, person in enumerate(people)
        ]

    def _source(self, brought_by: SimCompany | None) -> None:
        deal = self.deal
        deal.method = self.teller.weighted(writing.METHODS) if self.furthest > 1 else ""
        if self.draft.repeat:
            deal.source, deal.source_company = writing.REPEAT_SOURCE, brought_by
            deal.source_detail = self.rng.choice(writing.REPEAT_DETAILS)
            return
        names = [(source, weight) for source, weight, _details in writing.SOURCES]
        deal.source = self.teller.weighted(names)
        details = next(row[2] for row in writing.SOURCES if row[0] == deal.source)
        if deal.source == writing.REFERRED_BY_CUSTOMER:
            if brought_by is None:
                deal.source, details = writing.REFERRED_OTHERWISE, [""]
            deal.source_company = brought_by
        deal.source_detail = self.rng.choice(details) if self.rng.random() < 0.7 else ""

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
        if not entries or self.rng.random() < 0.04:
            return
        when = entries[0]
        stage = next(s.stage for s in self.deal.visits if s.stage >= Stage.QUALIFICATION)
        left = sum(DESCRIPTIONS[Stage(n)].norm_days for n in range(stage, 8))
        day = self._date(when) + dt.timedelta(days=int(left * self.rng.uniform(0.8, 2.0)))
        if when > self.draft.created:
            self._change(self.instant(when), "expected_close_on", None, day)
        while True:
            when = max(when, self.time.count(self._noon(day))) + self.rng.uniform(0, 1.5)
            if when >= self.end - 0.2 or self.rng.random() < 0.1:
                break
            old = day
            day += dt.timedelta(days=self.rng.choice((14, 21, 30, 30, 45, 60)))
            reason = self.rng.choice(writing.PUSH_REASONS)
            self._change(self.instant(when), "expected_close_on", old, day, reason)
        self.deal.expected_close_on = day

    # What was done ---------------------------------------------------------------------------

    def _touches(self) -> None:
        if self.draft.seller is None:
            return
        for number, visit in enumerate(self.deal.visits):
            entered, left = self._bounds(number)
            count = min(5, int((left - entered) / RHYTHM[visit.stage] + self.rng.uniform(0.2, 1.2)))
            if left - entered < 10 * MINUTE:
                count = 0
            for when in sorted(self.rng.uniform(entered + MINUTE, left) for _ in range(count)):
                self._touch(when, visit)
            self._last_touch(number, visit, left)

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
            day = _weekday(self.today + dt.timedelta(days=days))
            self._plan(planned_at, day)
            if self.rng.random() < 0.15:
                self._plan(planned_at, _weekday(day + dt.timedelta(days=self.rng.randint(2, 9))))

    def _plan_overdue(self, planned_at: dt.datetime) -> None:
        """Overdue since some days; a deal of today can only be due today."""
        created = self.instant(self.draft.created).astimezone(self.time.zone).date()
        day = _weekday(self.today - dt.timedelta(days=self.rng.choice((1, 1, 2, 3, 4, 6, 9, 13))))
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
            due = Due(at=dt.datetime.combine(day, time, tzinfo=self.time.zone).astimezone(dt.UTC))
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

    # Small things ----------------------------------------------------------------------------

    def _bounds(self, number: int) -> tuple[float, float]:
        """When a visit begins and ends (for an open one: now), in working days."""
        visit = self.deal.visits[number]
        entered = self.time.count(visit.entered_at or self.deal.owned[0].at)
        return entered, self.time.count(visit.left_at) if visit.left_at else self.end

    def _change(
        self,
        at: dt.datetime,
        kind: str,
        old: Decimal | dt.date | None,
        new: Decimal | dt.date | None,
        reason: str = "",
    ) -> None:
        by = self._actor(at)
        self.deal.changes.append(
            SimChange(at=at, by=by, kind=kind, old=old, new=new, reason=reason)
        )

    def _actor(self, at: dt.datetime) -> str:
        holder = self.deal.holder(at)
        return holder.owner or MANAGER_OF[holder.team]

    def _who(self) -> SimContact | None:
        return self.rng.choice(self.deal.contacts)[0] if self.deal.contacts else None

    def _text(self, text: str) -> str:
        who = self.deal.contacts[0][0].first_name if self.deal.contacts else "the plant manager"
        return text.format(who=who, what=self.what, place=self.place)

    def _last_instant(self) -> dt.datetime:
        done = [doing.done_at for doing in self.deal.doings if doing.done_at]
        moved = [visit.entered_at for visit in self.deal.visits if visit.entered_at]
        held = [owned.at for owned in self.deal.owned]
        return max(*done, *moved, *held)

    def _date(self, when: float) -> dt.date:
        return self.instant(when).astimezone(self.time.zone).date()

    def _end_date(self, later: int) -> dt.date:
        return _weekday(self._date(self.end) + dt.timedelta(days=later))

    def _noon(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.time.zone)


def _was_talk(doing: SimActivity) -> bool:
    """As the gates count one: both sides spoke, and not only about a date."""
    return doing.done_at is not None and is_conversation(doing.kind, doing.result)


def _weekday(day: dt.date) -> dt.date:
    """That day, or the Monday after a weekend."""
    return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _rounded(value: float, *, to: int) -> Decimal:
    return Decimal(max(1, round(value / to)) * to).quantize(Decimal("0.01"))
