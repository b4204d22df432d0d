"""The worked fixture of METRICS: ten deals, told as they happened, and the figures of its text.

Days count from the first one; "now" is the ninetieth.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as win_commands
from crm.models import Deal
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast
from tests.factories import NOW, cause_named, ready_deal

TODAY = 90
DAY_0 = NOW - dt.timedelta(days=TODAY)

# name, amount, entries "stage@day", then how it ended
STORIES: list[tuple[str, int, str]] = [
    ("D1", 100, "1@0 2@5 3@10 4@20 5@30 6@40 7@50 won@55"),
    ("D2", 80, "1@0 2@3 3@8 5@15 6@25 price@35 reopened@50 price@75"),
    ("D3", 60, "2@2 3@12 4@22 3@30 4@38 5@45"),
    ("D4", 20, "1@1 no_decision@20"),
    ("D5", 0, "1@4 2@9 disqualified@14"),
    ("D6", 120, "3@5 4@10 5@18 6@28 5@33 6@41 7@48 won@60"),
    ("D7", 40, "1@10 2@30"),
    ("D8", 50, "1@15 3@20 competitor@40"),
    ("D9", 90, "2@20 3@26 4@33 5@50 6@70"),
    ("D10", 30, "1@60 2@80"),
]


def on_day(day: float) -> dt.datetime:
    return DAY_0 + dt.timedelta(days=day)


def tell(cast: Cast, name: str, amount: int, story: str) -> Deal:
    """A deal of Ana's that goes through its story by the product's own commands."""
    (first, began), *rest = _events(story)
    deal = ready_deal(
        by=cast.ana, name=name, amount=amount, stage=Stage(int(first)), at=on_day(began)
    )
    for what, day in rest:
        at = on_day(day)
        if what.isdigit():
            move_commands.move(deal, to=Stage(int(what)), by=cast.ana, at=at, reason="told")
        elif what == "won":
            win_commands.win(deal, value=Decimal(amount), by=cast.ana, at=at)
        elif what == "reopened":
            deal_commands.reopen(deal, by=cast.ana, at=at, reason="told")
        else:
            initiator = Initiator.US if what == "disqualified" else Initiator.CUSTOMER
            deal_commands.stop(
                deal, initiator=initiator, cause=cause_named(what), by=cast.ana, at=at
            )
    return deal


def tell_all(cast: Cast) -> None:
    for name, amount, story in STORIES:
        tell(cast, name, amount, story)


def _events(story: str) -> list[tuple[str, int]]:
    pairs = (event.split("@") for event in story.split())
    return [(what, int(day)) for what, day in pairs]


@dataclass(frozen=True)
class Stay:
    """One stay of a deal in a stage, as its story tells it; `way` is how it left, or "still"."""

    deal: str
    amount: int
    stage: int
    entered: int
    left: int | None
    way: str


def stays() -> list[Stay]:
    """Every stay of the ten stories, read from their text alone."""
    told = []
    for deal, amount, story in STORIES:
        stage = 0
        events = _events(story)
        for place, (what, day) in enumerate(events):
            if what.isdigit():
                stage = int(what)
            elif what != "reopened":
                continue
            after, left = events[place + 1] if place + 1 < len(events) else ("", None)
            told.append(Stay(deal, amount, stage, day, left, _way(stage, after)))
    return told


def _way(stage: int, after: str) -> str:
    if after.isdigit():
        return "advanced" if int(after) > stage else "back"
    return {"": "still", "won": "won"}.get(after, "stopped")


@dataclass(frozen=True)
class Line:
    """A line of the text's table: what became of the visits to a stage, how far deals came, and
    the median days of visits that are over."""

    visits: int
    advanced: int
    back: int
    stopped: int
    won: int
    still: int
    visited: int
    reached: int
    skipped: tuple[str, ...]
    created_late: tuple[str, ...]
    median_days: Decimal


LINES: dict[int, Line] = {
    1: Line(7, 6, 0, 1, 0, 0, 7, 10, (), ("D3", "D6", "D9"), Decimal(5)),
    2: Line(7, 4, 0, 1, 0, 2, 7, 9, ("D8",), ("D6",), Decimal(5)),
    3: Line(7, 6, 0, 1, 0, 0, 6, 6, (), (), Decimal(8)),
    4: Line(5, 4, 1, 0, 0, 0, 4, 5, ("D2",), (), Decimal(8)),
    5: Line(6, 5, 0, 0, 0, 1, 5, 5, (), (), Decimal(10)),
    6: Line(6, 2, 1, 2, 0, 1, 4, 4, (), (), Decimal(10)),
    7: Line(2, 0, 0, 0, 2, 0, 2, 2, (), (), Decimal("8.5")),
}

# Rates as part and whole, since a figure carries both. K3: what went on from stage n to the next.
REACH_CONVERSION = {1: (9, 10), 2: (6, 9), 3: (5, 6), 4: (5, 5), 5: (4, 5), 6: (2, 4)}
FLOW_CONVERSION = {
    1: (6, 7), 2: (4, 5), 3: (6, 7), 4: (4, 5), 5: (5, 5), 6: (2, 5), 7: (2, 2),
}  # fmt: skip
STRICT_FUNNEL = (7, 5, 2, 1, 1, 1, 1)
# K4
CLOSED_WIN_RATE = (2, 5)
NARROW_WIN_RATE = (2, 4)
CREATED_WIN_RATE = (2, 10)
LOST = ("D2", "D4", "D8")
STOPPED_BY_US = ("D5",)
# K2
SKIP_RATE = {2: (1, 8), 4: (1, 5)}
# K6, in days, by deal; from stage 2 on likewise.
CYCLES_OF_WON = {"D1": 55, "D6": 55}
CYCLES_OF_WON_FROM_STAGE_2 = {"D1": 50, "D6": 55}
# K5, in days, by deal and stage.
CUMULATIVE_DAYS = {("D6", 5): 18, ("D2", 6): 35}
LATEST_DAYS = {("D6", 5): 8, ("D2", 6): 25}
# K8
OPEN_VALUE = 220
# "The three conversions at stage 6": by reach, by flow, strict.
CONVERSIONS_AT_STAGE_6 = (Fraction(1, 2), Fraction(2, 5), Fraction(1))
