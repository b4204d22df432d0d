"""Find any record by a part of a word, within what the reader may see."""

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import StrIndex

from crm.models import SearchEntry
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
    hits: QuerySet[SearchEntry] = SearchEntry.objects.visible_to(reader)
    for word in words:
        hits = hits.filter(plain__contains=Plain(Value(word)))
    position = StrIndex(F("plain"), Plain(Value(words[0])))
    return list(hits.annotate(position=position).order_by("-current", "position", "title")[:most])
