import csv
import html
import io
import re
from collections.abc import Iterator
from itertools import product

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.models import Deal, StageVisit
from pipeline.models import Team, User
from pipeline.people.commands import organisation
from pipeline.process.moves import EnteredHow
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast, Keep
from tests.factories import NOW, ago, cause_named, make_deal, ready_deal, stopped_deal, won_deal
from tests.kept_rows import KeptRows
from tests.reports.worked import tell_all

URL = "/reports/funnel/"


def make_deals(cast: Cast) -> None:
    tell_all(cast)
    for person in (cast.ben, cast.carl, cast.mona):
        make_deal(by=person, stage=Stage.PROSPECTING, amount=10)
        won_deal(by=person)
        stopped_deal(by=person, cause="price")
    make_deal(by=cast.ana, team=cast.north, name="In the pool")


@pytest.fixture(scope="module")
def kept_deals(keep: Keep) -> KeptRows:
    return keep(make_deals)


@pytest.fixture
def deals(kept_deals: KeptRows, cast: Cast) -> None:
    kept_deals.lay_out()


def numbers(page: str) -> Iterator[tuple[str, int]]:
    """Every number that links to its rows."""
    for href, shown in re.findall(r'href="(/reports/rows/[^"]+)">([\d,]+)<', page):
        yield html.unescape(href), shown


@pytest.mark.usefixtures("deals")
def test_it_links_each_number_to_exactly_the_rows_that_it_counts(
    cast: Cast, client: Client
) -> None:
    seen = 0
    # Everything, a person, a team, a team above, and both: each as every kind of reader.
    asked: list[tuple[User | None, Team | None]] = [(None, None), (cast.ana, None)]
    asked += [(None, cast.north), (None, cast.west), (cast.carl, cast.west)]
    readers = (cast.adele, cast.rosa, cast.mona, cast.nora, cast.ana, cast.carl)
    for place, (reader, (person, team)) in enumerate(product(readers, asked)):
        client.force_login(reader)
        query = f"?span=year&person={person.pk if person else ''}&team={team.pk if team else ''}"
        response = client.get(URL + query)
        if response.status_code == 404:  # outside of the reader's reach
            continue
        # Every third number of a page, and the ones beside them on the next.
        for href, shown in list(numbers(response.content.decode()))[place % 3 :: 3]:
            rows = client.get(href).content.decode()
            total = re.search(r'id="total">(\d+)<', rows)
            assert total
            body = rows.partition("<tbody>")[2]
            assert body.count("<tr>") == int(total[1])
            assert int(shown) == int(total[1]), href
            seen += 1
    assert seen > 100


@pytest.mark.usefixtures("deals")
def test_it_shows_salespeople_their_own(cast: Cast, client: Client) -> None:
    client.force_login(cast.carl)
    page = client.get(f"{URL}?span=year").content.decode()
    own = Deal.objects.filter(owner=cast.carl).count()
    entries = sum(int(shown) for href, shown in numbers(page) if "/rows/entered/" in href)
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
        "?start=%C2%80",
    ],
)
def test_it_says_what_is_wrong_with_a_question(cast: Cast, client: Client, query: str) -> None:
    client.force_login(cast.ana)
    assert client.get(URL + query).status_code in (200, 404, 422)


def test_it_refuses_people_out_of_reach(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    for path in (URL, "/reports/rows/won/"):
        assert client.get(f"{path}?person={cast.carl.pk}").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["entered/?by=stage&of=9", "entered/?by=outcome&of=won", "x/", "entered/?by=stage&of=x"],
)
def test_it_has_no_rows_for_a_number_that_is_none(cast: Cast, client: Client, path: str) -> None:
    client.force_login(cast.ana)
    assert client.get(f"/reports/rows/{path}").status_code == 404


def undated_deal(cast: Cast) -> None:
    deal = Deal.objects.create(
        name="Imported",
        owner=cast.ana,
        team=cast.north,
        stage=Stage.PROSPECTING,
        currency="EUR",
        created_at=NOW,
        changed_at=NOW,
    )
    StageVisit.objects.create(
        deal=deal,
        sequence=1,
        stage=Stage.PROSPECTING,
        entered_how=EnteredHow.IMPORTED,
        entry_owner=cast.ana,
        entry_team=cast.north,
    )


def drop_out(client: Client) -> str:
    """The head of the box that says where deals drop out."""
    page = client.get(URL).content.decode()
    return re.sub(r"\s+", " ", page.partition('id="panel-drop-out"')[2].partition("</header>")[0])


def test_it_says_that_undated_visits_lower_the_coverage(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana)
    client.force_login(cast.ana)
    assert "100% covered" in drop_out(client)
    undated_deal(cast)
    assert "50% covered" in drop_out(client)


def test_it_is_relied_on_from_the_share_that_the_organisation_asks_for(
    cast: Cast, client: Client
) -> None:
    for number in range(12):
        make_deal(by=cast.ana, name=f"Deal {number}")
    undated_deal(cast)
    client.force_login(cast.ana)
    assert 'class="warn">' not in drop_out(client)
    organisation.change(by=cast.adele, at=NOW, reliable_from=95)
    assert 'class="warn"> 92% covered' in drop_out(client).replace('">92', '"> 92')


@pytest.mark.parametrize("mode", ["activity", "cohort", "strict"])
@pytest.mark.parametrize("rows", [1, 12])
def test_it_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, client: Client, rows: int, mode: str, django_assert_max_num_queries: object
) -> None:
    for number in range(rows):
        won_deal(by=cast.ana, name=f"Deal {number}")
    client.force_login(cast.mona)
    client.get("/reports/")  # what is kept for all requests is asked once
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        assert client.get(f"{URL}?mode={mode}").status_code == 200


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
    page = client.get("/reports/wins/").content.decode()
    assert re.search(r">\s*100%\s*<", page)
    assert "1 of 1" in page


@pytest.mark.usefixtures("deals")
def test_it_says_which_period_it_shows_before_one_is_chosen(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)

    page = client.get(URL).content.decode()

    assert '<option value="90d" selected>' in page
    assert re.search(r"– today · Europe", page)


def test_it_tells_the_board_medians_of_ten_visits_only(cast: Cast, client: Client) -> None:
    for count in range(10):
        deal = ready_deal(by=cast.ana, name=f"Line {count}", at=ago(days=20))
        move_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=8))
        if count:
            move_commands.advance(deal, to=Stage.QUALIFICATION, by=cast.ana, at=ago(days=1))
    client.force_login(cast.ana)

    fragment = client.get(f"{URL}medians/").content.decode()

    # The others are put back to their norms, where another question was answered before.
    assert heads(fragment) == ["12 d / 5"] + [f"norm {stage.about.norm_days} d" for stage in REST]
    assert "Over the norm. Half of the stays" in fragment


@pytest.mark.parametrize("asked", ["person={ben}", "person=nobody", "team={south}", "person=0"])
def test_it_tells_the_board_no_medians_of_others(cast: Cast, client: Client, asked: str) -> None:
    for count in range(10):
        deal = ready_deal(by=cast.ana, name=f"Line {count}", at=ago(days=20))
        move_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=8))
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
        page = client.get(f"{URL}?span=year&team={team.pk}").content.decode()
        entered[team] = sum(int(shown) for href, shown in numbers(page) if "/rows/entered/" in href)
    assert entered == {cast.west: 2, cast.north: 1}


# What stands behind a number ---------------------------------------------------------------------

BEHIND = [
    "entered/?by=stage&of=2",
    "still_there/?by=stage&of=2",
    "median_days/?by=stage&of=1",
    "open_deals/?by=stage&of=2",
    "skipped/?by=reached&of=2",
    "won/?",
    "lost/?",
]


def behind(client: Client, query: str) -> str:
    response = client.get(f"/reports/rows/{query}&span=year")
    assert response.status_code == 200, query
    return response.content.decode()


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row">\s*<a href="/deals/\d+/"><bdi>(.*?)</bdi>', page)


@pytest.mark.usefixtures("deals")
@pytest.mark.parametrize("query", BEHIND)
def test_it_sorts_what_stands_behind_a_number_by_every_column(
    cast: Cast, client: Client, query: str
) -> None:
    client.force_login(cast.adele)
    page = behind(client, query)
    assert page.count("aria-sort=") == 1
    sorts = re.findall(r'<th scope="col"[^>]*>\s*<a href="([^"]*)"', page)
    assert len(sorts) > 4
    for href in sorts:
        again = client.get(html.unescape(href)).content.decode()
        assert sorted(names(again)) == sorted(names(page))
        assert again.count("aria-sort=") == 1


def test_it_puts_the_most_first_and_says_what_they_are_worth(cast: Cast, client: Client) -> None:
    for name, amount in (("Small", 10), ("Large", 400), ("None", None), ("Middle", 50)):
        make_deal(by=cast.ana, name=name, amount=amount)
    client.force_login(cast.ana)
    page = behind(client, "open_deals/?by=stage&of=1")
    assert names(page) == ["Large", "Middle", "Small", "None"]
    assert "€460 · value of 1 deal unknown" in page
    assert names(behind(client, "open_deals/?by=stage&of=1&sort=value")) == [
        "Small",
        "Middle",
        "Large",
        "None",
    ]
    assert "€460" in client.get("/reports/time/").content.decode()


def test_a_deal_that_came_twice_is_worth_it_once(cast: Cast, client: Client) -> None:
    deal = ready_deal(by=cast.ana, amount=100, at=ago(days=9))
    move_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=5))
    move_commands.move(deal, to=Stage.LEAD_GENERATION, reason="x", by=cast.ana, at=ago(days=3))
    client.force_login(cast.ana)
    page = behind(client, "entered/?by=stage&of=1")
    assert 'id="total">2</span> · 1 deal · €100' in page


@pytest.mark.usefixtures("deals")
@pytest.mark.parametrize("query", BEHIND)
def test_it_hands_out_the_same_rows_as_a_file(cast: Cast, client: Client, query: str) -> None:
    make_deal(by=cast.ana, name="=1+1", stage=Stage.PROSPECTING)
    client.force_login(cast.adele)
    page = behind(client, query)
    (href,) = re.findall(r'href="(/reports/rows/\w+/export/[^"]*)" download', page)[:1]
    text = client.get(html.unescape(href)).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Deal"].removeprefix("'=1+1") or "=1+1" for row in rows] == names(page)


def test_it_shows_a_page_at_a_time(cast: Cast, client: Client) -> None:
    for number in range(53):
        make_deal(by=cast.ana, name=f"Deal {number:02}")
    client.force_login(cast.ana)
    first = behind(client, "open_deals/?by=stage&of=1&sort=deal")
    (href,) = re.findall(r'rel="next" href="([^"]*)"', first)
    second = client.get(html.unescape(href)).content.decode()
    assert names(first) + names(second) == [f"Deal {number:02}" for number in range(53)]
    assert 'id="total">53<' in second


@pytest.mark.parametrize("query", ["sort=x", "sort=-", "after=x", "before=[1]"])
def test_it_knows_no_order_and_no_place_but_its_own(cast: Cast, client: Client, query: str) -> None:
    client.force_login(cast.ana)
    response = client.get(f"/reports/rows/open_deals/?by=stage&of=1&{query}")
    assert response.status_code == (200 if query.startswith("sort") else 400)


@pytest.mark.parametrize(("language", "said"), [("en", "33%"), ("de", "33\xa0%")])
def test_a_rate_says_of_how_many_and_no_more_than_they_bear(
    cast: Cast, client: Client, language: str, said: str
) -> None:
    won_deal(by=cast.ana)
    for _each in range(2):
        stopped_deal(by=cast.ana, cause="price")
    User.objects.filter(pk=cast.ana.pk).update(language=language)
    client.force_login(cast.again(cast.ana))
    page = client.get("/reports/wins/").content.decode()
    assert re.search(rf">\s*{said}\s*</a>", page)
    assert ("1 of 3" if language == "en" else "1 von 3") in page


@pytest.mark.usefixtures("deals")
def test_an_address_that_says_me_asks_for_its_readers_own(cast: Cast, client: Client) -> None:
    for reader in (cast.ana, cast.mona):
        client.force_login(reader)
        one, other = (
            [
                shown
                for _href, shown in numbers(
                    client.get(f"{URL}?span=year&person={who}").content.decode()
                )
            ]
            for who in ("me", reader.pk)
        )
        assert one == other
