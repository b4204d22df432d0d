"""Forms that were posted after the session had ended, or with the CSRF token of an earlier session.

Such a request is refused before any view sees it, but what was typed is not lost: it is stored in the
session, offered on the next page once the same person is signed in, and discarded when the server has
accepted it. Nothing is ever sent again by itself.

Each form carries the signed id of its reader, because a request without a session says nowhere else
whose it is: nobody is offered what another typed, and nothing is stored for strangers.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache, partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.template.backends.utils import csrf_input
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from salesprocess.lib.cookies import set_script_cookie
from salesprocess.lib.htmx import current_path
from salesprocess.lib.idempotency import FIELD, new_key

SESSION_KEY = "unsent"
LIFETIME = dt.timedelta(days=1)
MAX_CHARACTERS = 64_000
MAX_SHOWN = 12
# Passwords are never stored; the other two belong to the page, not to the person.
EXCLUDED_FIELDS = re.compile(r"pass|^csrfmiddlewaretoken$|^reader$", re.IGNORECASE)
# Values of hidden inputs and choices, which nobody typed: keys, numbers, days, currencies.
MACHINE_VALUE = re.compile(r"[a-z0-9_:+.,-]*|on|[A-Z]{3}")
# Read and deleted by the script, which then drops its draft of that form.
TAKEN_COOKIE = "seven_taken"


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """A posted form that no view has seen: its path, reader (user id), time and fields."""

    path: str
    reader: int
    at: float
    fields: list[list[str]]
    # Files cannot be kept: they are to be chosen again.
    has_files: bool = False
    # Whether that was because nobody was signed in; else something was to be done first.
    signed_out: bool = True

    @property
    def words(self) -> list[str]:
        """What was probably typed by a person: the values that are no MACHINE_VALUE."""
        said = (value.strip() for name, value in self.fields if name != FIELD)
        return [each for each in said if each and not MACHINE_VALUE.fullmatch(each)][:MAX_SHOWN]

    def is_of(self, user: Any) -> bool:
        return bool(user.pk == self.reader)


# --- the reader of a form -----------------------------------------------------------------------


def _signer() -> Signer:
    return Signer(salt="seven.reader")


def sign_reader(user: Any) -> str:
    """The signed id of the user, for the forms of the page; empty for strangers."""
    return _signer().sign(str(user.pk)) if user.is_authenticated else ""


def reader_of(request: HttpRequest) -> int | None:
    """The id of the user for whom the page of this request was rendered; None if it is not signed."""
    said = request.POST.get("reader") or request.headers.get("X-Reader", "")
    try:
        return int(_signer().unsign(said))
    except (BadSignature, ValueError):
        return None


def _token_and_reader(request: HttpRequest) -> tuple[SafeString, str]:
    return csrf_input(request), sign_reader(request.user)


def _marked_input(token_and_reader: Callable[[], tuple[SafeString, str]]) -> SafeString:
    token, reader = token_and_reader()
    if not reader:
        return token
    return format_html(
        '{}<input type="hidden" name="reader" value="{}"><input type="hidden" name="{}" value="{}">',
        token,
        reader,
        FIELD,
        new_key(),
    )


_marked_input_lazy = lazy(_marked_input, SafeString, str)


def csrf_with_reader(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `csrf_input` with the signed reader and an idempotency key beside the token.

    Each form of a page has a key of its own; token and reader are made once for all of them.
    """
    if not hasattr(request, "user"):
        return {}
    return {"csrf_input": _marked_input_lazy(cache(partial(_token_and_reader, request)))}


# --- storing ------------------------------------------------------------------------------------


def unsent_from(request: HttpRequest, *, reader: int, signed_out: bool = False) -> Unsent:
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        if not EXCLUDED_FIELDS.search(name)
        for value in values
    ]
    return Unsent(
        path=request.get_full_path(),
        reader=reader,
        at=timezone.now().timestamp(),
        fields=fields,
        has_files=bool(request.FILES),
        signed_out=signed_out,
    )


def _is_small(fields: Iterable[list[str]]) -> bool:
    return sum(len(name) + len(value) for name, value in fields) <= MAX_CHARACTERS


def _is_short(request: HttpRequest) -> bool:
    """Whether the body is short enough to be parsed for whoever may not be signed in."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return said.isdecimal() and int(said) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def offer(request: HttpRequest) -> Unsent | None:
    """What a form of ours said, if it is small enough to be offered again at once; asks nothing of the
    session or the database."""
    if request.method != "POST" or not _is_short(request):
        return None
    reader = reader_of(request)
    if reader is None:
        return None
    unsent = unsent_from(request, reader=reader)
    return unsent if unsent.fields and _is_small(unsent.fields) else None


def store(request: HttpRequest) -> None:
    """Store the form of a request that no view has taken, if it came from our page and is not too
    large."""
    if request.method != "POST" or not _is_short(request):
        return
    reader = reader_of(request)
    if reader is None:
        return
    signed_out = not request.user.is_authenticated
    unsent = unsent_from(request, reader=reader, signed_out=signed_out)
    said = [name for name, _value in unsent.fields if name != FIELD]
    if not said or not _is_small(unsent.fields):
        return
    request.session[SESSION_KEY] = asdict(unsent)
    request.unsent_stored = True  # type: ignore[attr-defined]  # told to the middleware below
    if unsent.signed_out:
        request.session.set_expiry(LIFETIME)


def stored_form(request: HttpRequest) -> Unsent | None:
    """The stored form of the person who is signed in, if it has not expired."""
    stored = request.session.get(SESSION_KEY)
    if not stored:
        return None
    unsent = Unsent(**stored)
    is_old = timezone.now().timestamp() - unsent.at > LIFETIME.total_seconds()
    return None if is_old or not unsent.is_of(request.user) else unsent


def discard(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


@require_POST
def discard_view(request: HttpRequest) -> HttpResponse:
    """Discard the stored form, and go back to the page."""
    discard(request)
    return HttpResponseRedirect(local_path(request, request.POST.get("back", "")))


# --- middleware and views -----------------------------------------------------------------------


def previous_page(request: HttpRequest) -> str:
    """Path of the page that the request was sent from, if it is one of ours; else `/`."""
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        return current_path(request) or "/"
    return page_before(request)


def page_before(request: HttpRequest) -> str:
    """Path of the page that a browser comes from by itself, if it is one of ours; else `/`."""
    return local_path(request, request.headers.get("Referer", ""))


def local_path(request: HttpRequest, address: str) -> str:
    """Path and query of an address of this installation; of any other, `/`."""
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(address, hosts, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(address)
    # Two slashes at the beginning would be the name of another site.
    return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")


class SignInRequired(LoginRequiredMiddleware):
    """Redirects strangers to the sign-in page, and afterwards back to the page they were on, where a
    form that they had posted is offered again."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        if request.method != "POST":
            return super().handle_no_permission(request, view_func)
        return redirect_to_sign_in(request)


def redirect_to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    store(request)
    return redirect_to_login(previous_page(request), resolve_url(settings.LOGIN_URL))


def is_same_origin(request: HttpRequest) -> bool:
    """Whether the Origin header, which browsers send with every POST, is this installation's."""
    ours = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin") in {ours, *settings.CSRF_TRUSTED_ORIGINS}


def csrf_token_response(request: HttpRequest) -> HttpResponse:
    """A 403 with a fresh CSRF token, which only pages of this origin can read."""
    return HttpResponse(status=HTTPStatus.FORBIDDEN, headers={"X-CSRFToken": get_token(request)})


def forget_accepted(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: discards the stored form once the server has accepted it.

    After a plain form, which is answered by a redirect, a cookie tells the script which draft it may
    drop; the response to an htmx request tells it by itself.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.method != "POST" or response.status_code >= HTTPStatus.BAD_REQUEST:
            return response
        if not request.user.is_authenticated or hasattr(request, "unsent_stored"):
            return response
        unsent = request.session.get(SESSION_KEY)
        if unsent and unsent["path"] == request.get_full_path():
            discard(request)
        if response.status_code == HTTPStatus.FOUND:
            taken = quote(request.get_full_path(), safe="")
            set_script_cookie(response, TAKEN_COOKIE, taken, max_age=60)
        return response

    return middleware
