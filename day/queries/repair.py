"""What of somebody's deals is not true any more, and how the people of a manager stand."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.db.models import BigIntegerField, DateField, F, Q

from crm.models import Deal
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.prepared import Param, Prepared, run

# So many repairs are shown at a time: more is no list that one clears.
SHOWN = 5


class UntrueDeal(NamedTuple):
    """An open deal whose closing date has passed, or of which from the proposal on nobody knows when
    it closes, or its value (METRICS K21, iv)."""

    id: int
    version: int
    name: str
    company: str | None
    stage: int
    expected_close_on: dt.date | None
    amount: Decimal | None
    currency: str
    parked_until: dt.date | None


_TODAY = Param("today", DateField())
_untrue = Prepared(
    UntrueDeal._make,
    lambda: (
        Deal.objects.open()
        .filter(owner=Param("owner", BigIntegerField()), stage__gte=Stage.QUALIFICATION)
        .filter(
            Q(expected_close_on__lt=_TODAY)
            | Q(stage__gte=Stage.PROPOSAL)
            & (Q(amount__isnull=True) | Q(expected_close_on__isnull=True))
        )
        .order_by(F("expected_close_on").asc(nulls_last=True), "id")
        .values_list(
            *("id", "version", "name", "company__name", "stage", "expected_close_on", "amount"),
            *("currency", "parked_until"),
        )[: SHOWN + 1]
    ),
)


def untrue_deals(user: User, *, today: dt.date) -> list[UntrueDeal]:
    """The first of them, and one more where there are more; `today` is the reader's."""
    return _untrue(owner=user.pk, today=today)


class TeamLoad(NamedTuple):
    """How many open deals of a person are overdue, have nothing planned, or are leads that have nothing
    planned: as many as the lists of just these have."""

    id: int
    name: str
    overdue: int
    unplanned: int
    waiting: int


_LOAD = """
    SELECT person.id, person.name,
        count(*) FILTER (WHERE deal.next_on < %(today)s OR deal.next_at < %(at)s),
        count(*) FILTER (WHERE deal.next_kind = ''
            AND (deal.parked_until IS NULL OR deal.parked_until <= %(today)s)),
        count(*) FILTER (WHERE deal.next_kind = '' AND deal.stage <= 2
            AND (deal.parked_until IS NULL OR deal.parked_until <= %(today)s))
    FROM pipeline_user person
    JOIN crm_deal deal ON deal.owner_id = person.id AND deal.outcome = 'open'
    WHERE person.is_active AND person.id <> %(me)s
        AND (%(tour)s::bigint IS NULL OR deal.batch_id IS DISTINCT FROM %(tour)s::bigint)
        AND (%(everybody)s::boolean OR person.id = ANY(%(people)s))
    GROUP BY person.id, person.name ORDER BY lower(person.name), person.id
"""


def team_load(user: User, *, at: dt.datetime) -> list[TeamLoad]:
    """The people whose records a manager sees, by name; nobody for who leads nobody. One query."""
    if not user.is_manager:
        return []
    asked = {
        "at": at,
        "today": at.astimezone(user.zone).date(),
        "me": user.pk,
        "tour": user.scope.tour_id,
        "everybody": user.scope.everything,
        "people": sorted(user.scope.owner_ids),
    }
    return [TeamLoad._make(row) for row in run(_LOAD, asked)]
