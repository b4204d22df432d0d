"""When something was, as people write it."""

import datetime as dt
import zoneinfo

import pytest

from salesprocess.lib.natural_dates import NotUnderstoodError, parse, parse_ahead

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")
# A Wednesday afternoon.
NOW = dt.datetime(2026, 3, 11, 15, 20, tzinfo=VIENNA)


def march(day: int, hour: int = 12, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=VIENNA)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yesterday 15:00", march(10, 15)),
        ("Yesterday at 3pm", march(10, 15)),
        ("yesterday, 3:30 pm", march(10, 15, 30)),
        ("15:00 yesterday", march(10, 15)),
        ("gestern 15:00", march(10, 15)),
        ("gestern um 15 Uhr", march(10, 15)),
        ("Gestern 15.30 Uhr", march(10, 15, 30)),
        ("vorgestern 9 Uhr", march(9, 9)),
        ("yesterday", march(10)),
        ("heute 9:05", march(11, 9, 5)),
        ("today", NOW),
        ("jetzt", NOW),
        ("11:45", march(11, 11, 45)),
        ("12am", march(11, 0)),
        ("12 pm", march(11, 12)),
        ("Friday 10:00", march(6, 10)),
        ("last Friday", march(6)),
        ("letzten Freitag 14 Uhr", march(6, 14)),
        ("am Montag", march(9)),
        ("Mi 8:00", march(11, 8)),
        ("3 days ago", march(8)),
        ("vor 2 Tagen 8:15", march(9, 8, 15)),
        ("2026-03-02 14:30", march(2, 14, 30)),
        ("2.3. 14:30", march(2, 14, 30)),
        ("2.3.", march(2)),
        ("02.03.2026", march(2)),
        ("2. März 10 Uhr", march(2, 10)),
        ("2 Mar", march(2)),
        ("Mar 2, 9am", march(2, 9)),
        ("March 2nd", march(2)),
        # Without a year it is the last one that there was.
        ("20.12.", dt.datetime(2025, 12, 20, 12, tzinfo=VIENNA)),
        ("29 Feb", dt.datetime(2024, 2, 29, 12, tzinfo=VIENNA)),
    ],
)
def test_it_is_understood_in_both_languages(text: str, meant: dt.datetime):
    assert parse(text, now=NOW) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "soon", "5", "3/4", "3/4 15:00", "2.3.26", "31.2.", "2026-13-01"),
        *("25:00", "10:75", "13pm", "0am", "10:00 11:00", "yesterday yesterday"),
        *("30 Februember", "9999999 days ago"),
    ],
)
def test_what_says_no_day_or_two_is_refused(text: str):
    with pytest.raises(NotUnderstoodError):
        parse(text, now=NOW)


@pytest.mark.parametrize(
    ("text", "day", "time"),
    [
        ("tomorrow", (12, 3), None),
        ("morgen 9 Uhr", (12, 3), dt.time(9)),
        ("übermorgen", (13, 3), None),
        ("fri", (13, 3), None),
        ("Fr 14 Uhr", (13, 3), dt.time(14)),
        # A weekday is the next one, never today.
        ("Wednesday", (18, 3), None),
        ("next Monday 10:00", (16, 3), dt.time(10)),
        ("kommenden Montag", (16, 3), None),
        ("in 3 days", (14, 3), None),
        ("+3d", (14, 3), None),
        ("in 2 Wochen", (25, 3), None),
        ("next week", (18, 3), None),
        ("by Friday", (13, 3), None),
        ("20.3. 9:00", (20, 3), dt.time(9)),
        ("10 Apr", (10, 4), None),
        # An hour that is over today is tomorrow's.
        ("16:00", (11, 3), dt.time(16)),
        ("9 Uhr", (12, 3), dt.time(9)),
    ],
)
def test_what_lies_ahead_is_understood_in_both_languages(text, day, time):
    found = parse_ahead(text, now=NOW)
    assert (found.day, found.time) == (dt.date(2026, day[1], day[0]), time)


def test_ahead_a_day_without_a_year_is_the_next_one_that_there_will_be():
    assert parse_ahead("10 Mar", now=NOW).day == dt.date(2027, 3, 10)
    assert parse_ahead("29 Feb", now=NOW).day == dt.date(2028, 2, 29)


@pytest.mark.parametrize(
    "text", ["yesterday", "10.3.2026", "3/4", "soon", "", "32.1.", "in 3 Monde"]
)
def test_what_is_past_or_no_day_does_not_lie_ahead(text):
    with pytest.raises(NotUnderstoodError):
        parse_ahead(text, now=NOW)
