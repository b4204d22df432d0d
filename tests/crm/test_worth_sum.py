"""An amount in another currency counts at the latest rate of its day or before, or not at all."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.models import Deal, ListKind, Rate
from pipeline.models import User
from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.figures import Figure, FigureCell
from reports.metrics import pipeline
from reports.question import Question
from tests.conftest import Cast
from tests.crm.board import head
from tests.crm.test_list_export import rows as exported
from tests.crm.test_list_page import names
from tests.factories import NOW, make_deal, won_deal
from tests.reports.test_metrics import asked

TODAY = NOW.date()
YEN = Decimal("0.005")


def rate(days_ago: int, currency: str = "JPY", value: Decimal = YEN) -> None:
    Rate.objects.create(currency=currency, on=TODAY - dt.timedelta(days_ago), value=value)


def sold_in(currency: str, *, by: User, amount: int, **facts: Any) -> Deal:
    """As one that was entered while there was a rate."""
    deal = make_deal(by=by, amount=amount, stage=Stage.PROPOSAL, **facts)
    Deal.objects.filter(pk=deal.pk).update(currency=currency)
    return deal


@pytest.fixture
def deals(cast: Cast) -> None:
    make_deal(by=cast.ana, name="Own", amount=1000, stage=Stage.PROPOSAL)
    sold_in("JPY", by=cast.ana, amount=5_000_000, name="Osaka")
    make_deal(by=cast.ana, name="Nothing known", stage=Stage.PROPOSAL)


def text(client: Client, person: User, address: str) -> str:
    client.force_login(person)
    return client.get(address).content.decode()


RATES: list[tuple[list[int], Decimal | None, str]] = [
    ([], None, ""),
    ([-1], None, ""),
    ([0], Decimal(25_000), ""),
    ([40, -3], Decimal(25_000), "JPY at the rate of 30 Jan 2026"),
]
EACH_RATE = pytest.mark.parametrize(("known", "worth", "said"), RATES)


@pytest.mark.usefixtures("deals")
@EACH_RATE
def test_one_expression_converts_or_knows_nothing(
    known: list[int], worth: Decimal | None, said: str
) -> None:
    for days in known:
        rate(days)
    rates = Rate.objects.on(TODAY)
    deals = Deal.objects.with_value(rates)
    assert {deal.name: vars(deal)["value"] for deal in deals} == {
        "Own": 1000,
        "Osaka": worth,
        "Nothing known": None,
    }
    found = deals.worth()
    assert found.value == 1000 + (worth or 0)
    assert found.unrated == (worth is None)
    assert rates.earlier(found.foreign) == said
    assert ("JPY" in rates) == (worth is not None)


@pytest.mark.usefixtures("deals")
@EACH_RATE
def test_no_page_counts_it_one_to_one(
    cast: Cast, client: Client, known: list[int], worth: Decimal | None, said: str
) -> None:
    for days in known:
        rate(days)
    total = "€26,000" if worth else "€1,000 and 1 deal in JPY without a rate"
    short = "€26k" if worth else "€1k and 1 deal in JPY without a rate"
    ending = f" · {said}" if said else ""
    for kind, counted in (("deals", "3 deals"), ("opportunities", "3 opportunities")):
        for query in ("", "?sort=-value"):  # as it opens, and as it is asked for
            page = text(client, cast.ana, f"/{ListKind(kind).path}/{query}")
            assert f">{counted} · {total}{ending}<" in page
    board = text(client, cast.ana, "/board/")
    assert f">3 open deals · {short}{ending}<" in board
    (written,) = (
        row["Value in the organisation’s currency"]
        for row in exported(client, cast.ana, "/lists/deals.csv")
        if row["Name"] == "Osaka"
    )
    assert written == ("25000.00" if worth else "")


@pytest.mark.usefixtures("deals")
def test_a_column_says_in_words_what_is_no_part_of_its_sum(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    page: Any = client.get("/board/")
    column = head(page, 5)
    assert column == "5 Proposal 3 €1k norm 10 d and 1 deal in JPY without a rate"


def test_closed_deals_and_those_of_several_currencies_are_told_apart(
    cast: Cast, client: Client
) -> None:
    for currency in ("JPY", "CHF", "CHF"):
        deal = won_deal(by=cast.ana, value=700)
        Deal.objects.filter(pk=deal.pk).update(currency=currency)
    page = text(client, cast.ana, "/board/?closed=won")
    assert "3 deals in CHF and JPY without a rate" in page


@pytest.mark.usefixtures("deals")
def test_an_unknown_worth_is_sorted_as_unknown_and_left_out_of_a_comparison_aloud(
    cast: Cast, client: Client
) -> None:
    client.force_login(cast.ana)
    for sort in ("value", "-value"):
        assert names(client.get(f"/deals/?sort={sort}"))[0] == "Own"
    page = client.get("/deals/?min=900")
    assert names(page) == ["Own"]
    assert "left out: 1 deal in JPY without a rate" in page.content.decode()
    assert "left out" not in text(client, cast.ana, "/deals/?q=Own&min=900")
    assert "left out: 1 deal in JPY" in text(client, cast.ana, "/board/?max=2000")
    rate(0)
    assert names(client.get("/deals/?sort=-value"))[0] == "Osaka"
    assert "left out" not in text(client, cast.ana, "/deals/?min=900")


def in_proposal(question: Question) -> Figure:
    return pipeline.open_value.at(question, STAGE, Stage.PROPOSAL.value)


@pytest.mark.usefixtures("deals")
def test_a_report_covers_less_and_says_so(cast: Cast, client: Client) -> None:
    value = in_proposal(asked(cast.again(cast.ana)))
    assert value.value == 1000
    assert (value.coverage.known, value.coverage.population) == (1, 3)
    page = text(client, cast.ana, "/reports/time/")
    assert "1 deal in JPY without a rate" in page

    rate(40)
    value = in_proposal(asked(cast.again(cast.ana)))
    assert (value.value, value.coverage.known) == (26_000, 2)
    assert "JPY at the rate of 30 Jan 2026" in text(client, cast.ana, "/reports/time/")


@pytest.mark.usefixtures("deals")
def test_a_report_of_last_quarter_knows_no_rate_of_today(cast: Cast, client: Client) -> None:
    rate(0)
    page = text(client, cast.ana, "/reports/time/?span=last-quarter")
    assert "1 deal in JPY without a rate" in page


@pytest.mark.usefixtures("deals")
def test_a_period_that_ends_ahead_takes_no_rate_from_there(cast: Cast, client: Client) -> None:
    rate(-5)
    page = text(client, cast.ana, "/reports/time/?span=custom&start=2026-01-01&end=2026-04-30")
    assert "1 deal in JPY without a rate" in page


@pytest.mark.usefixtures("deals")
def test_a_figure_and_its_rows_are_worth_the_same(cast: Cast) -> None:
    question = asked(cast.again(cast.ana))
    figure = in_proposal(question)
    cell = FigureCell(metric="open_value", by="stage", key=Stage.PROPOSAL.value)
    rows = pipeline.open_value.rows(question, cell, STAGE)
    behind = Deal.objects.filter(pk__in=rows.values("pk")).with_value(question.rates)
    assert behind.worth().value == figure.value


def test_a_currency_is_offered_from_the_day_of_its_rate_on(cast: Cast, client: Client) -> None:
    deal = make_deal(by=cast.ana, amount=5)
    rate(-1)
    rate(0, "CHF")
    form = text(client, cast.ana, f"/deals/{deal.pk}/edit/value/")
    assert re.findall(r'<option value="(\w+)"', form) == ["EUR", "CHF"]
