"""What somebody sent while nobody was signed in, or with the token of an earlier sign-in.

Such a request is refused before any view sees it, but its words are not lost: they stay in the
browser's session, are offered on the next page once the same person is signed in, and go away when
the server takes them. Nothing is ever sent a second time by itself.

Each form says whose it is (`reader`), signed, because what comes without a session says it nowhere
else; so nobody is offered another's words, and nothing is kept for who never had a page of ours.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
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

from salesprocess.lib.htmx import shown_path

KEY = "unsent"
LASTS = dt.timedelta(days=1)
MOST_CHARACTERS = 64_000
MOST_SHOWN = 12
# Passwords are nobody's words to keep; the other two are of the page, not of the person.
LEFT_OUT = re.compile(r"pass|^csrfmiddlewaretoken$|^reader$", re.IGNORECASE)
# What a form says by itself, as against what a person typed: keys, numbers, days, currencies.
BY_ITSELF = re.compile(r"[a-z0-9_:+.,-]*|on|[A-Z]{3}")
# Read and taken away by the script, which has kept a draft of that form.
TAKEN_COOKIE = "seven_taken"


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """A form that was refused unseen: where it goes, whose it is, and all that it said."""

    path: str
    reader: int
    at: float
    fields: list[list[str]]
    # Files cannot be kept: they are to be chosen again.
    has_files: bool = False

    @property
    def words(self) -> list[str]:
        """What was typed, as far as it can be told from what a form says by itself."""
        said = (value.strip() for _name, value in self.fields)
        return [each for each in said if each and not BY_ITSELF.fullmatch(each)][:MOST_SHOWN]

    def is_of(self, user: Any) -> bool:
        return bool(user.pk == self.reader)


# --- whose a form is ----------------------------------------------------------------------------


def _signer() -> Signer:
    return Signer(salt="seven.reader")


def mark(user: Any) -> str:
    """Whose page it is, for its forms to carry; empty for strangers."""
    return _signer().sign(str(user.pk)) if user.is_authenticated else ""


def reader_of(request: HttpRequest) -> int | None:
    """Whose page the request came from, as the page itself was told; None where it does not say."""
    said = request.POST.get("reader") or request.headers.get("X-Reader", "")
    try:
        return int(_signer().unsign(said))
    except (BadSignature, ValueError):
        return None


def _marked_input(request: HttpRequest) -> SafeString:
    token = csrf_input(request)
    if not (reader := mark(request.user)):
        return token
    return format_html('{}<input type="hidden" name="reader" value="{}">', token, reader)


_marked_input_lazy = lazy(_marked_input, SafeString, str)


def marks(request: HttpRequest) -> dict[str, Any]:
    """For every template: `csrf_input`, which also says whose the form is."""
    return {"csrf_input": _marked_input_lazy(request)} if hasattr(request, "user") else {}


# --- keeping ------------------------------------------------------------------------------------


def taken_from(request: HttpRequest, *, reader: int) -> Unsent:
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        if not LEFT_OUT.search(name)
        for value in values
    ]
    return Unsent(
        path=request.get_full_path(),
        reader=reader,
        at=timezone.now().timestamp(),
        fields=fields,
        has_files=bool(request.FILES),
    )


def _is_small(fields: Iterable[list[str]]) -> bool:
    return sum(len(name) + len(value) for name, value in fields) <= MOST_CHARACTERS


def _is_short(request: HttpRequest) -> bool:
    """Whether a stranger may have it read at all: nothing long is what somebody typed."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return said.isdecimal() and int(said) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def keep(request: HttpRequest) -> None:
    """Keep what a request without a session says, if it came from a page of ours and fits."""
    if request.method != "POST" or not _is_short(request):
        return
    reader = reader_of(request)
    if reader is None:
        return
    unsent = taken_from(request, reader=reader)
    if not unsent.fields or not _is_small(unsent.fields):
        return
    request.session[KEY] = asdict(unsent)
    request.session.set_expiry(LASTS)


def kept(request: HttpRequest) -> Unsent | None:
    """What the person who is signed in has not sent yet, if it is not too long ago."""
    stored = request.session.get(KEY)
    if not stored:
        return None
    unsent = Unsent(**stored)
    is_old = timezone.now().timestamp() - unsent.at > LASTS.total_seconds()
    return None if is_old or not unsent.is_of(request.user) else unsent


def put_away(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


@require_POST
def put_away_view(request: HttpRequest) -> HttpResponse:
    """Give up what was kept, and stay on the page."""
    put_away(request)
    return HttpResponseRedirect(_ours(request, request.POST.get("back", "")))


# --- where it happens ---------------------------------------------------------------------------


def came_from(request: HttpRequest) -> str:
    """The page that the request was sent from, if it is one of ours; else the first page."""
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        return shown_path(request) or "/"
    return _ours(request, request.headers.get("Referer", ""))


def _ours(request: HttpRequest, address: str) -> str:
    """The path and query of an address, if it leads to this installation; else the first page."""
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(address, hosts, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(address)
    # Two slashes at the beginning would be the name of another site.
    return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")


class SignInRequired(LoginRequiredMiddleware):
    """Sends strangers to the sign-in page, and from there back to the page that they had before them.

    Where they sent something, what they sent waits for them there.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        if request.method != "POST":
            return super().handle_no_permission(request, view_func)
        return to_sign_in(request)


def to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    keep(request)
    return redirect_to_login(came_from(request), resolve_url(settings.LOGIN_URL))


def is_from_here(request: HttpRequest) -> bool:
    """Whether a page of this installation sent it; browsers say so with everything that is posted."""
    ours = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin") in {ours, *settings.CSRF_TRUSTED_ORIGINS}


def new_token(request: HttpRequest) -> HttpResponse:
    """The token that the page should have had. Only pages of this origin can read it."""
    return HttpResponse(status=HTTPStatus.FORBIDDEN, headers={"X-CSRFToken": get_token(request)})


def let_go(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Forgets what was kept once the server has taken it.

    A plain form's answer leads to another page, so that a cookie tells the script which of its
    drafts is done with; an htmx request is told by its own answer.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.method != "POST" or response.status_code >= HTTPStatus.BAD_REQUEST:
            return response
        if not request.user.is_authenticated:
            return response
        unsent = request.session.get(KEY)
        if unsent and unsent["path"] == request.get_full_path():
            put_away(request)
        if response.status_code == HTTPStatus.FOUND:
            response.set_cookie(
                TAKEN_COOKIE,
                quote(request.get_full_path(), safe=""),
                max_age=60,
                secure=settings.SESSION_COOKIE_SECURE,
                samesite="Lax",
            )
        return response

    return middleware
