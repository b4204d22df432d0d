"""Long lists a page at a time, by the keys of the row where one left off.

Never by how many rows precede it: the thousandth page costs what the first one does, and a row that
comes or goes shifts nothing.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q, QuerySet

from salesprocess.lib.dates import instant_of

# No key of ours is longer, in letters of an address.
LONGEST = 500

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
    return dt.date.fromisoformat(_text(value))


def _instant(value: Any) -> dt.datetime:
    return instant_of(_text(value))


@dataclass(frozen=True, kw_only=True)
class Order:
    """One way to put a list in order. `by` is a field or an expression, unique only with the id.

    `read` takes a key back from an address. What has no value comes last in both directions,
    except where its absence is what matters most (`nothing_first`, upwards).
    """

    by: Any
    read: Callable[[Any], Any]
    nothing_first: bool = False
    # Never without a value: an index serves such an order only if it is not asked where nulls go.
    always: bool = False


def by_text(by: Any, *, always: bool = False) -> Order:
    return Order(by=by, read=_text, always=always)


def by_number(by: Any, *, always: bool = False) -> Order:
    return Order(by=by, read=_number, always=always)


def by_day(by: Any) -> Order:
    return Order(by=by, read=_day)


def by_instant(by: Any, *, always: bool = False, nothing_first: bool = False) -> Order:
    return Order(by=by, read=_instant, always=always, nothing_first=nothing_first)


@dataclass(frozen=True, order=True)
class Cursor:
    """Where a row stands in an order: its key (or keys) and its id."""

    key: Any
    id: int

    def __str__(self) -> str:
        said = [_said(self.key), self.id]
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str, order: Order) -> "Cursor":
        """Raises ValueError for what no page ever wrote."""
        try:
            if len(text) > LONGEST:
                raise ValueError(text)
            key, number = json.loads(text)
            if type(number) is not int or not 0 <= number < 2**63:
                raise ValueError(text)
            if key is None and order.always:
                raise ValueError(text)
            return cls(None if key is None else order.read(key), number)
        except (TypeError, ArithmeticError, InvalidOperation, RecursionError) as error:
            raise ValueError(text) from error


def _said(key: Any) -> Any:
    if isinstance(key, tuple):
        return [_said(one) for one in key]
    if isinstance(key, dt.date):
        return key.isoformat()
    return str(key) if isinstance(key, Decimal | int) else key


@dataclass(frozen=True, kw_only=True)
class Walk:
    """An order with its direction: what a list's `sort` says."""

    order: Order
    down: bool = False

    def of(self, rows: Rows, *, back: bool = False) -> Rows:
        """The rows in order (or in the opposite one), each with its key as `row_key`."""
        up = self.down == back
        nulls = {} if self.order.always else self._nulls(first=self._nothing_first != back)
        key = F("row_key").asc(**nulls) if up else F("row_key").desc(**nulls)
        by = self.order.by
        keyed = rows.annotate(row_key=F(by) if isinstance(by, str) else by)
        ordered: Rows = keyed.order_by(key, "pk" if up else "-pk")
        return ordered

    def beyond(self, cursor: Cursor, *, back: bool = False) -> Q:
        """A condition for the rows that come after `cursor` (or before it)."""
        up = self.down == back
        nothing_last = self._nothing_first == back
        side = "gt" if up else "lt"
        if cursor.key is None:
            later = Q(row_key=None, **{f"pk__{side}": cursor.id})
            return later if nothing_last else later | Q(row_key__isnull=False)
        later = Q(**{f"row_key__{side}": cursor.key})
        later |= Q(row_key=cursor.key, **{f"pk__{side}": cursor.id})
        return later | Q(row_key=None) if nothing_last and not self.order.always else later

    @staticmethod
    def _nulls(*, first: bool) -> dict[str, Any]:
        return {"nulls_first": True} if first else {"nulls_last": True}

    @property
    def _nothing_first(self) -> bool:
        return self.order.nothing_first and not self.down
