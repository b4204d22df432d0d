"""What a browser says of itself, in words; pure."""

import re

from django.utils.translation import gettext as _

# The first that fits: most browsers also name those that they want to be taken for.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS|Chromium", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "Mac"),
    ("Linux|X11", "Linux"),
)


def device_in_words(user_agent: str) -> str:
    """Such as "Firefox on Windows"; what is not known is called so."""
    browser, system = _named(_BROWSERS, user_agent), _named(_SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def _named(known: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for said, name in known if re.search(said, user_agent)), "")
