"""What the demo's people have decided about leads and customers: rules of pools, and touch plans."""

import datetime as dt
from collections.abc import Iterator, Mapping

from crm.models import Dealing, LeadRule, LeadTaker, Relationship, TouchPlan
from crm.touch_rhythm import proposed_rhythm
from demo import people
from demo.records import SimCompany
from exchange.imports import bulk

# One in so many customers has not been decided about, and one in so many is to be left alone.
_UNDECIDED, _LEFT_ALONE = 5, 11


def write_rules(*, team: Mapping[str, int], user: Mapping[str, int], at: dt.datetime) -> None:
    """A rule for the pool of each team that sells: in turn in one, by room in the others. Names are
    those of `demo.people`."""
    sellers: dict[str, list[str]] = {}
    for person in people.PEOPLE:
        if person.name not in people.MANAGER_OF.values() and not person.left_months:
            sellers.setdefault(person.team, []).append(person.name)
    rules = [
        LeadRule(
            team_id=team[name],
            name="Everybody",
            # Vienna gives its leads out itself, so that a visitor finds some in the pool.
            is_on=name != "Vienna",
            dealing=Dealing.MOST_ROOM if number % 2 else Dealing.IN_TURN,
            capacity=12,
            changed_at=at,
            changed_by_id=user[people.MANAGER_OF[name]],
        )
        for number, name in enumerate(sellers)
    ]
    bulk.number(LeadRule, rules)
    bulk.write(LeadRule, rules)
    takers = [
        LeadTaker(rule_id=rule.pk, person_id=user[name])
        for rule, names in zip(rules, sellers.values(), strict=True)
        for name in names
    ]
    bulk.write(LeadTaker, takers)


def touch_plans(
    company: Mapping[SimCompany, int], *, user: Mapping[str, int], at: dt.datetime
) -> Iterator[TouchPlan]:
    """How often the customers are touched, by the ids of their companies."""
    customers = [one for one in company if one.relationship == Relationship.CUSTOMER]
    for number, customer in enumerate(customers):
        if customer.owner is None or number % _UNDECIDED == 0:
            continue
        style = people.BY_NAME[customer.owner].style
        yield TouchPlan(
            company_id=company[customer],
            months=None
            if number % _LEFT_ALONE == 0
            else proposed_rhythm(style, customer.employees),
            changed_at=at - dt.timedelta(days=40),
            changed_by_id=user[customer.owner],
        )
