"""The one place that decides between a whole page and a fragment of it."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


def wants_fragment(request: HttpRequest) -> bool:
    """Whether to answer with the fragment alone.

    Boosted links and the restoring of a page from history are htmx requests too, yet they replace
    the whole page.
    """
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def current_path(request: HttpRequest) -> str:
    """Path and query of the page in the browser, from HX-Current-URL; empty without it."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    try:
        return htmx.current_url_abs_path or ""
    except ValueError:  # it is a header like any other: whatever somebody sends
        return ""


def render(
    request: HttpRequest,
    *,
    page: str,
    fragment: str | None = None,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or its fragment for an htmx request that changes only a part of the screen.

    `status` follows one convention, whose bodies our htmx settings swap in like any answer: 422
    for a form with mistakes, 409 for a version that is no longer the newest.
    """
    template = fragment if fragment and wants_fragment(request) else page
    response = HttpResponse(render_to_string(template, dict(context or {}), request), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def trigger(
    response: AnyResponse, event: str, detail: Mapping[str, Any] | None = None
) -> AnyResponse:
    """Adds an event that other parts of the page may listen to; several calls add up."""
    events = json.loads(response.get("HX-Trigger", "{}"))
    events[event] = dict(detail or {})
    response["HX-Trigger"] = json.dumps(events)
    return response
