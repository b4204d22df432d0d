"""What a layer calls the stages: read wherever its people read, and nothing to any figure."""

import html
import re

import pytest
from django.test import Client

from crm import mail
from crm.commands import process_note
from crm.commands.process_note import ASKED
from crm.models import NoteKind
from pipeline.models import OutboxRow
from pipeline.process import commands as process
from pipeline.process.stages import Stage
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
    """All that the page says, without token and keys, which each request has anew; stages by their number,
    whatever they are called."""
    page = html.unescape(client.get("/reports/funnel/").content.decode())
    page = re.sub(r'\b\w{64}\b|name="idempotency_key" value="[^"]+"', "", page)
    # The longest first: some names begin with others.
    names = {str(name): each.value for each in Stage for name in (each.label, each.about.short)}
    names |= {f"Part {stage.value}": stage.value for stage in Stage}
    for name in sorted(names, key=len, reverse=True):
        page = page.replace(name, f"S{names[name]}")
    return page


def test_it_changes_no_figure_to_rename_every_stage(client: Client, cast: Cast):
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
    assert re.search(r'<span class="st s5">5</span>\s*Tender\s*</button>', page)
    card = page.split(f'id="d{deal.pk}"')[1].split("</li>")[0]
    assert 'class="age late">5 d' in card
    client.force_login(cast.carl)
    assert "Tender" not in client.get("/board/").content.decode()


@pytest.mark.parametrize(
    "page", ["/deals/", "/leads/list/", "/activities/", "/reports/funnel/", "/deals/new/"]
)
def test_each_reads_his_own_name_of_a_stage_and_nobody_else_s(client: Client, cast: Cast, page):
    make_deal(by=cast.ana, stage=Stage.PROSPECTING, at=ago(days=5))
    own = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    process.name_stage(
        own, stage=Stage.PROSPECTING, label="Hunt <1>", norm_days=None, by=cast.ana, at=NOW
    )
    for reader, name in ((cast.ana, "Hunt &lt;1&gt;"), (cast.mona, "Prospecting")):
        client.force_login(reader)
        said = client.get(page).content.decode()
        assert name in said
        assert ("Prospecting" in said) == (name == "Prospecting")
    # What comes after is nobody's request.
    assert str(Stage.PROSPECTING.label) == "Prospecting"


def test_a_file_calls_stages_as_everybody_does(client: Client, cast: Cast):
    rename_all(cast)
    make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    client.force_login(cast.ana)
    for path in ("/lists/deals.csv", "/reports/rows/open_deals/export/?by=stage&of=5"):
        said = client.get(path).getvalue().decode()
        assert '"Proposal"' in said
        assert "Part 5" not in said


def test_a_mail_calls_stages_as_its_reader_does(cast: Cast, mailoutbox):
    rename_all(cast)
    note = process_note.file(
        kind=NoteKind.WRONG, words="It is", stage=Stage.PROPOSAL, by=cast.ana, at=NOW
    )
    row = OutboxRow.objects.get(kind=ASKED)
    assert row.payload["note"] == note.pk
    mail.process_note(row)
    assert "Part 5" in mailoutbox[0].body
