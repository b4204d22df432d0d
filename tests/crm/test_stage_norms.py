"""How long a visit usually takes is said by the team of its deal, to whoever looks and wherever."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from crm.commands import deal_move as move_commands
from pipeline.models import Team
from pipeline.process import commands as process
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import ago, make_deal, ready_deal

HERE = Stage.QUALIFICATION
USUAL = HERE.about.norm_days


@pytest.fixture
def slow_north(cast: Cast) -> Cast:
    """In the north a qualification usually takes 30 days."""
    set_norm(cast, cast.north, 30)
    return cast


def set_norm(cast: Cast, team: Team, days: int, stage: Stage = HERE) -> None:
    layer = process.layer_of(team, by=cast.adele, at=ago(days=90))
    process.name_stage(layer, stage=stage, label="", norm_days=days, by=cast.adele, at=ago(days=90))
    process.publish(layer, note="", by=cast.adele, at=ago(days=90))


@pytest.mark.parametrize("reader", ["ana", "mona", "rosa", "adele"])
def test_a_stay_is_late_by_the_norm_of_its_team(client: Client, slow_north: Cast, reader: str):
    cast = slow_north
    north = make_deal(by=cast.ana, stage=HERE, at=ago(days=12))
    south = make_deal(by=cast.carl, stage=HERE, at=ago(days=12))
    client.force_login(getattr(cast, reader))
    both = [(north, 30, False)] + [(south, USUAL, True)] * (reader in ("rosa", "adele"))
    board = client.get("/board/").content.decode()
    rows = client.get(reverse("crm:opportunities")).content.decode()
    for deal, norm, late in both:
        card = board.split(f'id="d{deal.pk}"')[1].split("</li>")[0]
        assert ('class="age late"' in card, "Silent" in card) == (late, late)
        row = rows.split(f'name="id" value="{deal.pk}"')[1].split("</tr>")[0]
        assert ('"num p3 b">12 d' in row) == late
        page = client.get(f"/deals/{deal.pk}/").content.decode()
        assert f"12 d of usually {norm}" in page
    head = re.search(rf'id="median-{HERE.value}"[^>]*>([^<]*)<', board)
    assert head
    assert head[1] == ("norm 30 d" if len(both) == 1 else f"norm {USUAL}–30 d")


def told(cast: Cast, by: str, days: int) -> None:
    """Ten visits in the qualification that took so many days."""
    for _each in range(10):
        deal = ready_deal(by=getattr(cast, by), at=ago(days=days + 1), stage=HERE)
        move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=getattr(cast, by), at=ago(days=1))


def times(client: Client, query: str = "") -> str:
    """The box that says how long a stage takes, as text."""
    page = client.get(f"/reports/time/?{query}").content.decode()
    box = page.partition('id="panel-stages"')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", box).split())


def test_the_reports_measure_a_team_by_its_own_norm(client: Client, slow_north: Cast):
    cast = slow_north
    told(cast, "ana", 12)
    client.force_login(cast.rosa)
    for query in (f"team={cast.north.pk}", f"person={cast.ana.pk}", ""):
        page = times(client, query)
        assert "is the bottleneck" not in page
        assert "n 10 30" in page
    set_norm(cast, cast.north, 10)
    assert "Qualification is the bottleneck : median 12 days, norm 10." in times(client)


def test_the_reports_measure_each_stay_of_a_mix_by_the_norm_of_its_team(
    client: Client, slow_north: Cast
):
    cast = slow_north
    told(cast, "ana", 12)
    told(cast, "carl", 6)
    client.force_login(cast.rosa)
    # Half of them took longer than 7 days, and none longer than its own norm.
    page = times(client)
    assert "is the bottleneck" not in page
    assert f"{USUAL}–30" in page
    told(cast, "carl", 20)
    told(cast, "carl", 20)
    assert f"norm {USUAL}–30. The norm differs by team" in times(client)


def test_the_heads_of_the_board_say_the_norm_of_who_is_asked_for(client: Client, slow_north: Cast):
    cast = slow_north
    told(cast, "ana", 12)
    client.force_login(cast.rosa)
    for query, said in (
        (f"team={cast.north.pk}", "12 d / 30"),
        (f"team={cast.south.pk}", f"norm {USUAL} d"),
    ):
        page = client.get(f"/reports/funnel/medians/?{query}").content.decode()
        head = re.search(rf'id="median-{HERE.value}"(.*?)>([^>]*)</span>', page)
        assert head
        assert head[2].strip() == said
        assert "slow" not in head[1]
