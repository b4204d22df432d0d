"""Is the process the problem? What nearly everybody goes past is asked of the process (CHECKLIST C8)."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal_move as move_commands
from crm.models import Judgement, StageVisit
from pipeline.models import User
from pipeline.process.gates import Reason
from pipeline.process.stages import Stage
from reports.axes import ASKED_FOR, PERSON
from reports.figures import FigureCell
from reports.metrics import process
from tests.conftest import Cast
from tests.factories import ago, ready_deal
from tests.pipeline.test_process_page import add, publish
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_metrics import asked
from tests.reports.test_people_pages import DAYS, page

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


def test_c8_nothing_is_accused_or_acquitted_of_too_few_moves(client: Client, cast: Cast) -> None:
    moves(cast, cast.ana, without=4, of=8, at=ago(days=5))
    none = "Nothing that gates ask for is gone past more than the rest beyond chance."
    text = page(client, cast.again(cast.mona), "/reports/consistency/")
    assert (none in text, "Too few to tell: n 8 where it takes 10." in text) == (False, True)
    moves(cast, cast.ben, without=0, of=2, at=ago(days=5))
    text = page(client, cast.again(cast.mona), "/reports/consistency/")
    assert (none in text, "Too few to tell" in text) == (True, False)


def test_k20_the_process_was_followed_by_what_kept_both_path_and_gates(worked_cast: Cast) -> None:
    """D1, D4 and D5 went in order; the others left a stage out, went back, or were opened again."""
    Judgement.objects.all().delete()
    question = asked(worked_cast.again(worked_cast.ana))
    followed = process.followed_process.whole(question)
    assert (followed.part, followed.n) == (3, 6)
    # What went without something is followed no more, though its path is in order.
    visit = StageVisit.objects.get(deal__name="D1", stage=Stage.NEEDS_ANALYSIS)
    Judgement.objects.create(
        deal=visit.deal, visit=visit, verb="move", from_stage=4, to=5, findings=[FACT],
        reason=Reason.PROCESS_WRONG, at=visit.left_at, by=worked_cast.ana,
    )  # fmt: skip
    question = asked(worked_cast.again(worked_cast.ana))
    followed = process.followed_process.whole(question)
    cell = FigureCell(metric="followed_process", part=True)
    names = process.followed_process.rows(question, cell).values_list("name", flat=True)
    assert sorted(names) == ["D4", "D5"]
    assert (followed.part, process.kept_to_path.whole(question).part) == (2, 3)


def test_k20_gates_kept_stand_beside_the_rules_of_the_record(
    client: Client, cast: Cast, clock: Any
) -> None:
    """A manager by person; a salesperson the own, and the team's if several moved something on."""
    for user, without in ((cast.ana, 2), (cast.ben, 0), (cast.mona, 0)):
        moves(cast, user, without=without, of=10, at=ago(days=5))
    question = asked(cast.again(cast.mona), start=60, end=90)
    assert process.gates_kept.measure(question, PERSON)[cast.ana.pk].n == 10
    text = page(client, cast.again(cast.mona), "/reports/consistency/")
    told = rows_of(text, "rules")
    anas = next(cells for name, cells in told.items() if name.startswith(cast.ana.name))
    assert anas[-1] == "80% some gaps 8 of 10 · 2 without"
    assert told["All"][-1] == "93% holds 28 of 30 · 2 without"
    text = page(client, cast.again(cast.ana), "/reports/consistency/")
    told = rows_of(text, "rules")
    assert not any(name.startswith(cast.ben.name) for name in told)
    assert told["Your team"][-1] == "93% holds 28 of 30 · 2 without"


def test_k20_gates_kept_are_told_by_version_too(client: Client, cast: Cast, clock: Any) -> None:
    """Under North's second version, four of twelve moved on without what a gate asks for."""
    moves(cast, cast.ana, without=0, of=11, at=ago(days=9))
    add(cast.north, by=cast.mona, label="Measure the line")
    publish(cast.north, by=cast.mona)
    moves(cast, cast.ben, without=4, of=12, at=ago(days=5))
    client.force_login(cast.again(cast.mona))
    text = client.get(f"/reports/process/?{DAYS}&gates=version").content.decode()
    rows = rows_of(text, "gates")
    named = {name: cells[-1] for name, cells in rows.items() if "North" in name}
    assert list(named.values()) == ["67% 8 of 12"]
    assert rows["All"][-1] == "83% 19 of 23"
    for href in re.findall(r'href="(/reports/rows/gates_kept/[^"]+by=version[^"]+)"', text):
        assert client.get(unescape(href)).status_code == 200
