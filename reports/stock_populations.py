"""The rows of what is open: now, or at the end of a day that is over, by what history tells; and of what
was promised. With `populations` the only place that names tables."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    DateField,
    DecimalField,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce

from crm.models import (
    Activity,
    ActivityResult,
    Deal,
    DealChange,
    Ruling,
    StageVisit,
    Verdict,
)
from crm.models.activity import TOUCHES
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage
from reports.metric import Population
from reports.populations import (
    BY_HOLDER,
    OF_DEAL,
    Reach,
    axes_of_deal,
    column_at,
    flag,
    reach_of,
    span_at,
    went_on,
)
from reports.question import Question
from salesprocess.lib.derived import found_first, nth, with_found


def fact_at(former: str, *path: str, now: str, output: Any) -> Case:
    """What a fact was: what its first later change (annotated as `former`) replaced, else what it is.
    `path` leads to the value within what the change calls old."""
    old: Any = KeyTransform("old", former)
    for part in path[:-1]:
        old = KeyTransform(part, old)
    old = KeyTextTransform(path[-1], old) if path else KeyTextTransform("old", former)
    return Case(
        When(**{f"{former}__isnull": True}, then=F(now)),
        default=Cast(old, output),
        output_field=output,
    )


def as_of_now(deals: QuerySet[Any]) -> QuerySet[Any]:
    """The deals with what they are, under the names of what they were then; those that are closed
    have no stage."""
    is_open = Q(outcome=Outcome.OPEN)
    rows: QuerySet[Any] = deals.annotate(
        stage_then=Case(When(is_open, then=F("stage")), output_field=IntegerField()),
        entered_then=F("stage_entered_at"),
        owner_then_id=F("owner_id"),
        team_then_id=F("team_id"),
        amount_then=F("amount"),
        currency_then=F("currency"),
        closes_then=F("expected_close_on"),
        parked_then=F("parked_until"),
    )
    return rows


# What of a deal may have been another thing once; `DealChange` has them by these kinds.
FACTS = ("owner", "team", "amount", "currency", "expected_close_on", "parked_until")


def former_facts(at: dt.datetime, *, when: str) -> dict[str, Any]:
    """Of changes, by deal: what the first one of each fact after an instant says, as
    `former_owner_then` and so on, or with another word for `then`."""
    return {
        f"former_{kind}_{when}": nth("data", order=("at", "pk"), where=Q(kind=kind, at__gte=at))
        for kind in FACTS
    }


def with_former(deals: QuerySet[Any], *, when: str) -> QuerySet[Any]:
    """The deals of which `former_facts` are known, with what they were then."""
    id_field: Any = BigIntegerField()
    money: Any = DecimalField(max_digits=14, decimal_places=2)

    def then(kind: str, *path: str, now: str, output: Any) -> Case:
        return fact_at(f"former_{kind}_{when}", *path, now=now, output=output)

    rows: QuerySet[Any] = deals.annotate(
        **{
            f"owner_{when}_id": then("owner", "id", now="owner_id", output=id_field),
            f"team_{when}_id": then("team", "id", now="team_id", output=id_field),
            f"amount_{when}": then("amount", "amount", now="amount", output=money),
            f"currency_{when}": then("currency", now="currency", output=CharField()),
            f"closes_{when}": then(
                "expected_close_on", now="expected_close_on", output=DateField()
            ),
            f"parked_{when}": then("parked_until", now="parked_until", output=DateField()),
        }
    )
    return rows


def as_of_instant(deals: QuerySet[Deal], at: dt.datetime, *, reach: Reach) -> QuerySet[Any]:
    """Those of the deals in reach that were open just before an instant, with what they were then by
    their visits and changes alone: `stage_then` and so on; nothing of what they are today."""
    stays = (
        StageVisit.objects.filter(went_on(at), reach(*BY_HOLDER))
        .order_by("deal_id", "-sequence")
        .distinct("deal_id")
        .annotate(stage_then=F("stage"), entered_then=F("entered_at"))
    )
    former = former_facts(at, when="then")
    changes: Any = DealChange.objects.filter(reach(*OF_DEAL), kind__in=FACTS, at__gte=at)
    changes = changes.order_by().values("deal_id").annotate(**former)
    rows = with_found(deals, stays, "stage_then", "entered_then", by="deal_id", inner=True)
    rows = with_found(rows, changes, *former, by="deal_id")
    return with_former(rows, when="then")


def last_touch_before(at: dt.datetime) -> Max:
    """Of activities, by deal: the last word with the other side before an instant, tries without an
    answer left out. Now it stands on the deal, as `touched_at`."""
    spoken = Q(kind__in=TOUCHES, done_at__lt=at) & ~Q(result=ActivityResult.NO_ANSWER)
    return Max("done_at", filter=spoken)


def heard(touched: str) -> Coalesce:
    """`crm.attention.heard_at` in SQL, of the column that says when it was touched; before `limit_at`,
    which is so many usual days ago, it is `is_silent`."""
    return Coalesce(F(touched), F("created_at"))


def is_past(question: Question) -> bool:
    """Whether stock is asked for as of a day that is over."""
    return question.as_of is not None and question.as_of < question.today


def open_then(question: Question) -> QuerySet[Any]:
    deals = Deal.objects.visible_to(question.reader)
    rows = opened(question, deals, reach=reach_of(question))
    return rows.filter(question.of_deals(owner="owner_then", team="team_then"))


def opened(question: Question, deals: QuerySet[Deal], *, reach: Reach) -> QuerySet[Any]:
    """Those of the deals in reach that are open, or were at the end of the day asked for."""
    rows = (
        as_of_instant(deals, question.now, reach=reach)
        if is_past(question)
        else as_of_now(deals.filter(outcome=Outcome.OPEN))
    )
    owner = User.objects.filter(pk=OuterRef("owner_then_id"))
    named: QuerySet[Any] = rows.annotate(owner_then_name=Subquery(owner.values("name")[:1]))
    return named


def style_then(_question: Question) -> Subquery:
    return Subquery(User.objects.filter(pk=OuterRef("owner_then_id")).values("style")[:1])


# Deals that are open: now, or at the end of the day asked for.
OPEN = Population(
    key="open",
    kind="open_deal",
    find=open_then,
    axes={
        **axes_of_deal("", stage="stage_then", owner="owner", team="team", at=""),
        "person": column_at("owner_then_id"),
        "team": column_at("team_then_id"),
        "style": style_then,
    },
    amount="amount_then",
    currency="currency_then",
    columns=("deal", "company", "owner", "stage", "since", "closes", "value"),
    order="-value",
)


def _due(question: Question) -> QuerySet[Any]:
    return open_then(question).filter(
        stage_then__gte=Stage.QUALIFICATION, closes_then__range=question.quarter
    )


# Of them, those from stage 3 on that are to close in the quarter of the day asked for.
DUE = replace(OPEN, key="due", find=_due)


def _far(question: Question) -> QuerySet[Any]:
    """Those from stage 4 on, each with whether the latest verdict says that both sides want to go on,
    and how much was done on it; of a day that is over, by then."""
    verdicts = Verdict.objects.filter(deal=OuterRef("pk"), at__lt=question.now)
    ruling = Subquery(verdicts.order_by("-at", "-pk").values("ruling")[:1])
    done = Activity.objects.filter(deal=OuterRef("pk"), done_at__lt=question.now)
    counted = done.order_by().values("deal").annotate(n=Count("pk")).values("n")
    rows: QuerySet[Any] = (
        open_then(question)
        .filter(stage_then__gte=Stage.NEEDS_ANALYSIS)
        .annotate(ruling_then=ruling)
        .annotate(
            is_qualified=flag(Q(ruling_then=Ruling.QUALIFIED)),
            effort=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        )
    )
    return rows


# Deals that are open in needs analysis or beyond, with whether they were qualified.
FAR = replace(
    OPEN,
    key="far",
    find=_far,
    columns=("deal", "company", "owner", "stage", "since", "effort", "value"),
)


# What was promised ------------------------------------------------------------------------------


def _promised(question: Question) -> QuerySet[Any]:
    """The deals that were open when the period began, and were to close in it by their date then."""
    period = question.period
    deals = Deal.objects.visible_to(question.reader)
    rows = as_of_instant(deals, period.starts_at, reach=reach_of(question))
    owner = User.objects.filter(pk=OuterRef("owner_then_id"))
    closed = Q(closed_at__lt=question.now)
    promised: QuerySet[Any] = rows.filter(
        question.of_deals(owner="owner_then", team="team_then"),
        closes_then__range=(period.start_on, period.end_on),
    ).annotate(
        owner_then_name=Subquery(owner.values("name")[:1]),
        kept=flag(closed & Q(closed_at__lt=period.ends_at)),
        happened=_happened(question),
    )
    return promised


def _happened(question: Question) -> Case:
    """What became of a deal: the month in which it was won, or how it is now."""
    closed = Q(closed_at__lt=question.now)
    month = Cast(Cast(span_at("month", "closed_at")(question), DateField()), CharField())
    return Case(
        When(closed & Q(outcome=Outcome.STOPPED), then=Value("stopped")),
        When(closed & Q(outcome=Outcome.WON), then=month),
        default=Value("open"),
        output_field=CharField(),
    )


def promises_kept(questions: Sequence[Question]) -> QuerySet[Any]:
    """Of what was promised for the period of each question, as of its beginning (`PROMISED`), how many
    deals came to what: as `n_0`, `n_1` and so on. Visits and changes are gone through once for all."""
    question, reach = questions[0], reach_of(questions[0])
    starts = [asked.period.starts_at for asked in questions]
    stays = {f"open_{at}": Count("pk", filter=went_on(start)) for at, start in enumerate(starts)}
    stood = reduce(or_, (went_on(start) for start in starts))
    visits: Any = StageVisit.objects.filter(reach(*BY_HOLDER), stood).order_by()
    former = {
        f"former_{kind}_{at}": nth("data", order=("at", "pk"), where=Q(kind=kind, at__gte=start))
        for at, start in enumerate(starts)
        for kind in _OF_A_PROMISE
    }
    changes: Any = DealChange.objects.filter(
        reach(*OF_DEAL), kind__in=_OF_A_PROMISE, at__gte=min(starts)
    )
    changes = changes.order_by().values("deal_id").annotate(**former)
    deals = Deal.objects.visible_to(question.reader)
    visits = visits.values("deal_id").annotate(**stays)
    rows = with_found(deals, visits, *stays, by="deal_id", inner=True)
    rows = with_found(rows, changes, *former, by="deal_id")
    promised = {}
    for at, asked in enumerate(questions):
        rows = rows.annotate(**_promise_at(f"{at}"))
        days = (asked.period.start_on, asked.period.end_on)
        is_asked = asked.of_deals(owner=f"owner_{at}", team=f"team_{at}")
        is_promised = Q(**{f"open_{at}__gt": 0, f"closes_{at}__range": days})
        promised[f"promised_{at}"] = flag(is_asked & is_promised)
    rows = found_first(
        rows.annotate(happened=_happened(question), **promised), "happened", *promised
    )
    counts = {f"n_{at}": Count("pk", filter=Q(**{name: True})) for at, name in enumerate(promised)}
    counted: QuerySet[Any] = rows.values("happened").annotate(**counts)
    return counted


# What of a deal says whether a promise is asked about.
_OF_A_PROMISE = ("owner", "team", "expected_close_on")


def _promise_at(when: str) -> dict[str, Any]:
    ids: Any = BigIntegerField()
    found = {
        f"{kind}_{when}_id": fact_at(f"former_{kind}_{when}", "id", now=f"{kind}_id", output=ids)
        for kind in ("owner", "team")
    }
    date = fact_at(f"former_expected_close_on_{when}", now="expected_close_on", output=DateField())
    return {**found, f"closes_{when}": date}


# Deals whose date, as it stood when the period began, lay in it; with what happened to them.
PROMISED = Population(
    key="promised",
    kind="open_deal",
    find=_promised,
    axes={
        **axes_of_deal("", stage="stage_then", owner="owner", team="team", at=""),
        "person": column_at("owner_then_id"),
        "team": column_at("team_then_id"),
        "style": style_then,
        "happened": column_at("happened"),
    },
    amount="amount_then",
    currency="currency_then",
    columns=("deal", "company", "owner", "stage", "since", "closes", "value"),
    order="-value",
)
