"""Expected steps done by exit, of all that were expected (METRICS K20, step completion)."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.models import Deal, StageVisit, StepResult
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Initiator, Stage
from reports.axes import LEFT_HOW, STAGE
from reports.figures import FigureCell
from reports.metrics.steps import expected_of_all, steps_done_by_exit
from tests.conftest import Cast
from tests.factories import ago, cause_named, ready_deal
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_metrics import asked
from tests.reports.test_people_pages import page

NEEDS = Stage.NEEDS_ANALYSIS


def expected_keys(deal: Deal, stage: Stage) -> list[str]:
    """Those of the process under which it stood there."""
    visit = StageVisit.objects.filter(deal=deal, stage=stage).latest("sequence")
    return [step.key for step in expected_of_all(of_versions(visit.version_ids), stage)]


def record(cast: Cast, deal: Deal, key: str, *, days: float, **said: Any) -> None:
    row = {"state": "done", "by": cast.ana, "at": ago(days=days), "label": key} | said
    StepResult.objects.create(deal=deal, stage=NEEDS, key=key, **row)


@pytest.fixture
def left(cast: Cast, clock: Any) -> dict[str, Deal]:
    """Two deals that were in needs analysis for days 20 to 10 before today: one went on, one stopped."""
    deals = {
        name: ready_deal(by=cast.ana, name=name, stage=NEEDS, at=ago(days=20))
        for name in ("on", "off")
    }
    StepResult.objects.filter(deal__in=deals.values()).delete()
    move_commands.move(deals["on"], to=Stage.PROPOSAL, by=cast.ana, at=ago(days=10))
    deal_commands.stop(
        deals["off"],
        initiator=Initiator.CUSTOMER,
        cause=cause_named("price"),
        by=cast.ana,
        at=ago(days=10),
    )
    return deals


def test_k20_it_counts_what_was_done_when_the_stage_was_left(
    cast: Cast, left: dict[str, Deal]
) -> None:
    on, off = left["on"], left["off"]
    StepResult.objects.filter(deal__in=[on, off]).delete()
    first, second, third, *_more = keys = expected_keys(on, NEEDS)
    record(cast, on, first, days=12)
    # Done, taken back after the stage was left, and so done by then.
    record(cast, on, second, days=12, replaced_at=ago(days=5))
    # These do not count: too late, taken back before, set aside, somebody's own, expected by nobody.
    record(cast, on, third, days=9)
    record(cast, off, first, days=12, replaced_at=ago(days=11))
    record(cast, off, second, days=12, state="overridden", reason="not_applicable")
    record(cast, off, third, days=12, private_to=cast.ana)
    record(cast, off, "no-step-of-the-process", days=12)
    question = asked(cast.again(cast.mona), start=60)
    whole = steps_done_by_exit.whole(question)
    assert (whole.n, whole.value) == (2, Decimal(2) / (2 * len(keys)))
    ways = steps_done_by_exit.measure(question, LEFT_HOW)
    assert {way: each.value for way, each in ways.items()} == {
        "advanced": Decimal(2) / len(keys),
        "stopped": 0,
    }
    stages = steps_done_by_exit.measure(question, STAGE)
    assert {stage: each.n for stage, each in stages.items()} == {NEEDS: 2}
    cell = FigureCell(metric=steps_done_by_exit.slug, by="left_how", key="advanced")
    rows = steps_done_by_exit.rows(question, cell, LEFT_HOW)
    assert list(rows.values_list("deal", "steps_done", "steps_expected")) == [(on.pk, 2, len(keys))]


def test_of_a_visit_under_no_process_nothing_was_expected(cast: Cast, clock: Any) -> None:
    """As imported history has it: that is no step left undone."""
    deal = ready_deal(by=cast.ana, stage=NEEDS, at=ago(days=20))
    StageVisit.objects.filter(deal=deal, left_how=None).update(playbook="", version_ids=[])
    move_commands.move(deal, to=Stage.PROPOSAL, by=cast.ana, at=ago(days=10))
    whole = steps_done_by_exit.whole(asked(cast.again(cast.mona), start=60))
    assert (whole.n, whole.value) == (0, None)


def test_the_process_page_says_it_by_stage_and_by_exit(
    client: Client, cast: Cast, left: dict[str, Deal]
) -> None:
    for key in expected_keys(left["on"], NEEDS):
        record(cast, left["on"], key, days=12)
    reader = cast.again(cast.mona)
    rows = rows_of(page(client, reader, "/reports/process/"), "steps")
    assert rows[f"{NEEDS.value} {NEEDS.label}"][:2] == ["2", "50%"]
    rows = rows_of(page(client, reader, "/reports/process/", steps="exit"), "steps")
    assert {name: cells[:2] for name, cells in rows.items()} == {
        "Advanced": ["1", "100%"],
        "Moved back": ["0", "–"],
        "Stopped": ["1", "0%"],
        "Won": ["0", "–"],
        "All": ["2", "50%"],
    }
