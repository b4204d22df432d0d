"""What boxes about people draw: a small picture for each stage of each person, a scatter, what is
missing instead, and who looked. Positions are percent, from the left and from the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.presenters.panels import PanelChoice, ScaleMark

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class StagePicture:
    """Effect over effort in one stage: how high the share of what went on lies `at`, between `high`
    and `low` 9 times in 10, what it was (`past`) and what is `usual` among the own style. `few` is
    said where too few ended; then nothing is drawn but what is usual."""

    stage: int
    title: str
    text: str = ""
    few: str = ""
    at: float | None = None
    high: float = 0
    low: float = 0
    past: float | None = None
    usual: float | None = None
    href: str = ""
    talks: str = ""
    talks_width: float = 0
    talks_href: str = ""
    n: str = ""


@dataclass(frozen=True, kw_only=True)
class RuleGap:
    """A rule of consistency that a person's deals keep to a share, and how many do not."""

    name: StrOrPromise
    share: str
    width: float
    text: str
    href: str = ""
    is_kept: bool = False


@dataclass(frozen=True, kw_only=True)
class PersonPictures:
    """One person's row. Who is below the line of consistency has `gaps` in place of pictures."""

    name: str
    href: str
    initials: str
    style: str
    complete: str
    is_behind: bool
    talks: str
    pictures: Sequence[StagePicture] = ()
    gaps: Sequence[RuleGap] = ()
    gaps_n: str = ""
    ask: str = ""
    todo: PanelChoice | None = None


@dataclass(frozen=True, kw_only=True)
class Multiples:
    """`stages` are the heads of the pictures: number and name."""

    rows: Sequence[PersonPictures]
    stages: Sequence[tuple[int, StrOrPromise]]


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A person in the scatter; `style` gives the shape. People are never coloured. The name stands to
    the left or the right, above or below."""

    name: str
    x: float
    y: float
    high: float
    low: float
    style: str
    title: str
    href: str
    is_left: bool = False
    is_below: bool = False


# How wide a letter of a name is, and how high a line, in percent of the picture.
_LETTER, _LINE = 1.5, 6.0


def without_overlap(spots: Sequence[Spot]) -> list[Spot]:
    """The same with each name where it lies on none of those before it, if there is such a place."""
    taken: list[tuple[float, float, float]] = []
    placed = []
    for spot in spots:
        wide = len(spot.name) * _LETTER
        begins_left = spot.x > 60  # it would end beyond the picture
        ways = [(left, below) for left in (begins_left, not begins_left) for below in (False, True)]
        places = [
            (spot.x - wide if left else spot.x, spot.y + (_LINE if below else 0), wide)
            for left, below in ways
        ]
        free = [place for place in places if not any(_overlap(place, other) for other in taken)]
        chosen = free[0] if free else places[0]
        taken.append(chosen)
        left, below = ways[places.index(chosen)]
        placed.append(replace(spot, is_left=left, is_below=below))
    return placed


def _overlap(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    """Of two names, by where they begin from the left and from above, and how wide they are."""
    beside = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
    return not beside and abs(one[1] - other[1]) < _LINE


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """`corners` say what each quadrant is, from the upper left: nothing good, nothing bad."""

    spots: Sequence[Spot]
    x_scale: Sequence[ScaleMark]
    y_scale: Sequence[ScaleMark]
    corners: Sequence[StrOrPromise]
    x_title: StrOrPromise


@dataclass(frozen=True, kw_only=True)
class FactLine:
    """A line of a list of facts: what, how much, and a word on it."""

    name: StrOrPromise
    text: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class FactList:
    rows: Sequence[FactLine]
    last: str = ""


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A deal of which something is missing, and the ways to mend each of it. They are pressed by
    whose deal it is (`is_own`); others see them, and who leads may `ask` with a note on the deal."""

    stage: int
    stage_name: str
    name: str
    company: str
    owner: str
    href: str
    missing: Sequence[StrOrPromise]
    ways: Sequence[PanelChoice]
    is_own: bool
    ask: PanelChoice | None = None


@dataclass(frozen=True, kw_only=True)
class Repairs:
    rows: Sequence[Repair]
    more: str = ""
    href: str = ""
