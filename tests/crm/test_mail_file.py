"""A mail file is read as what somebody would copy of it (CHECKLIST E4)."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.mail_file import as_pasted
from crm.signature import read_mail, read_signature

WORDS = "Grüß Sie, Frau Ruiz,\nwas kosten 400 Stück?\n\nMit freundlichen Grüßen\nAnna Reiter\nNorte Aceites GmbH\n"


def mail(*, html: bool = False) -> EmailMessage:
    made = EmailMessage()
    made["Message-ID"] = "<1@norte.example>"
    made["From"] = "Anna Müller-Reiter <anna@norte.example>"
    made["To"] = "Ana Ruiz <ana@brunnmark.example>"
    made["Subject"] = "AW: Preise für Linie 3"
    if html:
        lines = "".join(f"<p>{line}</p>" for line in WORDS.split("\n"))
        style = "<head><style>p { color: red }</style></head>"
        made.set_content(f"<html>{style}<body>{lines}</body></html>", subtype="html")
    else:
        made.set_content(WORDS, cte="base64")
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="plan.pdf")
    return made


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("cut", [False, True])
def test_a_mail_that_was_saved_says_who_wrote_it_and_what(html: bool, cut: bool) -> None:
    raw = mail(html=html).as_bytes().decode()
    found = as_pasted(raw[: raw.index("application/pdf")] if cut else raw)
    read = read_mail(found)
    assert read is not None
    assert (read.senders, read.to) == (("anna@norte.example",), ("ana@brunnmark.example",))
    assert read.subject == "Preise für Linie 3"
    assert "was kosten 400 Stück?" in read.words
    assert "color" not in read.words
    assert "PDF" not in read.words
    who = read_signature(found, country="AT")
    assert (who.name, who.company) == ("Anna Müller-Reiter", "Norte Aceites GmbH")


def test_what_was_pasted_stays_as_it_is() -> None:
    pasted = f"From: anna@norte.example\nSubject: Prices\n\n{WORDS}"
    assert as_pasted(pasted) == pasted


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_file_says_is_read_or_left_out(head: str, body: str) -> None:
    read_mail(as_pasted(f"Message-ID: <1@x>\n{head}\n\n{body}"))


def test_a_charset_that_nobody_knows_costs_the_words_alone() -> None:
    raw = "Message-ID: <1@x>\nFrom: a@b.example\nContent-Type: text/plain; charset=klingon\n\nHello"
    assert as_pasted(raw).startswith("From: a@b.example")
