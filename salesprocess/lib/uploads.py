"""Uploads with a size limit, enforced while the file is received.

`BoundUploads` measures every request before anything reads its body, as the CSRF check does. A
stranger sends no file to anything; who is signed in, no more than a form may hold, unless the view is
marked with `takes_file`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., Any])

# What a form may hold; larger things are better linked than copied.
FORM_MAX_BYTES = 20 * 1024**2

# Bytes that multipart/form-data adds to the file: other fields and boundaries.
_FORM_OVERHEAD = 64_000


class LimitedUpload(TemporaryFileUploadHandler):
    """Writes to a temporary file and stops after `max_bytes`, whatever the request announced."""

    def __init__(self, request: HttpRequest, max_bytes: int) -> None:
        super().__init__(request)
        self.max_bytes = max_bytes
        announced = content_length(request) if _sends_files(request) else 0
        self.too_large = announced > max_bytes + _FORM_OVERHEAD
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._seen += len(raw_data)
        if self._seen > self.max_bytes:
            self.too_large = True
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)


def content_length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0


def takes_file(max_bytes: Callable[[], int]) -> Callable[[View], View]:
    """Marks a view that takes files, of `max_bytes()` together. It calls `upload_of` first."""

    def mark(view: View) -> View:
        view.max_bytes = max_bytes  # type: ignore[attr-defined]
        return view

    return mark


def upload_of(request: HttpRequest) -> LimitedUpload:
    """The upload handler of a request: whether what it sent was too large."""
    [limit] = request.upload_handlers
    assert isinstance(limit, LimitedUpload)  # noqa: S101  # what the middleware gives
    return limit


class BoundUploads:
    """Middleware before the CSRF check, which is the first to read a body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> None:
        if isinstance(request.upload_handlers[0], LimitedUpload):
            return  # measured and read when it was done for the first time
        max_bytes: Callable[[], int] | None = getattr(view, "max_bytes", None)
        limit = LimitedUpload(request, max_bytes() if max_bytes else _form_max_bytes(request))
        request.upload_handlers = [limit]
        if max_bytes and limit.too_large:
            # Its view refuses it unread, so there is nothing that could be forged.
            request.csrf_processing_done = True  # type: ignore[attr-defined]  # Django's own mark


def _form_max_bytes(request: HttpRequest) -> int:
    return FORM_MAX_BYTES if _sends_files(request) and request.user.is_authenticated else 0


def _sends_files(request: HttpRequest) -> bool:
    return (request.content_type or "").startswith("multipart/")
