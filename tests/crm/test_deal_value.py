"""Value, products and offer of a deal may differ: then all are shown, and one press makes them one."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.commands import deal_line, deal_value
from crm.commands import deal_win as win_commands
from crm.commands import offer as offer_commands
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.models import Deal, Offer, OfferKind, Product
from crm.queries.deal_value import ValuePlace
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal

BELT = OfferLineInput(what="Belt", quantity=Decimal(2), unit_price=Decimal(50))


@pytest.fixture
def deal(cast: Cast) -> Deal:
    """Worth 100, offered for 90, with products of 120."""
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    offer_commands.make(deal, OfferInput(value=Decimal(90)), by=cast.ana, at=ago(hours=3))
    deal_commands.edit(deal, amount=Decimal(100), by=cast.ana, at=ago(hours=2))
    product = Product.objects.create(name="Belt", price=Decimal(60), currency="EUR")
    deal_line.add(
        deal,
        product=product,
        quantity=Decimal(2),
        unit_price=Decimal(60),
        by=cast.ana,
        at=ago(hours=1),
    )
    return deal


def page(client: Client, cast: Cast, deal: Deal) -> str:
    client.force_login(cast.ana)
    return client.get(f"/deals/{deal.pk}/").content.decode()


def test_three_that_differ_are_shown_with_what_differs(
    cast: Cast, client: Client, deal: Deal
) -> None:
    _before, _found, told = page(client, cast, deal).partition(
        "Its value is not the same everywhere"
    )
    assert told
    for words in ("€100", "€120", "+€20", "€90", "−€10", "Offer 1"):
        assert words in told[:4000]


@pytest.mark.parametrize(("taken_from", "amount"), [("lines", 120), ("offer", 90)])
def test_one_press_takes_one_over_and_its_undo_gives_it_back(
    cast: Cast, client: Client, deal: Deal, taken_from: str, amount: int
) -> None:
    client.force_login(cast.ana)
    address = f"/deals/{deal.pk}/value/"
    said = {"taken_from": taken_from, "version": deal.version}
    response = client.post(address, said, headers={"HX-Request": "true"})
    assert response.status_code == 200
    deal.refresh_from_db()
    assert deal.amount == amount
    assert deal.changes.filter(kind="amount", data__new__amount=f"{amount}.00").exists()
    again = client.post(address, said, headers={"HX-Request": "true"})
    assert again.status_code == 409


def test_nothing_is_said_where_they_agree_or_nobody_knows(cast: Cast, client: Client) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL, amount=100)
    product = Product.objects.create(name="Belt", price=None, currency="EUR")
    deal_line.add(deal, product=product, quantity=Decimal(1), unit_price=None, by=cast.ana, at=NOW)
    offer_commands.make(deal, OfferInput(value=Decimal(100)), by=cast.ana, at=NOW)
    assert "deal-worths" not in page(client, cast, deal)


def test_there_is_nothing_to_take_over_from_nowhere(cast: Cast) -> None:
    deal = make_deal(by=cast.ana)
    for place in (ValuePlace.LINES, ValuePlace.OFFER):
        with pytest.raises(Refused):
            deal_value.take_over(deal, place=place, by=cast.ana, at=NOW)


def test_an_offer_follows_its_lines_unless_somebody_says_why_not(cast: Cast) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    said: dict[str, Any] = {"by": cast.ana, "at": NOW}
    with pytest.raises(Refused) as refused:
        offer_commands.make(deal, OfferInput(value=Decimal(90), lines=[BELT]), **said)
    assert refused.value.field == "value_why"
    assert not Offer.objects.exists()

    first = offer_commands.make(deal, OfferInput(value_why="not kept", lines=[BELT]), **said)
    assert (first.value, first.value_why) == (Decimal(100), "")
    given = OfferInput(value=Decimal(90), value_why=" Ten off ", lines=[BELT])
    second = offer_commands.make(deal, given, **said)
    assert (second.value, second.value_why) == (Decimal(90), "Ten off")
    deal.refresh_from_db()
    assert deal.amount == 90


def test_what_was_agreed_is_the_reason_of_a_win_for_another_value(cast: Cast) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING)
    offer_commands.make(deal, OfferInput(value=None, lines=[BELT]), by=cast.ana, at=ago(hours=2))
    win_commands.win(deal, value=Decimal(95), by=cast.ana, at=ago(hours=1))
    agreed = deal.offers.get(outcome="accepted")
    assert (agreed.value, agreed.value_why) == (Decimal(95), "As agreed")


def test_the_form_leaves_the_value_to_lines_that_have_prices(
    cast: Cast, client: Client, deal: Deal
) -> None:
    client.force_login(cast.ana)
    form = client.get(f"/deals/{deal.pk}/offers/").content.decode()
    assert 'name="value"' in form
    assert 'value="120' not in form.partition('name="value"')[2][:200]
    sent = {
        "kind": OfferKind.WRITTEN,
        "value": "110",
        "line0-what": "Belt",
        "line0-quantity": "2",
        "line0-unit_price": "60",
    }
    refused = client.post(f"/deals/{deal.pk}/offers/", sent)
    assert refused.status_code == 422
    assert "The lines come to something else" in refused.content.decode()
    client.post(f"/deals/{deal.pk}/offers/", sent | {"value_why": "A good customer"})
    assert deal.offers.get(revision=2).value_why == "A good customer"
