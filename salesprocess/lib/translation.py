"""Words in the language of the request, for what a page says over and over."""

from functools import lru_cache

from django.utils import translation


def gettext(message: str) -> str:
    """Django's, which asks its catalogues anew each time, remembered for each language."""
    return _said(message, translation.get_language())


@lru_cache(maxsize=4096)
def _said(message: str, _language: str | None) -> str:
    return translation.gettext(message)
