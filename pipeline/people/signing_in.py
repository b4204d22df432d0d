"""What a request says of how somebody has signed in, and when it was last confirmed."""

import time
from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# When the list of one's browsers was last told that this one is in use; so often at most.
SEEN = "seen_at"
SEEN_EVERY_SECONDS = 300


def begin(request: HttpRequest) -> None:
    """Take the sign-in for what it is, a confirmation that it is oneself; part of each sign-in."""
    records = get_authentication_records(request, request.user)
    fresh = [{**record, "reauthenticated": True} for record in records]
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = fresh
    request.session[SEEN] = time.time()
    UserSession.objects.create_from_request(request)


def confirmed_recently(request: HttpRequest) -> bool:
    """Whether this session was signed in to, or confirmed, within the grace time."""
    times: list[Any] = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("reauthenticated")
    ]
    return bool(times) and time.time() - max(times) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def note_last_seen(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: keeps in the list of one's browsers when this one was in use, to five minutes.

    What a page left open asks by itself is no use.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        works = request.method == "POST" or not request.headers.get("HX-Request")
        if works and settings.SESSION_COOKIE_NAME in request.COOKIES:
            seen = request.session.get(SEEN)
            if seen and time.time() - seen > SEEN_EVERY_SECONDS and request.user.is_authenticated:
                UserSession.objects.create_from_request(request)
                request.session[SEEN] = time.time()
        return get_response(request)

    return middleware
