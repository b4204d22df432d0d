"""What translators are given: the texts of Python and of both kinds of templates."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tools import messages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """As `make messages` collects it."""
    return messages.collect(tmp_path_factory.mktemp("locale") / "django.pot")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("This batch was taken back already.", "exchange/commands/batch.py"),
        ("Stage", "crm/filters/lists.py"),  # by the name of gettext_lazy
        (("%(n)s open deal", "%(n)s open deals"), "crm/views/board.py"),
        ("Skip to content", "templates/base.html"),
        ("It works once, until %(day)s at %(time)s.", "templates/pipeline/mail/invitation.txt"),
        ("Forgot your password?", "templates/allauth/account/login.html"),
    ],
)
def test_it_finds_texts_wherever_they_are(
    catalogue: Catalog, text: str | tuple[str, str], source: str
):
    message = catalogue.get(text[0] if isinstance(text, tuple) else text)

    assert message is not None
    assert message.id == text
    assert source in [name for name, _line in message.locations]


def test_it_finds_texts_in_every_sign_in_page(catalogue: Catalog):
    sources = {name for message in catalogue for name, _line in message.locations}
    marked = [
        page.relative_to(ROOT).as_posix()
        for page in (ROOT / "templates" / "allauth").rglob("*.*")
        if re.search(r"{% (blocktrans|trans)", page.read_text())
    ]
    assert marked
    assert set(marked) <= sources


def test_no_text_is_marked_within_an_f_string_where_it_is_not_found():
    folders = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"]
    marked = [
        f"{path.relative_to(ROOT)}:{text.lineno}"
        for folder in folders
        for path in folder.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("_", "gettext", "gettext_lazy", "ngettext")
    ]
    assert marked == []
