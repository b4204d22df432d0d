"""The demo organisation, filled once for a module of tests: it costs more than a test should."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from demo import filling
from tests.factories import NOW


@contextmanager
def filled(*, closed: int) -> Iterator[None]:
    """Each test's own transaction is a savepoint in this one, which is rolled back at the end."""
    with transaction.atomic():
        filling.fill(at=NOW, closed=closed)
        # Otherwise every test's end checks all of these rows again.
        connection.check_constraints()
        yield
        transaction.set_rollback(True)
