"""Letters are written one way: in Python, where what is typed is read, as in the database."""

import unicodedata

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from salesprocess.lib import folding

# Every letter of the alphabets, and some of the thousands of signs that are all treated alike.
# (Python's Unicode is older than PostgreSQL's: letters it does not know cannot agree.)
ALL = [
    chr(number)
    for number in (*range(1, 0x3400), *range(0x3400, 0xF900, 41), *range(0xF900, 0x20000))
    if unicodedata.category(chr(number)) not in ("Cn", "Cs", "Co")
    and (number < 0x17000 or number % 41 == 0)
]
PAIRS = [("seven_fold", folding.fold), ("seven_words", folding.words)]


def in_database(function: str, texts: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE %s WHEN 'seven_fold' THEN seven_fold(text) WHEN 'seven_words' THEN"
            " seven_words(text) ELSE seven_spelled_out(text) END"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n",
            [function, texts],
        )
        return [text for (text,) in cursor.fetchall()]


@pytest.mark.parametrize(("function", "same"), [*PAIRS, ("seven_spelled_out", folding.spelled_out)])
def test_database_and_python_agree_on_every_letter(db, function, same):
    found = in_database(function, ALL)
    different = [
        (hex(ord(sign)), theirs, same(sign))
        for sign, theirs in zip(ALL, found, strict=True)
        if theirs != same(sign)
    ]
    assert different == []


class Texts(TestCase):
    """Letters beside each other may join and part."""

    # How long the database takes is no matter here.
    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.text(
                st.sampled_from(ALL[:0x3000]) | st.sampled_from("äÄß ’-.&İıﬁ\u0301\u0308"),
                max_size=12,
            ),
            min_size=20,
            max_size=20,
        )
    )
    def test_database_and_python_agree_on_any_text(self, texts):
        for function, same in PAIRS:
            assert in_database(function, texts) == [same(text) for text in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("Straẞe", "strasse"),
        ("Łódź", "lodz"),
        ("Đorđe Šarić", "dorde saric"),
        ("Ærøskøbing", "aeroskobing"),
        ("Œuvre", "oeuvre"),
        ("İstanbul", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("O’Brien", "O'Brien"),
        ("O‘Brien", "O`Brien"),
        ("„Kultur“", "«Kultur»"),
        ("Rhein–Main", "Rhein-Main"),
        ("ﬁnance oﬃce", "finance office"),
        ("ＨＰ　Ｉｎｃ", "hp inc"),
        (unicodedata.normalize("NFD", "Müller & Söhne"), "Müller & Söhne"),
        ("Ｍu\u0308ller", "MULLER"),
        ("Þórr", "thorr"),
        ("Ħamrun", "hamrun"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ЁЛКА", "елка"),
        ("ﾊﾟﾝ", "パン"),
        ("zero\u200bwidth\u00ad", "zerowidth"),
    ],
)
def test_one_letter_is_one_letter_however_it_is_written(one, other):
    assert folding.words(one) == folding.words(other)


def test_folding_twice_changes_nothing_more():
    again = [sign for sign in ALL if folding.fold(folding.fold(sign)) != folding.fold(sign)]
    assert again == []


@pytest.mark.parametrize(("one", "other"), [("Bauer", "Baur"), ("Israel", "Isräl"), ("Ort", "Art")])
def test_other_letters_stay_others(one, other):
    assert folding.words(one) != folding.words(other)
