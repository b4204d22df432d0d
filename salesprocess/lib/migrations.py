"""Which migrations a database lacks; cheap enough to be asked again and again."""

from functools import cache

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@cache
def migrations() -> frozenset[tuple[str, str]]:
    """App and name of all that a database of this release has."""
    return frozenset(MigrationLoader(None).graph.nodes)


def missing_migrations() -> list[str]:
    """What this release has and the database has not, as `app.name`. Raises DatabaseError."""
    missing = migrations() - set(MigrationRecorder(connection).applied_migrations())
    return sorted(f"{app}.{name}" for app, name in missing)
