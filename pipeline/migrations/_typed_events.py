"""How history that was kept in words becomes typed events; the migration of each app knows the words
of its own tables. Frozen as a migration is, and so without the events of today.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

Data = dict[str, Any]
# The JSON of a text that is not empty.
Reader = Callable[[str], Any]
# What a reader raises for a text that says no such thing.
UNREADABLE = (ArithmeticError, LookupError, ValueError)


def carry_over(
    connection: Any, table: str, columns: str, typed: Callable[..., tuple[str, Data]]
) -> None:
    """Give each row of `table` its kind and data, some thousand at a time, so that memory stays flat.

    `columns` are the SQL of what `typed` takes: field, old, new, and what else it needs. Where it
    raises one of UNREADABLE, these three are kept word for word.
    """
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT id, {columns} FROM {table} AS t WHERE id > %s"  # noqa: S608  # names of our own
                " ORDER BY id LIMIT 2000",
                [last],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            events = [_event(typed, *row[1:]) for row in rows]
            cursor.execute(
                f"UPDATE {table} AS t SET kind = v.kind, data = v.data::jsonb"  # noqa: S608
                " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v (id, kind, data)"
                " WHERE t.id = v.id",
                [
                    [row[0] for row in rows],
                    [kind for kind, _data in events],
                    [json.dumps(data) for _kind, data in events],
                ],
            )


def _event(
    typed: Callable[..., tuple[str, Data]], field: str, old: str, new: str, *more: Any
) -> tuple[str, Data]:
    try:
        return typed(field, old, new, *more)
    except UNREADABLE:
        return "words", said(fact=field, old=old, new=new)


def carry_back(connection: Any, table: str, *, longest: int) -> None:
    """Say it in words again, of at most `longest` characters: plain values as they were, what has
    parts as its JSON."""
    plain = "kind = 'words' OR data - ARRAY['old', 'new', 'about', 'entry'] = '{}'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET field = left(coalesce(data ->> 'fact', kind), 20),"  # noqa: S608
            f" old = CASE WHEN {plain} THEN left(coalesce(data ->> 'old', ''), {longest}) ELSE '' END,"
            f" new = left(CASE WHEN {plain} THEN coalesce(data ->> 'new', '') ELSE data::text END,"
            f" {longest})"
        )


def said(**data: Any) -> Data:
    """Without what is nothing."""
    return {name: value for name, value in data.items() if value not in (None, "")}


def changed(old: str, new: str, value: Reader) -> Data:
    """That a value became another one; no text is no value."""
    return said(old=value(old) if old else None, new=value(new) if new else None)


def text(value: str) -> str:
    return value


def day(value: str) -> str:
    return dt.date.fromisoformat(value).isoformat()


def truth(value: str) -> bool:
    return {"True": True, "False": False}[value]


def ref(kind: str) -> Reader:
    """A record, kept by id and name."""

    def read(value: str) -> Data:
        number, _space, name = value.partition(" ")
        return said(kind=kind, id=int(number), name=name)

    return read


def facts(readers: Mapping[str, Reader]) -> Callable[..., tuple[str, Data]]:
    """`typed` for facts that changed, whose kinds are called as they are."""

    def typed(field: str, old: str, new: str, *_more: Any) -> tuple[str, Data]:
        return field, changed(old, new, readers[field])

    return typed
