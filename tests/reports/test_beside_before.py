"""Figures are set beside those of the period before: each page says both, never the difference alone."""

import re
from html import unescape

import pytest
from django.test import Client

from crm.commands import deal_move as move_commands
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.format import percent
from tests.conftest import Cast
from tests.factories import ready_deal
from tests.reports import worked
from tests.reports.test_consistency_page import rows_of

# The days 31 to 60 of the fixture, beside the days 1 to 30.
START, END = 31, 60
ASKED = f"span=custom&start={worked.on_day(START).date()}&end={worked.on_day(END).date()}"


def shown(client: Client, cast: Cast, page: str, more: str = "", *, by: User | None = None) -> str:
    client.force_login(cast.again(by or cast.mona))
    answer = client.get(f"/reports/{page}/?{ASKED}{more}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_process_page_says_what_its_shares_were(client: Client, worked_cast: Cast) -> None:
    ended = [stay for stay in worked.stays() if stay.left is not None and 1 <= stay.left <= 30]
    back = sum(stay.way == "back" for stay in ended)
    text = shown(client, worked_cast, "process")
    share, of = percent(back / len(ended), len(ended)), f"{back} of {len(ended)}"
    assert f"{share} in the period before, {of}" in text
    assert "the period before" not in shown(client, worked_cast, "process", "&compare=none")


def test_the_sources_page_says_how_many_leads_there_were(client: Client, worked_cast: Cast) -> None:
    begun = [int(story.split()[0].partition("@")[2]) for *_deal, story in worked.STORIES]
    now, then = (sum(a <= day <= b for day in begun) for a, b in ((START, END), (1, 30)))
    text = shown(client, worked_cast, "sources")
    leads = text.partition('id="panel-sources"')[2].partition("</section>")[0]
    assert f">{now}</a><small>{now} open · {then} before</small>" in leads
    # A share of them that was won is set beside none: it would look low for being young.
    assert "what began before had longer to be won." in leads
    assert ">Before</th>" not in leads
    assert ">Before</th>" in text.partition('id="panel-methods"')[2]


@pytest.mark.parametrize("page", ["process", "wins"])
def test_a_table_has_what_was_beside_what_is(client: Client, worked_cast: Cast, page: str) -> None:
    text = shown(client, worked_cast, page)
    assert re.search(r'<th scope="col"[^>]*>Before</th>', text)


def test_a_team_stands_beside_what_it_was(
    client: Client, worked_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(client, worked_cast, "teams", by=worked_cast.rosa)
    told = rows_of(text, "flow")
    ended = [stay for stay in worked.stays() if stay.left is not None and 1 <= stay.left <= 30]
    for stage, cell in enumerate(told["North, before"], start=1):
        ways = [stay.way for stay in ended if stay.stage == stage]
        went = sum(way in ("advanced", "won") for way in ways)
        share = percent(went / len(ways), len(ways)) if ways else ""
        assert cell == (f"{share} {went} of {len(ways)}" if ways else "–"), stage
    # What it was opens its rows, in the days of then.
    of_then = [
        unescape(h) for h in re.findall(r'href="(/reports/rows/flow_conversion/[^"]+)"', text)
    ]
    of_then = [href for href in of_then if f"start={worked.on_day(1).date()}" in href]
    opened = re.search(r'id="total">(\d+)<', client.get(of_then[0]).content.decode())
    stays = [stay for stay in ended if stay.stage == 1]
    assert opened
    assert int(opened[1]) in (len(stays), sum(stay.way == "advanced" for stay in stays))
    # A team that did something in the days of then alone has its row.
    carl = worked_cast.carl
    deal = ready_deal(by=carl, name="Carl's", stage=Stage.PROSPECTING, at=worked.on_day(2))
    move_commands.move(deal, to=Stage.QUALIFICATION, by=carl, at=worked.on_day(8))
    told = rows_of(shown(client, worked_cast, "teams", by=worked_cast.rosa), "flow")
    assert carl.team is not None
    assert told[f"{carl.team.name}, before"][1] == "100% 1 of 1"
    # Of fewer than ten nothing is said of a difference, or of none.
    none = "No team’s flow differs from the period before beyond chance."
    assert none not in text
    monkeypatch.setattr("reports.presenters.report.MIN_ROWS", 2)
    assert none in shown(client, worked_cast, "teams", by=worked_cast.rosa)
    alone = rows_of(client.get(f"/reports/teams/?{ASKED}&compare=none").content.decode(), "flow")
    assert not any("before" in name for name in alone)
