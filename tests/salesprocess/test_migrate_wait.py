from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate as djangos
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, LockNotAvailable

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
