"""What the records of a deal say: the facts that gates and steps are judged by (METHOD, "Gates").

Here alone is decided what counts as a fact; what follows from it is `pipeline.process.gates`' matter.

- PARTY: a person of the other side is named. Nobody can talk to a company.
- SOURCE: where the deal came from.
- CONVERSATION: something that was done and whose result says that both sides spoke (`HELD`).
- AGREEMENT: a meeting was set, a conversation was held (so they agreed to it), or the agreement was
  recorded against the framework's step (`AGREEMENT_STEP`). Attempts never count (G3), nor does what
  has no result.
- QUALIFIED: the latest verdict says so.
- PROBLEM: a need that was not dropped; WORTH: one of them with its worth.
- DECISION_PATH: somebody decides, and it is written how.
- CONFIRMED: the customer confirmed a need or the path.
- OFFER: one that was not withdrawn. The current one is the latest of these: OFFER_SENT_TO where it
  names people, OFFER_FITS where it has lines and each answers a need.
- DECISION_DATE: of the current offer or the decision path.
- CONCERNS_RECORDED: any; CONCERNS_SETTLED: none is open, and there were some or the deal came to
  the stage for them.
- ASKED: a closing attempt. HAND_OFF: one was recorded. NEXT: something is planned.

An existing customer is one who is a customer by more than the deal in question.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from crm.models import Deal
from crm.models.activity import HELD
from pipeline.process.gates import Facts
from pipeline.process.playbook import Fact
from pipeline.process.stages import Stage
from salesprocess.lib.prepared import run

# The step of the framework against which an agreement is recorded that no activity shows.
AGREEMENT_STEP = "agreement"

# One row a deal; each part follows an index of its own table.
_FACTS = """
SELECT
    deal.id,
    EXISTS (SELECT FROM crm_dealcontact link WHERE link.deal_id = deal.id) AS party,
    deal.source_id IS NOT NULL AS source,
    talk.held AS conversation,
    talk.held OR talk.agreed OR EXISTS (
        SELECT FROM crm_stepresult done
        WHERE done.deal_id = deal.id AND done.stage = 2 AND done.key = %(agreement)s
            AND done.state = 'done' AND done.replaced_at IS NULL AND done.private_to_id IS NULL
    ) AS agreement,
    (
        SELECT verdict.ruling = 'qualified' FROM crm_verdict verdict
        WHERE verdict.deal_id = deal.id ORDER BY verdict.at DESC, verdict.id DESC LIMIT 1
    ) AS qualified,
    need.problem,
    need.worth,
    path.steps <> '' AND EXISTS (
        SELECT FROM crm_dealcontact link WHERE link.deal_id = deal.id AND link.role = 'decides'
    ) AS decision_path,
    need.confirmed OR path.confirmed_on IS NOT NULL AS confirmed,
    offer.id IS NOT NULL AS offer,
    EXISTS (
        SELECT FROM crm_offerrecipient went WHERE went.offer_id = offer.id
    ) AS offer_sent_to,
    (
        SELECT bool_and(line.need_id IS NOT NULL) FROM crm_offerline line
        WHERE line.offer_id = offer.id
    ) AS offer_fits,
    offer.decision_on IS NOT NULL OR path.decides_on IS NOT NULL AS decision_date,
    concern.raised > 0 AS concerns_recorded,
    concern.unsettled = 0 AND (concern.raised > 0 OR deal.stage >= 6) AS concerns_settled,
    EXISTS (SELECT FROM crm_closingattempt asked WHERE asked.deal_id = deal.id) AS asked,
    EXISTS (SELECT FROM crm_handoff hand WHERE hand.deal_id = deal.id) AS hand_off,
    deal.next_kind <> '' AS next,
    concern.unsettled,
    deal.parked_until IS NOT NULL AND deal.attention_at > %(at)s,
    company.relationship = 'customer' AND (deal.outcome <> 'won' OR EXISTS (
        SELECT FROM crm_deal before
        WHERE before.company_id = deal.company_id AND before.outcome = 'won'
            AND before.id <> deal.id AND before.closed_at <= deal.closed_at
    )),
    (
        SELECT array_agg(done.stage || ' ' || done.key) FROM crm_stepresult done
        WHERE done.deal_id = deal.id AND done.replaced_at IS NULL AND done.private_to_id IS NULL
    )
FROM crm_deal deal
LEFT JOIN crm_company company ON company.id = deal.company_id
LEFT JOIN crm_decisionpath path ON path.deal_id = deal.id
LEFT JOIN LATERAL (
    SELECT offer.id, offer.decision_on FROM crm_offer offer
    WHERE offer.deal_id = deal.id AND offer.outcome <> 'withdrawn'
    ORDER BY offer.revision DESC LIMIT 1
) offer ON true
CROSS JOIN LATERAL (
    SELECT
        coalesce(bool_or(talk.kind || ' ' || talk.result = ANY(%(held)s)), false) AS held,
        coalesce(bool_or(talk.result = 'meeting_set'), false) AS agreed
    FROM crm_activity talk
    WHERE talk.deal_id = deal.id AND talk.done_at IS NOT NULL
        AND talk.kind IN ('call', 'meeting', 'email') AND talk.result <> ''
) talk
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS problem, count(need.worth) > 0 AS worth,
        count(need.confirmed_on) > 0 AS confirmed
    FROM crm_need need WHERE need.deal_id = deal.id AND need.dropped_at IS NULL
) need
CROSS JOIN LATERAL (
    SELECT count(*) AS raised, count(*) FILTER (WHERE concern.disposition = 'open') AS unsettled
    FROM crm_concern concern WHERE concern.deal_id = deal.id
) concern
WHERE deal.id = ANY(%(ids)s)
"""

# In the order of the columns above.
_KNOWN = (
    Fact.PARTY,
    Fact.SOURCE,
    Fact.CONVERSATION,
    Fact.AGREEMENT,
    Fact.QUALIFIED,
    Fact.PROBLEM,
    Fact.WORTH,
    Fact.DECISION_PATH,
    Fact.CONFIRMED,
    Fact.OFFER,
    Fact.OFFER_SENT_TO,
    Fact.OFFER_FITS,
    Fact.DECISION_DATE,
    Fact.CONCERNS_RECORDED,
    Fact.CONCERNS_SETTLED,
    Fact.ASKED,
    Fact.HAND_OFF,
    Fact.NEXT,
)
# What the query is told of results and steps, besides deals and an instant.
_SAID: dict[str, Any] = {
    "agreement": AGREEMENT_STEP,
    "held": [f"{kind} {result}" for kind, results in HELD.items() for result in results],
}
# How many columns are the facts themselves.
_OWN = len(_KNOWN) + 5


def facts(deal: Deal | int, *, at: dt.datetime | None = None) -> Facts:
    """What the records of the deal say, at `at` (by default now) where they depend on time: whether
    it is parked. One query. Raises Deal.DoesNotExist.
    """
    pk = deal if isinstance(deal, int) else deal.pk
    try:
        return facts_of([pk], at=at)[pk]
    except KeyError:
        raise Deal.DoesNotExist from None


def facts_of(deal_ids: Iterable[int], *, at: dt.datetime | None = None) -> dict[int, Facts]:
    """The facts of each of the deals that are there, by id. One query for all."""
    return {pk: found for pk, (found, _also) in facts_each(deal_ids, at=at).items()}


def facts_each(
    deal_ids: Iterable[int],
    also: str = "",
    joined: str = "",
    *,
    at: dt.datetime | None = None,
) -> dict[int, tuple[Facts, tuple[Any, ...]]]:
    """As `facts_of`, each together with what `also` asks: columns of SQL that may name `facts.id`
    and what is `joined` to it.

    One query for all.
    """
    ids = list(deal_ids)
    if not ids:
        return {}
    asked = {"ids": ids, "at": at or timezone.now()} | _SAID
    sql = f"SELECT facts.*, {also} FROM ({_FACTS}) facts {joined}" if also else _FACTS  # noqa: S608
    return {row[0]: (_read(*row[1:_OWN]), row[_OWN:]) for row in run(sql, asked)}


def facts_with(deal: int, also: str, **asked: Any) -> tuple[Facts, tuple[Any, ...]]:
    """The facts of one deal together with what `also` asks: columns of SQL that may name
    `%(deal)s` and what is given by name. One query. Raises Deal.DoesNotExist.
    """
    given = {"ids": [deal], "at": timezone.now(), "deal": deal} | _SAID
    for row in run(f"SELECT facts.*, {also} FROM ({_FACTS}) facts", given | asked):  # noqa: S608
        return _read(*row[1:_OWN]), row[_OWN:]
    raise Deal.DoesNotExist


def _read(*columns: object) -> Facts:
    known = columns[: len(_KNOWN)]
    concerns_open, parked, existing, settled = columns[len(_KNOWN) :]
    return Facts(
        # What cannot be said (no path, no verdict, no lines) is null, which is as good as no.
        known=frozenset(fact for fact, says in zip(_KNOWN, known, strict=True) if says),
        settled=frozenset(_place(text) for text in settled or ()),  # type: ignore[attr-defined]
        concerns_open=int(concerns_open),  # type: ignore[call-overload]
        existing_customer=bool(existing),
        parked=bool(parked),
    )


def _place(text: str) -> tuple[Stage, str]:
    stage, key = text.split(" ", 1)
    return Stage(int(stage)), key
