"""Every text that people read exists in every language, with the same places for values."""

import gettext
import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tools import messages

LANGUAGES = dict(messages.catalogues())


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return messages.collect(tmp_path_factory.mktemp("locale") / "django.pot")


def test_it_has_a_catalogue_for_each_language_but_our_own(settings):
    assert {*LANGUAGES, settings.LANGUAGE_CODE} == {code for code, _name in settings.LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_complete(language: str, texts: Catalog):
    found = messages.faults(messages.read(LANGUAGES[language], language), texts)

    assert not found, "run `make messages` and fill in what it lists (CONTRIBUTING, Languages)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_read_as_it_was_written(language: str):
    """The compiled file is of the same words: `python3 dev.py setup` makes it, `make messages` too."""
    written = messages.read(LANGUAGES[language], language)
    compiled = LANGUAGES[language].with_suffix(".mo")
    wanted = io.BytesIO()
    write_mo(wanted, written)
    wanted.seek(0)

    with compiled.open("rb") as file:
        assert gettext.GNUTranslations(file)._catalog == gettext.GNUTranslations(wanted)._catalog  # type: ignore[attr-defined]


SOURCE = """
msgid "Hello %(name)s"
msgstr ""

msgid "%(n)s deal"
msgid_plural "%(n)s deals"
msgstr[0] ""
msgstr[1] ""
"""


def po(text: str) -> Catalog:
    return read_po(io.BytesIO(text.encode()), locale="de")


@pytest.mark.parametrize(
    ("translated", "told"),
    [
        ('msgid "Hello %(name)s"\nmsgstr "Hallo %(name)s"', ["not translated: '%(n)s deal'"]),
        (
            'msgid "%(n)s deal"\nmsgid_plural "%(n)s deals"\nmsgstr[0] "%(n)s Deal"\nmsgstr[1] ""',
            ["not translated: 'Hello %(name)s'", "not translated: '%(n)s deal'"],
        ),
        (
            'msgid "Hello %(name)s"\nmsgstr "Hallo %(nam)s"\n\n'
            'msgid "%(n)s deal"\nmsgid_plural "%(n)s deals"\n'
            'msgstr[0] "ein Deal"\nmsgstr[1] "%(n)s Deals"',
            [
                "other places than in 'Hello %(name)s': 'Hallo %(nam)s'",
                "other places than in '%(n)s deals': 'ein Deal'",
            ],
        ),
    ],
)
def test_it_tells_what_is_missing_or_has_other_places(translated: str, told: list[str]):
    assert messages.faults(po(translated), po(SOURCE)) == told


def test_it_keeps_what_is_translated_when_texts_come_and_go(tmp_path: Path):
    path = tmp_path / "django.po"
    path.write_text(
        'msgid "Gone"\nmsgstr "Fort"\n\nmsgid "Hello %(name)s"\nmsgstr "Hallo %(name)s"\n'
    )

    messages.update(path, "de", po(SOURCE))

    assert "Hallo %(name)s" in path.read_text()
    assert "Fort" not in path.read_text()
    before = path.read_text()
    messages.update(path, "de", po(SOURCE))
    assert path.read_text() == before
