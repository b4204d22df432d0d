import re
from collections.abc import Iterator
from itertools import product

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.models import Deal, StageVisit
from pipeline.models import Team, User
from pipeline.moves import EnteredHow
from pipeline.stages import Initiator, Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, cause_named, make_deal, ready_deal, stopped_deal, won_deal
from tests.reports.test_funnel_fixture import STORIES, tell

URL = "/reports/funnel/"


@pytest.fixture
def deals(cast: Cast) -> None:
    for name, amount, story in STORIES:
        tell(cast, name, amount, story)
    for person in (cast.ben, cast.carl, cast.mona):
        make_deal(by=person, stage=Stage.PROSPECTING, amount=10)
        won_deal(by=person)
        stopped_deal(by=person, cause="price")
    make_deal(by=cast.ana, team=cast.north, name="In the pool")


def numbers(html: str) -> Iterator[tuple[str, int]]:
    """Every number that links to its rows."""
    for href, shown in re.findall(r'href="(/reports/funnel/rows/[^"]+)">([\d.]+)<', html):
        yield href.replace("&amp;", "&"), shown


@pytest.mark.usefixtures("deals")
def test_it_links_each_number_to_exactly_the_rows_that_it_counts(
    cast: Cast, client: Client
) -> None:
    seen = 0
    people: list[User | None] = [None, cast.ana, cast.carl]
    teams: list[Team | None] = [None, cast.north, cast.west]
    for reader, person, team in product(cast.people, people, teams):
        client.force_login(reader)
        query = f"?span=year&person={person.pk if person else ''}&team={team.pk if team else ''}"
        response = client.get(URL + query)
        if response.status_code == 422:  # outside of the reader's reach
            continue
        for href, shown in numbers(response.content.decode()):
            rows = client.get(href).content.decode()
            total = re.search(r'id="total">(\d+)<', rows)
            assert total
            body = rows.partition("<tbody>")[2]
            assert body.count("<tr>") == int(total[1])
            if "time=" not in href:
                assert int(shown) == int(total[1]), href
            seen += 1
    assert seen > 100


@pytest.mark.usefixtures("deals")
def test_it_shows_salespeople_their_own(cast: Cast, client: Client) -> None:
    client.force_login(cast.carl)
    html = client.get(f"{URL}?span=year").content.decode()
    own = Deal.objects.filter(owner=cast.carl).count()
    entries = sum(int(shown) for href, shown in numbers(html) if "way=entries" in href)
    assert own == 3
    assert entries == 3


def test_it_asks_for_both_days_of_a_custom_period(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    response = client.get(f"{URL}?span=custom&start=2026-01-01")
    assert response.status_code == 422
    assert "Choose both days" in response.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?span=forever",
        "?person=999999999",
        "?team=x",
        "?span=custom&start=2026-02-01&end=2026-01-01",
        "?start=%00",
    ],
)
def test_it_says_what_is_wrong_with_a_question(cast: Cast, client: Client, query: str) -> None:
    client.force_login(cast.ana)
    assert client.get(URL + query).status_code in (200, 422)


def test_it_refuses_people_out_of_reach(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    assert client.get(f"{URL}?person={cast.carl.pk}").status_code == 422
    assert client.get(f"/reports/funnel/rows/?person={cast.carl.pk}&outcome=won").status_code == 404


@pytest.mark.parametrize(
    "query", ["", "?stage=9&way=won", "?stage=1", "?stage=1&way=x", "?outcome=x", "?stage=x&open=1"]
)
def test_it_has_no_rows_for_a_number_that_is_none(cast: Cast, client: Client, query: str) -> None:
    client.force_login(cast.ana)
    assert client.get(f"/reports/funnel/rows/{query}").status_code == 404


def test_it_says_that_undated_visits_lower_the_coverage(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana)
    client.force_login(cast.ana)
    assert "Coverage 100 %" in client.get(URL).content.decode()
    undated = Deal.objects.create(
        name="Imported",
        owner=cast.ana,
        team=cast.north,
        stage=Stage.PROSPECTING,
        currency="EUR",
        created_at=NOW,
        changed_at=NOW,
    )
    StageVisit.objects.create(
        deal=undated,
        sequence=1,
        stage=Stage.PROSPECTING,
        entered_how=EnteredHow.IMPORTED,
        entry_owner=cast.ana,
        entry_team=cast.north,
    )
    html = client.get(URL).content.decode()
    assert "Coverage 50 %" in html
    assert "Visits without a date: 1" in html


@pytest.mark.parametrize("rows", [1, 12])
def test_it_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, client: Client, rows: int, django_assert_max_num_queries: object
) -> None:
    for number in range(rows):
        won_deal(by=cast.ana, name=f"Deal {number}")
    client.force_login(cast.mona)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert client.get(URL).status_code == 200


def test_it_is_for_people_who_signed_in(db: None, client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_it_counts_no_disqualification_as_a_loss(cast: Cast, client: Client) -> None:
    won_deal(by=cast.ana)
    deal = make_deal(by=cast.ana)
    deal_commands.stop(
        deal,
        initiator=Initiator.US,
        cause=cause_named("disqualified"),
        by=cast.ana,
        at=ago(hours=1),
    )
    client.force_login(cast.ana)
    assert "100.00 %" in client.get(URL).content.decode()


@pytest.mark.usefixtures("deals")
def test_it_says_which_period_it_shows_before_one_is_chosen(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)

    html = client.get(URL).content.decode()

    assert '<option value="90d" selected>' in html
    assert re.search(r"– today · Europe", html)


def test_it_tells_the_board_medians_of_ten_visits_only(cast: Cast, client: Client) -> None:
    for count in range(10):
        deal = ready_deal(by=cast.ana, name=f"Line {count}", at=ago(days=20))
        deal_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=8))
        if count:
            deal_commands.advance(deal, to=Stage.QUALIFICATION, by=cast.ana, at=ago(days=1))
    client.force_login(cast.ana)

    fragment = client.get(f"{URL}medians/").content.decode()

    # The others are put back to their norms, where another question was answered before.
    assert heads(fragment) == ["12 d / 5"] + [f"norm {stage.about.norm_days} d" for stage in REST]
    assert "Over the norm. Half of the stays" in fragment


@pytest.mark.parametrize("asked", ["person={ben}", "person=nobody", "team={south}", "person=0"])
def test_it_tells_the_board_no_medians_of_others(cast: Cast, client: Client, asked: str) -> None:
    for count in range(10):
        deal = ready_deal(by=cast.ana, name=f"Line {count}", at=ago(days=20))
        deal_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=8))
    client.force_login(cast.mona)
    query = asked.format(ben=cast.ben.pk, south=cast.south.pk)

    assert (
        heads(client.get(f"{URL}medians/?person={cast.ana.pk}").content.decode())[0] == "12 d / 5"
    )
    assert heads(client.get(f"{URL}medians/?{query}").content.decode())[0] == "norm 5 d"


REST = list(Stage)[1:]


def heads(fragment: str) -> list[str]:
    """What stands in the heads of the columns, in the order of the stages."""
    found = re.findall(r'id="median-(\d)".*?hx-swap-oob.*?>(.*?)</span>', fragment)
    assert [number for number, _ in found] == [str(stage.value) for stage in Stage]
    return [re.sub(r"<.*?>", "", text).strip() for _, text in found]


def test_it_counts_a_team_with_all_the_teams_below_it(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana)
    make_deal(by=cast.carl)
    client.force_login(cast.rosa)
    entered = {}
    for team in (cast.west, cast.north):
        html = client.get(f"{URL}?span=year&team={team.pk}").content.decode()
        entered[team] = sum(int(shown) for href, shown in numbers(html) if "way=entries" in href)
    assert entered == {cast.west: 2, cast.north: 1}
