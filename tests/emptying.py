"""What empties the database after a test that has committed.

Django truncates every table and makes content types and permissions anew, which takes a fifth of a
second and more, whatever the test did. Here only what has rows is emptied, row by row: that is a few
hundredths. What migrations and Django itself have written stays.
"""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

from tests.kept_rows import tables

STAYS = {ContentType._meta.db_table, Permission._meta.db_table}
# From here on the rows that a test leaves dead would slow down those that read around them.
LARGE = 2**20
# Whoever looks first whether two wait for one another gives way; the others look after a second.
LAST_TO_GIVE_WAY = "1min"


def empty(_case: TransactionTestCase | None = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FILLED)
        filled = dict(cursor.fetchall())
        if not filled:
            return
        cursor.execute("SHOW is_superuser")
        if max(filled.values()) > LARGE or cursor.fetchone() != ("on",):
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
            return
        # A request that outlives its page may be in the way: it is the one that gives way, and tries again.
        cursor.execute(f"SET LOCAL deadlock_timeout = '{LAST_TO_GIVE_WAY}'")
        # No order fits all that refer to one another, and some rows nobody may delete.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("; ".join(f"DELETE FROM {table}" for table in filled))  # noqa: S608


_FILLED = " UNION ALL ".join(
    f"SELECT '{table}', pg_relation_size('{table}') WHERE EXISTS (SELECT FROM {table})"  # noqa: S608
    for table in tables()
    if table not in STAYS
)
