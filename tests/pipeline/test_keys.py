"""One's own keys: each is listed, can be another one, and is told where it is taken."""

import re
from pathlib import Path

import pytest
from django.test import Client

from pipeline.models import User
from pipeline.people.keys import FIRST, KEYS, clashes, read_keys, write_keys
from tests.conftest import Cast

ROOT = Path(__file__).parents[2]


def posted(**own: str) -> dict[str, str]:
    """The form as it stands, with other keys for some: `c="q"`."""
    typed = {f"key-{at}": own.get(one.key, one.key[-1]) for at, one in enumerate(KEYS)}
    return typed | {"single_keys": "on"}


def test_every_key_of_the_pages_is_listed():
    found = set()
    for page in (ROOT / "templates").rglob("*.html"):
        text = page.read_text()
        found |= set(re.findall(r'data-key="([^"{0-9])"', text))
        found |= {f"g {letter}" for letter in re.findall(r'\bgo\("[a-z]+", "([a-z])"', text)}
    assert len(found) > 15
    assert found - set(FIRST) == set()


def test_what_is_kept_is_what_was_chosen():
    own = {"c": "q", "g b": "k", "l": "l"}
    assert write_keys(own) == "c=q, g b=k"
    assert read_keys("c=q, g b=k") == {"c": "q", "g b": "k"}
    # After g stands a table of its own.
    assert clashes({"c": "q", "g b": "q"}) == {}
    assert clashes({"c": "w"}) == {"c": "w"}
    assert clashes({"c": "l", "l": "c"}) == {}


@pytest.mark.parametrize("taken", [{"c": "w"}, {"c": "7"}, {"c": "="}])
def test_it_says_at_the_key_that_another_is_taken(
    cast: Cast, client: Client, taken: dict[str, str]
):
    client.force_login(cast.ana)
    answer = client.post("/profile/keys/", posted(**taken))
    assert answer.status_code == 422
    assert answer.content.decode().count('aria-invalid="true"') == 1
    assert User.objects.get(pk=cast.ana.pk).keys == ""


def test_every_page_hands_one_s_own_keys_to_its_script(cast: Cast, client: Client):
    client.force_login(cast.ana)
    assert client.post("/profile/keys/", posted(c="q")).status_code == 302
    page = client.get("/profile/").content.decode()
    assert 'data-keys="c=q"' in page
    assert "data-keys-off" not in page
    client.post("/profile/keys/single/", {}, headers={"hx-request": "true"})
    assert "data-keys-off" in client.get("/profile/").content.decode()
    client.force_login(cast.ben)
    assert "data-keys" not in client.get("/profile/").content.decode()
