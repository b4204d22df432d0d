import threading
from collections.abc import Callable
from contextlib import ExitStack
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.commands import migrate as djangos
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

from salesprocess.lib.time_limits import LIMITS
from salesprocess.management.commands import migrate


@pytest.mark.parametrize(
    ("cause", "times", "tries"),
    [(LockNotAvailable, 2, 3), (LockNotAvailable, 9, 4), (DeadlockDetected, 9, 1)],
    ids=["held for a while", "held for ever", "another fault"],
)
def test_it_tries_again_where_somebody_holds_a_table(
    monkeypatch: pytest.MonkeyPatch, cause: type[Exception], times: int, tries: int
):
    tried: list[int] = []

    def held(self: Any, *args: Any, **options: Any) -> None:
        tried.append(1)
        if len(tried) <= times:
            raise OperationalError("held") from cause("held")

    monkeypatch.setattr(djangos.Command, "handle", held)
    monkeypatch.setattr(migrate, "PAUSES", (0, 0, 0))
    told = StringIO()
    if times < tries:
        call_command("migrate", stderr=told)
    else:
        with pytest.raises(OperationalError):
            call_command("migrate", stderr=told)
    assert len(tried) == tries
    assert told.getvalue().count("tried again") == tries - 1


# What a release does to a table in use; the rules are in tests/migration_rules.py.
CHANGES = [
    "ALTER TABLE crm_deal ADD COLUMN more integer NULL",
    "ALTER TABLE crm_deal ADD CONSTRAINT more CHECK (amount >= 0) NOT VALID",
    "CREATE TABLE more (deal_id bigint NOT NULL REFERENCES crm_deal (id))",
    "CREATE TRIGGER more BEFORE UPDATE ON crm_deal FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
]
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'crm_deal'::regclass"


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_pages_are_answered_while_a_migration_waits_for_who_holds_a_table(change: str):
    """A report reads for seconds, an import writes for minutes: the migration waits for it, everybody
    else behind the migration, and a page gives up after its own time."""
    address = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name in ("dbname", "user", "host", "port", "password")
    }
    ended: list[str] = []
    with ExitStack() as open_:

        def connected(work: str) -> psycopg.Connection[Any]:
            return open_.enter_context(
                psycopg.connect(**address, options=LIMITS[work].options, autocommit=True)
            )

        long, migration, page, watch = map(connected, ("import", "migration", "page", "command"))
        long.execute("BEGIN")
        # Whoever writes rows; a foreign key is added beside those who only read.
        long.execute("LOCK TABLE crm_deal IN ROW EXCLUSIVE MODE")
        waiting = threading.Thread(target=_try, args=(migration.execute, change, ended))
        waiting.start()
        while not ended and watch.execute(WAITS).fetchone() == (0,):
            pass
        page.execute("SELECT FROM crm_deal LIMIT 1")
        page.execute("UPDATE crm_deal SET version = version WHERE false")
        waiting.join()
        long.execute("ROLLBACK")
    assert ended == ["LockNotAvailable"]


def _try(execute: Callable[[str], object], change: str, ended: list[str]) -> None:
    try:
        execute(f"BEGIN; {change}; ROLLBACK")
        ended.append("done")
    except psycopg.Error as error:
        ended.append(type(error).__name__)
