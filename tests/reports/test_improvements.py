"""The log of improvements: what was changed in the process, why, and what it did (CHECKLIST C24)."""

from typing import Any

from django.test import Client

from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from pipeline.process import commands
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast
from tests.factories import ago, cause_named, ready_deal
from tests.pipeline.test_process_page import layer_of
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_people_pages import page

NEEDS = Stage.NEEDS_ANALYSIS


def leave(cast: Cast, *, on: int, of: int, days: float) -> None:
    """So many deals leave needs analysis, of which some go on and the others stop."""
    for number in range(of):
        deal = ready_deal(by=cast.ana, name=f"{days} {number}", stage=NEEDS, at=ago(days=days + 5))
        if number < on:
            move_commands.move(deal, to=Stage.PROPOSAL, by=cast.ana, at=ago(days=days))
        else:
            deal_commands.stop(
                deal, initiator=Initiator.CUSTOMER, cause=cause_named("price"), by=cast.ana,
                at=ago(days=days),
            )  # fmt: skip


def change(cast: Cast, label: str, *, note: str, days: float) -> None:
    layer = layer_of(cast.north, cast.mona)
    said: Any = {"label": label, "gives_you": "less trouble", "gives_managers": "a view"}
    commands.add_step(layer, stage=NEEDS, said=said, by=cast.mona, at=ago(days=days))
    commands.publish(layer_of(cast.north, cast.mona), note=note, by=cast.mona, at=ago(days=days))


def test_c24_each_change_stands_with_its_reason_and_what_it_did(
    client: Client, cast: Cast, clock: Any
) -> None:
    change(cast, "Measure the line", note="Offers missed the speed.", days=200)
    leave(cast, on=10, of=30, days=40)
    change(cast, "Ask who pays", note="Nobody knew.", days=120)
    leave(cast, on=27, of=30, days=20)
    change(cast, "Ask for the date", note="", days=10)
    leave(cast, on=1, of=1, days=2)
    told = rows_of(page(client, cast.again(cast.mona), "/reports/process/"), "improvements")
    assert list(told) == ["North 3", "North 2", "North 1"]
    what, why, did = told["North 2"]
    assert what.startswith("Ask who pays: Added")
    assert why == "Nobody knew."
    assert did == "90% go on, 33% before; more: Needs analysis (90%, 33% before)"
    assert told["North 1"][1:] == [
        "Offers missed the speed.",
        "33% go on; of before nothing is known",
    ]
    assert told["North 3"][1:] == ["–", "Too early: in force for less than 90 days"]


def test_c24_what_was_shipped_is_no_change(client: Client, worked_cast: Cast) -> None:
    text = page(client, worked_cast.again(worked_cast.mona), "/reports/process/")
    assert "No visit of this period ended under a version that somebody published." in text
