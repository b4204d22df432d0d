"""Keyset pagination: the next page begins after the key of the last row shown, never at an offset.

So page 1,000 costs what page 1 does, and a row that is added or removed meanwhile shifts nothing.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q, QuerySet

from salesprocess.lib.dates import is_plausible, parse_instant

# Characters of a cursor in an address; ours are all shorter.
MAX_LENGTH = 500

Rows = QuerySet[Any, Any]


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    value.encode()  # half a character, which JSON can write, is an error here and not in SQL
    return value


def _number(value: Any) -> Decimal:
    number = Decimal(_text(value))
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(value)
    return number


def _day(value: Any) -> dt.date:
    day = dt.date.fromisoformat(_text(value))
    if not is_plausible(day):
        raise ValueError(value)
    return day


def _instant(value: Any) -> dt.datetime:
    return parse_instant(_text(value))


@dataclass(frozen=True, kw_only=True)
class SortKey:
    """What a list is sorted by. Rows with equal keys are sorted by their id.

    `by` is a field or an expression; `read` parses a key from an address, or raises ValueError.
    Nulls come last in both directions, unless `nulls_first_upwards`: then first when ascending.
    """

    by: Any
    read: Callable[[Any], Any]
    nulls_first_upwards: bool = False
    # PostgreSQL uses a plain index only if the query does not say where nulls go.
    never_null: bool = False


def by_text(by: Any, *, never_null: bool = False) -> SortKey:
    return SortKey(by=by, read=_text, never_null=never_null)


def by_number(by: Any, *, never_null: bool = False) -> SortKey:
    return SortKey(by=by, read=_number, never_null=never_null)


def by_day(by: Any) -> SortKey:
    return SortKey(by=by, read=_day)


def by_instant(by: Any, *, never_null: bool = False, nulls_first_upwards: bool = False) -> SortKey:
    return SortKey(
        by=by, read=_instant, never_null=never_null, nulls_first_upwards=nulls_first_upwards
    )


@dataclass(frozen=True, order=True)
class Cursor:
    """The position of a row in a sorted list: its sort key and its id."""

    key: Any
    id: int

    def __str__(self) -> str:
        return json.dumps([_as_json(self.key), self.id], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str, sort_key: SortKey) -> "Cursor":
        """Raises ValueError for a text that is no cursor of this sort key."""
        try:
            if len(text) > MAX_LENGTH:
                raise ValueError(text)
            key, number = json.loads(text)
            if type(number) is not int or not 0 <= number < 2**63:
                raise ValueError(text)
            if key is None and sort_key.never_null:
                raise ValueError(text)
            return cls(None if key is None else sort_key.read(key), number)
        except (TypeError, ArithmeticError, InvalidOperation, RecursionError) as error:
            raise ValueError(text) from error


def _as_json(key: Any) -> Any:
    if isinstance(key, tuple):
        return [_as_json(one) for one in key]
    if isinstance(key, dt.date):
        return key.isoformat()
    return str(key) if isinstance(key, Decimal | int) else key


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """A sort key with its direction, as in a list's `?sort=-value`."""

    sort_key: SortKey
    descending: bool = False

    def apply(self, rows: Rows, *, back: bool = False) -> Rows:
        """Sort the rows (reversed with `back`) and annotate each with its key as `row_key`."""
        up = self.descending == back
        nulls = {} if self.sort_key.never_null else self._nulls(first=self._nothing_first != back)
        key = F("row_key").asc(**nulls) if up else F("row_key").desc(**nulls)
        by = self.sort_key.by
        keyed = rows.annotate(row_key=F(by) if isinstance(by, str) else by)
        ordered: Rows = keyed.order_by(key, "pk" if up else "-pk")
        return ordered

    def beyond(self, cursor: Cursor, *, back: bool = False) -> Q:
        """The condition for rows after `cursor` (before it with `back`), on rows from `apply`."""
        up = self.descending == back
        nothing_last = self._nothing_first == back
        side = "gt" if up else "lt"
        if cursor.key is None:
            later = Q(row_key=None, **{f"pk__{side}": cursor.id})
            return later if nothing_last else later | Q(row_key__isnull=False)
        later = Q(**{f"row_key__{side}": cursor.key})
        later |= Q(row_key=cursor.key, **{f"pk__{side}": cursor.id})
        return later | Q(row_key=None) if nothing_last and not self.sort_key.never_null else later

    @staticmethod
    def _nulls(*, first: bool) -> dict[str, Any]:
        return {"nulls_first": True} if first else {"nulls_last": True}

    @property
    def _nothing_first(self) -> bool:
        return self.sort_key.nulls_first_upwards and not self.descending
