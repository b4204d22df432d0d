"""Whether tests have changed anything, without reading every table again and again."""

from collections.abc import Collection, Mapping, Sequence

from django.db import connection

# How many rows a table has, and a sum over all that they say.
Said = tuple[int, int]


class KnownTables:
    """All tables as they are when this is made. A table to which nothing was written since says what it
    said; PostgreSQL counts what a transaction writes, and counts what was undone in it, too.

    Where many tests begin with the same rows, it is made once: each says when it begins (`begin`), and
    undoes at its end what it does.
    """

    def __init__(self) -> None:
        self._writes = _writes()
        self._found = _said_in(list(self._writes))

    def begin(self) -> None:
        """A test begins."""
        self._writes = _writes()

    def now(self) -> Mapping[str, Said]:
        written = [table for table, n in _writes().items() if n != self._writes[table]]
        return {**self._found, **_said_in(written)}

    def changed(
        self, *, since: Mapping[str, Said] | None = None, kept: Collection[str] = ()
    ) -> list[str]:
        """The tables, but for those in `kept`, that say something else than where the test began, or
        than `since`."""
        before = self._found if since is None else since
        now = self.now()
        return [table for table in now if table not in kept and now[table] != before[table]]


def _writes() -> dict[str, int]:
    """How many rows of each table were inserted, updated or deleted in this transaction so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_stat_get_xact_tuples_inserted(oid)"
            " + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid)"
            " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " ORDER BY relname"
        )
        return dict(cursor.fetchall())


def _said_in(tables: Sequence[str]) -> dict[str, Said]:
    if not tables:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) "  # noqa: S608  # names of our tables
                f'FROM "{table}" t'
                for table in tables
            )
        )
        return {name: (count, total) for name, count, total in cursor.fetchall()}
