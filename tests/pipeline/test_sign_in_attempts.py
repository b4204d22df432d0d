"""Guessing is slowed down, without a cache, and nobody is locked out by somebody elsewhere."""

import datetime as dt
import re

import pytest
from django.contrib.auth import hashers
from django.test import Client

from pipeline.models import SignInAttempt
from pipeline.people.commands import sign_in
from tests.conftest import Cast
from tests.factories import NOW, make_user

RIGHT = "right horse"


@pytest.fixture(autouse=True)
def no_cache(settings):
    """As while its server is away."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def post(client: Client, email: str, password: str, *, network: str = "192.0.2.1") -> str:
    """What the page says, or where it leads."""
    said = {"login": email, "password": password}
    answer = client.post("/accounts/login/", said, REMOTE_ADDR=network)
    return answer["Location"] if answer.status_code == 302 else answer.content.decode()


def waits(page: str) -> int:
    """How many seconds the page asks to wait for; 0 if it does not."""
    found = re.search(r"wait (\d+) second", page)
    return int(found[1]) if found else 0


def test_whoever_goes_on_guessing_waits_longer_and_longer(client, cast: Cast, clock):
    asked = []
    for _guess in range(9):
        while wait := waits(post(client, "ana@seven.test", "wrong horse")):
            asked.append(wait)
            clock.shift(dt.timedelta(seconds=wait))

    assert asked == [15, 30, 60, 120]


def test_it_lets_at_most_thirty_guesses_through_in_an_hour(client, cast: Cast, clock):
    looked_at = 0
    for _half_minute in range(120):
        looked_at += not waits(post(client, "ana@seven.test", "wrong horse"))
        clock.shift(dt.timedelta(seconds=30))

    assert looked_at <= 30


def test_somebody_elsewhere_signs_in_all_the_same(client, cast: Cast):
    for _guess in range(20):
        post(client, "ana@seven.test", "wrong horse", network="198.51.100.9")
    assert waits(post(client, "ana@seven.test", RIGHT, network="198.51.100.9"))

    assert post(client, "ana@seven.test", RIGHT, network="192.0.2.1") == "/"


def test_what_was_refused_unlooked_at_counts_for_nothing(client, cast: Cast, clock):
    for _guess in range(20):
        post(client, "ana@seven.test", "wrong horse")
    clock.shift(sign_in.FIRST_WAIT)

    assert post(client, "ana@seven.test", RIGHT) == "/"
    assert not SignInAttempt.objects.exists()


def test_one_password_for_many_accounts_is_slowed_down(client, cast: Cast, clock):
    for number in range(sign_in.NETWORK_FREE):
        assert not waits(post(client, f"one-{number}@seven.test", "wrong horse"))

    assert waits(post(client, "one-more@seven.test", "wrong horse"))
    clock.shift(sign_in.NETWORK_WINDOW)
    assert not waits(post(client, "one-more@seven.test", "wrong horse"))


def test_it_tells_nobody_whether_an_account_exists_neither_by_words_nor_by_work(
    client, cast: Cast, monkeypatch
):
    make_user(name="Ivo Next", team=cast.north, email="ivo@seven.test", password=None)
    cast.carl.is_active = False
    cast.carl.save(update_fields=["is_active"])
    hashed: list[str] = []
    hasher = hashers.get_hasher()
    encode = type(hasher).encode

    def counted(self, password, *arguments, **options):
        hashed.append(password)
        return encode(self, password, *arguments, **options)

    monkeypatch.setattr(type(hasher), "encode", counted)
    work, pages = [], set()
    for email in ("ana", "nobody", "ivo", "carl"):
        hashed.clear()
        page = post(client, f"{email}@seven.test", "wrong horse")
        pages.add(re.sub(r'(value|data-csrf)="[^"]*"', "", page))
        work.append(len(hashed))

    assert work == [1, 1, 1, 1]
    assert len(pages) == 1


def test_it_forgets_what_is_old(db):
    for hours in (1, 25):
        sign_in.begin_attempt(account="a", network="b", at=NOW - dt.timedelta(hours=hours))

    assert sign_in.forget_attempts(at=NOW) == 1


def test_it_keeps_neither_addresses_nor_what_was_typed(client, cast: Cast):
    post(client, "ana@seven.test", "wrong horse")

    (kept,) = SignInAttempt.objects.values_list("network", "place")
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in kept)
