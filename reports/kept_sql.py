"""The SQL of figures, written once for all readers whose reach has the same shape.

Django takes ten times as long to write the SQL of a figure as PostgreSQL to answer it for one person.
What it is written of does not change from one request to the next: the days that are asked about, whom,
rates and norms. That is its key; who asks and the present moment are filled in.
"""

import datetime as dt
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from pipeline.models import User
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Stage
from reports.question import Question
from salesprocess.lib.deadline import in_time
from salesprocess.lib.prepared import Param

# So many are kept in a process: each is some ten thousand letters long.
MOST_KEPT = 1000


class PresentMoment(dt.datetime):
    """An instant by which SQL is written and another one is filled in, so much `later` than now."""

    later: dt.timedelta | None = None

    @classmethod
    def of(cls, at: dt.datetime, later: dt.timedelta = dt.timedelta()) -> "PresentMoment":
        whole = at + later
        found = cls.combine(whole.date(), whole.timetz())
        found.later = later
        return found

    def _moved(self, by: dt.timedelta) -> dt.datetime:
        assert self.later is not None  # noqa: S101  # of another kind none is made
        plain = dt.datetime.combine(self.date(), self.timetz())
        return PresentMoment.of(plain - self.later, self.later + by)

    def __add__(self, other: dt.timedelta) -> Any:
        return self._moved(other)

    def __sub__(self, other: Any) -> Any:
        return self._moved(-other) if isinstance(other, dt.timedelta) else super().__sub__(other)


class _OfAShape:
    """A reader of whose reach nothing is known but its shape: any other one of it may take the place."""

    def __init__(self, reader: User) -> None:
        self._reader = reader
        self.scope = reader.scope.shape

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


@dataclass(frozen=True)
class WrittenSql:
    sql: str
    params: tuple[Any, ...]
    compiler: Any
    names: tuple[str, ...]


_KEPT: dict[Hashable, WrittenSql | None] = {}
_OF_QUESTION = tuple(
    each.name for each in fields(Question) if each.name not in ("reader", "compare")
)


def found_rows(
    question: Question,
    key: Hashable,
    write: Callable[..., QuerySet[Any]],
    *others: Question,
    learnt: Mapping[Hashable, Any] | None = None,
    valued: bool = True,
    given: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rows of what `write` makes of the question, and of `others` of the same reader.

    `key` is everything else that it depends on. `learnt` is what a question was asked once before and
    its SQL is made of as well, by the names under which the question keeps it. What is not `valued` has
    no amount in it, so that no rate need be known. `given` are the values of its other `Param`, by name.
    """
    asked = (question, *others)
    scope = question.reader.scope
    now = next((each.now for each in asked if each.as_of is None), question.now)
    made_of = tuple(sorted((str(name), str(value)) for name, value in (learnt or {}).items()))
    said = tuple(_said(each, valued=valued) for each in asked)
    whole_key = (key, scope.shape, _shared(question), said, made_of)
    if whole_key not in _KEPT:
        reader = _OfAShape(question.reader)
        shaped = [_shaped(each, reader, learnt or {}, valued=valued) for each in asked]
        for oldest in list(_KEPT)[: max(len(_KEPT) - MOST_KEPT + 1, 0)]:
            _KEPT.pop(oldest, None)
        _KEPT[whole_key] = _written(write(*shaped))
    kept = _KEPT[whole_key]
    if kept is None:
        return []
    values = scope.params if given is None else {**scope.params, **given}
    params = [_filled(param, values, now) for param in kept.params]
    with connection.cursor() as cursor:
        cursor.execute(kept.sql, params)
        found = list(in_time(cursor))
    rows = kept.compiler.results_iter([found], tuple_expected=True)
    return [dict(zip(kept.names, row, strict=True)) for row in in_time(rows)]


def _written(rows: QuerySet[Any]) -> WrittenSql | None:
    query: Any = rows.query
    compiler = query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    names = query.selected or (*query.values_select, *query.annotation_select)
    return WrittenSql(sql, tuple(params), compiler, tuple(names))


def _filled(param: Any, values: Mapping[str, Any], now: dt.datetime) -> Any:
    if isinstance(param, Param):
        return values[param.name]
    if isinstance(param, PresentMoment):
        assert param.later is not None  # noqa: S101  # as it was made
        return now + param.later
    return param


def _shaped(
    question: Question, reader: Any, learnt: Mapping[Hashable, Any], *, valued: bool
) -> Question:
    found = question._narrowed_to(reader=reader)
    # Nothing else that the question keeps: it was found for one reader.
    found.__dict__["_kept_for_all"], found.__dict__["_kept"] = dict(learnt), dict(learnt)
    found.__dict__["rates"] = question.rates if valued else None
    found.__dict__["now"] = (
        PresentMoment.of(question.now) if question.as_of is None else question.now
    )
    return found


def _said(question: Question, *, valued: bool) -> Hashable:
    said = tuple(getattr(question, name) for name in _OF_QUESTION)
    return said, question.rates if valued else None


def _shared(question: Question) -> Hashable:
    """What SQL is made of besides: the norms of all teams, and the hours of the organisation."""

    def made() -> Hashable:
        reader = question.reader
        norms, organisation = norms_for(reader), reader.organisation
        teams = (None, *sorted(norms.team_ids))
        days = tuple((team, *(norms.of(stage, team) for stage in Stage)) for team in teams)
        return (
            days,
            str(organisation.working_hours),
            organisation.fiscal_month,
            str(organisation.zone),
        )

    return question.once_for_all("made of", made)
