from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from salesprocess.tasks import SESSIONS_LOCK, clear_expired_sessions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sessions() -> None:
    now = datetime.now(UTC)
    for key, expires in (("old", now - timedelta(days=1)), ("new", now + timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=expires)


def keys() -> set[str]:
    return set(Session.objects.values_list("session_key", flat=True))


def test_it_deletes_only_what_has_expired():
    clear_expired_sessions()

    assert keys() == {"new"}


def test_it_leaves_the_work_to_whoever_is_at_it():
    settings = connection.get_connection_params()
    address = {name: settings[name] for name in ("dbname", "user", "host") if name in settings}
    with psycopg.connect(**address) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [SESSIONS_LOCK])

        clear_expired_sessions()

        assert keys() == {"old", "new"}
