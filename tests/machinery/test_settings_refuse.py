import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from salesprocess import refusals

STRONG = "k9-Vx3qLr0TzB7wYc2NdGh5JmPs8UaEf1RiQoWtXvZyKlHjMn64"
COMPLETE = {
    "SEVEN_ENV": "production",
    "SECRET_KEY": STRONG,
    "SITE_URL": "https://crm.example.com",
    "DATABASE_URL": "postgresql://seven:secret@db/seven",
    "REDIS_URL": "redis://broker:6379/0",
}


def start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    """Loads the settings of a production start with `changes`; None removes a variable."""
    own = {**COMPLETE, **changes}
    environment = {"PATH": os.environ["PATH"], **{k: v for k, v in own.items() if v is not None}}
    return subprocess.run(
        [sys.executable, "-c", "from salesprocess import settings"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_it_starts_with_a_strong_key():
    assert start().returncode == 0


def test_no_key_drawn_by_chance_is_taken_for_a_pattern():
    drawn = [
        make(size) for make in (secrets.token_urlsafe, secrets.token_hex) for size in (40, 200)
    ]
    for key in drawn * 250:
        refusals.check_secret_key(key, name="SECRET_KEY", public=[])


@pytest.mark.parametrize(
    "key",
    [
        "k9-Vx3qLr0TzB7wYc2Nd" * 3,
        STRONG[:30] + "abcdefghijklmnopqrstuvwxyz",
        STRONG[:40] + "0987654321",
        f"django-insecure-{STRONG}",
        STRONG.replace("x", "changeme"),
    ],
)
def test_a_key_that_somebody_thought_of_is_refused(key: str):
    with pytest.raises(ImproperlyConfigured, match="is weak"):
        refusals.check_secret_key(key, name="SECRET_KEY", public=[])


def test_a_secret_may_stand_in_a_file(tmp_path: Path):
    """V13.3.1: as a store for secrets hands it out."""
    for name, text in (("good", STRONG), ("weak", "changeme" * 9)):
        (tmp_path / name).write_text(f"{text}\n")
    assert start(SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "good")).returncode == 0
    assert "is weak" in start(SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "weak")).stderr


@pytest.mark.parametrize("url", ["memory://", "dummymail://", "file://", "pigeon://"])
def test_a_mail_server_that_sends_nothing_is_refused(url: str):
    found = Env().dj_email_url("NOT_THERE", url)

    with pytest.raises(ImproperlyConfigured, match="sends nothing"):
        refusals.check_mail(found.get("EMAIL_BACKEND", ""))


def test_it_is_production_when_nothing_says_otherwise():
    assert "SECRET_KEY is not set" in start(SEVEN_ENV=None, SECRET_KEY=None).stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": STRONG[:49]}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "ab" * 40}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "demo-" + "only-" * 12}, "SECRET_KEY is weak"),
        ({"SECRET_KEY_FALLBACKS": "short"}, "SECRET_KEY_FALLBACKS is weak"),
        ({"SITE_URL": "http://crm.example.com"}, "need TLS"),
        ({"ALLOWED_HOSTS": "crm.example.com,*"}, "ALLOWED_HOSTS holds *"),
        ({"EMAIL_URL": "console://"}, "EMAIL_URL sends nothing"),
        ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "mysql://db/seven"}, "must start with postgresql://"),
        ({"DATABASE_URL": "postgresql://db/"}, "names no database"),
        ({"REDIS_URL": None}, "REDIS_URL is not set"),
        ({"SITE_URL": None}, "SITE_URL is not set"),
        ({"SEVEN_ENV": "staging"}, "must be demo, test or production"),
    ],
)
def test_it_refuses_with_words(changes: dict[str, str | None], words: str):
    refused = start(**changes)

    assert refused.returncode != 0
    assert words in refused.stderr
