import logging
import re
import secrets
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase

# Tokens in the paths of mailed links: Django logs the path of each response above 399, for example
# of a link to which a mail program has added a full stop.
_TOKEN = re.compile(
    r"(/invitations/|/password/reset/key/|/reports/mails/stop/)(?!accept/|done/)[^\s'\"]+"
)


# The number of the request that this thread is at, and the request itself while it is there.
_at: ContextVar[tuple[str, Callable[[], HttpRequest | None]] | None] = ContextVar(
    "at", default=None
)


def number_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware before all others: what is logged of one request bears one number. It stays until
    the next one comes, because Django logs an answer when all middleware is done."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        _at.set((secrets.token_hex(4), weakref.ref(request)))
        return get_response(request)

    return middleware


def _request_and_person() -> str:
    """The number of the request and the id of who sent it, as far as is known without asking."""
    number, request = _at.get() or ("-", lambda: None)
    user = getattr(request(), "_cached_user", None)
    return f"{number} {getattr(user, 'pk', None) or '-'}"


def without_trace(record: logging.LogRecord) -> bool:
    """A filter for Django's requests: what the database cannot do now is no fault of a page, and while
    it lasts, each request would write where it found out."""
    if getattr(record, "status_code", None) == HTTPStatus.SERVICE_UNAVAILABLE and record.exc_info:
        record.msg = f"{record.msg} ({type(record.exc_info[1]).__name__}: %s)"
        record.args = (*(record.args or ()), record.exc_info[1])
        record.exc_info = None
    return True


class OneLine(logging.Formatter):
    """Writes each record on one line, so that text from users cannot forge records, and cuts the
    tokens out of mailed links. Times are in UTC and say so; `%(asked_by)s` are the number of the
    request and the id of the person."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        record.asked_by = _request_and_person()
        line = super().format(record).replace("\r", "\\r").replace("\n", "\\n")
        return _TOKEN.sub(r"\1…", line)
