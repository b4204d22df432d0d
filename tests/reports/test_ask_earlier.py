"""What comes up late again and again is to be asked earlier (CHECKLIST C23)."""

import re
from html import unescape

import pytest
from django.test import Client

from crm.commands import deal_move as move_commands
from crm.models import Concern, Deal, Judgement, StageVisit
from pipeline.process.gates import Reason
from pipeline.process.stages import Stage
from reports.axes import CONCERN
from reports.figures import FigureCell
from reports.metrics import leads
from tests.conftest import Cast
from tests.factories import ago, ready_deal, stopped_deal
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_metrics import asked
from tests.reports.test_process_problem import moves

DEALS = 16


@pytest.fixture
def lost(cast: Cast) -> list[Deal]:
    """Deals that were lost after an offer."""
    return [
        stopped_deal(by=cast.ana, stage=Stage.OBJECTIONS, name=f"Deal {number}")
        for number in range(DEALS)
    ]


def object_to(deals: list[Deal], category: str, *, days: float = 5, by_us: bool = False) -> None:
    """It is said in each of the deals, which began ten days ago with their offer."""
    Concern.objects.bulk_create(
        Concern(
            deal=deal, category=category, words="It is dear", after_price=True,
            raised_by_us=by_us, raised_at=ago(days=days),
        )
        for deal in deals
    )  # fmt: skip


def told(client: Client, cast: Cast) -> dict[str, list[str]]:
    client.force_login(cast.again(cast.mona))
    return rows_of(client.get("/reports/process/").content.decode(), "earlier")


def test_c23_a_concern_that_recurs_late_is_suggested_for_an_earlier_stage(
    client: Client, cast: Cast, lost: list[Deal]
) -> None:
    assert told(client, cast) == {}
    object_to(lost[:10], "price")
    object_to(lost[:4], "terms")  # too seldom to say it
    object_to(lost[:12], "trust", days=30)  # before the offer
    object_to(lost[:12], "rival", by_us=True)  # brought up by us
    ((name, row),) = told(client, cast).items()
    assert name.endswith("Needs analysis")
    assert row[0] == "Ask what they have set aside for it, and name a range."
    assert "Price" in row[1]
    assert "10 of 16" in row[2]
    object_to(lost[10:], "price")  # the more often, the more it is to be asked
    assert "16 of 16" in told(client, cast)[name][2]
    Concern.objects.filter(deal__in=lost[10:], category="price").delete()
    metric = leads.objected_late
    cell = FigureCell(metric=metric.slug, by="concern", key="price", part=True)
    rows = metric.rows(asked(cast.again(cast.mona)), cell, CONCERN)
    assert set(rows) == set(lost[:10])


def test_c23_what_is_missing_late_is_suggested_a_stage_earlier(client: Client, cast: Cast) -> None:
    """The decision path was missing in 12 of 40 moves to the proposal, and much more often what the stages
    before ask for; where most do without it, it is the process that is asked, which is said."""
    gates_gone_past_early(cast)
    moves(cast, cast.ana, without=12, of=40, at=ago(days=5))
    (row,) = told(client, cast).values()
    assert row[0] == "Ask already here: “Who decides, and how, is known”."
    assert row[1] == "Missing when Needs analysis was left"
    assert "12 of 40" in row[2]
    moves(cast, cast.ben, without=60, of=60, at=ago(days=4))
    assert told(client, cast) == {}
    page = client.get("/reports/process/").content.decode()
    box = page.partition('id="panel-earlier"')[2].partition("</section>")[0]
    assert "Nothing else came up late" in box
    assert "What most go past is a question to the process" in box


def gates_gone_past_early(cast: Cast) -> None:
    """Seven facts were missing in each of 20 moves from qualification."""
    missing = [
        {"gate": "G3", "weight": "advisory", "stage": 3, "fact": fact}
        for fact in (
            "party",
            "source",
            "conversation",
            "agreement",
            "qualified",
            "problem",
            "worth",
        )
    ]
    for number in range(20):
        deal = ready_deal(
            by=cast.ana, name=f"Early {number}", stage=Stage.QUALIFICATION, at=ago(days=30)
        )
        move_commands.move(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=ago(days=5))
        Judgement.objects.create(
            deal=deal, visit=StageVisit.objects.get(deal=deal, stage=Stage.QUALIFICATION),
            verb="move", from_stage=3, to=4, findings=missing, reason=Reason.PROCESS_WRONG,
            at=ago(days=5), by=cast.ana,
        )  # fmt: skip


def test_c23_who_may_change_the_process_reads_it_beside_that_stage(
    client: Client, cast: Cast, lost: list[Deal]
) -> None:
    object_to(lost[:10], "price")
    pages = {}
    for user in (cast.mona, cast.ana):
        client.force_login(cast.again(user))
        for stage in (Stage.NEEDS_ANALYSIS, Stage.PROPOSAL):
            answer = client.get(f"/reports/process-stages/{cast.north.pk}/{stage}/")
            pages[user.pk, stage] = unescape(answer.content.decode())
    said = "Ask what they have set aside for it, and name a range."
    assert {where for where, page in pages.items() if said in page} == {
        (cast.mona.pk, Stage.NEEDS_ANALYSIS)
    }
    page = pages[cast.mona.pk, Stage.NEEDS_ANALYSIS]
    href = re.search(r'href="(/reports/rows/objected_late/[^"]+)"', page)
    assert href
    client.force_login(cast.again(cast.mona))
    rows = client.get(href[1]).content.decode()
    assert len(set(re.findall(r'href="/deals/(\d+)/', rows))) == 10
