from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db.models import BigIntegerField, Func, TextField
from django.db.models.functions import Cast

from salesprocess.lib.time_limits import TimeLimits

# By itself PostgreSQL plans the first five executions anew before it takes to a plan for all.
_ONE_PLAN = "-c plan_cache_mode=force_generic_plan"
# By itself it takes a row found by an index for four times as dear as the next one of a table: true of
# a disk that turns. On others, and in memory, it reads a whole table rather than a few thousand rows.
_NO_DISK_TURNS = "-c random_page_cost=1.1"
# By itself it takes a second process for whatever saves a few milliseconds by it: a page of figures took
# a dozen, while others wait for the same cores. One that is worth it still gets one.
_WORK_ALONE = "-c parallel_setup_cost=20000"


# Seconds, the least that libpq knows.
_CONNECT_TIMEOUT = "2"


def parse_database_url(
    url: str, *, prepared: bool = False, limits: TimeLimits | None = None
) -> dict[str, Any]:
    """Django's settings for `postgresql://user:password@host:port/name?option=value`.

    A unix socket is given as libpq does it: `postgresql://user@/name?host=/folder`. Other options
    of the query go to libpq as they are. Any other database is refused. With `prepared`, psycopg's
    own cursors prepare each statement at its first execution, and its plan is kept. Each connection
    begins with `limits`; what the URL says itself goes before them.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: postgresql://…/NAME")
    settings = [limits.options] if limits else []
    if prepared:
        options["prepare_threshold"] = 0
        settings.append(_ONE_PLAN)
    if settings:
        # The last one counts.
        every = [*settings, _NO_DISK_TURNS, _WORK_ALONE, options.get("options", "")]
        options["options"] = " ".join(every).strip()
    options.setdefault("connect_timeout", _CONNECT_TIMEOUT)
    return {
        "ENGINE": "salesprocess.postgresql",
        "PATIENCE": limits.patience if limits else None,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "OPTIONS": options,
    }


def transaction_number() -> Cast:
    """What PostgreSQL calls the transaction in which a row is written: the same for all its rows."""
    number = Func(function="pg_current_xact_id", output_field=TextField())
    return Cast(Cast(number, TextField()), BigIntegerField())
