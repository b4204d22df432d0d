"""The keys of the pages, and which of them a person has put others in the place of. Pure.

Each is known by what it is at first: "c" for a new deal, "g b" for the board. The page hands a
person's own to the scripts, which ask what was meant (frontend/keys.js); templates name the first
ones (`data-key`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

AFTER_G = "g "
# They part own keys as they are kept, or do what every page expects of them.
RESERVED = frozenset(" ,=")


class PageKey(NamedTuple):
    """A key and what it does, by where that is."""

    key: str
    does: "StrOrPromise"
    where: "StrOrPromise"


_EVERYWHERE, _GO = _("Everywhere"), _("Go to")
_DEAL, _LIST, _PAGE = _("On a deal: card, row, hit or panel"), _("In a list"), _("On a page")

KEYS: tuple[PageKey, ...] = (
    PageKey("/", _("Find or do"), _EVERYWHERE),
    PageKey("c", _("New deal"), _EVERYWHERE),
    PageKey("l", _("Log"), _EVERYWHERE),
    PageKey("z", _("Undo, while it is offered"), _EVERYWHERE),
    PageKey("?", _("This list of keys"), _EVERYWHERE),
    PageKey("g", _("Go to …, with the next key"), _EVERYWHERE),
    PageKey("g d", _("My Day"), _GO),
    PageKey("g b", _("Board"), _GO),
    PageKey("g l", _("Leads"), _GO),
    PageKey("g t", _("Deals"), _GO),
    PageKey("g c", _("Customers"), _GO),
    PageKey("g p", _("Companies"), _GO),
    PageKey("g n", _("Contacts"), _GO),
    PageKey("g a", _("Activities"), _GO),
    PageKey("g f", _("Reports"), _GO),
    PageKey("g o", _("Process"), _GO),
    PageKey("g m", _("People"), _GO),
    PageKey("g s", _("Settings"), _GO),
    PageKey("d", _("Done; on its page: close date"), _DEAL),
    PageKey("h", _("Later"), _DEAL),
    PageKey("]", _("Move to the next stage"), _DEAL),
    PageKey("[", _("Move back by a stage"), _DEAL),
    PageKey("s", _("Move to another stage"), _DEAL),
    PageKey("a", _("Value"), _DEAL),
    PageKey("t", _("Close date"), _DEAL),
    PageKey("o", _("Hand over"), _DEAL),
    PageKey("w", _("Won"), _DEAL),
    PageKey("x", _("Stop"), _DEAL),
    PageKey("r", _("Open again"), _DEAL),
    PageKey("j", _("Next row"), _LIST),
    PageKey("k", _("Row before"), _LIST),
    PageKey("m", _("Tick the row"), _LIST),
    PageKey("f", _("Find in the list"), _LIST),
    PageKey("e", _("Edit, or write an e-mail"), _PAGE),
    PageKey("n", _("Note, or a new step"), _PAGE),
    PageKey("p", _("Call"), _PAGE),
)
FIRST = {one.key: one for one in KEYS}


def read_keys(kept: str) -> dict[str, str]:
    """A person's own keys, by what each is at first, as `User.keys` keeps them."""
    pairs = (pair.rpartition("=") for pair in kept.split(", ") if pair)
    return {key: mine for key, _sign, mine in pairs}


def write_keys(own: Mapping[str, str]) -> str:
    """As they are kept: those that differ, in the order of KEYS."""
    changed = [(one.key, own[one.key]) for one in KEYS if _mine(own, one.key) != _last(one.key)]
    return ", ".join(f"{key}={mine}" for key, mine in changed)


def clashes(own: Mapping[str, str]) -> dict[str, str]:
    """Keys that are not free: what each is at first, and the one that it gets in the way of."""
    taken: dict[tuple[bool, str], str] = {}
    found = {}
    # What was changed gives way to what was not.
    for one in sorted(KEYS, key=lambda one: _mine(own, one.key) != _last(one.key)):
        place = one.key.startswith(AFTER_G), _mine(own, one.key)
        if place in taken:
            found[one.key] = taken[place]
        taken.setdefault(place, one.key)
    return found


def _mine(own: Mapping[str, str], key: str) -> str:
    return own.get(key) or _last(key)


def _last(key: str) -> str:
    return key[-1]
