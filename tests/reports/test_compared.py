"""A deal beside those that were won: figures worked out from the story below alone (CHECKLIST C9)."""

from statistics import median

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Deal
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast, Keep
from tests.factories import ago, make_deal, make_user
from tests.kept_rows import KeptRows
from tests.reports import worked

# The days in stages 2 and 4 of eleven won deals, which went through no other but the last.
IN_SECOND = [10 + n for n in range(11)]
IN_FOURTH = [20 + 2 * n for n in range(11)]
QUERIES = 12


def win_eleven(cast: Cast) -> None:
    for n, (second, fourth) in enumerate(zip(IN_SECOND, IN_FOURTH, strict=True)):
        end = n + second + fourth
        story = f"2@{n} 4@{n + second} 7@{end} won@{end}"
        worked.tell(cast, f"Won {n}", 100, story)


@pytest.fixture(scope="session")
def kept_wins(keep: Keep) -> KeptRows:
    return keep(win_eleven)


@pytest.fixture
def won(kept_wins: KeptRows, cast: Cast, clock: object) -> Cast:
    kept_wins.lay_out()
    return cast


@pytest.fixture
def deal(won: Cast) -> Deal:
    """It came straight to the fourth stage, 37 days ago, and knows of no need."""
    return make_deal(by=won.ana, name="Ours", stage=Stage.NEEDS_ANALYSIS, at=ago(days=37))


def compared(client: Client, user: User, deal: Deal, **headers: str) -> str:
    client.force_login(User.objects.get(pk=user.pk))
    answer = client.get(f"/reports/deals/{deal.pk}/compared/", headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_it_says_how_long_the_won_ones_took_and_went(client: Client, won: Cast, deal: Deal) -> None:
    text = compared(client, won.mona, deal)
    rows = [row.partition("</tr>")[0] for row in text.split("<tr")[2:]]
    assert f"{median(IN_SECOND)} d</td>" in rows[1]
    assert ">18 d<" in rows[1]  # three of four: of 10 to 20, by the quartiles of R's type 6
    assert "11 of 11" in rows[1]
    assert "left out" in rows[1]
    assert f"{median(IN_FOURTH)} d</td>" in rows[3]
    assert ">36 d<" in rows[3]
    assert "37 d" in rows[3]
    assert "longer than three of four" in rows[3]
    assert "0 of 11" in rows[2]
    assert "This deal left out <b>Prospecting</b>; 11 of 11 went through it." in text
    assert "From Needs analysis on, half of them were won within <b>30 d</b>." in text
    assert "11 won in the last 12 months: North · " in text


def test_it_names_what_most_had_when_they_left_the_stage(
    client: Client, won: Cast, deal: Deal
) -> None:
    text = compared(client, won.ana, deal)
    assert (
        'The problem is known in the customer’s words <span class="meta num">11 of 11 · not here yet'
        in text
    )
    assert 'Both sides want to proceed <span class="meta num">11 of 11</span>' in text
    # What they had on record only later was not there when they left it.
    Deal.objects.get(name="Won 0").needs.update(at=ago(days=1))
    for n in range(1, 7):
        Deal.objects.get(name=f"Won {n}").needs.update(at=ago(days=1))
    assert "The problem is known" not in compared(client, won.ana, deal)


def test_its_rows_are_those_of_the_group(client: Client, won: Cast, deal: Deal) -> None:
    text = compared(client, won.mona, deal)
    href = text.partition('href="/reports/rows/won/')[2].partition('"')[0].replace("&amp;", "&")
    assert f"team={won.north.pk}" in href
    assert "Won 10" in client.get(f"/reports/rows/won/{href}").content.decode()


def test_it_is_silent_below_a_sane_number(client: Client, won: Cast, deal: Deal) -> None:
    Deal.objects.filter(name__in=["Won 0", "Won 1"]).update(closed_at=ago(days=400))
    text = compared(client, won.mona, deal)
    assert "Fewer than 10 deals were won" in text
    assert "<table" not in text


def test_of_others_it_tells_the_middle_of_five_people_or_nothing(client: Client, won: Cast) -> None:
    ben, style = won.ben, won.ana.style
    User.objects.update(style=style)
    bens = make_deal(by=ben, name="Ben’s", stage=Stage.NEEDS_ANALYSIS, at=ago(days=5))
    assert "Fewer than 10 deals were won" in compared(client, ben, bens)
    people = [won.ana, won.carl, won.mona, make_user(name="Eva Lin", team=won.south)]
    deals = list(Deal.objects.filter(name__startswith="Won").order_by("pk"))
    for n, each in enumerate(deals):
        Deal.objects.filter(pk=each.pk).update(owner=people[n % 4])
    User.objects.update(style=style)
    assert "Fewer than 10 deals were won" in compared(client, ben, bens)
    fifth = make_user(name="Ida Moor", team=won.south, style=style)
    Deal.objects.filter(pk=deals[0].pk).update(owner=fifth)
    text = compared(client, ben, bens)
    assert "11 won in the last 12 months" in text
    assert "/reports/rows/" not in text
    assert not any(each.name in text for each in deals)


def test_it_is_out_of_reach_with_its_deal_and_costs_few_queries(
    client: Client, won: Cast, deal: Deal
) -> None:
    client.force_login(won.ben)
    assert client.get(f"/reports/deals/{deal.pk}/compared/").status_code == 404
    client.force_login(won.mona)
    path = f"/reports/deals/{deal.pk}/compared/"
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        client.get(path, headers={"HX-Request": "true"})
    assert len(asked) <= QUERIES, "\n\n".join(query["sql"][:300] for query in asked)
