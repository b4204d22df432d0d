"""What may stand in somebody's day, found by SQL and judged by `crm.attention`.

SQL finds, along indexes, the first of each kind, in the order in which they urge; whether each asks
for somebody, and which comes first, is decided by the pure function alone. A test holds both to each
other. So a page costs the same with twenty open deals as with two thousand.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from crm.attention import (
    Asking,
    AttentionReason,
    Cause,
    Customer,
    OpenDeal,
    PlannedAct,
    UnhandedWin,
    Urgency,
    attention,
    urgency,
)
from crm.models.activity import TOUCHES, ActivityKind
from crm.models.due import Due, midnight
from crm.queries.progress import missing_of
from crm.touch_rhythm import LARGE, proposed_rhythm
from day.style import day_style
from pipeline.models import User
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Stage
from salesprocess.lib.prepared import run

# The most that one page shows of a queue; and of its parts that hardly ever come to the top.
MOST = 40
FEW = 5
# Whom one spoke to in so many days is worth a look at what is missing before the next stage.
WARM = dt.timedelta(days=21)
# A win that is older is history, with or without a hand-off.
LATELY = dt.timedelta(days=60)

_TOUCHES = ", ".join(f"'{kind.value}'" for kind in TOUCHES)
_DEAL = """
    deal.id, deal.version, deal.name, company.name, deal.company_id, deal.stage, deal.team_id,
    deal.amount, deal.currency, deal.created_at, deal.touched_at, deal.parked_until,
    deal.expected_close_on, deal.closed_at, deal.outcome, source.name
"""
_OF_DEAL = """
    LEFT JOIN crm_company company ON company.id = deal.company_id
    LEFT JOIN crm_source source ON source.id = deal.source_id
"""
# What waits for an answer, and when they wanted to decide about the current offer.
_ASKED = """
    LEFT JOIN LATERAL (
        SELECT concern.raised_at AS at, concern.words FROM crm_concern concern
        WHERE concern.deal_id = deal.id AND concern.disposition = 'open'
            AND NOT concern.raised_by_us
        ORDER BY concern.raised_at LIMIT 1
    ) asked ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN offer.outcome = 'open' THEN offer.decision_on END AS decision_on,
            offer.revision
        FROM crm_offer offer
        WHERE offer.deal_id = deal.id AND offer.outcome <> 'withdrawn'
        ORDER BY offer.revision DESC LIMIT 1
    ) offer ON deal.stage >= 5
"""
_WITH_ASKED = "asked.at, asked.words, offer.decision_on, offer.revision"
_ACTS = f"""
    SELECT act.id, act.version, act.kind, act.subject, act.due_on, act.due_at, contact.name,
        coalesce(company.name, about.name), act.company_id, act.contact_id,
        {_DEAL}, {_WITH_ASKED}
    FROM crm_activity act
    LEFT JOIN crm_deal deal ON deal.id = act.deal_id {_OF_DEAL} {_ASKED}
    LEFT JOIN crm_contact contact ON contact.id = act.contact_id
    LEFT JOIN crm_company about ON about.id = act.company_id
    WHERE act.owner_id = %(me)s AND act.done_at IS NULL AND act.cancelled_at IS NULL
        AND act.due_by < %(until)s
    ORDER BY act.due_by, act.id LIMIT %(most)s
"""  # noqa: S608  # nothing but its own words
# Nothing is planned on them and they are not parked: in the order of the reasons that they may have.
_UNPLANNED = f"""
    SELECT {_DEAL}, {_WITH_ASKED}, ask.is_new, count(*) OVER ()
    FROM crm_deal deal {_OF_DEAL} {_ASKED}
    CROSS JOIN LATERAL (
        SELECT coalesce(deal.touched_at, deal.created_at) AS heard_at,
            deal.stage <= 2 AND deal.touched_at IS NULL AND NOT EXISTS (
                SELECT FROM crm_activity act WHERE act.deal_id = deal.id
                    AND act.done_at IS NOT NULL AND act.kind IN ({_TOUCHES})
            ) AS is_new
    ) ask
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN asked.at IS NOT NULL THEN 1
            WHEN ask.is_new THEN 2
            WHEN offer.decision_on < %(today)s THEN 4
            WHEN ask.heard_at < %(at)s - make_interval(days => (%(norms)s::int[])[deal.stage]) THEN 5
            ELSE 6
        END AS rank
    ) rated
    WHERE deal.owner_id = %(me)s AND deal.outcome = 'open' AND deal.next_kind = ''
        AND (deal.parked_until IS NULL OR deal.parked_until <= %(today)s)
    ORDER BY rated.rank,
        CASE WHEN rated.rank = 2 THEN deal.created_at END DESC,
        CASE rated.rank WHEN 1 THEN asked.at WHEN 4 THEN offer.decision_on::timestamptz
            ELSE ask.heard_at END,
        deal.id
    LIMIT %(most)s
"""  # noqa: S608  # nothing but its own words
# Lately spoken to, with something planned for later: one answer may be all that is missing.
_WARM = f"""
    SELECT {_DEAL}, deal.next_on, deal.next_at, deal.next_kind
    FROM crm_deal deal {_OF_DEAL}
    WHERE deal.owner_id = %(me)s AND deal.outcome = 'open' AND deal.stage BETWEEN 3 AND 6
        AND deal.touched_at >= %(warm)s AND (deal.next_on > %(today)s OR deal.next_at >= %(tomorrow)s)
    ORDER BY deal.amount DESC NULLS LAST, deal.id LIMIT %(most)s
"""  # noqa: S608  # nothing but its own words
_WON = f"""
    SELECT {_DEAL}
    FROM crm_deal deal {_OF_DEAL}
    WHERE deal.owner_id = %(me)s AND deal.outcome = 'won' AND deal.closed_at >= %(lately)s
        AND NOT EXISTS (SELECT FROM crm_handoff off WHERE off.deal_id = deal.id)
    ORDER BY deal.closed_at, deal.id LIMIT %(most)s
"""  # noqa: S608  # nothing but its own words
# Customers of one's own without an open deal, a plan, and for long without a word.
_CUSTOMERS = f"""
    SELECT company.id, company.name, coalesce(heard.at, company.created_at), rhythm.months,
        plan.id IS NOT NULL
    FROM crm_company company
    LEFT JOIN crm_touchplan plan ON plan.company_id = company.id
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN plan.id IS NOT NULL THEN plan.months
            WHEN company.employees >= %(from)s THEN %(large)s ELSE %(small)s
        END::int AS months
    ) rhythm
    LEFT JOIN LATERAL (
        SELECT greatest(
            (SELECT max(act.done_at) FROM crm_activity act
                WHERE act.company_id = company.id AND act.kind IN ({_TOUCHES})
                    AND act.result <> 'no_answer'),
            (SELECT max(deal.touched_at) FROM crm_deal deal WHERE deal.company_id = company.id)
        ) AS at
    ) heard ON true
    WHERE company.owner_id = %(me)s AND company.relationship = 'customer'
        AND coalesce(heard.at, company.created_at) + make_interval(months => rhythm.months)
            < %(tomorrow)s
        AND NOT EXISTS (
            SELECT FROM crm_deal deal WHERE deal.company_id = company.id AND deal.outcome = 'open'
        )
        AND NOT EXISTS (
            SELECT FROM crm_activity act WHERE act.company_id = company.id
                AND act.done_at IS NULL AND act.cancelled_at IS NULL
        )
    ORDER BY 3, company.id LIMIT %(most)s
"""  # noqa: S608  # nothing but its own words


class QueuedDeal(NamedTuple):
    """Of a deal what a row of the queue says."""

    id: int
    version: int
    name: str
    company: str | None
    company_id: int | None
    stage: int
    team_id: int
    amount: Decimal | None
    currency: str
    created_at: dt.datetime
    touched_at: dt.datetime | None
    parked_until: dt.date | None
    expected_close_on: dt.date | None
    closed_at: dt.datetime | None
    outcome: str
    source: str | None


class QueuedAct(NamedTuple):
    """Of something planned the same."""

    id: int
    version: int
    kind: str
    subject: str
    due_on: dt.date | None
    due_at: dt.datetime | None
    contact: str | None
    company: str | None
    company_id: int | None
    contact_id: int | None

    @property
    def due(self) -> Due:
        return Due(on=self.due_on, at=self.due_at)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something that may ask for its owner, with what a page says of it. `words` are theirs, of what
    waits for an answer."""

    asking: Asking
    deal: QueuedDeal | None = None
    act: QueuedAct | None = None
    company: tuple[int, str] | None = None
    words: str = ""
    revision: int | None = None
    missing: Sequence[str] = ()
    # Whether somebody has decided how often the customer is to be touched.
    has_rhythm: bool = False

    @property
    def key(self) -> str:
        """What it is called where it was laid aside or put in another place."""
        if self.act is not None:
            return f"act-{self.act.id}"
        if self.deal is not None:
            won = isinstance(self.asking, UnhandedWin)
            return f"{'won' if won else 'deal'}-{self.deal.id}"
        assert self.company is not None  # noqa: S101  # one of the three
        return f"company-{self.company[0]}"


@dataclass(frozen=True, kw_only=True)
class Queued:
    """A candidate that asks for somebody, with its reasons and its place."""

    candidate: Candidate
    causes: tuple[Cause, ...]
    urgency: Urgency

    @property
    def key(self) -> str:
        return self.candidate.key

    @property
    def reason(self) -> AttentionReason:
        return self.causes[0].reason


@dataclass(frozen=True, kw_only=True)
class FoundQueue:
    """What asks for somebody, the most urgent first. `unplanned` counts the open deals without a
    what's-next, of which only the first are among `rows`; `ahead` is what is planned for later."""

    rows: Sequence[Queued]
    unplanned: int
    ahead: Sequence[Candidate]


def queue_of(user: User, *, at: dt.datetime, until: dt.date | None = None) -> FoundQueue:
    """What asks for `user` at the instant `at`, and what is planned up to the day `until` (by default
    today). Six queries, however many deals there are."""
    finder = _Finder(user, at=at, until=until)
    acts, unplanned = finder.acts(), finder.unplanned()
    candidates = [*acts, *unplanned, *finder.warm(), *finder.won(), *finder.customers()]
    found, ahead = [], []
    for one in candidates:
        causes = attention(one.asking, at=at, zone=user.zone)
        if causes:
            place = urgency(one.asking, causes)
            found.append(Queued(candidate=one, causes=causes, urgency=place))
        elif one.act is not None:
            ahead.append(one)
    found.sort(key=lambda queued: queued.urgency)
    kept = _few_of_each(found, touches=finder.touches)
    return FoundQueue(rows=kept, unplanned=finder.unplanned_in_all, ahead=ahead)


def _few_of_each(rows: Sequence[Queued], *, touches: int) -> list[Queued]:
    """Without most of what urges least, and of which there may be many: a day has room for a few."""
    most = {AttentionReason.GATE: FEW, AttentionReason.TOUCH: touches}
    count: Counter[AttentionReason] = Counter()
    kept = []
    for row in rows:
        count[row.reason] += 1
        if count[row.reason] <= most.get(row.reason, count[row.reason]):
            kept.append(row)
    return kept


class _Finder:
    def __init__(self, user: User, *, at: dt.datetime, until: dt.date | None) -> None:
        self.user, self.at, self.zone = user, at, user.zone
        self.today = at.astimezone(self.zone).date()
        self.norms = norms_for(user)
        self.touches = day_style(user.style).touches
        self.unplanned_in_all = 0
        self._until = max(until or self.today, self.today)

    def _asked(self, **more: Any) -> Mapping[str, Any]:
        return {"me": self.user.pk, **more}

    def _open_deal(self, deal: QueuedDeal, **more: Any) -> OpenDeal:
        return OpenDeal(
            id=deal.id,
            usual_days=self.norms.of(deal.stage, deal.team_id),
            created_at=deal.created_at,
            touched_at=deal.touched_at,
            parked_until=deal.parked_until,
            **more,
        )

    def acts(self) -> list[Candidate]:
        """What is planned up to the last day; a deal that has several such plans is judged once."""
        end = midnight(self._until + dt.timedelta(days=1), self.zone)
        rows = run(_ACTS, self._asked(until=end, most=MOST + MOST // 2))
        found, judged = [], set()
        for row in rows:
            act, deal = QueuedAct._make(row[:10]), _deal_of(row[10:26])
            asked_at, words, decision_on, revision = row[26:]
            plan = PlannedAct(id=act.id, due=act.due, promised=act.kind != ActivityKind.TASK)
            asking: Asking = plan
            if deal is not None and deal.outcome == "open" and deal.id not in judged:
                judged.add(deal.id)
                asking = self._open_deal(
                    deal, next=plan, asked_at=asked_at, decision_on=decision_on
                )
            found.append(
                Candidate(asking=asking, act=act, deal=deal, words=words or "", revision=revision)
            )
        return found

    def unplanned(self) -> list[Candidate]:
        norms = [self.norms.of(stage, self.user.team_id) for stage in Stage]
        asked = self._asked(at=self.at, today=self.today, norms=norms, most=MOST)
        found = []
        for row in run(_UNPLANNED, asked):
            asked_at, words, decision_on, revision, is_new, self.unplanned_in_all = row[16:]
            deal = QueuedDeal._make(row[:16])
            asking = self._open_deal(
                deal, asked_at=asked_at, decision_on=decision_on, is_new=is_new
            )
            found.append(Candidate(asking=asking, deal=deal, words=words or "", revision=revision))
        return found

    def warm(self) -> list[Candidate]:
        """Of those with something ahead, which miss a single answer."""
        tomorrow = midnight(self.today + dt.timedelta(days=1), self.zone)
        asked = self._asked(warm=self.at - WARM, today=self.today, tomorrow=tomorrow, most=4 * FEW)
        rows = [(QueuedDeal._make(row[:16]), row[16:]) for row in run(_WARM, asked)]
        missing = missing_of([deal.id for deal, _next in rows])
        found = []
        for deal, (on, at, kind) in rows:
            plan = PlannedAct(id=0, due=Due(on=on, at=at), promised=kind != ActivityKind.TASK)
            still = missing.get(deal.id)
            asking = self._open_deal(deal, next=plan, missing=None if still is None else len(still))
            found.append(Candidate(asking=asking, deal=deal, missing=still or ()))
        return found

    def won(self) -> list[Candidate]:
        asked = self._asked(lately=self.at - LATELY, most=FEW)
        deals = [QueuedDeal._make(row) for row in run(_WON, asked)]
        return [
            Candidate(
                asking=UnhandedWin(id=deal.id, closed_at=deal.closed_at or self.at), deal=deal
            )
            for deal in deals
        ]

    def customers(self) -> list[Candidate]:
        """By their touch plan, else as often as is proposed for the style of whoever looks after
        them."""
        asked = self._asked(
            **{"from": LARGE},
            large=proposed_rhythm(self.user.style, LARGE),
            small=proposed_rhythm(self.user.style, None),
            tomorrow=midnight(self.today + dt.timedelta(days=1), self.zone),
            most=self.touches,
        )
        return [
            Candidate(
                asking=Customer(id=pk, heard_at=heard, months=months),
                company=(pk, name),
                has_rhythm=decided,
            )
            for pk, name, heard, months, decided in run(_CUSTOMERS, asked)
        ]


def _deal_of(row: Sequence[Any]) -> QueuedDeal | None:
    return None if row[0] is None else QueuedDeal._make(row)
