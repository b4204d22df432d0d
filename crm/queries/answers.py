"""The library of answers: what colleagues said to concerns, for everybody (CHECKLIST C17, F6).

Words, answer and who gave it are common knowledge; the deal they belong to is not, and is named
only to those who may see it.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, F, Q, QuerySet

from crm.models import Concern, Deal
from crm.models.concern import ANSWERED, SAID
from crm.queries.records import ANSWERS
from pipeline.models import User

PAGE = 50
# No concern is searched by more than this; a megabyte of words takes seconds.
LONGEST = 254
# From this similarity of its words on, a concern is one like it.
ALIKE = 0.3


class Answer(NamedTuple):
    """`uses` is how often it was taken for another concern; `deal` where the reader may see it."""

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


def find(
    user: User, *, words: str = "", category: str = "", after: int = 0, rows: int = PAGE
) -> tuple[list[Answer], bool]:
    """Answers with all of `words` in the concern or the answer, most used first, from number
    `after` on; and whether there are more.
    """
    answers = _library(user)
    if category:
        answers = answers.filter(category=category)
    for word in words[:LONGEST].replace("\0", "").lower().split():
        answers = answers.filter(said__contains=word)
    found = _rows(answers.order_by("-times", "-disposed_at", "-id")[after : after + rows + 1])
    return _in_sight(found[:rows], user), len(found) > rows


def like(concern: Concern, user: User) -> list[Answer]:
    """What colleagues said to concerns like this one: of its category, those with similar words
    before the others, most used first.
    """
    answers = (
        _library(user)
        .filter(category=concern.category, disposed_by__isnull=False)
        .exclude(deal=concern.deal_id)
        .exclude(disposed_by=user)
        .annotate(alike=TrigramSimilarity("words", concern.words[:LONGEST]))
        .annotate(same=Q(alike__gte=ALIKE))
        .order_by("-same", "-times", "-alike", "-disposed_at", "-id")
    )
    return _in_sight(_rows(answers[:ANSWERS]), user)


def usable(user: User, pk: int) -> Concern | None:
    """One of the library's answers, to be used."""
    found: Concern | None = _library(user).filter(pk=pk).first()
    return found


def _library(user: User) -> "QuerySet[Any]":
    everybodys = Concern.objects.filter(ANSWERED) if user.is_active else Concern.objects.none()
    own: QuerySet[Any] = (
        everybodys
        # Who took an answer as it stands has added none.
        .exclude(used__isnull=False, response=F("used__response")).annotate(
            said=SAID, times=Count("uses")
        )
    )
    return own


def _rows(answers: "QuerySet[Any]") -> list[Answer]:
    return [
        Answer(*row)
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
            "times",
            "deal_id",
        )
    ]


def _in_sight(answers: Collection[Answer], user: User) -> list[Answer]:
    deals = {answer.deal for answer in answers}
    seen = set(Deal.objects.visible_to(user).filter(pk__in=deals).values_list("pk", flat=True))
    return [one if one.deal in seen else one._replace(deal=None) for one in answers]
