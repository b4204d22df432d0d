"""Every page says what it is for and what to do first, in each language, above its keys."""

import re
from collections.abc import Iterator

import pytest
from django.template import engines
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import translation

from tests.conftest import Cast

# Those of others have templates of their own, and a machine's address has no page.
OURS = ("crm", "day", "reports", "exchange", "pipeline", "privacy", "demo")


def views(of: URLResolver, app: str = "") -> Iterator[str]:
    for entry in of.url_patterns:
        if isinstance(entry, URLResolver):
            yield from views(entry, entry.app_name or app)
        elif entry.name and app in OURS:
            yield f"{app}:{entry.name}"


def help_of(view: str) -> tuple[str, str]:
    """The entry that a page gets, and its words."""
    env = engines["jinja2"].env  # type: ignore[attr-defined]  # ours is Jinja2
    drawn = str(env.get_template("components/frame.html").module.help(view))
    found = re.findall(r'data-help="([^"]*)"', drawn)
    assert len(found) == 1, (view, found)
    return found[0], " ".join(re.sub(r"<[^>]+>", " ", drawn).split())


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_page_has_an_entry_and_each_entry_a_page(language: str) -> None:
    with translation.override(language):
        entries = {view: help_of(view)[0] for view in set(views(get_resolver()))}
    assert [view for view, entry in entries.items() if not entry] == []
    env = engines["jinja2"].env  # type: ignore[attr-defined]
    source = env.loader.get_source(env, "components/page_help.html")[0]
    known = re.findall(r'^  \("([\w:]*)",', source, re.MULTILINE)
    assert len(known) > 35
    assert set(known) - {""} == set(entries.values())


def test_it_is_read_in_the_language_of_the_page() -> None:
    with translation.override("en"):
        english = help_of("day:my_day")[1]
    with translation.override("de"):
        german = help_of("day:my_day")[1]
    assert english.startswith("What this page is for")
    assert german.startswith("Wozu diese Seite da ist")


def test_it_stands_above_the_keys_of_a_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    page = client.get("/board/").content.decode()
    dialog = page.split('id="keys"')[1]
    assert dialog.index('data-help="crm:board"') < dialog.index("<dl>")
    assert client.get("/no-such-page/").status_code == 404
