import os
import subprocess
import sys

import pytest

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
