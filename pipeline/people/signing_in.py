"""What a request says of how somebody has signed in, and when it was last confirmed."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from pipeline.people.sign_in import has_second_factor
from salesprocess.lib import unsent
from salesprocess.lib.htmx import current_path

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)

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


def signs_on_only(email: str | None) -> bool:
    """Whether people of this address come in by single sign-on, and by no password."""
    return (email or "").rpartition("@")[2].lower() in settings.SIGN_ON_ONLY_DOMAINS


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


# --- confirming that it is oneself ---------------------------------------------------------------


class ConfirmFirst(Exception):
    """Whoever asks is to confirm who it is. What the view did until then is undone."""

    def __init__(self, *, download: bool = False) -> None:
        self.download = download


def check_confirmed(request: HttpRequest) -> None:
    """Raises ConfirmFirst unless this session was signed in to, or confirmed, within the grace time."""
    if not confirmed_recently(request):
        raise ConfirmFirst


def download_when_confirmed(view: Callable[..., AnyResponse]) -> Callable[..., AnyResponse]:
    """For a view that gives a file with records of many: first it is confirmed who takes it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> AnyResponse:
        if not confirmed_recently(request):
            raise ConfirmFirst(download=True)
        return view(request, *args, **kwargs)

    return guarded


class AsksToConfirm:
    """Middleware: leads to where it is confirmed who asks, and then back to what he or she was doing.

    A form that was sent is kept, and offered on its page again; a file begins by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ConfirmFirst):
            return None
        back = unsent.previous_page(request)
        if error.download:
            said = urlencode({"file": request.get_full_path(), "back": back})
            back = f"{reverse('pipeline:download')}?{said}"
        return put_off(request, reverse("account_reauthenticate"), back=back)


# --- having a second factor ----------------------------------------------------------------------

# Kept in the session once a second factor was found, so that it is not looked for again.
HELD = "second_factor_held"
# Kept in the session where the provider that let somebody in said that it had asked for more than a
# password.
SIGNED_ON_STRONGLY = "signed_on_strongly"
# What can be done without one: to set it up, and to go.
_OPEN_WITHOUT = {
    "pipeline:second_factor",
    "account_logout",
    "account_reauthenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
}


class AsksForSecondFactor:
    """Middleware: leads who must have a second factor and has none to set it up, before anything
    else; but for whom a provider of single sign-on has asked for one, as it says or the settings do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        user = request.user
        if not getattr(view, "login_required", True) or not user.is_authenticated:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in _OPEN_WITHOUT or request.session.get(HELD) or not user.must_have_second_factor:
            return None
        if signed_on(request) and (
            settings.SIGN_ON_ASKS_SECOND_FACTOR or request.session.get(SIGNED_ON_STRONGLY)
        ):
            return None
        if has_second_factor(user):
            request.session[HELD] = True
            return None
        asked = current_path(request) if request.headers.get("HX-Request") else ""
        here = request.get_full_path() if request.method == "GET" else unsent.previous_page(request)
        return put_off(request, reverse("pipeline:second_factor"), back=asked or here)


def signed_on(request: HttpRequest) -> bool:
    """Whether this session was begun by single sign-on."""
    records = get_authentication_records(request, request.user)
    return any(record["method"] == "socialaccount" for record in records)


# --- both ----------------------------------------------------------------------------------------


def put_off(request: HttpRequest, first: str, *, back: str) -> HttpResponse:
    """Lead to the address `first`, which goes on to `back`; what was posted is kept meanwhile."""
    unsent.store(request)
    address = redirect_to_login(back, first).url
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)
