"""What counts as a fact of a deal, one by one, and that many deals cost no query each."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import deal as deals
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    ClosingAttempt,
    Concern,
    Deal,
    DealContact,
    DealRole,
    DecisionPath,
    HandOff,
    Need,
    Offer,
    OfferLine,
    OfferRecipient,
    Source,
    StepResult,
    Verdict,
)
from crm.queries.facts import facts, facts_of
from pipeline.process.playbook import Fact
from pipeline.process.stages import Stage
from tests.factories import NOW, ago, make_company, make_contact, make_deal, plan_call, won_deal


def done(deal: Any, kind: str, result: str = "", **fields: Any) -> Activity:
    return Activity.objects.create(
        deal=deal,
        kind=kind,
        result=result,
        owner=deal.owner,
        done_at=ago(hours=2),
        created_at=NOW,
        **fields,
    )


def person(deal: Any, role: DealRole = DealRole.UNKNOWN) -> DealContact:
    contact = make_contact(by=deal.owner)
    return DealContact.objects.create(deal=deal, contact=contact, role=role)


def verdict(deal: Any, ruling: str, at: dt.datetime) -> object:
    sure = "yes" if ruling == "qualified" else "no"
    revisit = NOW.date() if ruling == "not_yet" else None
    return Verdict.objects.create(
        deal=deal, ruling=ruling, ours=sure, theirs=sure, revisit_on=revisit, at=at
    )


def need(deal: Any, **fields: Any) -> Need:
    return Need.objects.create(deal=deal, words="It stands still", at=NOW, **fields)


def offer(deal: Any, revision: int = 1, **fields: Any) -> Offer:
    return Offer.objects.create(
        deal=deal, revision=revision, sent_at=NOW, currency="EUR", at=NOW, **fields
    )


def concern(deal: Any, disposition: str = "open") -> object:
    settled = None if disposition == "open" else NOW
    return Concern.objects.create(
        deal=deal,
        category="price",
        words="Too much",
        after_price=True,
        raised_at=NOW,
        disposition=disposition,
        disposed_at=settled,
    )


def path(deal: Any, **fields: Any) -> object:
    return DecisionPath.objects.create(deal=deal, at=NOW, **fields)


def result(deal: Any, key: str, stage: int = 2, state: str = "done", **fields: Any) -> None:
    reason = "done_before" if state == "overridden" else ""
    StepResult.objects.create(
        deal=deal, stage=stage, key=key, label=key, state=state, reason=reason, at=NOW, **fields
    )


def in_company(deal: Any) -> None:
    deals.edit(deal, company=make_company(by=deal.owner), by=deal.owner, at=NOW)


def from_source(deal: Any) -> None:
    deals.edit(deal, source=Source.objects.first(), by=deal.owner, at=NOW)


def offer_with(deal: Any, *needs: Need | None) -> None:
    made = offer(deal)
    for each in needs:
        OfferLine.objects.create(offer=made, what="Belt", need=each)


def sent(deal: Any) -> object:
    return OfferRecipient.objects.create(offer=offer(deal), contact=person(deal).contact)


MAKES: dict[str, tuple[Fact, Callable[[Any], object]]] = {
    "a person": (Fact.PARTY, person),
    "a source": (Fact.SOURCE, from_source),
    "the step of an agreement": (Fact.AGREEMENT, lambda deal: result(deal, "agreement")),
    "a verdict": (Fact.QUALIFIED, lambda deal: verdict(deal, "qualified", NOW)),
    "a need": (Fact.PROBLEM, need),
    "a need with its worth": (Fact.WORTH, lambda deal: need(deal, worth=Decimal(5))),
    "who decides and how": (
        Fact.DECISION_PATH,
        lambda deal: (person(deal, DealRole.DECIDES), path(deal, steps="The board")),
    ),
    "a confirmed need": (Fact.CONFIRMED, lambda deal: need(deal, confirmed_on=NOW.date())),
    "a confirmed path": (Fact.CONFIRMED, lambda deal: path(deal, confirmed_on=NOW.date())),
    "an offer": (Fact.OFFER, offer),
    "an offer to somebody": (Fact.OFFER_SENT_TO, sent),
    "an offer for needs": (Fact.OFFER_FITS, lambda deal: offer_with(deal, need(deal))),
    "the offer's day": (Fact.DECISION_DATE, lambda deal: offer(deal, decision_on=NOW.date())),
    "the path's day": (Fact.DECISION_DATE, lambda deal: path(deal, decides_on=NOW.date())),
    "a concern": (Fact.CONCERNS_RECORDED, concern),
    "a settled concern": (Fact.CONCERNS_SETTLED, lambda deal: concern(deal, "answered")),
    "a closing attempt": (
        Fact.ASKED,
        lambda deal: ClosingAttempt.objects.create(deal=deal, reply="no", at=NOW),
    ),
    "a hand-off": (Fact.HAND_OFF, lambda deal: HandOff.objects.create(deal=deal, to="Ola", at=NOW)),
    "a plan": (
        Fact.NEXT,
        lambda deal: plan_call(deal, by=deal.owner, due_at=NOW + dt.timedelta(days=1)),
    ),
}


@pytest.mark.parametrize("what", MAKES)
def test_it_knows_a_fact_by_its_record(cast, what):
    fact, make = MAKES[what]
    deal = make_deal(by=cast.ana)
    assert fact not in facts(deal).known

    make(deal)

    assert fact in facts(deal).known


LACKS: dict[str, tuple[Fact, Callable[[Any], object]]] = {
    "a company alone is nobody": (Fact.PARTY, in_company),
    "a call is planned": (
        Fact.CONVERSATION,
        lambda deal: plan_call(deal, by=deal.owner, due_at=NOW + dt.timedelta(days=1)),
    ),
    "the agreement was gone past": (
        Fact.AGREEMENT,
        lambda deal: result(deal, "agreement", state="overridden"),
    ),
    "the agreement was taken back": (
        Fact.AGREEMENT,
        lambda deal: result(deal, "agreement", replaced_at=NOW),
    ),
    "a later verdict says no": (
        Fact.QUALIFIED,
        lambda deal: (
            verdict(deal, "qualified", ago(days=2)),
            verdict(deal, "not_yet", ago(days=1)),
        ),
    ),
    "the need was dropped": (
        Fact.PROBLEM,
        lambda deal: need(deal, worth=Decimal(5), dropped_at=NOW),
    ),
    "nobody is known to decide": (
        Fact.DECISION_PATH,
        lambda deal: (person(deal), path(deal, steps="The board")),
    ),
    "it is not said how": (Fact.DECISION_PATH, lambda deal: person(deal, DealRole.DECIDES)),
    "the offer was withdrawn": (
        Fact.OFFER,
        lambda deal: offer(deal, outcome="withdrawn", known_at=NOW),
    ),
    "only an older offer names people": (
        Fact.OFFER_SENT_TO,
        lambda deal: (sent(deal), offer(deal, 2)),
    ),
    "a line answers no need": (Fact.OFFER_FITS, lambda deal: offer_with(deal, need(deal), None)),
    "the offer has no lines": (Fact.OFFER_FITS, offer),
    "a concern is open": (
        Fact.CONCERNS_SETTLED,
        lambda deal: (concern(deal, "answered"), concern(deal)),
    ),
    "no concern came up yet": (Fact.CONCERNS_SETTLED, lambda deal: None),
}


@pytest.mark.parametrize("what", LACKS)
def test_it_takes_nothing_else_for_a_fact(cast, what):
    fact, make = LACKS[what]
    deal = make_deal(by=cast.ana)

    make(deal)

    assert fact not in facts(deal).known


# What was done, by its result: a conversation (which they agreed to), an agreement to one, or neither.
# What is not here is an attempt, or ours alone.
SAYS = {
    "call reached": {Fact.CONVERSATION, Fact.AGREEMENT},
    "call moved_forward": {Fact.CONVERSATION, Fact.AGREEMENT},
    "call meeting_set": {Fact.AGREEMENT},
    "meeting reached": {Fact.CONVERSATION, Fact.AGREEMENT},
    "meeting moved_forward": {Fact.CONVERSATION, Fact.AGREEMENT},
    "meeting meeting_set": {Fact.CONVERSATION, Fact.AGREEMENT},
    "email reached": {Fact.CONVERSATION, Fact.AGREEMENT},
    "email meeting_set": {Fact.AGREEMENT},
}


def test_an_attempt_or_what_has_no_result_is_no_conversation(cast):
    """Every kind of work with every result, and without one (G2, G3)."""
    deals_of = {
        f"{kind} {result}".strip(): make_deal(by=cast.ana)
        for kind in ActivityKind
        for result in ("", *ActivityResult)
    }
    for what, deal in deals_of.items():
        kind, _space, said = what.partition(" ")
        done(deal, kind, said)

    found = facts_of([deal.pk for deal in deals_of.values()])

    of_talk = {Fact.CONVERSATION, Fact.AGREEMENT}
    known = {what: found[deal.pk].known & of_talk for what, deal in deals_of.items()}
    assert known == {what: SAYS.get(what, set()) for what in deals_of}


def test_no_concern_is_settled_once_the_stage_for_them_came(cast):
    deal = make_deal(by=cast.ana, stage=Stage.OBJECTIONS)

    assert Fact.CONCERNS_SETTLED in facts(deal).known


def test_it_counts_open_concerns_and_settled_steps(cast):
    deal = make_deal(by=cast.ana)
    concern(deal)
    concern(deal)
    concern(deal, "withdrawn")
    result(deal, "money", stage=3)
    result(deal, "trust", stage=3, state="overridden")
    result(deal, "undone", stage=3, replaced_at=NOW)
    result(deal, "mine", stage=3, private_to=cast.ana)

    said = facts(deal)

    assert said.concerns_open == 2
    assert said.settled == {(Stage.QUALIFICATION, "money"), (Stage.QUALIFICATION, "trust")}


def test_it_knows_an_existing_customer_by_other_business_than_this(cast):
    company = make_company(by=cast.ana)
    first = won_deal(by=cast.ana, company=company)
    second = make_deal(by=cast.ana, company=company)

    assert not facts(first).existing_customer
    assert facts(second).existing_customer


def test_it_is_parked_until_the_day_has_come(cast):
    deal = make_deal(by=cast.ana)
    deals.park(deal, until=NOW.date() + dt.timedelta(days=3), by=cast.ana, at=NOW)

    assert facts(deal, at=NOW).parked
    assert not facts(deal, at=NOW + dt.timedelta(days=4)).parked


def test_it_asks_once_for_any_number_of_deals(cast, django_assert_num_queries):
    first, second = make_deal(by=cast.ana), make_deal(by=cast.ana)
    done(first, "call", "reached")

    with django_assert_num_queries(1):
        found = facts_of([first.pk, second.pk, 0])

    assert set(found) == {first.pk, second.pk}
    assert Fact.CONVERSATION in found[first.pk].known
    assert Fact.CONVERSATION not in found[second.pk].known


def test_it_says_that_a_deal_is_not_there(cast):
    with pytest.raises(Deal.DoesNotExist):
        facts(0)
