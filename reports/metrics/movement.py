"""What changed between two instants: the waterfall and the strip (METRICS K12 to K14)."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from reports.figures import Definition, Goal
from reports.measures import Counted, FigureMeasure, Middle, Told
from reports.metric import Metric, Population, metric
from reports.movements import MOVED, MOVED_DUE, PUSHES, Movement, went_back, went_forward

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Test = Callable[[Movement], bool]
Worth = Callable[[Movement], Decimal | None]

_BASIS = _("at the end of both days, by every dated change; owner, team and value of that day")
_BASIS_DUE = _(
    "of the deals that are to close in the quarter, by their date at the end of both days: the exit "
    "first, then the date, then the amount"
)
_CLOSES = _(
    "end = start + new + reopened + moved in + taken over + up − down − moved out − won − stopped "
    "− handed over"
)
_VALUED = _("deals whose value is known")


def _was(one: Movement) -> Decimal | None:
    return one.value_was


def _then(one: Movement) -> Decimal | None:
    return one.value_then


def _less_was(one: Movement) -> Decimal | None:
    return None if one.value_was is None else -one.value_was


def _less_then(one: Movement) -> Decimal | None:
    return None if one.value_then is None else -one.value_then


def _change(one: Movement) -> Decimal | None:
    return one.change


def _came(how: str) -> Test:
    return lambda one: one.came == how


def _gone(how: str) -> Test:
    return lambda one: one.gone == how


_Box = tuple[str, "StrOrPromise", "StrOrPromise", Test, Worth]
# The boxes of the waterfall in their order: key, name, what is counted, which deals, and what each
# adds or takes away.
_BOXES: Sequence[_Box] = (
    ("start", _("At the start"), _("Open at the start."), lambda one: one.at_start, _was),
    ("new", _("New"), _("Begun since."), _came("new"), _then),
    ("reopened", _("Reopened"), _("Opened again since."), _came("reopened"), _then),
    (
        "moved_in",
        _("Moved in"),
        _("Now to close in the quarter, and not before."),
        _came("moved_in"),
        _was,
    ),
    ("handed_in", _("Taken over"), _("Came from others since."), _came("handed_in"), _then),
    ("up", _("Up"), _("Worth more than at the start."), lambda one: one.change > 0, _change),
    ("down", _("Down"), _("Worth less than at the start."), lambda one: one.change < 0, _change),
    (
        "moved_out",
        _("Moved out"),
        _("No longer to close in the quarter."),
        _gone("moved_out"),
        _less_was,
    ),
    ("stopped", _("Stopped"), _("Stopped since."), _gone("stopped"), _less_then),
    ("handed_out", _("Handed over"), _("Went to others since."), _gone("handed_out"), _less_then),
    ("won", _("Won"), _("Won since."), _gone("won"), _less_then),
    ("end", _("At the end"), _("Open at the end."), lambda one: one.at_end, _then),
)


def _made(slug: str, definition: Definition, over: Population, told: Told) -> Metric:
    def measures() -> Told:
        return told

    measures.__name__ = slug
    measures.__doc__ = f"A part of what changed (METRICS {definition.key})."
    return metric(definition, over=over)(measures)


def _waterfall(
    over: Population, prefix: str, basis: "StrOrPromise", without: Sequence[str] = ()
) -> Mapping[str, Metric]:
    return {
        key: _made(
            f"{prefix}_{key}",
            Definition(
                key="K13",
                goal=Goal.PIPELINE,
                name=name,
                text=text,
                basis=basis,
                formula=_CLOSES,
                covers=_VALUED,
                source="Weflow",
            ),
            over,
            Told(where=where, of=worth),
        )
        for key, name, text, where, worth in _BOXES
        if key not in without
    }


ALL_OPEN = _waterfall(MOVED, "pipeline", _BASIS, without=("moved_in", "moved_out"))
DUE = _waterfall(MOVED_DUE, "quarter", _BASIS_DUE)


def _sign(
    slug: str,
    key: str,
    name: "StrOrPromise",
    text: "StrOrPromise",
    where: Test,
    goal: Goal = Goal.PIPELINE,
) -> Metric:
    """A part of the strip: which deals, and what they are worth at the end."""
    definition = Definition(key=key, goal=goal, name=name, text=text, basis=_BASIS, covers=_VALUED)
    return _made(slug, definition, MOVED, Told(where=where, of=_then))


# The parts of the strip by their keys, in its order.
STRIP: Mapping[str, Metric] = {
    "new": _sign(
        "came_in",
        "K13",
        _("New"),
        _("Begun, reopened or taken over since."),
        lambda one: bool(one.came),
    ),
    "forward": _sign(
        "went_forward", "K13", _("Forward"), _("In a later stage than at the start."), went_forward
    ),
    "back": _sign(
        "went_back", "K13", _("Back"), _("In an earlier stage than at the start."), went_back
    ),
    "up": ALL_OPEN["up"],
    "down": ALL_OPEN["down"],
    "pulled": _sign(
        "pulled_in",
        "K12",
        _("Pulled in"),
        _("The closing date was moved to an earlier month."),
        lambda one: one.was_pulled,
    ),
    "pushed": _sign(
        "pushed",
        "K12",
        _("Pushed"),
        _(
            "The closing date was moved to a later month. What was moved back again was pushed all "
            "the same; a change within a month is none."
        ),
        lambda one: one.was_pushed,
    ),
    "idle": _sign(
        "idle",
        "K14",
        _("Idle"),
        _(
            "The other side was not spoken to, written to or met within the usual days of the stage, "
            "and nothing is planned."
        ),
        lambda one: one.is_idle,
        Goal.DEAL,
    ),
    "won": ALL_OPEN["won"],
    "stopped": ALL_OPEN["stopped"],
}


@metric(
    Definition(
        key="K13",
        goal=Goal.PIPELINE,
        name=_("Changed or fell silent"),
        text=_("Deals of which anything changed since the start, or that heard nothing from us."),
        basis=_BASIS,
    ),
    over=MOVED,
)
def changed() -> Told:
    """Deals of which any part of the strip is true (METRICS K13)."""
    return Told(
        where=lambda one: (
            not one.stayed
            or one.stage_was != one.stage_then
            or bool(one.change)
            or one.was_pulled
            or one.was_pushed
            or one.is_idle
        )
    )


@metric(
    Definition(
        key="K12",
        goal=Goal.PIPELINE,
        name=_("Close dates pushed"),
        text=_(
            "Of the deals that were open at the start or came since, and have a closing date, the "
            "share whose date was moved to a later month. A push is never taken back."
        ),
        basis=_BASIS,
        formula=_("pushed ÷ deals with a closing date"),
        source="Salesforce",
    ),
    over=MOVED,
)
def pushed_share() -> Told:
    """Which share of deals with a closing date was pushed (METRICS K12)."""
    return Told(
        where=lambda one: one.was_pushed or one.closes_then is not None,
        part=lambda one: one.was_pushed,
    )


_PUSHES = Definition(
    key="K12",
    goal=Goal.PIPELINE,
    name=_("Pushes"),
    text=_(
        "How often a closing date was moved to a later month, and for half of them by how many days at "
        "most. Moving it back takes none away; a change within a month is none."
    ),
    basis=_("by the moment of the change; present owner and team"),
    covers=_("every change of a date"),
    source="Salesforce",
)


@metric(_PUSHES, over=PUSHES)
def pushes() -> FigureMeasure:
    """How often dates were pushed (METRICS K12, push count)."""
    return Counted()


@metric(_PUSHES, over=PUSHES)
def push_days() -> FigureMeasure:
    """By how many days half of the pushes moved the date at most (METRICS K12, push days)."""
    return Middle(of="pushed_by")
