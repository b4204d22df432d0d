"""Find any record by a part of a word, within what the reader may see."""

from typing import Any

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import StrIndex

from crm.models import SearchEntry, SearchKind
from pipeline.models import User

SHORTEST = 3
MOST = 20
LONGEST = 100


class Plain(Func):
    """Without case and accents, as the entries are kept."""

    function = "seven_plain"
    output_field = TextField()


def search(text: str, *, reader: User, most: int = MOST) -> list[SearchEntry]:
    """The best hits for all the words of `text`, current ones and beginnings first.

    Fewer than three letters find nothing: no index helps there, and everything would match.
    """
    words = [word for word in text[:LONGEST].split() if word]
    if max(map(len, words), default=0) < SHORTEST:
        return []
    hits = _with(words, SearchEntry.objects.visible_to(reader))
    position = StrIndex(F("plain"), Plain(Value(words[0])))
    return list(hits.annotate(position=position).order_by("-current", "position", "title")[:most])


def ids(kind: SearchKind, text: str, *, reader: User) -> QuerySet[SearchEntry, Any]:
    """The ids of all records of a kind that have all the words, as a subquery for a list.

    Unlike `search` it takes words of any length: a list is narrowed down from what it shows.
    """
    entries = SearchEntry.objects.visible_to(reader).filter(kind=kind)
    return _with(text[:LONGEST].split(), entries).values("record_id")


def _with(words: list[str], hits: QuerySet[SearchEntry]) -> QuerySet[SearchEntry]:
    for word in words:
        hits = hits.filter(plain__contains=Plain(Value(word)))
    return hits
