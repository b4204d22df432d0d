"""What a production start refuses, each in words that say what to do instead."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

MIN_KEY_LENGTH = 50
# Words of examples and of Django's own generated keys that are not meant to be kept.
_EXAMPLE_WORDS = ("changeme", "change-me", "change_me", "insecure", "secret", "password", "example")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_RUN = 6
# They print, keep or drop a mail.
_UNSENDING = {f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "locmem")}
_UNSENDING |= {f"django.core.mail.backends.{name}.EmailBackend" for name in ("dummy", "filebased")}


def check_secret_key(key: str, *, name: str, public: Sequence[str]) -> None:
    """`name` is the variable that holds the key, `public` are keys that everybody knows.

    Raises ImproperlyConfigured.
    """
    if not key:
        raise ImproperlyConfigured(
            f"{name} is not set. Make one and keep it: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))' "
            "(No key is needed with SEVEN_ENV=demo or SEVEN_ENV=test, on a machine of your own.)"
        )
    weak = len(key) < MIN_KEY_LENGTH or len(set(key)) < 10 or key in public
    if weak or _is_patterned(key):
        raise ImproperlyConfigured(
            f"{name} is weak: it needs at least {MIN_KEY_LENGTH} characters, drawn by chance and known "
            "to nobody else. python3 -c 'import secrets; print(secrets.token_urlsafe(50))' makes one."
        )


def _is_patterned(key: str) -> bool:
    """Whether somebody thought of it: it repeats itself, counts on, or has a word of an example."""
    said = key.lower()
    pieces = [said[at : at + 4] for at in range(len(said) - 3)]
    repeats = len(set(pieces)) < 0.75 * len(pieces)
    ways = [row for one in _ROWS for row in (one, one[::-1])]
    counts = any(row[at : at + _RUN] in said for row in ways for at in range(len(row) - _RUN + 1))
    return repeats or counts or any(word in said for word in _EXAMPLE_WORDS)


def check_addresses(site_url: str, allowed_hosts: Sequence[str]) -> None:
    """Raises ImproperlyConfigured."""
    parts = urlsplit(site_url)
    if parts.scheme != "https" or not parts.hostname:
        raise ImproperlyConfigured(
            f"SITE_URL is {site_url!r}: passwords and sessions need TLS. Put a proxy that ends it in "
            "front (docs/GUIDE.md) and set SITE_URL to what people type, as https://crm.example.com"
        )
    if "*" in allowed_hosts:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS holds *, which lets anybody choose the address that pages take for ours. "
            "Name the hosts, or leave it away: the one of SITE_URL is allowed by itself."
        )


def check_mail(backend: str) -> None:
    """`backend` is what EMAIL_URL stands for, empty if for nothing known.

    Raises ImproperlyConfigured.
    """
    if not backend or backend in _UNSENDING:
        raise ImproperlyConfigured(
            "EMAIL_URL sends nothing: nobody would get an invitation or choose a new password. "
            "Name a mail server, as submission://user:password@mail.example.com:587"
        )


def check_scanner(address: str) -> None:
    """Raises ImproperlyConfigured: a scanner that is misspelt would be none."""
    parts = urlsplit(address)
    if address and (parts.scheme != "clamd" or bool(parts.hostname) == (len(parts.path) > 1)):
        raise ImproperlyConfigured(
            f"UPLOAD_SCANNER is {address!r}: it must be the address of a clamd, as "
            "clamd://scanner:3310 or clamd:///run/clamav/clamd.ctl"
        )
