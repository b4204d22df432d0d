"""What a deal of the demo is, whose and with whom, before anything happens to it."""

import datetime as dt
import random
from decimal import Decimal
from typing import TypeVar

from crm.models import DealRole
from demo import writing
from demo.ownership import Ownership
from demo.paths import visits
from demo.people import MANAGER_OF
from demo.records import SimChange, SimCompany, SimContact, SimDeal, SimDraft
from demo.working_time import WorkingTime
from pipeline.process.stages import Stage

Item = TypeVar("Item")


class Teller:
    """What all deals are told with, one after the other: one random generator, one time. `now` counts
    working days up to the instant `at`."""

    def __init__(
        self, rng: random.Random, time: WorkingTime, *, at: dt.datetime, now: float, today: dt.date
    ) -> None:
        self.rng = rng
        self.time = time
        self.at = at
        self.now = now
        self.today = today
        self.ownership = Ownership(rng, time, today=today)

    def weighted(self, choices: list[tuple[Item, int]]) -> Item:
        items = [item for item, _weight in choices]
        return self.rng.choices(items, [weight for _item, weight in choices])[0]


class DealTelling:
    """What a deal is, and how to say something of it; `story` tells what happens to it."""

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
            manner=draft.path.manner,
            changes=changes,
        )
        # Of the prices on the list, by what was talked about last.
        self.share = 1.0

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
        asked = self.furthest >= Stage.NEEDS_ANALYSIS and not self.draft.path.manner.hasty
        known = asked or self.rng.random() < 0.25 + 0.1 * self.draft.path.stage
        first = self.rng.choice((DealRole.DECIDES, DealRole.DECIDES, DealRole.INFLUENCES))
        first = DealRole.DECIDES if asked else first
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
        deal.source = self.draft.source
        details = next(row[2] for row in writing.SOURCES if row[0] == deal.source)
        if deal.source == writing.REFERRED_BY_CUSTOMER:
            if brought_by is None:
                deal.source, details = writing.REFERRED_OTHERWISE, [""]
            deal.source_company = brought_by
        deal.source_detail = self.rng.choice(details) if self.rng.random() < 0.7 else ""

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
        return working_day(self._date(self.end) + dt.timedelta(days=later))

    def _noon(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.time.zone)


def working_day(day: dt.date) -> dt.date:
    """That day, or the Monday after a weekend."""
    return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
