"""When something was or will be, as people write it: “yesterday 15:00”, “Fr 14 Uhr”, “10 Mar”, „in 3
Tagen“. `parse` reads what lies behind, `parse_ahead` what is planned.

English and German alike, whatever the reader's language: who writes a word of the other is understood.
A day that can be read in two ways (3/4) is refused, as everywhere.
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import NamedTuple

_DAYS = {
    **dict.fromkeys(("today", "heute", "now", "jetzt"), 0),
    **dict.fromkeys(("yesterday", "gestern"), 1),
    **dict.fromkeys(("vorgestern", "day before yesterday"), 2),
}
_DAYS_AHEAD = {
    **dict.fromkeys(("today", "heute"), 0),
    **dict.fromkeys(("tomorrow", "tmrw", "morgen"), 1),
    **dict.fromkeys(("übermorgen", "uebermorgen", "day after tomorrow"), 2),
    **dict.fromkeys(("next week", "in a week", "nächste woche", "naechste woche"), 7),
    **dict.fromkeys(("in einer woche",), 7),
}
_WEEKDAYS = (
    ("monday", "mon", "montag", "mo"),
    ("tuesday", "tue", "tues", "dienstag", "di"),
    ("wednesday", "wed", "mittwoch", "mi"),
    ("thursday", "thu", "thur", "thurs", "donnerstag", "do"),
    ("friday", "fri", "freitag", "fr"),
    ("saturday", "sat", "samstag", "sonnabend", "sa"),
    ("sunday", "sun", "sonntag", "so"),
)
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names}
_MONTHS = (
    ("january", "jan", "januar", "jänner", "jän"),
    ("february", "feb", "februar", "feber"),
    ("march", "mar", "märz", "mär", "mrz"),
    ("april", "apr"),
    ("may", "mai"),
    ("june", "jun", "juni"),
    ("july", "jul", "juli"),
    ("august", "aug"),
    ("september", "sep", "sept"),
    ("october", "oct", "oktober", "okt"),
    ("november", "nov"),
    ("december", "dec", "dezember", "dez"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}

_CLOCK = re.compile(
    r"\b(?:at |um )?(?:"
    r"(?P<h12>\d{1,2})(?:[:.](?P<m12>\d{2}))? ?(?P<half>am|pm)"
    r"|(?P<h24>\d{1,2})[:.](?P<m24>\d{2}) ?(?:uhr|h)\b"
    r"|(?P<hour>\d{1,2}) ?(?:uhr|h)\b"
    r"|(?P<hh>\d{1,2}):(?P<mm>\d{2})"
    r")(?=$|[\s,])"
)
_AGO = re.compile(r"(?:vor )?(?P<n>\d{1,3}) (?:days? ago|tagen?)")
_IN = re.compile(
    r"(?:in |\+ ?)(?P<n>\d{1,3}) ?(?:(?P<days>d|t|days?|tage?n?)|(?P<weeks>w|wk|weeks?|wochen?))"
)
_ISO = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})")
_DOTS = re.compile(r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\.(?: ?(?P<y>\d{4}))?")
_NAMED = re.compile(r"(?P<d>\d{1,2})(?:\.|st|nd|rd|th)? (?P<month>[a-zä]+)\.?(?: (?P<y>\d{4}))?")
_NAMED_US = re.compile(r"(?P<month>[a-zä]+)\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<y>\d{4}))?")


class NotUnderstoodError(ValueError):
    """The text names no day and no time, or more than one."""


def parse(text: str, *, now: dt.datetime) -> dt.datetime:
    """The instant that is meant, in the zone of `now`, which is the writer's. A day without an hour
    is its noon, today's is now.

    Raises NotUnderstoodError.
    """
    try:
        return _parsed(text, now)
    except ValueError as error:
        raise NotUnderstoodError(text) from error


class DayAhead(NamedTuple):
    """A day that is planned for, and an hour of it if one was said."""

    day: dt.date
    time: dt.time | None = None


def parse_ahead(text: str, *, now: dt.datetime) -> DayAhead:
    """The day that is meant of those from today on, in the zone of `now`, which is the writer's.

    An hour alone is today's, or tomorrow's where it is over. A weekday is the next one, never today.

    Raises NotUnderstoodError.
    """
    try:
        clock, rest = _split(text)
        time = _time(clock) if clock else None
        if rest:
            return DayAhead(_day_ahead(rest, now.date()), time)
        if time is None:
            raise NotUnderstoodError(text)
        is_over = time <= now.time()
        return DayAhead(now.date() + dt.timedelta(days=is_over), time)
    except (ValueError, OverflowError) as error:
        raise NotUnderstoodError(text) from error


def _parsed(text: str, now: dt.datetime) -> dt.datetime:
    clock, rest = _split(text)
    day = _day(rest, now.date()) if rest else now.date()
    if clock is None:
        if not rest:
            raise ValueError(text)
        return now if day == now.date() else _at(day, dt.time(12), now)
    return _at(day, _time(clock), now)


def _split(text: str) -> tuple[re.Match[str] | None, str]:
    """The hour that is said, if any, and what says the day."""
    said = " ".join(text.casefold().replace("’", "'").split()).strip(" ,.!") + (
        "." if text.rstrip().endswith(".") else ""
    )
    clock = _CLOCK.search(said)
    rest = said
    if clock is not None:
        rest = said[: clock.start()] + " " + said[clock.end() :]
    return clock, " ".join(rest.split()).strip(" ,")


def _at(day: dt.date, time: dt.time, now: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(day, time, tzinfo=now.tzinfo)


def _time(found: re.Match[str]) -> dt.time:
    """Raises ValueError for an hour that no clock shows."""
    parts = found.groupdict()
    if half := parts["half"]:
        hour = int(parts["h12"])
        if not 1 <= hour <= 12:
            raise ValueError(found.group())
        return dt.time(hour % 12 + (12 if half == "pm" else 0), int(parts["m12"] or 0))
    said = parts["h24"] or parts["hour"] or parts["hh"]
    return dt.time(int(said), int(parts["m24"] or parts["mm"] or 0))


def _day(text: str, today: dt.date) -> dt.date:
    if text in _DAYS:
        return today - dt.timedelta(days=_DAYS[text])
    name = re.sub(r"^(last|on|am|letzten|vergangenen) ", "", text).strip(" .,")
    if name in _WEEKDAY:
        return today - dt.timedelta(days=(today.weekday() - _WEEKDAY[name]) % 7)
    if found := _AGO.fullmatch(text):
        return today - dt.timedelta(days=int(found["n"]))
    return _date(re.sub(r"^(on|am) ", "", text), today, _latest)


def _day_ahead(text: str, today: dt.date) -> dt.date:
    if text in _DAYS_AHEAD:
        return today + dt.timedelta(days=_DAYS_AHEAD[text])
    said = re.sub(r"^(on|am|by|bis) ", "", text)
    name = re.sub(r"^(next|this|nächsten|kommenden|diesen) ", "", said).strip(" .,")
    if name in _WEEKDAY:
        return today + dt.timedelta(days=(_WEEKDAY[name] - today.weekday() - 1) % 7 + 1)
    if found := _IN.fullmatch(said):
        return today + dt.timedelta(days=int(found["n"]) * (7 if found["weeks"] else 1))
    day = _date(said, today, _earliest)
    if day < today:
        raise ValueError(text)
    return day


# Which of a day's years is meant.
_Year = Callable[[int, int, str | None, dt.date], dt.date]


def _date(text: str, today: dt.date, year: _Year) -> dt.date:
    for form in (_ISO, _DOTS, _NAMED, _NAMED_US):
        if found := form.fullmatch(text):
            parts = found.groupdict()
            month = int(parts["m"]) if "m" in parts else _MONTH.get(parts["month"], 0)
            return year(int(parts["d"]), month, parts["y"], today)
    raise ValueError(text)


def _latest(day: int, month: int, year: str | None, today: dt.date) -> dt.date:
    """That day; without a year the last one that there was."""
    if year is not None:
        return dt.date(int(year), month, day)
    for before in range(9):  # a leap day is that far away at the most
        try:
            found = dt.date(today.year - before, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(day)


def _earliest(day: int, month: int, year: str | None, today: dt.date) -> dt.date:
    """That day; without a year the next one that there will be."""
    if year is not None:
        return dt.date(int(year), month, day)
    for after in range(9):
        try:
            found = dt.date(today.year + after, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    raise ValueError(day)
