"""The lists that a new organisation starts with, and the one place that says their names; pure.

A row is kept by its English name until the organisation renames it; people read it in their own
language. What an organisation named itself is shown as it wrote it, to everybody.
"""

from collections.abc import Iterable

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_noop

from pipeline.process.stages import Initiator
from salesprocess.lib.translation import gettext

# Name and kind (`SourceKind`).
SOURCES = [
    (gettext_noop("Existing customer"), "existing_customer"),
    (gettext_noop("Referral by a customer"), "referral"),
    (gettext_noop("Referral by somebody else"), "referral"),
    (gettext_noop("Website"), "inbound"),
    (gettext_noop("Incoming call"), "inbound"),
    (gettext_noop("Own research"), "outbound"),
    (gettext_noop("Trade fair"), "event"),
    (gettext_noop("Partner"), "partner"),
    (gettext_noop("Other"), "other"),
]

METHODS = [
    gettext_noop("Phone"),
    gettext_noop("E-mail"),
    gettext_noop("Visit"),
    gettext_noop("Letter"),
    gettext_noop("Social network"),
    gettext_noop("Introduction"),
    gettext_noop("Event"),
]

_CUSTOMER, _US = Initiator.CUSTOMER, Initiator.US
# The command for a verdict stops a deal by it.
DISQUALIFIED = "disqualified"
# By which a lead is stopped that is the same as another deal.
DUPLICATE = "duplicate"

# Key, name, kind (`CauseKind`), and whose decision it is; empty where it may be either's. METHOD,
# Words: a stop has an initiator and a cause; the kind decides in which win rate it counts (K4).
STOP_CAUSES = [
    ("competitor", gettext_noop("Chose a competitor"), "to_someone", _CUSTOMER),
    ("price", gettext_noop("Price"), "to_someone", _CUSTOMER),
    ("no_decision", gettext_noop("Decided not to buy"), "no_decision", _CUSTOMER),
    ("no_response", gettext_noop("No response"), "no_decision", ""),
    ("bad_timing", gettext_noop("Bad timing"), "no_decision", ""),
    (DISQUALIFIED, gettext_noop("Disqualified"), "ours", _US),
    ("withdrawn", gettext_noop("We withdrew"), "ours", _US),
    (DUPLICATE, gettext_noop("Duplicate"), "ours", _US),
    ("unknown", gettext_noop("Unknown"), "unknown", ""),
]

NAMES = frozenset([name for name, _kind in SOURCES] + METHODS + [cause[1] for cause in STOP_CAUSES])


def shipped_name(name: str | None) -> str:
    """The name of a source, a method or a stop cause as the reader of this moment reads it.

    `name` is what the row keeps; None, where there is no row, is shown as nothing.
    """
    if not name:
        return ""
    return gettext(name) if name in NAMES else name


def spellings(name: str) -> set[str]:
    """All that people may read for a kept name, in lower case: by each of them it is found."""
    if name not in NAMES:
        return {name.lower()}
    found = {name.lower()}
    for code, _language in settings.LANGUAGES:
        with translation.override(code):
            found.add(gettext(name).lower())
    return found


def name_on_record(typed: str, names: Iterable[str]) -> str:
    """The one of the kept `names` that was typed, in whatever language; else what was typed."""
    wanted = typed.strip().lower()
    return next((name for name in names if wanted in spellings(name)), typed.strip())
