"""What empties the database after a test gets its way, whatever else is still at work in it."""

from threading import Thread

import psycopg
import pytest
from django.db import connection

from pipeline.models import User
from tests import emptying
from tests.kept_rows import KeptRows, tables

WAITS = "SELECT FROM pg_locks WHERE NOT granted AND pid = %s"


@pytest.mark.django_db(transaction=True)
def test_a_request_that_outlives_its_page_is_the_one_that_gives_way(kept_cast: KeptRows):
    kept_cast.lay_out()
    filled = [table for table in tables() if _has_rows(table) and table not in emptying.STAYS]
    first, last = filled[0], filled[-1]
    ended: list[psycopg.Error] = []
    with psycopg.connect(**connection.get_connection_params()) as other, connection.cursor() as own:
        # Left to itself, the emptying would look first whether two wait for one another.
        own.execute("SET deadlock_timeout = '50ms'; SELECT pg_backend_pid()")
        own.nextset()
        (pid,) = own.fetchone()
        other.execute("SET deadlock_timeout = '200ms'")
        other.execute(f"SELECT FROM {last} FOR UPDATE")

        def goes_on() -> None:
            while not other.execute(WAITS, [pid]).rowcount:
                pass
            try:
                other.execute(f"SELECT FROM {first} FOR UPDATE")
            except psycopg.Error as error:
                ended.append(error)
            other.rollback()

        request = Thread(target=goes_on)
        request.start()
        try:
            emptying.empty()
        finally:
            request.join()
            own.execute("RESET deadlock_timeout")
    assert not User.objects.exists()
    assert isinstance(ended.pop(), psycopg.errors.DeadlockDetected)


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")  # noqa: S608
        return bool(cursor.fetchone()[0])
