"""A day of Ana's, with one thing of each kind in it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from crm.models import Activity, Company, Concern, Deal, Offer
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_deal, plan_call, won_deal

TODAY = NOW.date()


@dataclass(frozen=True)
class Day:
    """What asks for Ana, by its reason."""

    cast: Cast
    overdue: Activity
    answer: Deal
    lead: Deal
    today: Activity
    decision: Deal
    cooling: Deal
    nothing: Deal
    won: Deal
    customer: Company

    @property
    def keys(self) -> list[str]:
        """As they urge."""
        return [
            f"act-{self.overdue.pk}",
            f"deal-{self.answer.pk}",
            f"deal-{self.lead.pk}",
            f"act-{self.today.pk}",
            f"deal-{self.decision.pk}",
            f"deal-{self.cooling.pk}",
            f"deal-{self.nothing.pk}",
            f"won-{self.won.pk}",
            f"company-{self.customer.pk}",
        ]


def touched(deal: Deal, *, days: float) -> Deal:
    Deal.objects.filter(pk=deal.pk).update(touched_at=ago(days=days))
    return deal


@pytest.fixture
def day(cast: Cast, clock: object) -> Day:
    ana = cast.ana
    promised = make_deal(by=ana, name="Promised")
    meant = make_deal(by=ana, name="Meant", stage=Stage.NEEDS_ANALYSIS)
    true: dict[str, Any] = {"amount": 9, "expected_close_on": TODAY + dt.timedelta(days=60)}
    asks = touched(make_deal(by=ana, name="Asks", stage=Stage.PROPOSAL, **true), days=1)
    Concern.objects.create(
        deal=asks, category="price", words="Why so dear?", after_price=False, raised_at=ago(days=1)
    )
    decides = touched(make_deal(by=ana, name="Decides", stage=Stage.OBJECTIONS, **true), days=1)
    Offer.objects.filter(deal=decides).update(decision_on=TODAY - dt.timedelta(days=2))
    customer = make_company(by=ana, name="Vega", owner=ana)
    Company.objects.filter(pk=customer.pk).update(relationship="customer", created_at=ago(days=400))
    return Day(
        cast=cast,
        overdue=plan_call(promised, by=ana, due_on=TODAY - dt.timedelta(days=2)),
        answer=asks,
        lead=make_deal(by=ana, name="New", at=ago(hours=2)),
        today=plan_call(meant, by=ana, due_on=TODAY),
        decision=decides,
        cooling=touched(make_deal(by=ana, name="Cold", stage=Stage.QUALIFICATION), days=30),
        nothing=touched(make_deal(by=ana, name="Idle", stage=Stage.QUALIFICATION), days=1),
        won=won_deal(by=ana, name="Won"),
        customer=customer,
    )
