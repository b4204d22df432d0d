"""Find any record by a part of a word, within what the reader may see."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from crm.models import Deal, DealContact, SearchEntry, SearchKind
from crm.queries.search_words import Asked, read
from pipeline.models import User

MOST = 20


class Hit(NamedTuple):
    """A record that was found; of equal `own` and `nearness` the current ones come first."""

    kind: str
    record_id: int
    title: str
    hint: str
    current: bool
    plain: str
    own: int
    nearness: int


_PLACES = {SearchKind.DEAL: 0, SearchKind.COMPANY: 1, SearchKind.CONTACT: 2}


def search(
    text: str, *, reader: User, most: int = MOST, kinds: Sequence[SearchKind] = ()
) -> list[Hit]:
    """The best hits for all the words of `text`, in any order, each letter written in any way.

    First what is the reader's own: open deals, their companies and people, and the companies and
    people one looks after; then by how the name fits: it begins with the text, its words do, or
    they are somewhere. One query. `kinds` empty finds all.

    Two letters find what is called so, or one's own that begins so; one finds nothing.
    """
    asked = read(text)
    if not asked.is_enough:
        return []
    entries = SearchEntry.objects.visible_to(reader)
    if kinds:
        entries = entries.filter(kind__in=kinds)
    everything = asked.whole() if asked.is_short else asked.inside()
    mine = entries.filter(asked.inside())
    rows = _best(mine.filter(owner=reader, current=True), asked, own=0, most=most).union(
        _best(mine.filter(_of_own_deals(reader)), asked, own=0, most=most),
        _best(entries.filter(everything), asked, own=1, most=most),
        all=True,
    )
    return _once(Hit(*row) for row in rows)[:most]


def ids(kind: SearchKind, text: str, *, reader: User) -> QuerySet[SearchEntry, Any]:
    """The ids of all records of a kind that have all the words, as a subquery for a list.

    Unlike `search` it takes words of any length: a list is narrowed down from what it shows.
    """
    entries = SearchEntry.objects.visible_to(reader).filter(kind=kind)
    asked = read(text)
    if asked.pieces or asked.numbers:
        entries = entries.filter(asked.inside())
    elif text.strip():
        entries = entries.none()  # nothing is called by signs alone
    return entries.values("record_id")


def _of_own_deals(reader: User) -> Q:
    """The companies and people of the reader's open deals."""
    deals = Deal.objects.open().filter(owner=reader)
    people = DealContact.objects.filter(deal__in=deals)
    return Q(kind=SearchKind.COMPANY, record_id__in=deals.values("company")) | Q(
        kind=SearchKind.CONTACT, record_id__in=people.values("contact")
    )


def _best(
    entries: QuerySet[SearchEntry], asked: Asked, *, own: int, most: int
) -> QuerySet[SearchEntry, Any]:
    nearness = Case(
        When(asked.begins_name(whole=True), then=0),
        When(asked.begins_name(), then=1),
        When(asked.begins_words(), then=2),
        default=3,
        output_field=IntegerField(),
    )
    found = entries.annotate(own=Value(own), nearness=nearness)
    return found.order_by("nearness", F("current").desc(), "plain").values_list(*Hit._fields)[:most]


def _once(rows: Iterable[Hit]) -> list[Hit]:
    """Each record at its best place."""
    best: dict[tuple[str, int], Hit] = {}
    for hit in sorted(rows, key=_place):
        best.setdefault((hit.kind, hit.record_id), hit)
    return list(best.values())


def _place(hit: Hit) -> tuple[Any, ...]:
    kind = _PLACES[SearchKind(hit.kind)] if hit.own == 0 else 0
    return (hit.own, hit.nearness, not hit.current, kind, hit.plain, hit.record_id)
