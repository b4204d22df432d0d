"""Search records by parts of words, within the reader's reach."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    Expression,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from crm.models import (
    Company,
    Contact,
    ContactPoint,
    Deal,
    DealContact,
    PointKind,
    SearchEntry,
    SearchKind,
)
from crm.queries.search_words import SearchWords, parse
from pipeline.models import User
from pipeline.people.access import Scope

MAX_HITS = 20
_MODELS = {SearchKind.COMPANY: Company, SearchKind.CONTACT: Contact, SearchKind.DEAL: Deal}


class HitGroup(IntEnum):
    """What hits stand together, in this order."""

    MY_DEALS = 0
    COMPANIES = 1
    PEOPLE = 2
    COLLEAGUES_DEALS = 3
    CLOSED = 4


class Hit(NamedTuple):
    """A record that was found."""

    kind: str
    record_id: int
    title: str
    hint: str
    current: bool
    owner_id: int | None
    is_sample: bool


def search(
    text: str, *, reader: User, most: int = MAX_HITS, kinds: Sequence[SearchKind] = ()
) -> list[Hit]:
    """The best hits for all the words of `text`, in any order, each letter written in any way.

    Group by group (`HitGroup`): the reader's open deals come first. Within a group first what is the
    reader's own: companies and people of the own open deals, and those one looks after; then by how
    the name fits: it begins with the text, its words do, or they are somewhere. One query. `kinds`
    empty finds all.

    Two letters find what is called so, or one's own that begins so (of one kind, as for a pick list,
    all that begins so); one finds nothing.
    """
    asked = parse(text)
    if not asked.is_enough:
        return []
    ranked = _ranked(asked, reader, kinds)
    return [Hit(*row) for row in ranked.order_by(*_ORDER).values_list(*Hit._fields)[:most]]


_ORDER = ("group", "rank_own", "rank_name", F("current").desc(), "plain", "record_id")


def finds(text: str, *, reader: User) -> bool:
    """Whether `search` finds anything, without putting it in order. One query."""
    asked = parse(text)
    return asked.is_enough and _matching(asked, reader)[0].exists()


def _ranked(
    asked: SearchWords, reader: User, kinds: Sequence[SearchKind] = ()
) -> QuerySet[SearchEntry]:
    """What `asked` finds, annotated by all that its order depends on."""
    entries, fits = _matching(asked, reader, kinds)
    own = Q(owner=reader, current=True)
    my_deal = own & Q(kind=SearchKind.DEAL)
    return entries.annotate(
        group=_rank(
            my_deal,
            Q(kind=SearchKind.COMPANY),
            Q(kind=SearchKind.CONTACT),
            Q(current=True),
        ),
        rank_own=_rank(own | _in_own_deals(reader), Q(owner=reader)),
        rank_name=_rank(*fits),
        is_sample=_is_sample(reader.scope),
    )


def _matching(
    asked: SearchWords, reader: User, kinds: Sequence[SearchKind] = ()
) -> tuple[QuerySet[SearchEntry], list[Q]]:
    """What `asked` finds, and how a name may fit, the best first."""
    entries = SearchEntry.objects.visible_to(reader)
    if kinds:
        entries = entries.filter(kind__in=kinds)
    own = Q(owner=reader, current=True)
    my_deal = own & Q(kind=SearchKind.DEAL)
    wanted = asked.contains_all()
    fits = [asked.begins_name(whole=True), asked.begins_name(), asked.begins_words()]
    if asked.is_short and not kinds:
        wanted = asked.whole() | (own & wanted)
    elif asked.initials and not kinds:
        fits += [wanted, asked.begins_each(in_order=True)]
        wanted |= my_deal & asked.begins_each()
    return entries.filter(wanted), fits


class FoundRecord(NamedTuple):
    """A hit with what the find box shows of it. `found` counts its group, of which the best are shown.

    `deals` are the open ones in sight of a company; `phone` and `email` are the first of a person,
    of a deal the address of one of its people.
    """

    group: HitGroup
    kind: str
    record_id: int
    title: str
    hint: str
    owner_id: int | None
    team_id: int | None
    is_sample: bool
    found: int
    stage: int | None
    outcome: str | None
    amount: Decimal | None
    currency: str | None
    next_on: dt.date | None
    next_at: dt.datetime | None
    next_kind: str | None
    parked_until: dt.date | None
    closed_at: dt.datetime | None
    version: int | None
    deals: int | None
    phone: str | None
    email: str | None


def find(text: str, *, reader: User, each: int) -> list[FoundRecord]:
    """The best `each` hits of every group, as `search` orders them. One query."""
    asked = parse(text)
    return _detailed(_ranked(asked, reader), reader, each) if asked.is_enough else []


def find_again(records: Sequence[tuple[str, int]], *, reader: User) -> list[FoundRecord]:
    """Records by kind and id, in the order given, without those that are not in sight. One query."""
    wanted = Q(pk__in=[])
    for kind, pk in records:
        wanted |= Q(kind=kind, record_id=pk)
    entries = SearchEntry.objects.visible_to(reader).filter(wanted)
    plain = entries.annotate(
        group=Value(HitGroup.MY_DEALS, output_field=IntegerField()),
        rank_own=Value(0),
        rank_name=Value(0),
        is_sample=_is_sample(reader.scope),
    )
    found = _detailed(plain, reader, len(records)) if records else []
    return sorted(found, key=lambda row: records.index((row.kind, row.record_id)))


_CANDIDATE = (
    *("group", "rank_own", "rank_name", "current", "plain", "kind", "record_id", "title", "hint"),
    *("owner_id", "team_id", "is_sample"),
)
# The candidates are gone through once for each group, and only those shown are looked up: what is
# found by three letters may be many thousands.
_DETAILED = """
    WITH candidate ({columns}) AS MATERIALIZED ({rows})
    SELECT hit.grouped, hit.kind, hit.record_id, hit.title, hit.hint, hit.owner_id, hit.team_id,
        hit.is_sample,
        (SELECT count(*) FROM candidate WHERE candidate.grouped = hit.grouped),
        deal.stage, deal.outcome, deal.amount, deal.currency, deal.next_on, deal.next_at,
        deal.next_kind, deal.parked_until, deal.closed_at, deal.version,
        CASE WHEN hit.kind = 'company' THEN coalesce(({deals}), 0) END,
        CASE WHEN hit.kind = 'contact' THEN ({phone}) END,
        CASE hit.kind WHEN 'contact' THEN ({email}) WHEN 'deal' THEN ({deal_email}) END
    FROM generate_series(0, 4) AS wanted (grouped)
    CROSS JOIN LATERAL (
        SELECT * FROM candidate WHERE candidate.grouped = wanted.grouped
        ORDER BY rank_own, rank_name, current DESC, plain, record_id LIMIT %s
    ) AS hit
    LEFT JOIN crm_deal AS deal ON hit.kind = 'deal' AND deal.id = hit.record_id
    ORDER BY hit.grouped, hit.rank_own, hit.rank_name, hit.current DESC, hit.plain, hit.record_id
"""


class _HitId(Expression):
    """The record of the hit that is looked up just then."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "hit.record_id", []


def _detailed(candidates: QuerySet[SearchEntry], reader: User, each: int) -> list[FoundRecord]:
    hit = _HitId(output_field=BigIntegerField())
    points = ContactPoint.objects.order_by("pk").values("typed")
    deals = Deal.objects.visible_to(reader).open().filter(company_id=hit).order_by()
    mailed = points.filter(kind=PointKind.EMAIL, contact__deal_contacts__deal_id=hit)
    parts: dict[str, QuerySet[Any, Any]] = {
        "rows": candidates.order_by().values_list(*_CANDIDATE),
        "deals": deals.values("company_id").annotate(n=Count("pk")).values("n"),
        "phone": points.filter(kind=PointKind.PHONE, contact_id=hit)[:1],
        "email": points.filter(kind=PointKind.EMAIL, contact_id=hit)[:1],
        "deal_email": mailed[:1],
    }
    written = {name: part.query.sql_with_params() for name, part in parts.items()}
    columns = ", ".join(("grouped", *_CANDIDATE[1:]))
    sql = _DETAILED.format(columns=columns, **{name: one[0] for name, one in written.items()})
    # In the order in which they stand in the statement.
    values = [
        *written["rows"][1],
        *(
            value
            for name in ("deals", "phone", "email", "deal_email")
            for value in written[name][1]
        ),
        each,
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [FoundRecord(HitGroup(row[0]), *row[1:]) for row in cursor.fetchall()]


def ids(kind: SearchKind, text: str, *, reader: User) -> QuerySet[SearchEntry, Any]:
    """The ids of all records of a kind that have all the words, as a subquery for a list.

    Unlike `search` it takes words of any length: a list is narrowed down from what it shows.
    """
    entries = SearchEntry.objects.visible_to(reader).filter(kind=kind)
    asked = parse(text)
    if asked.pieces or asked.numbers:
        entries = entries.filter(asked.contains_all())
    elif text.strip():
        entries = entries.none()  # nothing is called by signs alone
    return entries.values("record_id")


def _in_own_deals(reader: User) -> Q:
    """The companies and people of the reader's open deals."""
    deals = Deal.objects.open().filter(owner=reader)
    people = DealContact.objects.filter(deal__in=deals)
    return Q(kind=SearchKind.COMPANY, record_id__in=deals.values("company")) | Q(
        kind=SearchKind.CONTACT, record_id__in=people.values("contact")
    )


def _is_sample(scope: Scope) -> Case | Value:
    """Whether the record is one of the sample data or of a tour, which need not exist."""
    batches = [pk for pk in (scope.sample_id, scope.tour_id) if pk is not None]
    if not batches:
        return Value(False)
    batched = {
        kind: Exists(model._default_manager.filter(pk=OuterRef("record_id"), batch__in=batches))
        for kind, model in _MODELS.items()
    }
    return Case(*(When(kind=kind, then=found) for kind, found in batched.items()))


def _rank(*conditions: Q) -> Case:
    """The number of the first condition that holds, from 0; if none does, the number of conditions."""
    places = [When(condition, then=place) for place, condition in enumerate(conditions)]
    return Case(*places, default=len(conditions), output_field=IntegerField())
