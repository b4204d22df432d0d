"""Imports what was offered: the revisions of each deal, in the order in which they were sent.

Each revises the one before it, and the last of a closed deal ended as the deal did. What the deal is
worth stays what its own file, or somebody here, says. An offer is never rewritten, so that a later file
adds those that were sent later.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from crm.events import OfferWithdrawn
from crm.models import DealChange, Offer, OfferKind, OfferOutcome
from exchange.imports import bulk
from exchange.imports.belonging import refuse_beyond_reach, resolve_company, resolve_deal
from exchange.imports.judging import Judge
from exchange.imports.staging import execute, select
from pipeline.models import User
from pipeline.process.stages import Initiator, Outcome
from salesprocess.lib.events import event_columns

_LOCK = """
    SELECT FROM crm_deal WHERE id IN (SELECT deal_id FROM {s} WHERE state IS NULL)
    ORDER BY id FOR NO KEY UPDATE
"""
# A bare day has no hour.
_SENT_LATER = """
    EXISTS (
        SELECT FROM crm_offer AS o WHERE o.deal_id = s.deal_id AND o.outcome <> 'withdrawn'
          AND (o.sent_at AT TIME ZONE %(zone)s)::date > (s.sent_on AT TIME ZONE %(zone)s)::date
    )
"""
# Without an id, or made by hand, it is known by nothing but its day.
_SENT_THEN = """
    EXISTS (
        SELECT FROM crm_offer AS o WHERE o.deal_id = s.deal_id AND o.outcome <> 'withdrawn'
          AND (o.sent_at AT TIME ZONE %(zone)s)::date = (s.sent_on AT TIME ZONE %(zone)s)::date
          AND NOT EXISTS (SELECT FROM crm_importedrow AS l
              WHERE l.kind = 'offers' AND l.record_id = o.id AND l.batch_id = %(batch)s)
    )
"""
_SENT_AFTERWARDS = """
    d.id = s.deal_id AND d.outcome <> 'open'
    AND (s.sent_on AT TIME ZONE %(zone)s)::date > (d.closed_at AT TIME ZONE %(zone)s)::date
"""
_ENDED_HERE = """
    d.id = s.deal_id AND d.outcome <> 'open'
    AND EXISTS (SELECT FROM crm_offer AS o WHERE o.deal_id = d.id)
"""
_NEW = """
    SELECT s.record_id, s.deal_id, s.sent_on, s.amount, d.currency, s.decision_on, coalesce(s.subject, ''),
        d.outcome, d.initiator, d.closed_at,
        coalesce((SELECT max(o.revision) FROM crm_offer AS o WHERE o.deal_id = d.id), 0)
    FROM {s} AS s JOIN crm_deal AS d ON d.id = s.deal_id
    WHERE s.state = 'new' ORDER BY s.deal_id, s.sent_on, s.no
"""
# As a revision by hand has it; as it was, for taking it back.
_REVISED = """
    UPDATE crm_offer AS o SET outcome = 'revised', known_at = %(now)s
    FROM (SELECT id, outcome FROM crm_offer WHERE outcome = 'open'
          AND deal_id IN (SELECT deal_id FROM {s} WHERE state = 'new')) AS was
    WHERE o.id = was.id RETURNING o.id
"""
_TELL = """
    INSERT INTO crm_dealchange (deal_id, kind, data, at, by_id, reason)
    SELECT o.deal_id, 'offer', jsonb_strip_nulls(jsonb_build_object(
        'revision', o.revision, 'form', o.kind, 'sent_at', o.sent_at,
        'value', CASE WHEN o.value IS NOT NULL
            THEN jsonb_build_object('amount', o.value::text, 'currency', o.currency) END
    )), o.at, o.by_id, o.what_changed
    FROM {s} AS s JOIN crm_offer AS o ON o.id = s.record_id
    WHERE s.state = 'new' ORDER BY o.deal_id, o.revision
"""
_NEAR = """
    (%(everything)s OR coalesce(d.owner_id = ANY(%(seen)s::bigint[]), false)
     OR d.owner_id IS NULL AND d.team_id = ANY(%(led)s::bigint[]))
"""
_OF_BATCH = f"""
    SELECT o.id, o.deal_id, o.revision, d.name, near.is_so,
        d.changed_at <= %(came_at)s AND (
            SELECT count(*) FROM crm_offer AS p WHERE p.deal_id = o.deal_id AND p.revision > o.revision
        ) < count(*) OVER (PARTITION BY o.deal_id ORDER BY o.revision DESC)
    FROM crm_importedrow AS l JOIN crm_offer AS o ON o.id = l.record_id JOIN crm_deal AS d ON d.id = o.deal_id
    CROSS JOIN LATERAL (SELECT {_NEAR} AS is_so) AS near
    WHERE l.kind = 'offers' AND l.batch_id = %(batch)s AND l.created ORDER BY o.deal_id, o.revision
"""  # noqa: S608  # constants
_DELETE = "DELETE FROM crm_offer WHERE id = ANY(%(gone)s)"
_OPEN_AGAIN = """
    UPDATE crm_offer AS o SET outcome = 'open', known_at = NULL FROM crm_deal AS d
    WHERE o.id = ANY(%(revised)s) AND o.deal_id = ANY(%(deals)s) AND o.outcome = 'revised'
      AND d.id = o.deal_id AND d.outcome = 'open'
      AND NOT EXISTS (SELECT FROM crm_offer AS p WHERE p.deal_id = o.deal_id AND p.revision > o.revision)
"""
_FORGET = """
    DELETE FROM crm_importedrow AS l WHERE l.kind = 'offers' AND l.batch_id = %(batch)s
      AND NOT EXISTS (SELECT FROM crm_offer AS o WHERE o.id = l.record_id)
"""


@dataclass(frozen=True, kw_only=True)
class _SentOffer:
    """A row, with what is known of its deal; `last` is the highest revision that the deal has."""

    id: int
    deal_id: int
    sent_at: dt.datetime
    value: Decimal | None
    currency: str
    decision_on: dt.date | None
    what_changed: str
    outcome: str
    initiator: str
    closed_at: dt.datetime | None
    last: int


def import_offers(judge: Judge) -> None:
    """Judge and write the staged offers."""
    judge.identify()
    resolve_company(judge)
    resolve_deal(judge)
    refuse_beyond_reach(judge)
    judge.refuse(
        "s.sent_on > %(now)s",
        _("This lies in the future, so it cannot have happened."),
        field="sent_on",
        value="s.sent_on::date",
    )
    judge.refuse(
        "d.id = s.deal_id AND s.currency <> d.currency",
        _("The offer is in {value}, which the deal is not."),
        field="currency",
        source="FROM crm_deal AS d",
    )
    # Who is just making an offer is waited for, and that one counts.
    if not judge.run.is_trial:
        judge.execute(_LOCK)
        # Somebody else may have it by now.
        refuse_beyond_reach(judge)
    judge.refuse(
        _ENDED_HERE,
        _("The deal “{value}” is closed with the offers that are on record."),
        field="deal",
        value="d.name",
        source="FROM crm_deal AS d",
    )
    zone = judge.run.root.time_zone
    judge.refuse(
        _SENT_AFTERWARDS,
        _("The deal “{value}” was closed before this was sent."),
        field="sent_on",
        value="d.name",
        source="FROM crm_deal AS d",
        zone=zone,
    )
    judge.refuse(
        _SENT_THEN,
        _("The deal has an offer of that day on record already."),
        field="sent_on",
        value="s.sent_on::date",
        zone=zone,
    )
    judge.refuse(
        _SENT_LATER,
        _("The deal has an offer on record that was sent later: those before it cannot be added."),
        field="sent_on",
        value="s.sent_on::date",
        zone=zone,
    )
    judge.number(Offer)
    # A check changes nothing, and locks nobody's deal until the end.
    if not judge.run.is_trial:
        _write(judge)


def _write(judge: Judge) -> None:
    """What was revised is kept with the batch, so that it can be taken back."""
    summary = judge.run.batch.summary
    revised = [pk for (pk,) in select(_REVISED, judge.arguments, s=judge.table)]
    summary["offers_revised"] = [*summary.get("offers_revised", []), *revised]
    # Nothing else can be asked of the database in the midst of a COPY.
    for some in bulk.chunks(_offers(judge, _sent(judge)), bulk.CHUNK):
        bulk.write(Offer, some)
    judge.execute(_TELL)


def _sent(judge: Judge) -> Iterator[_SentOffer]:
    names = [field.name for field in fields(_SentOffer)]
    with connection.chunked_cursor() as rows:
        rows.execute(_NEW.format(s=judge.table))
        for row in rows:
            yield _SentOffer(**dict(zip(names, row, strict=True)))


def _numbered(rows: Iterable[_SentOffer]) -> Iterator[tuple[int, _SentOffer, _SentOffer | None]]:
    """Each with its revision, and with the next one of its deal."""
    for _deal, some in itertools.groupby(rows, key=lambda row: row.deal_id):
        of_deal = list(some)
        for number, row in enumerate(of_deal, start=1):
            following = of_deal[number] if number < len(of_deal) else None
            yield row.last + number, row, following


def _offers(judge: Judge, rows: Iterable[_SentOffer]) -> Iterator[Offer]:
    batch = judge.run.batch
    for revision, row, following in _numbered(rows):
        outcome, known_at = _end(row, following)
        yield Offer(
            id=row.id,
            deal_id=row.deal_id,
            revision=revision,
            kind=OfferKind.WRITTEN,
            sent_at=row.sent_at,
            what_changed=row.what_changed,
            value=row.value,
            currency=row.currency,
            decision_on=row.decision_on,
            outcome=outcome,
            known_at=known_at,
            at=batch.at,
            by_id=batch.by_id,
        )


def _end(row: _SentOffer, following: _SentOffer | None) -> tuple[str, dt.datetime | None]:
    """What became of an offer, as the commands for deals have it."""
    if following is not None:
        return OfferOutcome.REVISED, following.sent_at
    if row.outcome == Outcome.OPEN:
        return OfferOutcome.OPEN, None
    closed_at = row.closed_at or row.sent_at
    if row.outcome == Outcome.WON:
        return OfferOutcome.ACCEPTED, closed_at
    declined = row.initiator == Initiator.CUSTOMER
    return OfferOutcome.DECLINED if declined else OfferOutcome.WITHDRAWN, closed_at


def take_back(
    batch_id: int,
    summary: dict[str, Any],
    *,
    came_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
) -> tuple[int, list[tuple[int, str, bool]]]:
    """Delete the offers of a batch on deals that nobody changed since, and let what they revised be the
    current one again: how many, and which (id, name, whether it is within reach) stay."""
    arguments = {
        "batch": batch_id,
        "came_at": came_at,
        "everything": by is None or by.scope.everything,
        "seen": sorted(by.scope.owner_ids) if by else [],
        "led": sorted(by.scope.managed_team_ids) if by else [],
    }
    found = select(_OF_BATCH, arguments)
    going = [row for row in found if row[4] and row[5]]
    left = [row for row in found if not (row[4] and row[5])]
    said = {
        "gone": [pk for pk, *_rest in going],
        "deals": sorted({deal_id for _pk, deal_id, *_rest in going}),
        "revised": summary.get("offers_revised", []),
    }
    bulk.write(
        DealChange,
        (
            DealChange(
                deal_id=deal_id,
                at=at,
                by=by,
                **event_columns(OfferWithdrawn(revision=number)),
            )
            for _pk, deal_id, number, *_rest in going
        ),
    )
    execute(_DELETE, said)
    execute(_OPEN_AGAIN, said)
    execute(_FORGET, arguments)
    return len(going), [
        (pk, name if near else _("Offer %(n)s") % {"n": number}, near)
        for pk, _deal, number, name, near, _unchanged in left
    ]
