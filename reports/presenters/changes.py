"""What became of a deal since a day, in words: for the list of changes and for the rows behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.movements import Movement
from salesprocess.lib.format import money_short

_CAME = {
    "new": gettext_lazy("New"),
    "reopened": gettext_lazy("Reopened"),
    "handed_in": gettext_lazy("Taken over"),
    "moved_in": gettext_lazy("Moved in"),
}
_GONE = {
    "won": gettext_lazy("Won"),
    "stopped": gettext_lazy("Stopped"),
    "handed_out": gettext_lazy("Handed over"),
    "moved_out": gettext_lazy("Moved out"),
}


@dataclass(frozen=True, kw_only=True)
class DealMovement:
    """One thing that changed, with its icon and tone."""

    text: str
    icon: str
    tone: str = ""


def changes_of(moved: Movement, *, currency: str) -> Iterator[DealMovement]:
    """In the order of the strip, of what became of a deal."""
    if moved.came:
        yield DealMovement(text=str(_CAME[moved.came]), icon="plus")
    yield from _of_stage(moved)
    yield from _of_amount(moved.change, currency)
    if moved.was_pulled:
        yield DealMovement(text=_("Pulled in"), icon="calendar-event")
    if moved.was_pushed:
        yield DealMovement(text=_("Pushed"), icon="calendar-event")
    if moved.is_idle:
        yield DealMovement(text=_("Idle"), icon="clock", tone="warn")
    if gone := moved.gone:
        yield DealMovement(
            text=str(_GONE[gone]),
            icon="trophy" if gone == "won" else "square-x",
            tone={"won": "ok", "stopped": "bad"}.get(gone, ""),
        )


def _of_stage(moved: Movement) -> Iterator[DealMovement]:
    was, then = moved.stage_was, moved.stage_then
    if not moved.stayed or was is None or then is None or was == then:
        return
    if then > was:
        yield DealMovement(text=_("Forward"), icon="arrow-right")
    else:
        yield DealMovement(text=_("Back"), icon="arrow-back-up")


def _of_amount(change: Decimal, currency: str) -> Iterator[DealMovement]:
    if change > 0:
        more = money_short(change, currency)
        yield DealMovement(text=_("Up %(money)s") % {"money": more}, icon="arrow-up")
    if change < 0:
        less = money_short(-change, currency)
        yield DealMovement(text=_("Down %(money)s") % {"money": less}, icon="arrow-down")
