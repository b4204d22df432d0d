"""Each cookie of an installation with TLS is for its host alone (ASVS V3.3.1 to V3.3.4)."""

import os
import subprocess
import sys
from http.cookies import Morsel

import pytest
from django.test import Client

from tests.conftest import Cast
from tests.machinery.test_settings_refuse import COMPLETE

NAMES = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME")
# What a script reads, or must be able to name.
OPEN = {"seven_taken", "seven_theme"}


@pytest.fixture
def https(settings) -> None:
    settings.COOKIE_PREFIX = "__Host-"
    for name in NAMES:
        setattr(settings, name, f"__Host-{getattr(settings, name)}")
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.LANGUAGE_COOKIE_SECURE = True


def is_for_this_host(cookie: "Morsel[str]") -> bool:
    return (
        cookie.key.startswith("__Host-")
        and bool(cookie["secure"])
        and (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
        and (bool(cookie["httponly"]) or cookie.key.removeprefix("__Host-") in OPEN)
    )


@pytest.mark.usefixtures("https")
def test_every_cookie_is_for_this_host_alone(cast: Cast):
    client = Client()
    told: dict[str, Morsel[str]] = {}
    said = {"login": cast.ana.email, "password": "right horse"}
    own = {"name": "Ana", "time_zone": "", "style": "mixed", "theme": "dark", "language": "en"}
    for path, data in (("/accounts/login/", said), ("/profile/", own)):
        told |= client.get(path, secure=True).cookies
        told |= client.post(path, data, secure=True).cookies

    assert {name.removeprefix("__Host-seven_") for name in told} == {
        *("csrf", "session", "language", "messages", "theme", "taken")
    }
    assert [name for name, cookie in told.items() if not is_for_this_host(cookie)] == []
    # They are read by the names by which they are kept.
    assert 'data-bs-theme="dark"' in client.get("/profile/", secure=True).content.decode()
    assert 'data-bs-theme="dark"' in client.get("/nowhere/", secure=True).content.decode()
    client.cookies.pop("__Host-seven_session")
    page = client.get("/accounts/login/", secure=True).content.decode()
    assert 'data-bs-theme="dark"' in page


def test_a_production_start_names_them_so():
    said = f"from salesprocess import settings as s; print(*[getattr(s, n) for n in {NAMES}])"
    shown = subprocess.run(
        [sys.executable, "-c", said],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **COMPLETE},
        check=True,
    )
    assert [name[:13] for name in shown.stdout.split()] == ["__Host-seven_"] * 3
