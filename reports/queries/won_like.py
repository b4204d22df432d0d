"""How deals went that were won, to set one deal beside them: which they are, how long they stayed
where, and by when what was on record."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import CharField, DateTimeField, F, Min, Q, QuerySet, Value
from django.db.models.functions import Cast

from crm.models import (
    Activity,
    Concern,
    DecisionPath,
    Need,
    Offer,
    OfferOutcome,
    Ruling,
    StageVisit,
    StepResult,
    Verdict,
)
from pipeline.models import User
from pipeline.process.playbook import Fact
from pipeline.process.stages import Outcome
from reports.flow_populations import CONVERSATION
from reports.populations import CLOSED, closed_of_everybody
from reports.question import Question

# So many of the latest say what is usual, and are few enough to be read one by one.
LATEST = 200


class WonDeal(NamedTuple):
    pk: int
    owner: int | None


class StageStay(NamedTuple):
    """A visit of a deal to a stage; None where nobody knows when, or where it goes on."""

    stage: int
    entered_at: dt.datetime | None
    left_at: dt.datetime | None


def won_deals(question: Question, *, but: int) -> list[WonDeal]:
    """The latest that were won in the period, but for one deal; one query."""
    return _latest(CLOSED.find(question), but)


def won_of_everybody(question: Question, *, style: str, but: int) -> list[WonDeal]:
    """The same of all people of a selling style; told of several people only."""
    return _latest(closed_of_everybody(question).filter(owner__style=style), but)


def _latest(deals: QuerySet[Any], but: int) -> list[WonDeal]:
    rows = deals.filter(outcome=Outcome.WON).exclude(pk=but).order_by("-closed_at", "-pk")
    return [WonDeal(*row) for row in rows.values_list("pk", "owner_id")[:LATEST]]


def style_of(person: int | None) -> str:
    """How somebody sells; empty where nobody is given."""
    if person is None:
        return ""
    return User.objects.filter(pk=person).values_list("style", flat=True).first() or ""


def stays_of(deals: Collection[int]) -> dict[int, list[StageStay]]:
    """Every visit of the deals, in their order. One query."""
    found: dict[int, list[StageStay]] = defaultdict(list)
    rows = StageVisit.objects.filter(deal__in=deals).order_by("deal", "sequence")
    for deal, stage, came, went in rows.values_list("deal_id", "stage", "entered_at", "left_at"):
        found[deal].append(StageStay(stage, came, went))
    return found


def first_recorded(deals: Collection[int]) -> Mapping[Fact, Mapping[int, dt.datetime]]:
    """When a fact was first on record, by the deal; one query. What was taken back, or dropped since,
    was none. The other facts do not say when they came about."""
    confirmed: Any = Cast("confirmed_on", DateTimeField())
    asked: list[tuple[Fact, QuerySet[Any], Any]] = [
        (Fact.CONVERSATION, Activity.objects.done().filter(CONVERSATION), F("done_at")),
        (Fact.QUALIFIED, Verdict.objects.filter(ruling=Ruling.QUALIFIED), F("at")),
        (Fact.PROBLEM, Need.objects.filter(dropped_at=None), F("at")),
        (Fact.WORTH, Need.objects.filter(~Q(worth=None), dropped_at=None), F("at")),
        (Fact.CONFIRMED, Need.objects.filter(~Q(confirmed_on=None), dropped_at=None), confirmed),
        (Fact.DECISION_PATH, DecisionPath.objects.exclude(steps=""), F("at")),
        (Fact.OFFER, Offer.objects.exclude(outcome=OfferOutcome.WITHDRAWN), F("sent_at")),
        (Fact.CONCERNS_RECORDED, Concern.objects.all(), F("raised_at")),
    ]
    parts = [
        rows.filter(deal__in=deals)
        .order_by()
        .values("deal")
        .annotate(what=Value(what.value, output_field=CharField()), first_at=Min(at))
        .values_list("deal", "what", "first_at")
        for what, rows, at in asked
    ]
    found: dict[Fact, dict[int, dt.datetime]] = {what: {} for what, _rows, _at in asked}
    for deal, what, at in parts[0].union(*parts[1:], all=True):
        found[Fact(what)][deal] = at
    return found


def first_answered(
    deals: Collection[int], *, stage: int, keys: Iterable[str]
) -> Mapping[str, Mapping[int, dt.datetime]]:
    """When each step of a stage was first settled, by its key and the deal; one query. Steps of
    somebody's own are private and no matter of figures."""
    found: dict[str, dict[int, dt.datetime]] = {key: {} for key in keys}
    rows = StepResult.objects.current().filter(
        deal__in=deals, stage=stage, private_to=None, key__in=list(found)
    )
    for deal, key, at in rows.order_by().values_list("deal", "key").annotate(at=Min("at")):
        found[key][deal] = at
    return found
