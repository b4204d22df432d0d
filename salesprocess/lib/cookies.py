"""Cookies that no other host and no connection without TLS can set.

Under TLS each of ours has the name prefix `__Host-`, with which browsers take it from this host only,
for all of it, and encrypted (RFC 6265bis). `frontend/cookies.js` names them the same way.
"""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponseBase


def cookie_name(name: str) -> str:
    return f"{settings.COOKIE_PREFIX}{name}"


def read_cookie(request: HttpRequest, name: str, default: str = "") -> str:
    return request.COOKIES.get(cookie_name(name), default)


def set_script_cookie(response: HttpResponseBase, name: str, value: str, *, max_age: int) -> None:
    """Keep in the browser what scripts may read, for `max_age` seconds."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def theme_of_browser(request: HttpRequest) -> dict[str, Any]:
    """For templates of Django: the theme that the switch in the menu has kept."""
    return {"theme": read_cookie(request, "seven_theme")}


class MessageCookie(CookieStorage):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cookie_name = cookie_name("seven_messages")


class MessageStorage(FallbackStorage):
    storage_classes = (MessageCookie, SessionStorage)
