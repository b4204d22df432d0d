"""The demo's process: the framework, what three teams made of it in several versions, and what two
salespeople have for themselves. As with everything in the demo, all of it is invented."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from demo.effects import MEASURING_DAYS
from demo.people import ORGANISATION
from pipeline.process import framework
from pipeline.process.playbook import (
    AnswerKind,
    Importance,
    LayerContent,
    Proof,
    StageNaming,
    StepKind,
    StepRow,
)
from pipeline.process.stages import Stage

ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN = Stage


@dataclass(frozen=True, kw_only=True)
class SimVersion:
    """A version of a team's layer, `days` before the demo's day."""

    team: str
    days: int
    by: str | None
    note: str
    content: LayerContent


def added_row(stage: Stage, key: str, label: str, **said: Any) -> StepRow:
    usual: dict[str, Any] = {"kind": StepKind.CHECK, "importance": Importance.EXPECTED}
    return StepRow(stage=stage, key=key, adds=True, label=label, **usual | said)


def differs(stage: Stage, key: str, reason: str, **said: Any) -> StepRow:
    return StepRow(stage=stage, key=key, reason=reason, **said)


def published() -> list[SimVersion]:
    """All versions, oldest first."""
    shipped = framework.shipped_content()
    return [
        SimVersion(team=ORGANISATION, days=640, by=None, note="", content=shipped),
        SimVersion(
            team="Region Centre",
            days=430,
            by="Helene Brandauer",
            note="What we agreed on in spring: ask service first, and take the time to measure.",
            content=_centre(),
        ),
        SimVersion(
            team="Vienna",
            days=400,
            by="Tomasz Wilk",
            note="Our own words for stage four, and the question that sizes every offer.",
            content=LayerContent(steps=tuple(_vienna_first()), stages=_VIENNA_STAGES),
        ),
        SimVersion(
            team="Vienna",
            days=MEASURING_DAYS,
            by="Tomasz Wilk",
            note="Three offers in a row missed the line speed: from now on nobody leaves the line"
            " survey without having measured.",
            content=LayerContent(
                steps=(*_vienna_first(), *_VIENNA_SECOND),
                stages=(*_VIENNA_STAGES, StageNaming(stage=SIX, norm_days=10)),
            ),
        ),
        SimVersion(
            team="Hamburg",
            days=120,
            by="Birgit Lohse",
            note="Food plants here live by their audits. Let us ask for them first.",
            content=_hamburg(),
        ),
        SimVersion(
            team=ORGANISATION,
            days=24,
            by="Agnes Kovar",
            note="Front-loading was left out by half of us: now it says what is meant.",
            content=_reworded(shipped),
        ),
    ]


def draft() -> tuple[str, StepRow]:
    """What a team has changed and not published yet."""
    return "Vienna", added_row(
        SEVEN,
        "delivery-date-in-offer",
        "Repeat the delivery date before you ask",
        kind=StepKind.HINT,
        importance=Importance.HINT,
        gives_you="The date is the last doubt of most plant managers.",
    )


def personal() -> dict[str, LayerContent]:
    """What people have for themselves, by name."""
    mine = "I like it better this way."
    return {
        "Mira Sandoval": LayerContent(
            steps=(
                added_row(
                    SEVEN,
                    "be-silent",
                    "After the question: be silent",
                    kind=StepKind.HINT,
                    importance=Importance.HINT,
                    help="Count to twenty. Whoever speaks first explains.",
                    position=15.0,
                ),
                added_row(
                    FOUR,
                    "walk-the-line",
                    "Walked the line from the back to the front",
                    help="From the pallet to the filler: that is how mistakes travel.",
                    position=5.0,
                ),
                differs(SIX, "colleagues-answers", mine, hidden=True),
                differs(FOUR, "today", mine, label="A usual shift, told by themselves"),
                differs(FIVE, "decision-date", mine, position=15.0),
            )
        ),
        "Emeka Obi": LayerContent(
            steps=(
                added_row(
                    ONE,
                    "vacancies",
                    "Look at their vacancies",
                    help="Who looks for packers in three shifts has a line that stands still.",
                    position=35.0,
                ),
                differs(FIVE, "begin-with-needs", mine, hidden=True),
            )
        ),
    }


def _centre() -> LayerContent:
    return LayerContent(
        steps=(
            added_row(
                TWO,
                "ask-service",
                "Ask service before you call",
                kind=StepKind.HINT,
                importance=Importance.HINT,
                help="They have been inside two plants out of three, and know who grumbles.",
                gives_you="A name and a reason, from somebody they trust.",
                position=15.0,
            ),
        ),
        stages=(StageNaming(stage=FOUR, norm_days=12),),
    )


_VIENNA_STAGES = (StageNaming(stage=FOUR, label="Line survey", norm_days=14),)


def _vienna_first() -> Iterator[StepRow]:
    yield added_row(
        THREE,
        "lines",
        "How many lines do they run?",
        kind=StepKind.QUESTION,
        answer=AnswerKind.NUMBER,
        help="Count what runs in one shift, not what stands in the hall.",
        gives_you="The size of the deal in one number.",
        gives_managers="Deals by size of plant, before there is an offer.",
        position=35.0,
    )
    yield differs(
        FOUR,
        "front-loaded",
        "With us it is always these two.",
        label="We named the price range and the delivery time ourselves",
    )
    yield differs(TWO, "opening", "All of us have telephoned for ten years.", hidden=True)


_VIENNA_SECOND = (
    added_row(
        FOUR,
        "line-measured",
        "The line was measured",
        kind=StepKind.EVIDENCE,
        proof=Proof.ANY,
        importance=Importance.GATE,
        help="Speed, width, height, air and power. The form is in the service folder.",
        gives_you="No machine that does not fit, and no apology afterwards.",
        gives_managers="Offers that rest on measures.",
        position=55.0,
    ),
    added_row(
        FIVE,
        "delivery-slot",
        "Planning confirmed the delivery slot",
        help="Before the offer goes out: they hold a slot for ten days.",
        gives_you="A date that you can promise.",
        gives_managers="Offers that we could deliver.",
        position=15.0,
    ),
)


def _hamburg() -> LayerContent:
    return LayerContent(
        steps=(
            added_row(
                THREE,
                "audit",
                "Which audit do they stand under?",
                kind=StepKind.QUESTION,
                answer=AnswerKind.CHOICE,
                choices=("IFS", "BRC", "Pharmacy", "None"),
                gives_you="The reason why they must act, and by when.",
                gives_managers="Deals that an audit drives.",
                position=5.0,
            ),
            differs(
                ONE,
                "target-fit",
                "The harbour brings us every kind of trade.",
                importance=Importance.HINT,
            ),
            differs(
                FOUR,
                "decision-path",
                "Large houses: who decides is our first question.",
                position=5.0,
            ),
            differs(
                FOUR,
                "worth",
                "They do not reckon in hours but in recalls.",
                help="What does one recalled batch cost them? That is what the detector is worth.",
            ),
        ),
        stages=(StageNaming(stage=THREE, norm_days=9),),
    )


def _reworded(content: LayerContent) -> LayerContent:
    """The framework after two months of use: one step reworded, one explained better."""

    def change(row: StepRow) -> StepRow:
        if row.key == "front-loaded":
            return replace(row, label="We brought up what they would object to later")
        if row.key == "reason":
            return replace(row, help="One sentence that you could say to them. Read it aloud.")
        return row

    return replace(content, steps=tuple(change(row) for row in content.steps))


def dated_row(row: StepRow, *, author: str, author_id: int | None, on: dt.date) -> StepRow:
    """The row with who made it and when."""
    return replace(row, author=author, author_id=author_id, made_on=on)


def instants(at: dt.datetime) -> Callable[[int], dt.datetime]:
    """Mornings so many days before `at`."""
    morning = at.replace(hour=8, minute=0, second=0, microsecond=0)
    return lambda days: morning - dt.timedelta(days=days)
