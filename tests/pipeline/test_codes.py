"""Codes of a second factor: how long they live, that each opens once, and how they are kept."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from salesprocess import recovery_codes
from salesprocess.recovery_codes import HashedRecoveryCodes
from salesprocess.second_factor import SecondFactorAdapter
from salesprocess.tasks import hash_recovery_codes
from tests.conftest import make_cast
from tests.crm.threads import at_once
from tests.passkeys import give_app
from tests.pipeline.test_sign_in import PASSWORD, code_of, set_up_app, signed_in

STEP = "/accounts/second-factor/ask/"
LIST, FILE = "/accounts/recovery-codes/", "/accounts/recovery-codes/file/"


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def opens(code: str) -> bool:
    """Whether it lets in by the second step."""
    client, _answer = signed_in()
    return bool(client.post(STEP, {"code": code}).status_code == 302)


def kept_of(user) -> Authenticator:
    found: Authenticator = Authenticator.objects.get(user=user, type="recovery_codes")
    return found


def test_recovery_codes_are_kept_so_that_nobody_can_read_them(cast, clock):
    """V6.5.2"""
    client, _answer = signed_in()
    _secret, codes = set_up_app(client)
    assert type(kept_of(cast.ana).wrap()) is HashedRecoveryCodes
    assert "seed" not in kept_of(cast.ana).data

    # For ten minutes one can look again, and save them.
    assert codes == re.findall(r"\w{5}-\w{5}", client.get(FILE).content.decode())
    clock.shift(recovery_codes.SHOWN_FOR - 1)
    assert codes[3] in client.get(LIST).content.decode()
    clock.shift(2)
    page = client.get(LIST).content.decode()
    assert "10 are left." in page
    assert not re.findall(r"<li>", page.partition('class="codes')[2])
    assert client.get(FILE).status_code == 404
    assert "10 left" in client.get("/profile/").content.decode()
    hash_recovery_codes()
    assert kept_of(cast.ana).data.keys() == {"salt", "hashes", "migrated_codes", "viewed_at"}

    assert opens(codes[0].upper().replace("-", " "))
    assert not opens(codes[0])
    assert not opens(codes[0][:-1])
    assert len(kept_of(cast.ana).data["hashes"]) == 9
    assert codes[1] not in str(kept_of(cast.ana).data)

    # New ones end those of before.
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/recovery-codes/new/")
    assert not opens(codes[1])


def test_one_that_is_used_ends_that_they_are_shown(cast, clock):
    client, _answer = signed_in()
    _secret, codes = set_up_app(client)
    assert opens(codes[0])
    assert codes[1] not in client.get(LIST).content.decode()
    assert "shown" not in kept_of(cast.ana).data


def test_codes_of_before_become_hashes_and_still_open(cast, clock, settings):
    """They were made from a seed, encrypted by the key of the installation."""
    give_app(cast.ana)
    kept = kept_of(cast.ana)
    seed = HashedRecoveryCodes.generate_seed()
    kept.data = {"seed": SecondFactorAdapter().encrypt(seed), "used_mask": 0}
    kept.save()
    codes = HashedRecoveryCodes(kept).generate_codes()
    assert re.fullmatch(r"\d{8}", codes[0])
    assert opens(codes[0])
    assert not opens(codes[0])
    lost = Authenticator.objects.create(
        user=cast.ben, type="recovery_codes", data={"seed": "of a key that is gone", "used_mask": 0}
    )

    hash_recovery_codes()

    kept.refresh_from_db()
    assert "seed" not in kept.data
    assert len(kept.data["hashes"]) == 9
    assert not opens(codes[0])
    assert opens(codes[1])
    assert not opens(codes[1])
    assert kept.wrap().get_unused_codes() == [recovery_codes.HIDDEN] * 9
    lost.refresh_from_db()
    assert "seed" in lost.data
    assert recovery_codes.hash_former_codes(most=10) == 0


@pytest.mark.django_db(transaction=True)
def test_a_code_that_is_sent_twice_at_once_opens_once(transactional_db, clock):
    """V6.5.1"""
    cast = make_cast()
    secret = give_app(cast.ana)
    codes = kept_of(cast.ana).wrap().get_unused_codes()
    for code in (code_of(secret), codes[0]):
        browsers = [signed_in()[0] for _each in range(3)]

        def send(client: Client, code: str = code) -> int:
            return client.post(STEP, {"code": code}).status_code

        answers = at_once(*(lambda client=client: send(client) for client in browsers))
        assert sorted(answers) == [200, 200, 302]
        cache.clear()


def test_the_code_that_sets_up_an_app_opens_nothing_afterwards(cast, clock):
    client, _answer = signed_in()
    secret, _codes = set_up_app(client)
    cache.clear()
    assert not opens(code_of(secret))
    clock.shift(30)
    assert opens(code_of(secret))


@pytest.mark.parametrize(
    ("grace", "passed", "is_taken"),
    [
        *((10, 0, True), (10, 39, True), (10, 41, False), (10, 59, False)),
        *((10, -9, True), (10, -11, False), (0, 29, True), (0, 31, False), (0, -1, False)),
    ],
)
def test_a_code_of_an_app_is_taken_in_its_half_minute(
    cast, clock, settings, grace: int, passed: int, is_taken: bool
):
    """V6.5.5: `passed` seconds after it was shown first."""
    settings.TOTP_GRACE_SECONDS = grace
    code = code_of(give_app(cast.ana))
    clock.shift(passed)
    assert opens(code) is is_taken
