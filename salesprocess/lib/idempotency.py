"""One intent, one effect: what a form says of itself, so that sending it twice counts once.

Each rendered form carries a key of its own, also without a script; what is sent by a script alone
carries one in a header. `pipeline.idempotency` keeps a key with the effect of the request.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from salesprocess.lib import said_at

View = TypeVar("View", bound=Callable[..., Any])

FIELD = "idempotency_key"
HEADER = "Idempotency-Key"
# The key of a kept form that is opened again to be changed: if that was taken after all, the changed
# one would be the same a second time.
FIRST = "first_key"
LONGEST = 64
# What differs between two renderings of one form, or between its being sent at once and being kept
# until there is a line, and is nothing that a person means by it.
OF_THE_PAGE = frozenset(
    {"csrfmiddlewaretoken", "reader", FIELD, FIRST, "version", "seen", said_at.FIELD}
)


def commits_in_pieces(view: View) -> View:
    """Marks a view whose command commits in pieces, each of which a repetition finds done: no key and
    no transaction around it."""
    view.commits_in_pieces = True  # type: ignore[attr-defined]
    return view


def may_come_late(view: View) -> View:
    """Marks a view whose form a browser keeps while there is no line, and sends once there is: its keys
    last for as long as a browser keeps it, because the answer to the first time may be what was lost."""
    view.may_come_late = True  # type: ignore[attr-defined]
    return view


def new_key() -> str:
    return secrets.token_urlsafe(12)


def key_of(request: HttpRequest) -> str:
    """The key that a request carries; empty if it has none that could be one of ours."""
    return _plain(request.POST.get(FIELD) or request.headers.get(HEADER, ""))


def first_key_of(request: HttpRequest) -> str:
    """The key with which a form that was opened again had been sent before; empty for any other."""
    return _plain(request.POST.get(FIRST, ""))


def _plain(key: str) -> str:
    return key if len(key) <= LONGEST and key.isascii() and key.isprintable() else ""


def digest_of(request: HttpRequest) -> bytes:
    """What the request means: one key with another meaning is another intent.

    So that a form that is sent once more after something was changed in it is not taken for the
    same.
    """
    said = sorted(
        (name, values) for name, values in request.POST.lists() if name not in OF_THE_PAGE
    )
    files = sorted(
        (name, [[file.name, _content_of(file)] for file in files])
        for name, files in request.FILES.lists()
    )
    meant = json.dumps([request.get_full_path(), said, files])
    # Keyed, because a form may hold a password.
    return salted_hmac(FIELD, meant, algorithm="sha256").digest()


def _content_of(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
