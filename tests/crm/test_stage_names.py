"""What a layer calls the stages: shown where one works, and nothing to any figure."""

import re

from django.test import Client

from pipeline.commands import process
from pipeline.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal, ready_deal


def rename_all(cast: Cast) -> None:
    layer = process.layer_of(cast.north, by=cast.adele, at=ago(days=3))
    for stage in Stage:
        process.name_stage(
            layer,
            stage=stage,
            label=f"Part {stage.value}",
            norm_days=None,
            by=cast.adele,
            at=ago(days=3),
        )
    process.publish(layer, note="", by=cast.adele, at=ago(days=3))


def figures(client: Client) -> str:
    """All that the page says, without the token that each request has anew."""
    page = client.get("/reports/funnel/").content.decode()
    return re.sub(r"\b\w{64}\b", "", page)


def test_it_changes_no_report_to_rename_every_stage(client: Client, cast: Cast):
    make_deal(by=cast.ana, stage=Stage.QUALIFICATION, at=ago(days=20))
    ready_deal(by=cast.ana, at=ago(days=10))
    client.force_login(cast.mona)
    before = figures(client)
    rename_all(cast)
    assert figures(client) == before


def test_it_names_the_columns_and_the_menu_of_the_board_as_its_reader_does(
    client: Client, cast: Cast
):
    rename_all(cast)
    layer = process.layer_of(cast.north, by=cast.adele, at=NOW)
    process.name_stage(
        layer, stage=Stage.PROPOSAL, label="Tender", norm_days=3, by=cast.adele, at=NOW
    )
    process.publish(layer, note="", by=cast.adele, at=NOW)
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL, at=ago(days=5))
    client.force_login(cast.ana)
    page = client.get("/board/").content.decode()
    assert 'data-label="Tender"' in page
    assert "norm 3 d" in page
    assert '<span class="st s5">5</span>Tender</button>' in page
    card = page.split(f'id="d{deal.pk}"')[1].split("</li>")[0]
    assert 'class="age late">5 d' in card
    client.force_login(cast.carl)
    assert "Tender" not in client.get("/board/").content.decode()
