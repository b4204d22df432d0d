"""Who owns a deal when: from the first day, out of a pool, or from a colleague."""

import datetime as dt
import random

from demo import writing
from demo.people import MANAGER_OF, PEOPLE, TEAMS, DemoPerson, left_on
from demo.records import SimChange, SimDraft, SimOwned
from demo.working_time import WorkingTime

FROM_POOL = 0.06
HANDED_OVER = 0.035
FROM_LEAVER = 0.45
REGION_OF = {team.name: team.parent or team.name for team in TEAMS}


class Ownership:
    def __init__(self, rng: random.Random, time: WorkingTime, *, today: dt.date) -> None:
        self.rng = rng
        self.time = time
        self.today = today
        self.leaver = next(person for person in PEOPLE if person.left_months)
        self.left = self._count(left_on(self.leaver, today), hour=16)

    def of(self, draft: SimDraft) -> tuple[list[SimOwned], list[SimChange]]:
        """The owners of a deal over time, with a row of history for each change."""
        if draft.seller is None:
            return [self._owned(draft.created, None, draft.team)], []
        if self._comes_from_the_leaver(draft):
            return self._handed_over(draft, self.leaver, self.left, writing.LEAVER_REASON)
        chance = self.rng.random()
        if chance < FROM_POOL:
            return self._claimed(draft)
        if chance < FROM_POOL + HANDED_OVER:
            return self._from_colleague(draft)
        return [self._owned(draft.created, draft.seller, draft.team)], []

    def _comes_from_the_leaver(self, draft: SimDraft) -> bool:
        return (
            draft.seller is not None
            and draft.seller is not self.leaver
            and REGION_OF[draft.team] == REGION_OF[self.leaver.team]
            and draft.created < self.left < draft.end - 0.2
            and self.rng.random() < FROM_LEAVER
        )

    def _claimed(self, draft: SimDraft) -> tuple[list[SimOwned], list[SimChange]]:
        seller = _seller(draft)
        first = draft.path.steps[0].days if draft.path.steps else draft.path.rest
        when = draft.created + min(self.rng.uniform(0.05, 1.5), first / 2)
        owned = [
            self._owned(draft.created, None, draft.team),
            self._owned(when, seller, draft.team),
        ]
        change = SimChange(at=owned[1].at, by=seller.name, kind="owner", new=seller.name)
        return owned, [change]

    def _from_colleague(self, draft: SimDraft) -> tuple[list[SimOwned], list[SimChange]]:
        seller = _seller(draft)
        colleagues = [
            person
            for person in PEOPLE
            if person.sells
            and person not in (seller, self.leaver)
            and REGION_OF[person.team] == REGION_OF[seller.team]
            and self._count(person.hired_on(self.today), hour=9) <= draft.created
        ]
        when = draft.created + (draft.end - draft.created) * self.rng.uniform(0.2, 0.8)
        if not colleagues or draft.end - draft.created < 1:
            return [self._owned(draft.created, seller, draft.team)], []
        reason = self.rng.choice(writing.HAND_OVER_REASONS)
        return self._handed_over(draft, self.rng.choice(colleagues), when, reason)

    def _handed_over(
        self, draft: SimDraft, giver: DemoPerson, when: float, reason: str
    ) -> tuple[list[SimOwned], list[SimChange]]:
        to = _seller(draft)
        owned = [self._owned(draft.created, giver, giver.team), self._owned(when, to, to.team)]
        boss = giver.team if giver.team == to.team else REGION_OF[giver.team]
        change = SimChange(
            at=owned[1].at,
            by=MANAGER_OF[boss],
            kind="owner",
            old=giver.name,
            new=to.name,
            reason=reason,
        )
        return owned, [change]

    def _owned(self, when: float, person: DemoPerson | None, team: str) -> SimOwned:
        return SimOwned(
            at=self.time.instant(when), owner=person.name if person else None, team=team
        )

    def _count(self, day: dt.date, *, hour: int) -> float:
        return self.time.count(dt.datetime.combine(day, dt.time(hour), tzinfo=self.time.zone))


def _seller(draft: SimDraft) -> DemoPerson:
    if draft.seller is None:
        raise ValueError("a deal in a pool has no seller")
    return draft.seller
