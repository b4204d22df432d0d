"""`check --deploy` on what goes to other machines."""

from typing import Any

import pytest

from salesprocess.checks import check_transport
from salesprocess.lib.database import parse_database_url


@pytest.mark.parametrize(
    ("database", "broker", "mail", "found"),
    [
        ("postgresql://u:p@localhost/n", "redis://127.0.0.1:1/0", "localhost", []),
        ("postgresql://u@/n?host=/run/pg", "unix:///run/valkey", "localhost", []),
        ("postgresql://u:p@postgres/n", "redis://valkey:1/0", "localhost", []),
        ("postgresql://u:p@db.test/n", "redis://b.test:1/0", "m.test", ["W002", "W003", "W004"]),
        ("postgresql://u:p@db.test/n?sslmode=require", "rediss://b.test:1", "localhost", ["W002"]),
        ("postgresql://u:p@db.test/n?sslmode=verify-full", "rediss://b.test:1", "localhost", []),
    ],
)
def test_it_warns_of_what_is_spoken_to_in_the_clear(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    broker: str,
    mail: str,
    found: list[str],
):
    settings.PLAIN_HOSTS = ["postgres", "valkey"]
    monkeypatch.setitem(settings.DATABASES, "default", parse_database_url(database))
    settings.REDIS_URL, settings.EMAIL_HOST = broker, mail
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    assert [str(one.id).partition(".")[2] for one in check_transport(None)] == found
    settings.EMAIL_USE_TLS = True
    assert "W004" not in str([one.id for one in check_transport(None)])
