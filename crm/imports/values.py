"""How the text of a cell becomes a value, and when it cannot because it means two things; pure."""

import datetime as dt
import re
import zoneinfo
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Any

from django.utils.translation import gettext as _

from crm.imports.faults import BadValue

_DAYS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y/%m/%d",
    "%y-%m-%d",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M:%S%z")
DATE_FORMATS = tuple(day + time for time, day in product(_TIMES, _DAYS))

POINT, COMMA = ".", ","
DECIMAL_SIGNS = (POINT, COMMA)
# A thousand may be marked by a space of any kind, an apostrophe, or the sign that is not the
# decimal one; groups have three digits, so that "1.5" is no number where the comma is decimal.
_NUMBER = {
    POINT: re.compile(r"[+-]?(?:\d{1,3}(?:[,\s'’]\d{3})+|\d+)(?:\.\d+)?"),
    COMMA: re.compile(r"[+-]?(?:\d{1,3}(?:[.\s'’]\d{3})+|\d+)(?:,\d+)?"),
}
_MARKS = {
    POINT: str.maketrans("", "", ", \u00a0\u2009\u202f'’"),
    COMMA: str.maketrans(",", ".", ". \u00a0\u2009\u202f'’"),
}
NOON = dt.time(12)


@lru_cache(maxsize=8192)
def instant(text: str, date_format: str) -> dt.datetime | None:
    """What `text` says by a format of strptime, naive unless it names an offset; None if it does
    not fit."""
    try:
        return dt.datetime.strptime(text, date_format)  # noqa: DTZ007  # the zone is the caller's
    except ValueError:
        return None


def number(text: str, decimal_sign: str) -> Decimal | None:
    if _NUMBER[decimal_sign].fullmatch(text) is None:
        return None
    return Decimal(text.translate(_MARKS[decimal_sign]))


def day(text: str, date_format: str) -> dt.date:
    """Raises BadValue if `text` does not fit."""
    return _instant(text, date_format).date()


@lru_cache(maxsize=8192)
def moment(text: str, date_format: str, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The instant in UTC; a mere date means noon of that day in `zone`.

    Noon, because it stays the same date in nearly every zone, and half a day is the least that a
    mere date can be wrong by. Raises BadValue if `text` does not fit.
    """
    found = _instant(text, date_format)
    if "%H" not in date_format:
        found = dt.datetime.combine(found, NOON)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(dt.UTC)


def money(text: str, decimal_sign: str) -> Decimal:
    """Raises BadValue for what is no number, negative, too large, or finer than a hundredth."""
    found = _number(text, decimal_sign)
    if found < 0:
        raise BadValue(_("A value cannot be negative."))
    if found >= 10**12:
        raise BadValue(_("This is more than a value can hold (12 digits)."))
    if found != found.quantize(Decimal("0.01")):
        raise BadValue(_("This has more than two decimals."))
    return found


def whole(text: str, decimal_sign: str) -> int:
    """Raises BadValue for what is no whole number from 0 to 2,147,483,647."""
    found = _number(text, decimal_sign)
    if found != found.to_integral_value() or not 0 <= found < 2**31:
        raise BadValue(_("A whole number is needed here, zero or more."))
    return int(found)


def _instant(text: str, date_format: str) -> dt.datetime:
    found = instant(text, date_format)
    if found is None:
        raise BadValue(
            _("This is no date as the rest of the column writes them (%(format)s).")
            % {"format": date_format}
        )
    return found


def _number(text: str, decimal_sign: str) -> Decimal:
    found = number(text, decimal_sign)
    if found is None:
        raise BadValue(
            _("This is no number with “%(sign)s” as its decimal sign.") % {"sign": decimal_sign}
        )
    return found


class Reading:
    """Which ways of reading fit all cells of a column that have been seen.

    A column is read in the one way that fits all of it. Where two ways fit and differ, it is
    ambiguous: `witness` is a cell that means two things. Where no way fits all, it is mixed:
    `odd_one` is a cell that does not fit what came before. A cell that no way fits is that row's
    fault and says nothing about the column.
    """

    def __init__(self, *, dates: bool) -> None:
        self._read = instant if dates else number
        self._all = DATE_FORMATS if dates else DECIMAL_SIGNS
        self.fits = self._all
        self.first: tuple[int, str] | None = None
        self.witness: tuple[int, str] | None = None
        self.odd_one: tuple[int, str] | None = None

    def see(self, text: str, line: int) -> None:
        found = {way: self._read(text, way) for way in self.fits}
        fits = tuple(way for way in self.fits if found[way] is not None)
        if not fits:
            if self.odd_one is None and any(self._read(text, way) for way in self._all):
                self.odd_one = (line, text)
            return
        if self.first is None:
            self.first = (line, text)
        if len(fits) < len(self.fits):
            self.fits = fits
            if self.witness and not self._differs(self.witness[1]):
                self.witness = None
        if self.witness is None and len(fits) > 1 and self._differs(text):
            self.witness = (line, text)

    def _differs(self, text: str) -> bool:
        return len({self._read(text, way) for way in self.fits}) > 1

    def meanings(self, text: str) -> list[tuple[str, Any]]:
        """Two ways of reading an ambiguous cell that differ, each with what it makes of it."""
        first = self.fits[0]
        meant = self._read(text, first)
        other = next(way for way in self.fits if self._read(text, way) != meant)
        return [(first, meant), (other, self._read(text, other))]

    def readings(self, text: str) -> list[tuple[str, Any]]:
        """Every way to read a cell that is still open, or where none is left, any; each with what
        it makes of the cell."""
        ways = self.fits if self.witness else self._all
        found = [(way, self._read(text, way)) for way in ways]
        return [(way, meant) for way, meant in found if meant is not None]

    @property
    def way(self) -> str:
        """The way to read the column, once it is known to be neither ambiguous nor mixed."""
        return self.fits[0]
