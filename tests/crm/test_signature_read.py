"""Who somebody is, read from a pasted signature or mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.signature import LONGEST, Signature, read_signature

GERMAN = """\
Sehr geehrte Frau Sandoval,
anbei die Maße der Linie 3.

Mit freundlichen Grüßen
Mag. Anna Reiter
Leiterin Einkauf

Norte Aceites GmbH & Co KG
Hafenstraße 12, 1020 Wien
Tel: +43 1 234 5678 | Mobil: 0664 123 45 67
Fax: +43 1 234 5679
anna.reiter@norte-aceites.example | www.norte-aceites.example
"""
ENGLISH = """\
From: "Jordi Pla" <jordi.pla@moulin.example>
Sent: Monday, 9 March 2026 10:12
To: Mira Sandoval <mira@brunnmark.example>
Subject: RE: Line 3

Thanks for the call.

Kind regards,
Jordi Pla | Plant Manager
Moulin Papier S.A.
+33 1 44 55 66 77
"""


def test_a_german_signature():
    assert read_signature(GERMAN, country="AT") == Signature(
        name="Mag. Anna Reiter",
        job_title="Leiterin Einkauf",
        company="Norte Aceites GmbH & Co KG",
        emails=("anna.reiter@norte-aceites.example",),
        phones=("+43 1 234 5678", "0664 123 45 67"),
    )


def test_an_english_mail_with_its_head():
    assert read_signature(ENGLISH, country="AT") == Signature(
        name="Jordi Pla",
        job_title="Plant Manager",
        company="Moulin Papier S.A.",
        emails=("jordi.pla@moulin.example",),
        phones=("+33 1 44 55 66 77",),
        subject="Line 3",
    )


@pytest.mark.parametrize(
    ("text", "name", "company", "guessed"),
    [
        ("anna.reiter@norte-aceites.example", "Anna Reiter", "Norte Aceites", (True, True)),
        ("office@norte.co.uk", "", "Norte", (False, True)),
        ("anna.reiter@gmail.com", "Anna Reiter", "", (True, False)),
        ("Von: Reiter, Anna [mailto:a@norte.example]", "Anna Reiter", "Norte", (False, True)),
        ("Anna Reiter\nNorte AG", "Anna Reiter", "Norte AG", (False, False)),
        ("please call me tomorrow", "", "", (False, False)),
    ],
)
def test_what_is_guessed_says_so(text, name, company, guessed):
    found = read_signature(text, country="AT")
    assert (found.name, found.company) == (name, company)
    assert (found.is_name_guessed, found.is_company_guessed) == guessed


LINES = st.sampled_from([*GERMAN.splitlines(), *ENGLISH.splitlines(), "--", ">", "From:", "a@b.c"])


@given(st.lists(LINES, max_size=20).map("\n".join) | st.text(max_size=400))
def test_all_that_is_found_stands_in_the_text_unless_it_is_marked_as_a_guess(text):
    found = read_signature(text, country="AT")
    plain = text[:LONGEST].replace("\u00a0", " ")
    for address in found.emails:
        assert address in plain
    for number in found.phones:
        assert number in plain
    assert found.is_name_guessed or all(word in plain for word in found.name.split())
    assert found.is_company_guessed or all(word in plain for word in found.company.split())
    assert found.job_title in plain


@pytest.mark.parametrize(
    ("link", "name", "company"),
    [
        ("https://www.norte-aceites.example/contact?x=1", "", "Norte Aceites"),
        ("norte.co.uk", "", "Norte"),
        ("https://www.linkedin.com/in/anna-reiter-4b2a17/", "Anna Reiter", ""),
        ("https://www.linkedin.com/in/j%C3%B6rg-m%C3%BCller-1a2b", "Jörg Müller", ""),
        ("https://de.linkedin.com/company/moulin-papier", "", "Moulin Papier"),
        ("https://www.linkedin.com/feed/", "", ""),
        ("https://gmail.com/", "", ""),
    ],
)
def test_a_link_says_whose_it_most_likely_is(link: str, name: str, company: str):
    found = read_signature(f" {link}\n", country="AT")
    assert (found.name, found.company) == (name, company)
    assert (found.is_name_guessed, found.is_company_guessed) == (bool(name), bool(company))
    assert not found.emails
