import logging
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from psycopg.errors import ForeignKeyViolation

from pipeline.idempotency import middleware
from salesprocess import errors
from salesprocess.lib.htmx import current_path
from salesprocess.lib.refused import VersionMissing

A_DAY = 24 * 60 * 60

logger = logging.getLogger(__name__)

BEGAN = "began_at"
RENEWED = "renewed_at"
# No page asks for any of these, and nothing that is smuggled into one shall.
_REFUSED = "accelerometer camera display-capture geolocation gyroscope magnetometer microphone midi"
PERMISSIONS = ", ".join(f"{name}=()" for name in f"{_REFUSED} payment usb".split())


def name_permissions(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Says to the browser what it need not let any page of ours do."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        return response

    return middleware


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
        back = current_path(request) or "/"
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


def begin_session(request: HttpRequest) -> None:
    """From now on the session lasts as long again whenever somebody works, within its longest time."""
    request.session[BEGAN] = request.session[RENEWED] = int(timezone.now().timestamp())


def is_over(request: HttpRequest) -> bool:
    """Whether the session is older than any may be, however much was worked in it."""
    began, longest = request.session.get(BEGAN), settings.SESSION_LONGEST_DAYS * A_DAY
    return bool(began and longest and timezone.now().timestamp() - began > longest)


def renew_session(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Keeps whoever works signed in, by opening a page or by changing something, until the session
    has lasted as long as any may.

    Noted once a day, or ten times in the time that one may be idle, for it costs a write. What a page
    left open asks by itself is no work, or no session would ever end.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        works = request.method == "POST" or not request.headers.get("HX-Request")
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)
        if is_over(request):
            logout(request)
        elif works:
            now = int(timezone.now().timestamp())
            last = request.session.get(RENEWED)
            if last and abs(now - last) > min(A_DAY, settings.SESSION_COOKIE_AGE / 10):
                request.session[RENEWED] = now
        return get_response(request)

    return middleware


class SaysWhyNot:
    """Answers in words what a form asks for in vain: of what was deleted while it was sent, of a record
    that a command no longer finds, or of one of which it does not say which version it means.

    What is gone the database finds out when all is written, so nothing of it stays. It is logged,
    because a fault of ours may look the same; that something is deleted which others still need is one.
    Commands say that a record went, or went out of reach, between the page's question and their lock.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, VersionMissing):
            return errors.version_missing(request)
        if isinstance(exception, ObjectDoesNotExist) and request.method == "POST":
            logger.warning("A record was gone: %s", request.path, exc_info=exception)
            return errors.not_found(request)
        return what_is_gone(request, exception)


class OneEffectAndGone(middleware.OneEffect):
    """Tells also at the end of a transaction what is gone."""

    def not_committed(self, request: HttpRequest, error: DatabaseError) -> HttpResponse | None:
        return what_is_gone(request, error)


def what_is_gone(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """The answer, where that is what the database found; None for any other error."""
    cause = exception.__cause__ if isinstance(exception, IntegrityError) else None
    if not isinstance(cause, ForeignKeyViolation):
        return None
    if not (cause.diag.message_primary or "").startswith("insert or update"):
        return None
    logger.warning("What a form chose was gone: %s", request.path, exc_info=exception)
    return errors.gone(request)


def user_language(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers in the language of who is signed in, whatever the browser asks for.

    The browser remembers it, so that the sign-in page speaks it after signing out. The person is
    read by every private page anyway; without a session nobody is looked up, so that a health
    check never asks the database. Left active: a CSV file is written after this has returned.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        known = settings.SESSION_COOKIE_NAME in request.COOKIES
        language = getattr(request.user, "language", "") if known else ""
        if not language:
            return get_response(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = get_response(request)
        remember_language(request, response)
        return response

    return middleware


def remember_language(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep in the browser which language is active, if it does not know."""
    now = translation.get_language()
    if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) == now:
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        now,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
