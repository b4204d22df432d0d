from functools import lru_cache

from django.utils import translation


def gettext(message: str) -> str:
    """Django's `gettext` with its results cached by language, as pages repeat their texts."""
    return _translated(message, translation.get_language())


@lru_cache(maxsize=4096)
def _translated(message: str, _language: str | None) -> str:
    return translation.gettext(message)
