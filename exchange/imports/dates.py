"""How the text of a cell becomes a day, and which readings of it make sense; pure.

A *way* says in which order day, month and year stand, written as for strptime: "%d/%m/%Y",
"%b %d %Y" (month names English or German, long or short). What follows the day (an hour, "PM",
an offset) is read as it stands, in any of the usual forms, and is no part of the way.

"excel", "unix" and "unix_ms" are ways, too, for days that are written as a number: days since the end of
1899 (with the hour as a fraction), seconds or milliseconds since 1970.

"dmy", "mdy" and "ymd" are ways, too, for columns that are written in several: whatever the signs
between them, these parts stand in this order, but where a month has a name or the year comes first.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

ORDERS = ("dmy", "mdy", "ymd")
# Every two of its parts differ, so that a text that means it can be read in one way.
EXAMPLE = dt.date(2016, 12, 31)
NOON, MIDNIGHT = dt.time(12), dt.time(0)
# Excel counts a 29 February 1900, so that the days after it are right from this one.
_SERIAL_FROM = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # a spreadsheet knows no zone
# 1954 to 2064, and 2001 to 2100: shorter numbers are rather years, numbers of rows, or amounts.
_SERIALS, _SECONDS = (20_000, 60_000), (1_000_000_000, 4_102_444_800)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d{1,15})?")
_EPOCH = re.compile(r"\d{10}|\d{13}")
COUNTED = ("excel", "unix", "unix_ms")
_FIRST_YEAR, _LAST_COMPACT_YEAR = 1900, 2199

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner jaenner jän",
            "feb february februar feber",
            "mar march märz maerz mär mrz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
# Those that mean one thing; CST is also China's, BST also Bangladesh's.
_ZONES = {
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "MEZ": 1,
    "CEST": 2,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "EST": -5,
    "EDT": -4,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
_WEEKDAY_NAMES = """
    mon monday montag mo tue tues tuesday dienstag di wed wednesday mittwoch mi thu thur thurs
    thursday donnerstag do fri friday freitag fr sat saturday samstag sonnabend sa sun sunday
    sonntag so
"""
_WEEKDAYS = frozenset(_WEEKDAY_NAMES.split())
_CLOCK = r"""
    (?: (?:,\s?|\s|T|\s-\s|,?\s(?:at|um)\s) (?P<hour>\d{1,2})
        (?: [:.](?P<minute>\d{2}) (?: [:.](?P<second>\d{2}) (?:[.,](?P<part>\d{1,9}))? )? )?
        \s? (?P<half>[ap]\.?m\.?)? (?:\s(?:uhr|h))?
        \s? (?P<zone>z|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?|utc|gmt|[cwe]es?t|mesz|mez|[emp][sd]t)?
    )?
"""
_TEXT_OF_A_DAY = re.compile(
    rf"""
    (?: (?P<weekday>[^\W\d]{{2,10}})\.?,?\s )?
    (?: (?P<a>\d{{1,4}})\s?(?P<sign>[-/.\s])\s?(?P<b>\d{{1,2}})\s?(?P=sign)\s?(?P<c>\d{{1,4}})\.?
      | (?P<compact>\d{{8}})
      | (?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\.?[-/\s]?(?P<name1>[^\W\d]{{3,10}})\.?,?[-/\s]?(?P<y1>\d{{4}}|\d{{2}})
      | (?P<name2>[^\W\d]{{3,10}})\.?[-/\s]?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?[-/\s]\s?(?P<y2>\d{{4}}|\d{{2}})
      | (?P<y3>\d{{4}})[-/\s]?(?P<name3>[^\W\d]{{3,10}})\.?[-/\s]?(?P<d3>\d{{1,2}})
    )
    {_CLOCK}
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A stated format: its days in the forms below, and perhaps an hour.
_STATED_CLOCK = re.compile(r"[T ,]*%[HI].*$")
_WAY = re.compile(r"%[dmY]([-/. ]?)%[md]\1%[dYy]|%y([-/. ])%m\2%d|%[db] %[bd] %[Yy]|%Y %b %d")
_PARTS_OF_EXAMPLE = (
    ("2016", "%Y"),
    ("31", "%d"),
    ("16", "%y"),
    ("12", "%m"),
)
_MONTH_OF_EXAMPLE = re.compile(r"[^\W\d]{3,10}")


@dataclass(frozen=True, slots=True)
class When:
    """What a cell says: a day, and the hour if it names one; aware if it names an offset.

    An hour of exactly midnight is how programs write a day that has none, so it is none.
    """

    on: dt.date
    clock: dt.time | None = None

    @property
    def at(self) -> dt.datetime:
        """For comparing and writing out; midnight where there is no hour."""
        return dt.datetime.combine(self.on, self.clock or MIDNIGHT)


def when(text: str, way: str) -> When | None:
    """Parse `text` in the format `way`; None if it does not fit."""
    if way in ORDERS:
        return _in_order(text, way)
    if way in COUNTED or _WAY.fullmatch(way):
        return readings(text).get(way)
    return _strictly(text, way)


@lru_cache(maxsize=8192)
def readings(text: str) -> dict[str, When]:
    """All sensible readings of `text`, by way."""
    if counted := _counted(text):
        return counted
    found = _TEXT_OF_A_DAY.fullmatch(text)
    if found is None or not _is_weekday(found["weekday"]):
        return {}
    clock, fits = _clock(found)
    if not fits:
        return {}
    days = ((way, _day(*parts)) for way, *parts in _ways(found))
    return {way: When(on, clock) for way, on in days if on is not None}


@lru_cache(maxsize=8192)
def orders(text: str) -> tuple[str, ...]:
    """The orders of day, month and year in which `text` can be read."""
    return tuple(order for order in ORDERS if _in_order(text, order))


def way_of(stated: str) -> str:
    """The way that a person states: as for strptime, by an order, or by how 31 December 2016 (or
    any other day that can be read in one way) is written. Empty if it says nothing."""
    stated = " ".join(stated.split())
    if stated in ORDERS or stated in COUNTED:
        return stated
    if "%" in stated:
        return _way_of_format(stated)
    found = readings(stated)
    meant = [way for way, each in found.items() if each.on == EXAMPLE] or list(found)
    if found:
        return meant[0] if len(meant) == 1 else ""
    return _way_of_unknown_example(stated)


def example(way: str) -> str:
    """31 December 2016 in a format, for people."""
    if way in COUNTED:
        return {"excel": "42735", "unix": "1483142400", "unix_ms": "1483142400000"}[way]
    return EXAMPLE.strftime("%d/%m/%Y" if way in ORDERS else way)


def order_of(way: str) -> str:
    """The order of day, month and year in a format from `readings`."""
    return "".join(sign for sign in way.replace("b", "m").lower() if sign in "dmy")


def day(said: When, zone: zoneinfo.ZoneInfo) -> dt.date:
    """The date that is meant, in `zone` if an instant is given."""
    return (
        said.on
        if said.clock is None or said.clock.tzinfo is None
        else _exact(said, zone).astimezone(zone).date()
    )


def instants(
    acts: Sequence[When | None], *, zones: Sequence[zoneinfo.ZoneInfo], now: dt.datetime
) -> list[dt.datetime | None]:
    """The instants of acts that are given in the order in which they happen, in UTC.

    A bare day has no hour, so it never contradicts what happened on that day: it is taken for noon
    (which is the same date in nearly every zone) in the first of `zones`, or if that would come
    before an earlier act of the day, or after a later one or after `now`, for that instant. The day
    is today if it is in any of the zones; what lies ahead is left for the rules to refuse.
    """
    exact = [_exact(act, zones[0]) if act and act.clock else None for act in acts]
    found: list[dt.datetime | None] = []
    for place, act in enumerate(acts):
        at = exact[place]
        if act is not None and at is None:
            at = dt.datetime.combine(act.on, NOON, zones[0])
            later = [each for each in exact[place + 1 :] if each]
            at = min([at, *_of_day(act.on, [*later, now], zones)])
            at = max([at, *_of_day(act.on, [each for each in exact[:place] if each], zones)])
        found.append(at.astimezone(dt.UTC) if at else None)
    return found


def _of_day(
    on: dt.date, ats: Iterable[dt.datetime], zones: Sequence[zoneinfo.ZoneInfo]
) -> list[dt.datetime]:
    return [
        at
        for at in ats
        if on == at.date() or any(on == at.astimezone(zone).date() for zone in zones)
    ]


def _exact(said: When, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return said.at if said.at.tzinfo else said.at.replace(tzinfo=zone)


def _counted(text: str) -> dict[str, When]:
    if _SERIAL.fullmatch(text):
        number = float(text.replace(",", "."))
        if not _SERIALS[0] <= number < _SERIALS[1]:
            return {}
        at = _SERIAL_FROM + dt.timedelta(seconds=round(number * 86_400))
        return {"excel": When(at.date(), None if at.time() == MIDNIGHT else at.time())}
    if _EPOCH.fullmatch(text):
        seconds, way = (int(text), "unix") if len(text) == 10 else (int(text) // 1000, "unix_ms")
        if _SECONDS[0] <= seconds < _SECONDS[1]:
            at = dt.datetime.fromtimestamp(seconds, dt.UTC)
            return {way: When(at.date(), None if at.time() == MIDNIGHT else at.timetz())}
    return {}


def _in_order(text: str, order: str) -> When | None:
    found = readings(text)
    for way, said in found.items():
        if way.startswith("%Y") or "%b" in way:
            return said  # there is no other order
    return next((said for way, said in found.items() if order_of(way) == order), None)


def _strictly(text: str, way: str) -> When | None:
    try:
        at = dt.datetime.strptime(text, way)  # noqa: DTZ007  # the zone is the caller's
    except ValueError:
        return None
    return When(at.date(), None if at.time() == MIDNIGHT else at.timetz())


def _is_weekday(word: str | None) -> bool:
    return word is None or word.casefold() in _WEEKDAYS


def _clock(found: "re.Match[str]") -> tuple[dt.time | None, bool]:
    """The time in the text, and whether the rest of the text is one."""
    if found["hour"] is None:
        return None, True
    half = (found["half"] or "")[:1].lower()
    if not found["minute"] and not half:
        return None, False
    hour = int(found["hour"])
    if half:
        if not 1 <= hour <= 12:
            return None, False
        hour = hour % 12 + (12 if half == "p" else 0)
    part = int((found["part"] or "0").ljust(6, "0")[:6])
    try:
        clock = dt.time(hour, int(found["minute"] or 0), int(found["second"] or 0), part)
        offset = _offset(found["zone"])
    except ValueError:
        return None, False
    return (None if clock == MIDNIGHT else clock.replace(tzinfo=offset)), True


def _offset(text: str | None) -> dt.tzinfo | None:
    """Raises ValueError for an offset that no time zone has."""
    if text is None:
        return None
    if (hours_east := _ZONES.get(text.upper())) is not None:
        return dt.timezone(dt.timedelta(hours=hours_east))
    text = text.upper().removeprefix("UTC").removeprefix("GMT")
    if text in ("", "Z"):
        return dt.UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) < 3 else (digits[:-2], digits[-2:])
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return dt.timezone(-offset if text[0] == "-" else offset)


def _ways(found: "re.Match[str]") -> list[tuple[str, str, str, str]]:
    """Each possible format, with its year, month and day."""
    if found["sign"]:
        return _numeric_ways(found["a"], found["sign"], found["b"], found["c"])
    if whole := found["compact"]:
        ways = [
            ("%Y%m%d", whole[:4], whole[4:6], whole[6:]),
            ("%d%m%Y", whole[4:], whole[2:4], whole[:2]),
            ("%m%d%Y", whole[4:], whole[:2], whole[2:4]),
        ]
        return [way for way in ways if _FIRST_YEAR <= int(way[1]) <= _LAST_COMPACT_YEAR]
    for number, order in enumerate(("%d %b {}", "%b %d {}", "{} %b %d"), start=1):
        if name := found[f"name{number}"]:
            year = found[f"y{number}"]
            way = order.format("%Y" if len(year) == 4 else "%y")
            return [(way, year, str(_MONTHS.get(name.casefold(), 0)), found[f"d{number}"])]
    return []


def _numeric_ways(a: str, sign: str, b: str, c: str) -> list[tuple[str, str, str, str]]:
    sign = " " if sign.isspace() else sign
    long, wide = len(a) == 4, len(c) == 4
    ways = []
    if not long and len(a) <= 2 and (wide or len(c) == 2):
        year = "%Y" if wide else "%y"
        ways += [
            (f"%d{sign}%m{sign}{year}", c, b, a),
            (f"%m{sign}%d{sign}{year}", c, a, b),
        ]
    if len(c) <= 2 and (long or len(a) == 2):
        ways.append((f"{'%Y' if long else '%y'}{sign}%m{sign}%d", a, b, c))
    return ways


def _day(year: str, month: str, on: str) -> dt.date | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 69 else 1900  # as POSIX has it
    try:
        return dt.date(number, int(month), int(on)) if number >= _FIRST_YEAR else None
    except ValueError:
        return None


def _way_of_format(stated: str) -> str:
    """Our format for a format string of strptime, if there is one."""
    days = _STATED_CLOCK.sub("", stated)
    named = re.sub(r"[-/.,\s]+", " ", days.replace("%B", "%b")).strip()
    way = named if "%b" in named else days
    if _WAY.fullmatch(way) and len(order_of(way)) == len(set(order_of(way))) == 3:
        return way
    try:
        dt.datetime.strptime(EXAMPLE.strftime(stated), stated)  # noqa: DTZ007  # is it one?
    except ValueError:
        return ""
    return stated


def _way_of_unknown_example(stated: str) -> str:
    """The format of an example of 31 December 2016 in an unusual form, such as “31|12|2016”."""
    for month in _MONTH_OF_EXAMPLE.findall(stated):
        if _MONTHS.get(month.casefold()) == EXAMPLE.month:
            stated = stated.replace(month, "%b")
    way = stated
    for digits, part in _PARTS_OF_EXAMPLE:
        way = way.replace(digits, part, 1)
    whole = sorted(order_of("".join(re.findall(r"%\w", way)))) == ["d", "m", "y"]
    return way if whole and not re.search(r"(?<!%)\d", way) else ""
