from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url

from salesprocess.htmx import shown_path


def htmx_sign_in(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Sends the whole window to the sign-in page when a session ends under an htmx request.

    A plain redirect would be followed by htmx, and the sign-in form would land in a card.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        htmx = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
        location = response.get("Location", "")
        sign_in = resolve_url(settings.LOGIN_URL)
        if not htmx or response.status_code != 302 or location.split("?")[0] != sign_in:
            return response
        back = shown_path(request) or "/"
        return HttpResponse(headers={"HX-Redirect": redirect_to_login(back).url})

    return middleware


def keep_from_disk(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Lets no browser store what a signed-in person sees: Back after signing out shows nothing.

    Known by the cookie, not by the person, so that a health check never asks the database.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
