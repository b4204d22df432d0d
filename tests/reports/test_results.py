"""What somebody's work comes to, on the own page: before and after (CHECKLIST C2)."""

import re
from html import unescape

import pytest
from django.test import Client

from crm.models import Deal
from tests.conftest import Cast
from tests.factories import ago, cause_named, make_deal


def decided(cast: Cast, *, won: int, lost: int, days: int) -> None:
    """So many deals of Ana's that were won, and lost, some days ago."""
    deals = [
        make_deal(by=cast.ana, name=f"{days} {n}", at=ago(days=days + 9)) for n in range(won + lost)
    ]
    ids = [deal.pk for deal in deals]
    closed = {"closed_at": ago(days=days), "next_on": None, "next_at": None}
    Deal.objects.filter(pk__in=ids[:won]).update(
        outcome="won", stage=7, amount=1000, currency="EUR", **closed
    )
    Deal.objects.filter(pk__in=ids[won:]).update(
        outcome="stopped", initiator="customer", cause=cause_named("price"), **closed
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((6, 24), (20, 10), "<b>More is won</b>: 67% of what was decided in four quarters, 20% before."),
        ((24, 6), (10, 20), "<b>Less is won</b>: 33% of what was decided in four quarters, 80% before."),
        ((10, 10), (11, 9), "No difference beyond chance: 55% in the last four quarters, 50% before."),
        ((2, 2), (7, 0), "Too few to tell: n 4 where it takes 10."),
    ],
)  # fmt: skip
def test_c2_one_reads_on_the_own_page_what_came_of_it_before_and_after(
    client: Client, cast: Cast, before: tuple[int, int], after: tuple[int, int], said: str
) -> None:
    decided(cast, won=before[0], lost=before[1], days=500)
    decided(cast, won=after[0], lost=after[1], days=50)
    client.force_login(cast.again(cast.ana))
    page = unescape(client.get(f"/reports/people/{cast.ana.pk}/").content.decode())
    box = page.partition('id="panel-results"')[2].partition("</section>")[0]
    assert "What you get out of it" in box
    say = re.search(r'<p class="say">(.*?)</p>', box, re.DOTALL)
    assert (say[1].strip() if say else "") == said
    # Each quarter's number opens its deals, whatever period the page is about.
    opened = re.findall(r'href="(/reports/rows/won_value/[^"]+)"[^>]*>(\d+)<', box)
    assert {int(n) for _href, n in opened} >= {before[0], after[0]}
    for href, n in opened:
        rows = client.get(href).content.decode()
        assert f'id="total">{n}<' in rows
        assert len(set(re.findall(r'href="/deals/(\d+)/', rows))) == int(n)
    client.force_login(cast.again(cast.mona))
    page = client.get(f"/reports/people/{cast.ana.pk}/").content.decode()
    assert "What comes of it" in page
