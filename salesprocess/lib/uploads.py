"""Uploads that stop where they are too large, instead of filling the disk or the memory first.

`BoundUploads` measures every request before anything reads its body, which the check against forged
requests does: an address takes no file unless its view says so with `takes_file`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., Any])

# What a form adds to the file: its other fields and the lines between them.
_AROUND = 64_000


class LimitedUpload(TemporaryFileUploadHandler):
    """Writes to a temporary file and stops at `most` bytes, whatever the request announced."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most = most
        self.too_large = announced(request) > most + _AROUND
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._seen += len(raw_data)
        if self._seen > self.most:
            self.too_large = True
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)


def announced(request: HttpRequest) -> int:
    """The bytes that the request says its body has."""
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0


def takes_file(most: Callable[[], int]) -> Callable[[View], View]:
    """Marks a view that takes files, of `most()` bytes together. It asks `upload_of` first."""

    def mark(view: View) -> View:
        view.most_bytes = most  # type: ignore[attr-defined]
        return view

    return mark


def upload_of(request: HttpRequest) -> LimitedUpload:
    """What became of the files of a request to a view that takes some."""
    [limit] = request.upload_handlers
    assert isinstance(limit, LimitedUpload)  # noqa: S101  # what the middleware gives
    return limit


class BoundUploads:
    """Stands before the check against forged requests, which is the first to read a body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> None:
        most: Callable[[], int] | None = getattr(view, "most_bytes", None)
        limit = LimitedUpload(request, most() if most else 0)
        request.upload_handlers = [limit]
        if most and limit.too_large:
            # Its view refuses it unread, so that nothing of it can be forged either.
            request.csrf_processing_done = True  # type: ignore[attr-defined]  # Django's own mark
