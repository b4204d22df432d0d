"""The library of answers: what colleagues said to concerns, for everybody (CHECKLIST C17, F6).

Words, answer and who gave it are common knowledge; the deal they belong to is not, and is named
only to those who may see it. Who said the same to another concern of its kind added no answer, but
shows whether that one works: equal answers are one, whatever their capitals and spaces.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce, Lower, RowNumber, Trim

from crm.models import Concern, Deal, Disposition
from crm.models.concern import ANSWERED, SAID
from crm.queries.records import ANSWERS
from pipeline.models import User

PAGE = 50
# No concern is searched by more than this; a megabyte of words takes seconds.
LONGEST = 254
# From this similarity of its words on, a concern is one like it.
MIN_SIMILARITY = 0.3


class ConcernAnswer(NamedTuple):
    """An answer with its use: given to `said` concerns, of which it settled `settled`. `deal` is
    None out of the reader's reach."""

    id: int
    category: str
    words: str
    response: str
    disposition: str
    concession: str
    by_id: int | None
    by: str | None
    at: dt.datetime | None
    uses: int
    deal: int | None
    key: str
    said: int = 1
    settled: int = 1

    @property
    def always(self) -> bool:
        """Whether it settled every concern that it was given to."""
        return self.settled == self.said


# What equal answers have in common.
def _key(response: str) -> Lower:
    return Lower(Trim(response))


_OF_GROUP: dict[str, Any] = {"partition_by": [F("category"), F("key")]}


def find(
    user: User, *, words: str = "", category: str = "", after: int = 0, rows: int = PAGE
) -> tuple[list[ConcernAnswer], bool]:
    """Answers with all of `words` in the concern or the answer, most used first, from number
    `after` on; and whether there are more. Three queries.
    """
    answers = _library(user)
    if category:
        answers = answers.filter(category=category)
    for word in words[:LONGEST].replace("\0", "").lower().split():
        answers = answers.filter(said__contains=word)
    order = ("-uses_of_all", "-disposed_at", "-id")
    found = _rows(_once(answers, "-times", *order[1:]).order_by(*order)[after : after + rows + 1])
    return _in_sight(_judged(found[:rows]), user), len(found) > rows


def similar_answers(concern: Concern, user: User) -> list[ConcernAnswer]:
    """Answers of colleagues to concerns of the same category, those with similar words first, most
    used first. Three queries."""
    answers = (
        _library(user)
        .filter(category=concern.category, disposed_by__isnull=False)
        .exclude(deal=concern.deal_id)
        .exclude(disposed_by=user)
        .annotate(alike=TrigramSimilarity("words", concern.words[:LONGEST]))
        .annotate(same=Q(alike__gte=MIN_SIMILARITY))
    )
    once = _once(answers, "-alike", "-times", "-disposed_at", "-id")
    first = once.order_by("-same", "-uses_of_all", "-alike", "-disposed_at", "-id")
    return _in_sight(_judged(_rows(first[:ANSWERS])), user)


def usable_answer(user: User, pk: int) -> Concern | None:
    """An answer of the library, by id."""
    found: Concern | None = _library(user).filter(pk=pk).first()
    return found


def _library(user: User) -> "QuerySet[Any]":
    everybodys = Concern.objects.filter(ANSWERED) if user.is_active else Concern.objects.none()
    uses = Concern.objects.filter(used=OuterRef("pk")).order_by().values("used")
    own: QuerySet[Any] = (
        everybodys
        # Who took an answer as it stands has added none.
        .exclude(used__isnull=False, response=F("used__response")).annotate(
            said=SAID,
            key=_key("response"),
            times=Coalesce(Subquery(uses.annotate(n=Count("pk")).values("n")), Value(0)),
        )
    )
    return own


def _once(answers: "QuerySet[Any]", *order: str) -> "QuerySet[Any]":
    """Of equal answers the first in `order`; `uses_of_all` counts the uses of all of them."""
    once: QuerySet[Any] = answers.annotate(
        place=Window(RowNumber(), order_by=order, **_OF_GROUP),
        uses_of_all=Window(Sum("times"), **_OF_GROUP) + Window(Count("pk"), **_OF_GROUP) - 1,
    ).filter(place=1)
    return once


def _rows(answers: "QuerySet[Any]") -> list[ConcernAnswer]:
    return [
        ConcernAnswer(*row)
        for row in answers.values_list(
            "id",
            "category",
            "words",
            "response",
            "disposition",
            "concession",
            "disposed_by_id",
            "disposed_by__name",
            "disposed_at",
            "uses_of_all",
            "deal_id",
            "key",
        )
    ]


def _judged(answers: Collection[ConcernAnswer]) -> list[ConcernAnswer]:
    """How often each answer was given by anybody, and how often it settled the concern. One query."""
    groups = {(one.category, one.key): [0, 0] for one in answers}
    if not groups:
        return []
    keys = {key for _category, key in groups}
    said = (
        Concern.objects.exclude(disposition=Disposition.OPEN)
        .annotate(key=_key("response"), helped=_key("used__response"))
        .filter(Q(key__in=keys) | Q(helped__in=keys))
        .values_list("category", "key", "used__category", "helped")
        .annotate(said=Count("pk"), settled=Count("pk", filter=ANSWERED))
        .order_by()
    )
    for category, key, other, helped, times, settled in said:
        # Once for who took it as it stands, whose words and whose help are the same.
        for place in {(category, key), (other, helped)} & groups.keys():
            groups[place][0] += times
            groups[place][1] += settled
    return [
        one._replace(said=said, settled=settled)
        for one in answers
        for said, settled in (groups[one.category, one.key],)
    ]


def _in_sight(answers: Collection[ConcernAnswer], user: User) -> list[ConcernAnswer]:
    deals = {answer.deal for answer in answers}
    seen = set(Deal.objects.visible_to(user).filter(pk__in=deals).values_list("pk", flat=True))
    return [one if one.deal in seen else one._replace(deal=None) for one in answers]
