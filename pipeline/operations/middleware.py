import time
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from pipeline.operations.commands import note_incident
from pipeline.operations.metrics import REQUEST_SECONDS
from pipeline.operations.models import IncidentKind

# What asks how the product is must not report about itself.
_PROBES = {"healthz", "readyz", "pipeline:metrics"}


class Watched:
    """The outermost middleware: measures each request, and counts what failed or was slow."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        match = request.resolver_match
        where = match.view_name if match else "-"
        if where in _PROBES:
            return response
        status = response.status_code
        REQUEST_SECONDS.labels(where, f"{status // 100}xx").observe(seconds)
        kind = _kind(status, seconds)
        if kind is not None:
            error: Exception | None = getattr(request, "failed_with", None)
            at = timezone.now()
            note_incident(kind, f"{request.method} {where}", at=at, error=error, seconds=seconds)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        request.failed_with = error  # type: ignore[attr-defined]


def _kind(status: int, seconds: float) -> IncidentKind | None:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return IncidentKind.UNAVAILABLE
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return IncidentKind.ERROR
    return IncidentKind.SLOW if seconds >= settings.SLOW_PAGE_SECONDS else None
