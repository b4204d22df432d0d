"""Whether a database may be worked in by this mode: judged at each new connection."""

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

# Django's own beginning of the names of databases that its tests make, and drop.
MADE_BY_TESTS = "test_"


class RefusedDatabase(CommandError, ImproperlyConfigured):
    """This mode does not work in this database; says in words what to do, also on a terminal."""


@dataclass(frozen=True, kw_only=True)
class FoundDatabase:
    """`mark` is its comment; `role` who connects, `strong` if that role may do everything."""

    name: str
    mark: str
    role: str
    strong: bool
    empty: bool


_FIND = """
SELECT d.datname, coalesce(shobj_description(d.oid, 'pg_database'), ''), current_user,
    EXISTS (SELECT FROM pg_roles WHERE rolsuper AND pg_has_role(oid, 'MEMBER')),
    NOT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)'
    )
FROM pg_database d WHERE d.datname = current_database()
"""


def mark_of(mode: str) -> str:
    """What a database of the demo or of tests says of itself."""
    return f"seven: {mode}"


def check(connection: BaseDatabaseWrapper) -> None:
    """Refuse, or mark an empty database as this mode's own.

    Raises RefusedDatabase.
    """
    found = _find(connection)
    if settings.PRODUCTION:
        _check_production(found)
    elif found.mark != mark_of(settings.MODE):
        _take(connection, found)


def _find(connection: BaseDatabaseWrapper) -> FoundDatabase:
    with connection.cursor() as cursor:
        cursor.execute(_FIND)
        name, mark, role, strong, empty = cursor.fetchone()
    return FoundDatabase(name=name, mark=mark, role=role, strong=strong, empty=empty)


def _check_production(found: FoundDatabase) -> None:
    if found.mark in {mark_of("demo"), mark_of("test")}:
        raise RefusedDatabase(
            f"Database {found.name} belongs to a demo or to tests, whose passwords everybody knows: "
            "production needs a database of its own. Name that one in DATABASE_URL."
        )
    if found.strong:
        raise RefusedDatabase(
            f"DATABASE_URL connects as {found.role}, a superuser: one fault in a page would then be "
            "one of the whole server. Make a role without that right (docs/GUIDE.md, Roles of the "
            "database) and name it in DATABASE_URL."
        )


def _take(connection: BaseDatabaseWrapper, found: FoundDatabase) -> None:
    """Mark what this mode has made: what is still empty, what it starts a server for, what tests
    have made under a name of theirs. An earlier release has left the latter two without a mark."""
    name, mark = connection.ops.quote_name(found.name), mark_of(settings.MODE)
    ours = (
        found.empty
        or settings.EMBEDDED["postgres"]
        or (settings.MODE == "test" and found.name.startswith(MADE_BY_TESTS))
    )
    if found.mark or not ours:
        raise RefusedDatabase(
            f"Database {found.name} is not marked as one of a {settings.MODE}, and something is in it: "
            f"with SEVEN_ENV={settings.MODE} nothing is done there. For production leave SEVEN_ENV "
            f"away. If it may be lost: COMMENT ON DATABASE {name} IS '{mark}'"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON DATABASE {name} IS '{mark}'")
