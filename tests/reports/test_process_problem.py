"""Is the process the problem? What nearly everybody goes past is asked of the process (CHECKLIST C8)."""

import datetime as dt
from html import unescape
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal_move as move_commands
from crm.models import Judgement, StageVisit
from pipeline.models import User
from pipeline.process.gates import Reason
from pipeline.process.stages import Stage
from reports.axes import ASKED_FOR
from reports.metrics import process
from tests.conftest import Cast
from tests.factories import ago, ready_deal
from tests.reports.test_metrics import asked
from tests.reports.test_people_pages import page

FACT = {"gate": "G5", "weight": "advisory", "stage": 4, "fact": "decision_path"}


def moves(cast: Cast, by: User, *, without: int, of: int, at: dt.datetime) -> None:
    """Deals that left needs analysis, some of them without the decision path."""
    for number in range(of):
        deal = ready_deal(
            by=by, name=f"{by.pk} {number}", stage=Stage.NEEDS_ANALYSIS, at=ago(days=30)
        )
        move_commands.move(deal, to=Stage.PROPOSAL, by=by, at=at)
        if number < without:
            Judgement.objects.create(
                deal=deal,
                visit=StageVisit.objects.get(deal=deal, stage=Stage.NEEDS_ANALYSIS),
                verb="move", from_stage=4, to=5, findings=[FACT], reason=Reason.PROCESS_WRONG,
                at=at, by=by,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (("ana", "ben", "mona"), "Very likely:"),
        (("ana",), "no matter of the process alone"),
    ],
)
def test_c8_what_nearly_everybody_goes_past_is_a_question_to_the_process(
    client: Client, cast: Cast, clock: Any, who: tuple[str, ...], said: str
) -> None:
    for name in ("ana", "ben", "mona"):
        user = getattr(cast, name)
        moves(cast, user, without=8 if name in who else 0, of=8, at=ago(days=5))
        # Moves in which nothing was missing, so that it stands out.
        for number in range(16):
            deal = ready_deal(by=user, name=f"{name} {number}", at=ago(days=20))
            move_commands.move(deal, to=Stage.PROSPECTING, by=user, at=ago(days=6))
    question = asked(cast.again(cast.mona), start=60, end=90)
    found = process.gone_past_rate.measure(question, ASKED_FOR)
    assert {key: (each.part, each.n) for key, each in found.items()} == {
        "4-fact-decision_path": (8 * len(who), 24)
    }
    text = page(client, cast.again(cast.mona), "/reports/consistency/")
    box = unescape(text[text.index('id="panel-process"') :].split("</section>")[0])
    assert said in box
    assert "Who decides, and how, is known" in box
    assert f"{8 * len(who)} of 24" in box
