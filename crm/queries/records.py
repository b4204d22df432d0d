"""The small records of one deal, from its needs to its hand-off, for its page.

They are few and always shown together, so that one query brings all of them: a row of lists, which
the database writes as JSON. Amounts and times come as text in it, so that nothing is rounded.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from crm.erased import person_name
from crm.models import Disposition, OfferOutcome
from salesprocess.lib.prepared import run

# How many answers of colleagues are counted, and shown.
ANSWERS = 10
# Among how many equal ones are looked for, so that a common concern makes no page slow.
LOOKED_AT = 100

_RECORDS = """
SELECT
    (
        SELECT json_agg(json_build_array(
            need.id, need.words, need.worth::text, need.per, who.name, need.confirmed_on,
            need.dropped_at IS NOT NULL
        ) ORDER BY need.id)
        FROM crm_need need LEFT JOIN crm_contact who ON who.id = need.said_by_id
        WHERE need.deal_id = %(deal)s
    ),
    (
        SELECT json_build_array(
            path.steps, path.criteria, path.decides_on, who.name, path.confirmed_on
        )
        FROM crm_decisionpath path LEFT JOIN crm_contact who ON who.id = path.confirmed_by_id
        WHERE path.deal_id = %(deal)s
    ),
    (
        SELECT json_build_array(
            verdict.ruling, verdict.ours, verdict.ours_why, verdict.theirs, verdict.theirs_why,
            verdict.revisit_on, verdict.at, who.name
        )
        FROM crm_verdict verdict LEFT JOIN pipeline_user who ON who.id = verdict.by_id
        WHERE verdict.deal_id = %(deal)s ORDER BY verdict.at DESC, verdict.id DESC LIMIT 1
    ),
    (
        SELECT json_agg(json_build_array(
            offer.id, offer.revision, offer.kind, offer.sent_at, offer.what_changed,
            offer.value::text, offer.value_why, offer.currency, offer.decision_on, offer.outcome, offer.premature,
            (
                SELECT json_agg(who.name ORDER BY went.id)
                FROM crm_offerrecipient went JOIN crm_contact who ON who.id = went.contact_id
                WHERE went.offer_id = offer.id
            ),
            (
                SELECT json_agg(json_build_array(
                    coalesce(nullif(line.what, ''), product.name), line.quantity::text, line.unit_price::text,
                    line.need_id
                ) ORDER BY line.id)
                FROM crm_offerline line LEFT JOIN crm_product product ON product.id = line.product_id
                WHERE line.offer_id = offer.id
            )
        ) ORDER BY offer.revision DESC)
        FROM crm_offer offer WHERE offer.deal_id = %(deal)s
    ),
    (
        SELECT json_agg(json_build_array(
            concern.id, concern.category, concern.words, concern.after_price, concern.raised_by_us,
            who.name, concern.raised_at, concern.response, concern.disposition, concern.concession,
            CASE WHEN concern.disposition = 'open' THEN (
                SELECT least(count(DISTINCT lower(btrim(answers.response))), %(answers)s) FROM (
                    SELECT answer.response FROM crm_concern answer
                    WHERE answer.category = concern.category AND answer.response <> ''
                        AND answer.disposition IN ('answered', 'conceded', 'withdrawn')
                        AND answer.deal_id <> concern.deal_id
                        AND answer.disposed_by_id <> %(user)s
                        AND NOT EXISTS (
                            SELECT FROM crm_concern used
                            WHERE used.id = answer.used_id AND used.response = answer.response
                        )
                    LIMIT %(looked_at)s
                ) answers
            ) END
        ) ORDER BY concern.disposition <> 'open', concern.raised_at DESC, concern.id DESC)
        FROM crm_concern concern LEFT JOIN crm_contact who ON who.id = concern.raised_by_id
        WHERE concern.deal_id = %(deal)s
    ),
    (
        SELECT json_agg(json_build_array(
            attempt.reply, attempt.why, attempt.asked, attempt.at, who.name
        ) ORDER BY attempt.at DESC, attempt.id DESC)
        FROM crm_closingattempt attempt LEFT JOIN pipeline_user who ON who.id = attempt.by_id
        WHERE attempt.deal_id = %(deal)s
    ),
    (
        SELECT json_build_array(
            hand.to, hand.promised, hand.starts_on, hand.due_on, hand.seller_involved
        )
        FROM crm_handoff hand WHERE hand.deal_id = %(deal)s
    ),
    (
        SELECT json_build_array(
            back.declined, back.decided_by, back.stage, back.lesson, back.at, who.name
        )
        FROM crm_retrospective back
        JOIN crm_deal deal ON deal.id = back.deal_id AND deal.closed_at = back.closed_at
        LEFT JOIN pipeline_user who ON who.id = back.by_id
        WHERE back.deal_id = %(deal)s
    )
"""


class NeedRecord(NamedTuple):
    id: int
    words: str
    worth: Decimal | None
    per: str
    said_by: str | None
    confirmed_on: dt.date | None
    dropped: bool


class DecisionPathRecord(NamedTuple):
    steps: str
    criteria: str
    decides_on: dt.date | None
    confirmed_by: str | None
    confirmed_on: dt.date | None


class VerdictRecord(NamedTuple):
    ruling: str
    ours: str
    ours_why: str
    theirs: str
    theirs_why: str
    revisit_on: dt.date | None
    at: dt.datetime
    by: str | None


class OfferLineRecord(NamedTuple):
    what: str
    quantity: Decimal
    unit_price: Decimal | None
    need: int | None


class OfferRecord(NamedTuple):
    id: int
    revision: int
    kind: str
    sent_at: dt.datetime
    what_changed: str
    value: Decimal | None
    value_why: str
    currency: str
    decision_on: dt.date | None
    outcome: str
    premature: bool
    to: Sequence[str]
    lines: Sequence[OfferLineRecord]


class ConcernRecord(NamedTuple):
    """`answers` counts those of colleagues, up to ANSWERS; only of an open concern."""

    id: int
    category: str
    words: str
    after_price: bool
    raised_by_us: bool
    raised_by: str | None
    raised_at: dt.datetime
    response: str
    disposition: str
    concession: str
    answers: int

    @property
    def is_open(self) -> bool:
        return self.disposition == Disposition.OPEN


class Attempt(NamedTuple):
    reply: str
    why: str
    asked: str
    at: dt.datetime
    by: str | None


class HandOffRecord(NamedTuple):
    to: str
    promised: str
    starts_on: dt.date | None
    due_on: dt.date | None
    seller_involved: bool


class RetrospectiveRecord(NamedTuple):
    declined: bool
    decided_by: str
    stage: int | None
    lesson: str
    at: dt.datetime
    by: str | None


@dataclass(frozen=True, kw_only=True)
class Records:
    """Offers and attempts the latest first, open concerns before those that are settled."""

    needs: Sequence[NeedRecord] = ()
    path: DecisionPathRecord | None = None
    verdict: VerdictRecord | None = None
    offers: Sequence[OfferRecord] = ()
    concerns: Sequence[ConcernRecord] = ()
    attempts: Sequence[Attempt] = ()
    hand_off: HandOffRecord | None = None
    # Of the ending that is in force.
    retrospective: RetrospectiveRecord | None = None

    @property
    def standing_needs(self) -> list[NeedRecord]:
        return [need for need in self.needs if not need.dropped]

    @property
    def offer(self) -> OfferRecord | None:
        """The current one: the latest that was not withdrawn."""
        standing = (one for one in self.offers if one.outcome != OfferOutcome.WITHDRAWN)
        return next(standing, None)

    @property
    def uncovered(self) -> list[NeedRecord]:
        """Needs that no line of the current offer answers; none where it has no lines (C16)."""
        offer = self.offer
        if offer is None or not offer.lines:
            return []
        covered = {line.need for line in offer.lines}
        return [need for need in self.standing_needs if need.id not in covered]

    @property
    def unneeded(self) -> list[OfferLineRecord]:
        """Lines of the current offer that answer no need (C16)."""
        return [line for line in self.offer.lines if line.need is None] if self.offer else []


def records(deal: int, *, user: int) -> Records:
    """Everything that was recorded of the deal, which is within the reader's reach. One query."""
    asked = {"deal": deal, "user": user, "answers": ANSWERS, "looked_at": LOOKED_AT}
    ((needs, path, verdict, offers, concerns, attempts, hand_off, back),) = run(_RECORDS, asked)
    return Records(
        needs=[_need(*row) for row in needs or ()],
        path=_path(*path) if path else None,
        verdict=_verdict(*verdict) if verdict else None,
        offers=[_offer(*row) for row in offers or ()],
        concerns=[_concern(*row) for row in concerns or ()],
        attempts=[_attempt(*row) for row in attempts or ()],
        hand_off=_hand_off(*hand_off) if hand_off else None,
        retrospective=_retrospective(*back) if back else None,
    )


def _need(*row: Any) -> NeedRecord:
    pk, words, worth, per, said_by, confirmed_on, dropped = row
    said_by = said_by and person_name(said_by)
    return NeedRecord(pk, words, _amount(worth), per, said_by, _day(confirmed_on), dropped)


def _path(*row: Any) -> DecisionPathRecord:
    steps, criteria, decides_on, confirmed_by, confirmed_on = row
    by = confirmed_by and person_name(confirmed_by)
    return DecisionPathRecord(steps, criteria, _day(decides_on), by, _day(confirmed_on))


def _verdict(*row: Any) -> VerdictRecord:
    ruling, ours, ours_why, theirs, theirs_why, revisit_on, at, by = row
    return VerdictRecord(
        ruling=ruling,
        ours=ours,
        ours_why=ours_why,
        theirs=theirs,
        theirs_why=theirs_why,
        revisit_on=_day(revisit_on),
        at=dt.datetime.fromisoformat(at),
        by=by,
    )


def _offer(*row: Any) -> OfferRecord:
    pk, revision, kind, sent_at, what, value, why, currency, decision_on, *rest = row
    outcome, early, to, lines = rest
    return OfferRecord(
        id=pk,
        revision=revision,
        kind=kind,
        sent_at=dt.datetime.fromisoformat(sent_at),
        what_changed=what,
        value=_amount(value),
        value_why=why,
        currency=currency,
        decision_on=_day(decision_on),
        outcome=outcome,
        premature=early,
        to=[person_name(name) for name in to or ()],
        lines=[
            OfferLineRecord(name, Decimal(quantity), _amount(price), need)
            for name, quantity, price, need in lines or ()
        ],
    )


def _concern(*row: Any) -> ConcernRecord:
    pk, category, words, after, by_us, by, raised_at, response, disposition, gave, answers = row
    return ConcernRecord(
        id=pk,
        category=category,
        words=words,
        after_price=after,
        raised_by_us=by_us,
        raised_by=by and person_name(by),
        raised_at=dt.datetime.fromisoformat(raised_at),
        response=response,
        disposition=disposition,
        concession=gave,
        answers=answers or 0,
    )


def _attempt(*row: Any) -> Attempt:
    reply, why, asked, at, by = row
    return Attempt(reply, why, asked, dt.datetime.fromisoformat(at), by)


def _hand_off(*row: Any) -> HandOffRecord:
    to, promised, starts_on, due_on, involved = row
    return HandOffRecord(to, promised, _day(starts_on), _day(due_on), involved)


def _retrospective(*row: Any) -> RetrospectiveRecord:
    declined, decided_by, stage, lesson, at, by = row
    when = dt.datetime.fromisoformat(at)
    return RetrospectiveRecord(declined, decided_by, stage, lesson, when, by)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
