"""How the installation is: for admins' page, for Prometheus, and for the checks before a start."""

import datetime as dt
import platform
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import django
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Max, Sum
from kombu.exceptions import OperationalError

from pipeline.models import OutboxRow, User
from pipeline.operations.models import Heartbeat, Incident, IncidentKind, Part
from salesprocess.lib.enqueue import QUICK
from salesprocess.lib.migrations import missing_migrations

# The clock gives a sign every half minute; after so long without one something has stopped.
SILENT = dt.timedelta(minutes=3)
# How old a backup may be.
BACKUP_DUE = dt.timedelta(days=1, hours=12)
MOST = 50


@dataclass(frozen=True, kw_only=True)
class Installation:
    """`queue` is None where the broker does not answer; `outbox_lag` in seconds."""

    at: dt.datetime
    versions: Mapping[str, str]
    migrations: Sequence[str]
    database_bytes: int
    connections: int
    broker: bool
    queue: int | None
    last_seen: Mapping[str, dt.datetime]
    outbox_waiting: int
    outbox_lag: float
    outbox_dead: int
    incidents: Mapping[str, int]

    def is_silent(self, part: Part) -> bool:
        """Whether a part gave no sign of life for too long, or never gave one."""
        last = self.last_seen.get(part)
        return last is None or self.at - last > (BACKUP_DUE if part == Part.BACKUP else SILENT)


def installation(*, at: dt.datetime) -> Installation:
    """Asked without a reader: who may see it decides the page. Needs the database."""
    broker, queue = _queue()
    size, connections, server = _database()
    waiting = OutboxRow.objects.waiting()
    oldest = OutboxRow.objects.due(at).order_by("next_at").values_list("next_at", flat=True).first()
    today = Incident.objects.filter(day=at.date()).values_list("kind")
    return Installation(
        at=at,
        versions={
            "Seven": _own_version(),
            "Python": platform.python_version(),
            "Django": django.get_version(),
            "PostgreSQL": server,
        },
        migrations=missing_migrations(),
        database_bytes=size,
        connections=connections,
        broker=broker,
        queue=queue,
        last_seen=dict(Heartbeat.objects.values_list("part").annotate(Max("seen_at"))),
        outbox_waiting=waiting.count(),
        outbox_lag=(at - oldest).total_seconds() if oldest else 0,
        outbox_dead=OutboxRow.objects.dead().count(),
        incidents=dict.fromkeys(IncidentKind.values, 0) | dict(today.annotate(Sum("count"))),
    )


def incidents(user: User, *, since: dt.date) -> list[Incident]:
    """What went wrong since a day, the latest first."""
    found = Incident.objects.visible_to(user).filter(day__gte=since)
    return list(found.order_by("-last_at")[:MOST])


def processes(user: User) -> list[Heartbeat]:
    """Each process that gave a sign of life, the latest first."""
    return list(Heartbeat.objects.visible_to(user).order_by("part", "-seen_at")[:MOST])


@cache
def _own_version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def _database() -> tuple[int, int, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_database_size(current_database()), current_setting('server_version'),
                (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
            """
        )
        size, server, connections = cursor.fetchone()
    return size, connections, server.split()[0]


def _queue() -> tuple[bool, int | None]:
    """Whether the broker answers, and how many tasks wait in it."""
    try:
        with current_app.connection_for_read(transport_options=QUICK) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
            return True, _length(broker.default_channel)
    except (OperationalError, OSError):
        return False, None


def _length(channel: Any) -> int:
    return channel.client.llen(current_app.conf.task_default_queue)  # type: ignore[no-any-return]
