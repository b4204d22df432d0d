"""Uploads that stop where they are too large, instead of filling the disk or the memory first."""

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

# What a form adds to the file: its other fields and the lines between them.
_AROUND = 64_000


def says_too_large(request: HttpRequest, most: int) -> bool:
    """Whether the request announces more than `most` bytes of file: known before any is read."""
    try:
        announced = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return True
    return announced > most + _AROUND


class LimitedUpload(TemporaryFileUploadHandler):
    """Writes to a temporary file and stops at `most` bytes, whatever the request announced.

    A view gives it to the request before anything reads the body, which the check against forged
    requests does: the view is `csrf_exempt` and calls a `csrf_protect` one.
    """

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most = most
        self.too_large = False
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._seen += len(raw_data)
        if self._seen > self.most:
            self.too_large = True
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)
