"""Text that is no text is refused before anything reads it: NUL, which PostgreSQL does not store, bytes
that are no UTF-8, and halves of characters (lone surrogates)."""

import codecs
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.http.request import RawPostDataException, UnreadablePostError

from salesprocess.lib.uploads import upload_of

# Django writes bytes that are no UTF-8 as they were sent. No address of ours has such a sign.
_BROKEN = re.compile("%[89A-F][0-9A-F]", re.IGNORECASE)


# UTF-8 in which nothing is replaced: Django's parser of forms with files asks any encoding to do so,
# and what it wrote in the place of broken bytes looks like a sign that somebody sent.
UNREPLACED = "unreplaced_utf_8"


def _unreplaced(name: str) -> codecs.CodecInfo | None:
    if name != UNREPLACED:
        return None
    utf8 = codecs.lookup("utf-8")
    # As bytes.decode() does, whatever it is asked to do about errors.
    return codecs.CodecInfo(utf8.encode, lambda sent, _errors="": utf8.decode(sent), name=name)


codecs.register(_unreplaced)


class RequestText:
    """Middleware behind the one that bounds what is sent: a broken request is answered with 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.META
        _check(request.path_info)
        if _BROKEN.search(request.path_info):
            raise BadRequest("no UTF-8")
        _check(_text_of(unquote_to_bytes(sent.get("QUERY_STRING", "").encode("latin-1"))))
        _check(*(str(value) for name, value in sent.items() if name.startswith("HTTP_")))
        # A quoted cookie may write any sign as a number.
        _check(*request.COOKIES.values())
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> None:
        if request.method in ("GET", "HEAD") or upload_of(request).too_large:
            return
        try:
            _check_body(request)
        except (RawPostDataException, UnreadablePostError):
            return  # Whoever sent it has gone; who reads it next says so.


def _check_body(request: HttpRequest) -> None:
    if request.content_type == "application/json":
        _check(*_texts(_json_of(request.body)))
    elif request.content_type == "application/x-www-form-urlencoded":
        _check(_text_of(unquote_to_bytes(request.body)))
    elif request.content_type == "multipart/form-data" and request.encoding != UNREPLACED:
        # Or it was read when it was done for the first time.
        request.encoding = UNREPLACED
        _read_form(request)
    for name, values in request.POST.lists():
        _check(name, *values)
    for name, files in request.FILES.lists():
        _check(name, *(file.name or "" for file in files))


def _read_form(request: HttpRequest) -> None:
    try:
        request.POST  # noqa: B018  # it is read when it is first asked for
    except UnicodeDecodeError as error:
        raise BadRequest("no UTF-8") from error


def _text_of(sent: bytes) -> str:
    try:
        return sent.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("no UTF-8") from error


def _json_of(sent: bytes) -> Any:
    try:
        return json.loads(_text_of(sent))
    except (ValueError, RecursionError) as error:
        raise BadRequest("no JSON") from error


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _check(*texts: str) -> None:
    for text in texts:
        if "\0" in text:
            raise BadRequest("NUL")
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise BadRequest("half a character")
