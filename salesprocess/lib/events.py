"""What happened to a record, typed: one frozen dataclass per kind of event, kept as its kind and JSON.

Tables of history (`EventRow`) keep `written(event)`, and give it back as `row.event`. The JSON is what
other programs read, too: money as text with its currency, days as ISO dates, instants as ISO in UTC,
records by kind, id and the name that they had. It says nothing in any language: who reads it is told
in his or her own.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import (
    Any,
    ClassVar,
    Generic,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from django.db import models

# Every kind of event that there is; a subclass of Event that has a kind comes in by itself.
KINDS: dict[str, type["Event"]] = {}

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class Event:
    """`kind` is what the table and other programs call it, once in the product and for ever;
    `label` what people call the fact that it is about."""

    kind: ClassVar[str] = ""
    label: ClassVar[Any] = ""

    def __init_subclass__(cls, *, kind: str = "", label: Any = "") -> None:
        super().__init_subclass__()
        cls.kind, cls.label = kind, label
        if kind and KINDS.setdefault(kind, cls) is not cls:
            raise TypeError(f"two kinds of event are called {kind!r}")


@dataclass(frozen=True, kw_only=True)
class ValueChanged(Event, Generic[V]):
    """A fact became another one; None is nothing, nobody or not known."""

    old: V | None = None
    new: V | None = None


@dataclass(frozen=True, kw_only=True)
class KeptInWords(Event, kind="words"):
    """A fact from before events were typed that could not be read as one: kept word for word."""

    fact: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True, kw_only=True)
class UnknownEvent(Event):
    """What a row says whose kind nobody knows, or whose data are no event of its kind."""

    of_kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RecordRef:
    """A record by the name that it had; `id` is None where only the name is known."""

    kind: str
    id: int | None = None
    name: str = ""

    @classmethod
    def to(cls, record: Any) -> Self:
        return cls(kind=record._meta.model_name, id=record.pk, name=record.name)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """An amount of money; `currency` is empty where nobody knows it any more."""

    amount: Decimal
    currency: str = ""


class AppendOnly(models.Model):
    """Rows that are written and never changed. The database holds it, by a trigger of each table
    (`pipeline/migrations/0022`) and by the rights of who serves pages (`manage.py grant`).

    `noted_later` are columns that are empty at first, and written once."""

    noted_later: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True


class EventRow(AppendOnly):
    """A row of a table of history. Its table says of what and when it was, and by whom."""

    kind = models.CharField(max_length=40)
    data = models.JSONField(default=dict)

    class Meta(AppendOnly.Meta):
        abstract = True

    @property
    def event(self) -> Event:
        return event_of(self.kind, self.data)


def change_event(kind: str, *, old: Any, new: Any, **more: Any) -> Event:
    """The event that a value became another one. Records become references, no text becomes None.

    Raises KeyError for a kind that is none.
    """
    return KINDS[kind](old=_as_kept(old), new=_as_kept(new), **more)  # type: ignore[call-arg]


def _as_kept(value: Any) -> Any:
    if isinstance(value, models.Model):
        return RecordRef.to(value)
    return None if value == "" else value


def event_columns(event: Event) -> dict[str, Any]:
    """The values of the columns `kind` and `data`.

    Raises TypeError for an event that could not be read again, because a value is of another type.
    """
    data = _plain(event)
    if event_of(event.kind, data) != event:
        raise TypeError(f"{event!r} holds what its kind does not say")
    return {"kind": event.kind, "data": data}


def _plain(value: Any) -> Any:
    """As JSON; what a dataclass leaves as it is by itself is left out."""
    if is_dataclass(value):
        said = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
        return {name: _plain(one) for name, (one, usual) in said.items() if one != usual}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, str) else value


def event_of(kind: str, data: Mapping[str, Any] | str) -> Event:
    """The event of a row; `data` is JSON or its text. An UnknownEvent for what is none: what was
    kept is shown, whatever became of the code that kept it."""
    said = json.loads(data) if isinstance(data, str) else data
    try:
        return _build(KINDS[kind], said)  # type: ignore[no-any-return]
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return UnknownEvent(of_kind=kind, data=said)


def in_words(event: Event) -> tuple[str, str, str]:
    """What, from what and to what, of an event that no page knows how to tell."""
    if isinstance(event, KeptInWords):
        kind = KINDS.get(event.fact)
        return str(kind.label if kind and kind.label else event.fact), event.old, event.new
    said = event.data if isinstance(event, UnknownEvent) else _plain(event)
    kind_name = event.of_kind if isinstance(event, UnknownEvent) else event.kind
    return kind_name, "", json.dumps(said, ensure_ascii=False)


def _build(cls: type[Any], said: Any) -> Any:
    """What is said that the class does not know was said by a later one."""
    if not isinstance(said, Mapping):
        raise TypeError(f"{said!r} is no {cls.__name__}")
    values = {}
    for name, (hint, is_needed) in _hints(cls).items():  # type: ignore[arg-type]
        if said.get(name) is not None:
            values[name] = _value(hint, said[name])
        elif is_needed:
            raise KeyError(name)
    return cls(**values)


@cache
def _hints(cls: type[Any]) -> dict[str, tuple[Any, bool]]:
    """The type of each field, and whether it must be said."""
    given: dict[Any, Any] = {}
    for base in cls.__mro__:
        for generic in base.__dict__.get("__orig_bases__", ()):
            names = getattr(get_origin(generic), "__parameters__", ())
            for name, hint in zip(names, get_args(generic), strict=False):
                given.setdefault(name, hint)
    hints = get_type_hints(cls)
    return {
        field.name: (_without_none(hints[field.name], given), field.default is MISSING)
        for field in fields(cls)
    }


def _without_none(hint: Any, given: Mapping[Any, Any]) -> Any:
    if get_origin(hint) in (Union, UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    return given.get(hint, hint)


_PARSERS: dict[Any, Any] = {
    Decimal: Decimal,
    dt.date: dt.date.fromisoformat,
    dt.datetime: dt.datetime.fromisoformat,
}


def _value(hint: Any, said: Any) -> Any:
    if get_origin(hint) is tuple and isinstance(said, list):
        return tuple(_value(get_args(hint)[0], one) for one in said)
    if is_dataclass(hint):
        return _build(hint, said)  # type: ignore[arg-type]  # the class, not one of it
    parse, wanted = _PARSERS.get(hint), str if hint in _PARSERS else hint
    if type(said) is not wanted:
        raise TypeError(f"{said!r} is no {hint}")
    return parse(said) if parse else said
