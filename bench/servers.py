"""Servers for one measurement, that leave nothing behind."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def throwaway(state: Path) -> Iterator[None]:
    """An empty PostgreSQL and a Valkey under `state`, with the environment of production for what
    is imported inside; both are gone afterwards."""
    os.environ |= {
        "SEVEN_ENV": "production",
        "SEVEN_STATE": str(state),
        "SECRET_KEY": secrets.token_urlsafe(60),
        "SITE_URL": "https://127.0.0.1:8000",
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "salesprocess.settings",
    }
    from salesprocess import embedded
    from salesprocess.child_processes import RunLock

    lock = RunLock(state)
    servers = embedded.Servers(state, lock)
    try:
        lock.take()
        embedded.erase(state)  # what an interrupted run has left
        servers.start()
        os.environ["DATABASE_URL"] = embedded.production_url(state)
        os.environ["REDIS_URL"] = embedded.redis_url(state)
        yield
    finally:
        servers.stop()
        lock.close()
        embedded.erase(state)
