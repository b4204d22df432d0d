"""Search records by parts of words, within the reader's reach."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When

from crm.models import Company, Contact, Deal, DealContact, SearchEntry, SearchKind
from crm.queries.search_words import parse
from pipeline.models import User

MAX_HITS = 20
_MODELS = {SearchKind.COMPANY: Company, SearchKind.CONTACT: Contact, SearchKind.DEAL: Deal}


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

    First what is the reader's own: open deals, their companies and people, and the companies and
    people one looks after; then by how the name fits: it begins with the text, its words do, or
    they are somewhere. One query. `kinds` empty finds all.

    Two letters find what is called so, or one's own that begins so (of one kind, as for a pick list,
    all that begins so); one finds nothing.
    """
    asked = parse(text)
    if not asked.is_enough:
        return []
    entries = SearchEntry.objects.visible_to(reader)
    if kinds:
        entries = entries.filter(kind__in=kinds)
    own = Q(owner=reader, current=True)
    wanted = asked.contains_all()
    if asked.is_short and not kinds:
        wanted = asked.whole() | (own & wanted)
    ranked = entries.filter(wanted).annotate(
        rank_own=_rank(own | _in_own_deals(reader)),
        rank_name=_rank(asked.begins_name(whole=True), asked.begins_name(), asked.begins_words()),
        rank_kind=_rank(
            Q(kind=SearchKind.DEAL, owner=reader),
            Q(kind=SearchKind.COMPANY),
            Q(kind=SearchKind.CONTACT),
        ),
        is_sample=_is_sample(reader.scope.sample_id),
    )
    order = ("rank_own", "rank_name", F("current").desc(), "rank_kind", "plain", "record_id")
    return [Hit(*row) for row in ranked.order_by(*order).values_list(*Hit._fields)[:most]]


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


def _is_sample(sample_id: int | None) -> Case | Value:
    """Whether the record came in with this batch, which need not exist."""
    if sample_id is None:
        return Value(False)
    batched = {
        kind: Exists(model._default_manager.filter(pk=OuterRef("record_id"), batch=sample_id))
        for kind, model in _MODELS.items()
    }
    return Case(*(When(kind=kind, then=found) for kind, found in batched.items()))


def _rank(*conditions: Q) -> Case:
    """The number of the first condition that holds, from 0; if none does, the number of conditions."""
    places = [When(condition, then=place) for place, condition in enumerate(conditions)]
    return Case(*places, default=len(conditions), output_field=IntegerField())
