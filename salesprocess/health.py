from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from salesprocess.celery import app
from salesprocess.lib.enqueue import QUICK
from salesprocess.lib.migrations import missing_migrations

# Who asks whether pages can be served waits no longer, whatever hangs.
PATIENCE = 0.9


def healthy_for_anybody(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers health checks without looking who asks, which would need the database."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path in {"/healthz", "/readyz"}:
            request.COOKIES = {}
        return get_response(request)

    return middleware


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, or a database outage would restart every process."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether pages can be served: the database answers and has every migration.

    The broker is reported only, since pages do without it. Both are asked at once, and what has not
    answered in time counts as not to be reached.
    """
    pool = ThreadPoolExecutor(max_workers=2)
    asked = {"database": pool.submit(_database_state), "broker": pool.submit(_broker_state)}
    pool.shutdown(wait=False)
    answered = wait(asked.values(), timeout=PATIENCE).done
    body = {
        name: state.result() if state in answered else "unreachable"
        for name, state in asked.items()
    }
    return JsonResponse(body, status=200 if body["database"] == "ok" else 503)


def _database_state() -> str:
    """By the connection of a thread that ends with it."""
    try:
        missing = missing_migrations()
    except DatabaseError:
        return "unreachable"
    finally:
        connection.close()
    return "migrations missing" if missing else "ok"


def _broker_state() -> str:
    try:
        with app.connection_for_read(transport_options=QUICK) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except (OperationalError, OSError):
        return "unreachable"
    return "ok"
