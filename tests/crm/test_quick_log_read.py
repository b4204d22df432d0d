"""A line about what was done, as it is understood; no word of it is ever lost."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.models import ActivityResult
from crm.quick_log import LONGEST, WordRole, read_line

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")
# A Wednesday afternoon.
NOW = dt.datetime(2026, 3, 11, 15, 20, tzinfo=VIENNA)
FRIDAY = dt.date(2026, 3, 13)


@pytest.mark.parametrize(
    ("line", "lead", "kind", "result", "note", "next_kind", "about", "day"),
    [
        ("anna norte reached wants pricing > offer fri", "anna norte", None, "reached",
         "wants pricing", "email", "offer", FRIDAY),
        ("Anna Norte erreicht will Preise > Angebot Fr", "Anna Norte", None, "reached",
         "will Preise", "email", "Angebot", FRIDAY),
        ("anna call no answer", "anna", "call", "no_answer", "", None, "", None),
        ("anna nicht erreicht > anrufen morgen 10 Uhr", "anna", None, "no_answer", "",
         "call", "", dt.date(2026, 3, 12)),
        ("Norte Termin vereinbart > Termin 20.3. 9:00", "Norte", None, "meeting_set", "",
         "meeting", "", dt.date(2026, 3, 20)),
        ("anna met she asked about the call centre", "anna", "meeting", None,
         "she asked about the call centre", None, "", None),
        ("anna call wants pricing reached", "anna", "call", "reached", "wants pricing", None, "",
         None),
        ("anna note likes blue", "anna", "note", None, "likes blue", None, "", None),
        ("> in 3 days", "", None, None, "", None, "", dt.date(2026, 3, 14)),
        ("anna -> send the samples next week", "anna", None, None, "", None, "send the samples",
         dt.date(2026, 3, 18)),
        ("", "", None, None, "", None, "", None),
    ],
)  # fmt: skip
def test_it_is_understood_in_both_languages(line, lead, kind, result, note, next_kind, about, day):
    found = read_line(line, now=NOW)
    assert " ".join(found.lead) == lead
    assert (found.kind, found.result) == (kind, result)
    assert found.words(WordRole.NOTE) == note
    assert (found.next_kind, found.next_about) == (next_kind, about)
    assert (found.next_due.day if found.next_due else None) == day


def test_a_time_that_is_past_is_when_it_was():
    found = read_line("anna yesterday 11:00 reached wants pricing", now=NOW)
    assert found.done_at == dt.datetime(2026, 3, 10, 11, 0, tzinfo=VIENNA)
    assert found.result == ActivityResult.REACHED
    # Short words that are also days are words, and an hour to come is no time at which it was.
    assert read_line("anna reached so she said do it 18:00", now=NOW).done_at is None


def test_of_the_lead_what_names_nobody_begins_the_note():
    found = read_line("anna norte wants pricing reached", now=NOW)
    assert found.result == ActivityResult.REACHED
    assert found.note_after(2) == "wants pricing"
    assert found.note_after(0) == "anna norte wants pricing"


WORDS = st.sampled_from(
    [
        "anna",
        "norte",
        "reached",
        "no",
        "answer",
        "call",
        "mail",
        "met",
        "termin",
        "vereinbart",
        "deal",
        ">",
        "->",
        "→",
        "fri",
        "10:00",
        "tomorrow",
        "morgen",
        "so",
        "do",
        "12.3.",
        "offer",
        "wants",
        "the",
        "price",
        "yesterday",
        "note",
        "weiter,",
        "erreicht!",
        "ü",
        "3pm",
        "in",
        "2",
        "days",
    ]
)


@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=LONGEST + 20))
@example("a>b")
@example("> >")
def test_no_word_is_lost(line):
    found = read_line(line, now=NOW)
    kept = "".join(found.text[one.start : one.end] for one in found.pieces)
    assert "".join(kept.split()) == "".join(line[:LONGEST].split())
    assert list(found.pieces) == sorted(found.pieces, key=lambda one: one.start)
    # What is said again is kept in words: one kind, one result, one time.
    assert (found.kind is not None) == bool(found.words(WordRole.KIND))
    assert (found.result is not None) == bool(found.words(WordRole.RESULT))
    assert (found.next_due is not None) == bool(found.words(WordRole.NEXT_WHEN))
