"""Existing customers: what they bought last, when they were touched and are to be, and what they brought.

Companies are common knowledge; of deals and touches each reader sees those in reach, and the dates
and sums here follow from these.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from crm.models import Company, Deal, DealLine, Product
from pipeline.models import User
from pipeline.process.stages import Outcome
from reports.figures import Figure, Period
from reports.metrics.outcomes import repeat_business
from reports.question import Question, sample_beside_own
from salesprocess.lib.prepared import run

PAGE = 25
# Who neither bought nor was touched for so long is dormant: twelve months.
DORMANT_AFTER = dt.timedelta(days=360)
_FEW = 8


class Whose(StrEnum):
    """Whose customers; the value is as in the address."""

    MINE = "mine"
    TEAM = "team"
    ALL = "all"


class Shown(StrEnum):
    """Which of them; the value is as in the address."""

    ALL = "all"
    DUE = "due"
    DORMANT = "dormant"
    NO_PLAN = "no-plan"
    HAND_OFF = "hand-off"


class CustomerRow(NamedTuple):
    """A line of the page: columns of one query, nothing formatted."""

    id: int
    name: str
    country: str
    employees: int | None
    owner_id: int | None
    plan_version: int | None
    months: int | None
    wins: int
    won: Decimal | None
    since: dt.datetime | None
    last_deal_id: int | None
    last_deal: str | None
    last_at: dt.datetime | None
    last_amount: Decimal | None
    last_currency: str | None
    touch_kind: str | None
    touched_at: dt.datetime | None
    touch_result: str | None
    touch_person: str | None
    next_kind: str | None
    next_on: dt.date | None
    next_at: dt.datetime | None
    open_deals: int
    referrals: int
    hand_off_id: int | None
    due_on: dt.date | None
    place: dt.date


# The customers of some people: those whom they look after, and those who bought from them.
_BASE = """
    WITH chosen AS (
        SELECT id FROM crm_company
        WHERE relationship = 'customer' AND (%(all)s OR owner_id = ANY(%(whose)s::bigint[]))
        UNION
        SELECT c.id FROM crm_deal AS d JOIN crm_company AS c ON c.id = d.company_id
        WHERE d.outcome = 'won' AND d.owner_id = ANY(%(whose)s::bigint[])
          AND c.relationship = 'customer'
    ), customer AS (
        SELECT c.id, c.name, c.country, c.employees, c.owner_id, plan.version AS plan_version,
            plan.months, won.n AS wins, won.value AS won, won.since, last.id AS last_id,
            last.name AS last_name, last.closed_at AS last_at, last.amount AS last_amount,
            last.currency AS last_currency, touch.kind AS touch_kind, touch.done_at AS touched_at,
            touch.result AS touch_result, touch.person AS touch_person, next.kind AS next_kind,
            next.due_on AS next_on, next.due_at AS next_at, opened.n AS open_deals,
            won.hand_off AS hand_off_id,
            CASE WHEN plan.months IS NOT NULL AND opened.n = 0 THEN (
                (coalesce(greatest(touch.done_at, last.closed_at), %(at)s) AT TIME ZONE %(zone)s)::date
                + make_interval(months => plan.months)
            )::date END AS due_on
        FROM chosen JOIN crm_company AS c USING (id)
        LEFT JOIN crm_touchplan AS plan ON plan.company_id = c.id
        CROSS JOIN LATERAL (
            SELECT count(*) AS n, min(d.closed_at) AS since,
                sum(d.amount) FILTER (WHERE d.currency = %(currency)s) AS value,
                min(d.id) FILTER (
                    WHERE NOT EXISTS (SELECT FROM crm_handoff AS h WHERE h.deal_id = d.id)
                      AND d.closed_at >= %(hand_off_since)s
                ) AS hand_off
            FROM crm_deal AS d WHERE d.company_id = c.id AND d.outcome = 'won' AND {seen}
        ) AS won
        LEFT JOIN LATERAL (
            SELECT d.id, d.name, d.closed_at, d.amount, d.currency FROM crm_deal AS d
            WHERE d.company_id = c.id AND d.outcome = 'won' AND {seen}
            ORDER BY d.closed_at DESC, d.id DESC LIMIT 1
        ) AS last ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM crm_deal AS d
            WHERE d.company_id = c.id AND d.outcome = 'open' AND {seen}
        ) AS opened
        LEFT JOIN LATERAL (
            SELECT a.kind, a.done_at, a.result, p.name AS person
            FROM crm_activity AS a LEFT JOIN crm_contact AS p ON p.id = a.contact_id
            WHERE a.company_id = c.id AND a.done_at IS NOT NULL
              AND a.kind IN ('call', 'email', 'meeting') AND {touched}
            ORDER BY a.done_at DESC, a.id DESC LIMIT 1
        ) AS touch ON true
        LEFT JOIN LATERAL (
            SELECT a.kind, a.due_on, a.due_at FROM crm_activity AS a
            WHERE a.company_id = c.id AND a.done_at IS NULL AND a.cancelled_at IS NULL AND {touched}
            ORDER BY a.due_by, a.id LIMIT 1
        ) AS next ON true
    ), placed AS (
        SELECT customer.*, coalesce(
            CASE WHEN hand_off_id IS NOT NULL THEN date '1900-01-01' END,
            next_on, (next_at AT TIME ZONE %(zone)s)::date, due_on,
            CASE WHEN open_deals > 0 THEN date '2999-01-01' ELSE date '2998-01-01' END
        ) AS place FROM customer
    )
"""
_SEEN = {True: "true", False: "d.owner_id = ANY(%(seen)s::bigint[])"}
_TOUCHED = {True: "true", False: "a.holder_id = ANY(%(seen)s::bigint[])"}
_DUE = "next_kind IS NULL AND due_on <= %(today)s"
_DORMANT = (
    "open_deals = 0 AND next_kind IS NULL AND "
    "coalesce(greatest(touched_at, last_at), '-infinity') < %(dormant_since)s"
)
_CONDITIONS: Mapping[Shown, str] = {
    Shown.ALL: "true",
    Shown.DUE: _DUE,
    Shown.DORMANT: _DORMANT,
    Shown.NO_PLAN: "plan_version IS NULL",
    Shown.HAND_OFF: "hand_off_id IS NOT NULL",
}
_ROWS = """
    SELECT id, name, country, employees, owner_id, plan_version, months, wins, won, since, last_id,
        last_name, last_at, last_amount, last_currency, touch_kind, touched_at, touch_result,
        touch_person, next_kind, next_on, next_at, open_deals,
        (SELECT count(*) FROM crm_deal AS d WHERE d.source_company_id = placed.id
         AND d.company_id IS DISTINCT FROM placed.id AND {seen}),
        hand_off_id, due_on, place
    FROM placed WHERE {condition} AND (place, id) > (%(place)s, %(after)s)
    ORDER BY place, id LIMIT {most}
"""
_COUNTS = "SELECT {counts}, sum(won) FROM placed"


class CustomerPlace(NamedTuple):
    """Where a page goes on: after this one."""

    on: dt.date
    id: int


FIRST = CustomerPlace(dt.date(1800, 1, 1), 0)


class Customers:
    """The customers of some people, as one reader may see them at a moment. `today` is the reader's.

    Won deals of which delivery was not told count for a year.
    """

    def __init__(self, user: User, whose: Whose, *, at: dt.datetime, today: dt.date) -> None:
        scope = user.scope
        self._everything = scope.everything
        people = {user.pk} if whose == Whose.MINE else scope.owner_ids
        self._params: dict[str, Any] = {
            "all": whose == Whose.ALL or (whose == Whose.TEAM and scope.everything),
            "whose": sorted(people),
            "seen": sorted(scope.owner_ids),
            "at": at,
            "zone": user.zone.key,
            "currency": user.organisation.currency,
            "today": today,
            "dormant_since": at - DORMANT_AFTER,
            "hand_off_since": at - dt.timedelta(days=365),
        }

    def page(
        self, shown: Shown, *, after: CustomerPlace = FIRST
    ) -> tuple[Sequence[CustomerRow], CustomerPlace | None]:
        """The PAGE customers that are due first, after a place, and where the next ones begin (None:
        there are none). One query."""
        rows = _ROWS.replace("{condition}", _CONDITIONS[shown]).replace("{most}", str(PAGE + 1))
        found = self._run(rows, place=after.on, after=after.id)
        read = [CustomerRow(*row) for row in found]
        more = len(read) > PAGE
        read = read[:PAGE]
        return read, CustomerPlace(read[-1].place, read[-1].id) if more else None

    def counts(self) -> tuple[dict[Shown, int], Decimal | None]:
        """How many there are of each, and what all of them bought. One query."""
        counts = ", ".join(f"count(*) FILTER (WHERE {_CONDITIONS[one]})" for one in Shown)
        ((*numbers, won),) = self._run(_COUNTS.replace("{counts}", counts))
        return dict(zip(Shown, numbers, strict=True)), won

    def _run(self, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        words = (_BASE + statement).replace("{seen}", _SEEN[self._everything])
        words = words.replace("{touched}", _TOUCHED[self._everything])
        return run(words, {**self._params, **more})


def repeat_share(user: User, whose: Whose, *, at: dt.datetime) -> Figure:
    """Of what was won in the last 12 months, how much was won with who had bought before, by the very
    figure that the reports have (CHECKLIST A17), asked as the address of its rows asks it: of everybody
    without the sample data, once there are deals of one's own."""
    zone = user.organisation.zone
    today = at.astimezone(zone).date()
    period = Period(start_on=today - dt.timedelta(days=364), end_on=today, zone=zone)
    if whose == Whose.MINE:
        return repeat_business.whole(
            Question(reader=user, today=today, period=period).of_person(user)
        )
    left_out = sample_beside_own(user)
    return repeat_business.whole(
        Question(reader=user, today=today, period=period, left_out=left_out)
    )


def not_bought(user: User, ids: Iterable[int]) -> dict[int, list[Product]]:
    """By company, the products that its won deals have not named yet. Two queries."""
    products = list(Product.objects.visible_to(user).active().order_by("name")[:50])
    sold = DealLine.objects.filter(
        deal__in=Deal.objects.visible_to(user).filter(outcome=Outcome.WON),
        deal__company_id__in=list(ids),
    )
    bought: dict[int, set[int]] = {}
    for company, product in sold.values_list("deal__company_id", "product_id").distinct():
        bought.setdefault(company, set()).add(product)
    return {pk: [one for one in products if one.pk not in bought.get(pk, ())] for pk in ids}


class Brought(NamedTuple):
    """A deal that a customer brought: one of its own, or of somebody else whom it named."""

    id: int
    name: str
    company_id: int | None
    company: str | None
    stage: int
    outcome: str
    amount: Decimal | None
    currency: str


def referrals(user: User, company_id: int) -> list[Brought]:
    """What came from the customer to others, the latest first. One query."""
    rows = Deal.objects.visible_to(user).filter(source_company_id=company_id)
    rows = rows.exclude(company_id=company_id).order_by("-created_at", "-pk")
    read = rows.values_list(
        *("pk", "name", "company_id", "company__name", "stage", "outcome", "amount", "currency")
    )
    return [Brought(*row) for row in read[:_FEW]]


def to_change(user: User, pk: int) -> Company:
    """A customer whose plan one may change. Raises Company.DoesNotExist."""
    return Company.objects.editable_by(user).select_related("touch_plan").get(pk=pk)
