"""What a cell answers to a step: as crm.models.StepResult keeps it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from crm.commands.writers.step_result import LONGEST
from exchange.imports import cells, currencies, known_words, values
from exchange.imports.faults import BadValue
from exchange.imports.kinds import CellType
from exchange.imports.steps import AnsweredStep
from pipeline.process.framework import translated_text

if TYPE_CHECKING:
    from exchange.imports.staging import ImportRun

# What stands for a tick; a step that is proven or answered has a text.
TICKED = "done"
_LONGEST_LINK = 500
_url = URLValidator(schemes=("http", "https"))


def read(
    raw: str,
    step: AnsweredStep,
    aliases: Mapping[str, str],
    *,
    way: str,
    heading: str,
    run: "ImportRun",
) -> str | None:
    """The answer: words, digits, a day as ISO, one of the choices, an address, or TICKED; None where the
    cell says nothing, or that it was not done. `way` is how its column writes days or numbers.

    Raises BadValue.
    """
    if step.cell_type is CellType.LONG:
        return _words(raw)
    text = cells.cell_value(raw, aliases, any_text=step.cell_type in (CellType.WORD, CellType.FLAG))
    if not text:
        return None
    match step.cell_type:
        case CellType.FLAG:
            return TICKED if known_words.is_yes(text) else None
        case CellType.WORD:
            return _choice(text, step)
        case CellType.LINK:
            return _address(text)
        case CellType.DAY:
            return values.day(text, way, run.root.zone).isoformat()
        case CellType.MONEY:
            _require_own_currency(text, heading, run)
            return f"{values.money(text, way).normalize():f}"
        case _:
            return f"{values.plain(text, way).normalize():f}"


def _words(raw: str) -> str | None:
    text = cells.long_text(raw)
    if cells.is_nothing(text, any_text=True):
        return None
    if len(text) > LONGEST:
        raise BadValue(_("This has more than %(most)d signs.") % {"most": LONGEST})
    return text


def _choice(text: str, step: AnsweredStep) -> str:
    """In any language, and by whatever case; whatever else it is called is for a person to say."""
    for choice in step.choices:
        if text.casefold() in (choice.casefold(), str(translated_text(choice)).casefold()):
            return choice
    raise BadValue(_("“{value}” is none of the answers to choose from.").replace("{value}", text))


def _address(text: str) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        _url(address)
    except ValidationError as error:
        raise BadValue(_("This is no address of a website.")) from error
    if len(address) > _LONGEST_LINK:
        raise BadValue(_("This has more than %(most)d signs.") % {"most": _LONGEST_LINK})
    return address


def _require_own_currency(text: str, heading: str, run: "ImportRun") -> None:
    """What answers a step has no currency of its own."""
    apart = currencies.split(currencies.without_multiple(text)[0])
    sign = (apart[1] if apart else "") or currencies.of_heading(heading)
    own = run.root.currency
    if sign and currencies.the_only(sign, run.currencies, own=own) != own:
        words = _("This is in another currency than %(currency)s, which answers to steps are in.")
        raise BadValue(words % {"currency": own})
