"""A quiet line that tells what was done, on whichever page comes next, with a way to take it back."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest


def note(request: HttpRequest, text: str, undo: Mapping[str, Any] | None = None) -> None:
    """Say `text` on the next page. `undo` is the request that takes it back, as a toast has it:
    href, values and words."""
    messages.success(request, text, extra_tags=json.dumps(undo) if undo else "")


def undo_of(message: Message) -> Mapping[str, Any] | None:
    """What takes back what a message tells of, if anything does."""
    tags = message.extra_tags or ""
    return json.loads(tags) if tags.startswith("{") else None
