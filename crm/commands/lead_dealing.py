"""Giving new leads of a team's pool to its people, by the rules that its manager has set.

The first rule that fits decides; where none of its people has room, the next one that fits is asked,
and at last the lead stays in the pool. Each rule is locked while it chooses, so that of two leads
that come in at once each counts the other's turn.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Q

from crm.models import Company, Deal, Dealing, LeadAssignment, LeadRule, LeadTaker, Source
from pipeline.models import Team, User
from salesprocess.lib.folding import fold


@dataclass(frozen=True, kw_only=True)
class LeadFacts:
    """What a rule asks of a lead; `region` is its company's country."""

    source_id: int | None = None
    region: str = ""


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """What the rules made of a lead: the rule that decided, and whom it chose (None: nobody had
    room). `waiting` is how many leads the person had to sort before, `turn` which of the
    rule's turns it is."""

    rule: LeadRule
    to: User | None = None
    waiting: int = 0
    turn: int | None = None

    def entry(self, deal_id: int, *, at: dt.datetime) -> LeadAssignment:
        """The row of the log; the caller writes it."""
        return LeadAssignment(
            deal_id=deal_id,
            team_id=self.rule.team_id,
            rule=self.rule,
            rule_name=self.rule.name,
            dealing=self.rule.dealing,
            to=self.to,
            waiting=self.waiting,
            turn=self.turn,
            at=at,
        )


@dataclass(kw_only=True)
class PoolDealer:
    """The rules of one team's pool, locked, with whom each may choose. Three queries; `finish` writes
    what was dealt."""

    rules: Sequence[LeadRule]
    takers: Mapping[int, Sequence[LeadTaker]]
    # How many leads each person has to sort, by whichever rule they came.
    waiting: dict[int, int]
    _changed: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, team_id: int) -> "PoolDealer":
        """Must be asked for inside of a transaction."""
        in_force = LeadRule.objects.in_force().filter(team_id=team_id)
        rules = list(in_force.select_for_update(of=("self",)))
        if not rules:
            return cls(rules=(), takers={}, waiting={})
        able = Q(person__is_active=True, person__team__isnull=False)
        rows = LeadTaker.objects.filter(able, rule__in=rules).select_related("person__team")
        takers: dict[int, list[LeadTaker]] = {}
        for row in rows.order_by("pk"):
            takers.setdefault(row.rule_id, []).append(row)
        people = {row.person_id for found in takers.values() for row in found}
        return cls(rules=rules, takers=takers, waiting=_waiting(people))

    def deal(self, lead: LeadFacts) -> Dealt | None:
        """Who gets the lead; None where no rule is for it."""
        full: LeadRule | None = None
        for rule in self.rules:
            if not _fits(rule, lead):
                continue
            taker = self._next(rule)
            if taker is not None:
                return self._give(rule, taker)
            full = full or rule
        return Dealt(rule=full) if full else None

    def finish(self) -> None:
        """Write whose turn it was."""
        changed = [rule for rule in self.rules if rule.pk in self._changed]
        LeadRule.objects.bulk_update(changed, ["turn"])
        rows = [row for rule in changed for row in self.takers[rule.pk]]
        LeadTaker.objects.bulk_update(rows, ["last_turn"])

    def _next(self, rule: LeadRule) -> LeadTaker | None:
        room = [
            taker
            for taker in self.takers.get(rule.pk, ())
            if rule.capacity is None or self.waiting.get(taker.person_id, 0) < rule.capacity
        ]
        return min(room, key=lambda taker: self._order(rule, taker), default=None)

    def _order(self, rule: LeadRule, taker: LeadTaker) -> tuple[int, int, int]:
        waiting = self.waiting.get(taker.person_id, 0)
        return (0 if rule.dealing == Dealing.IN_TURN else waiting, taker.last_turn, taker.pk)

    def _give(self, rule: LeadRule, taker: LeadTaker) -> Dealt:
        waiting = self.waiting.get(taker.person_id, 0)
        rule.turn += 1
        taker.last_turn = rule.turn
        self.waiting[taker.person_id] = waiting + 1
        self._changed.add(rule.pk)
        return Dealt(rule=rule, to=taker.person, waiting=waiting, turn=rule.turn)


def choose(team: Team, *, source: Source | None, company: Company | None) -> Dealt | None:
    """Whom the rules of a team's pool give a lead to that is just coming in; the caller writes the
    entry of the log. None where no rule is for it."""
    dealer = PoolDealer.of(team.pk)
    dealt = dealer.deal(
        LeadFacts(
            source_id=source.pk if source else None, region=company.country if company else ""
        )
    )
    dealer.finish()
    return dealt


def note(deals: Iterable[tuple[int, Dealt]], *, at: dt.datetime) -> None:
    """Write into the log what became of these leads, by the ids of their deals."""
    LeadAssignment.objects.bulk_create(dealt.entry(pk, at=at) for pk, dealt in deals)


def give_back(entry: Mapping[str, Any]) -> None:
    """Whose turn a rule took for a lead has it again, as that was undone; unless the person has had another
    since. `entry` is the row of the log that is gone, by its columns."""
    turn, rule = entry.get("turn"), entry.get("rule_id")
    if turn is None or rule is None:
        return
    LeadRule.objects.select_for_update().filter(pk=rule).first()
    left = LeadAssignment.objects.filter(rule=rule, to=entry["to_id"])
    if left.filter(turn=None).exists():
        return  # Nobody knows any more when those were.
    last = left.aggregate(last=Max("turn", default=0))["last"]
    taker = LeadTaker.objects.filter(rule=rule, person=entry["to_id"], last_turn=turn)
    taker.update(last_turn=last)


def _fits(rule: LeadRule, lead: LeadFacts) -> bool:
    if rule.source_id is not None and rule.source_id != lead.source_id:
        return False
    return not rule.region or fold(rule.region) == fold(lead.region)


def _waiting(people: Iterable[int]) -> dict[int, int]:
    rows = Deal.objects.to_sort().filter(owner_id__in=sorted(people), parked_until=None)
    return dict(
        rows.order_by().values("owner_id").annotate(n=Count("pk")).values_list("owner_id", "n")
    )
