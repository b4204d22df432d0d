"""Looking back at a deal that ended: kept, shown, declined, and counted (CHECKLIST C26)."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.commands import deal as deal_commands
from crm.commands import retrospective
from crm.models import Deal, DecidedBy, Retrospective, StopCause
from pipeline.models import User
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast
from tests.crm.conftest import Refusal
from tests.factories import make_deal, stopped_deal, won_deal

SHEET: Any = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "sheet"}


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def opened_and_stopped_again(deal: Deal, *, by: User) -> None:
    deal.refresh_from_db()
    deal_commands.reopen(deal, reason="They called", by=by, at=timezone.now())
    cause = StopCause.objects.filter(initiator=Initiator.US).first()
    assert cause is not None
    deal_commands.stop(deal, initiator=Initiator.US, cause=cause, by=by, at=timezone.now())


@pytest.mark.parametrize("htmx", [True, False])
def test_a_deal_that_ended_is_looked_back_on(cast: Cast, client: Client, htmx: bool) -> None:
    deal = won_deal(by=cast.ana)
    client.force_login(cast.ana)
    address = f"/deals/{deal.pk}/look-back/"
    assert address in read(client, f"/deals/{deal.pk}/")
    sheet = read(client, address)
    version = re.findall(r'name="version" value="(\d+)"', sheet)[0]
    said = {
        "decided_by": "trust",
        "stage": "3",
        "lesson": "Bring the fitter along",
        "version": version,
    }
    assert client.post(address, said, **(SHEET if htmx else {})).status_code < 400
    row = Retrospective.objects.get()
    assert (row.decided_by, row.stage, row.lesson) == ("trust", 3, "Bring the fitter along")
    page = read(client, f"/deals/{deal.pk}/")
    # Shown in the record, and in the timeline; offered no more beside what comes next.
    assert page.count("Bring the fitter along") == 2
    assert "3 Qualification" in page
    assert 'id="write-look-back"' in page.split('id="record-retrospective"')[1]
    assert 'id="write-look-back"' not in page.split('id="record-retrospective"')[0]


def test_it_may_be_declined_and_is_asked_once_for_each_ending(cast: Cast, client: Client) -> None:
    deal = stopped_deal(by=cast.ana, name="Line 4", stage=Stage.PROPOSAL)
    client.force_login(cast.ana)
    address = f"/deals/{deal.pk}/look-back/"
    nothing = client.post(address, {"version": deal.version}, **SHEET)
    assert nothing.status_code == 422
    assert "Choose what decided it." in nothing.content.decode()
    assert not Retrospective.objects.exists()
    client.post(address, {"version": deal.version, "declined": "1"}, **SHEET)
    assert Retrospective.objects.get().declined
    page = read(client, f"/deals/{deal.pk}/")
    assert 'id="write-look-back"' not in page
    # Who changes his or her mind finds it, away from what is asked.
    assert page.count(f'hx-get="{address}') == 1

    opened_and_stopped_again(deal, by=cast.ana)
    assert address in read(client, f"/deals/{deal.pk}/")


def test_what_was_said_is_not_wiped_by_a_press_and_may_be_taken_back_at_once(
    cast: Cast, client: Client, refused: Refusal
) -> None:
    deal = stopped_deal(by=cast.ana, name="Line 4", stage=Stage.PROPOSAL)
    client.force_login(cast.ana)
    address = f"/deals/{deal.pk}/look-back/"
    assert 'name="declined"' in read(client, address)
    said = {"decided_by": "price", "stage": "5", "lesson": "Ask for the budget"}
    answer = client.post(address, said | {"version": deal.version}, **SHEET)
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]

    assert 'name="declined"' not in read(client, address)
    with refused(None):
        retrospective.write(deal, decided_by=None, declined=True, by=cast.mona, at=timezone.now())
    assert Retrospective.objects.get().lesson == "Ask for the budget"

    assert client.post(undo["href"], undo["values"], **SHEET).status_code == 200
    assert not Retrospective.objects.exists()
    assert "looked back" in read(client, f"/deals/{deal.pk}/")


def test_only_what_has_ended_is_looked_back_on(
    cast: Cast, client: Client, refused: Refusal
) -> None:
    deal = make_deal(by=cast.ana)
    client.force_login(cast.ana)
    assert client.get(f"/deals/{deal.pk}/look-back/").status_code == 404
    with refused(None):
        retrospective.write(deal, decided_by=DecidedBy.PRICE, by=cast.ana, at=timezone.now())


def test_the_report_says_what_decided_and_in_which_stage(cast: Cast, client: Client) -> None:
    lost, won = (
        stopped_deal(by=cast.ana, name="Line 4", stage=Stage.PROPOSAL),
        won_deal(by=cast.ana),
    )
    for deal, what, stage in (
        (lost, DecidedBy.PRICE, Stage.PROPOSAL),
        (won, DecidedBy.TRUST, Stage.QUALIFICATION),
    ):
        retrospective.write(deal, decided_by=what, stage=stage, by=cast.ana, at=timezone.now())
    stopped_deal(by=cast.ana, name="Line 4", stage=Stage.PROPOSAL)
    client.force_login(cast.mona)
    page = read(client, "/reports/wins/")
    box = page.split("What decided it, looking back", 1)[1].split("</section>")[0]
    assert re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", box)).count("2 of 3 deals that ended") == 1
    rows = [
        [
            re.sub(r"\s+", " ", re.sub("<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", box, re.DOTALL)
    ]
    assert ["The price", "0", "1", "Proposal"] in rows
    assert ["Whether they trusted us", "1", "0", "Qualification"] in rows
    # What was counted can be opened.
    (link,) = re.findall(r'href="([^"]*decided_by[^"]*price[^"]*)"', box)
    assert "Line 4" in read(client, link.replace("&amp;", "&"))

    # Of an ending that was taken back nothing is counted any more.
    opened_and_stopped_again(lost, by=cast.ana)
    assert "1 of 3 deals" in re.sub("<[^>]+>", "", read(client, "/reports/wins/"))
