from decimal import Decimal

import pytest

from crm.commands import deal_line
from crm.events import DealLineChanged, LineFacts
from crm.models import Deal, DealLine, Product
from salesprocess.lib.events import RecordRef, Sum
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW, make_deal


@pytest.fixture
def product(cast: Cast) -> Product:
    return Product.objects.create(name="Sensor", currency="EUR", price=Decimal(90))


def sensors(product: Product, quantity: int, price: Sum | None = None) -> LineFacts:
    return LineFacts(product=RecordRef.to(product), quantity=Decimal(quantity), unit_price=price)


def test_it_puts_a_product_on_the_deal_with_history(cast: Cast, product: Product):
    deal = make_deal(by=cast.ana, amount=100)
    deal_line.add(
        deal, product=product, quantity=Decimal(6), unit_price=Decimal("80.5"), by=cast.ana, at=NOW
    )
    line = deal.lines.get()
    assert (line.quantity, line.unit_price) == (Decimal(6), Decimal("80.5"))
    change = deal.changes.get()
    price = Sum(amount=Decimal("80.5"), currency="EUR")
    assert change.event == DealLineChanged(new=sensors(product, 6, price))
    assert (change.by, change.at) == (cast.ana, NOW)
    assert deal.amount == 100
    assert deal.version == 2


def test_it_changes_a_line_once(cast: Cast, product: Product):
    deal = make_deal(by=cast.ana)
    line = deal_line.add(
        deal, product=product, quantity=Decimal(6), unit_price=None, by=cast.ana, at=NOW
    )
    for _again in range(2):
        deal_line.change(line, quantity=Decimal(7), unit_price=None, by=cast.ana, at=NOW)
    assert deal.lines.get().quantity == 7
    assert [change.event for change in deal.changes.order_by("id")] == [
        DealLineChanged(new=sensors(product, 6)),
        DealLineChanged(old=sensors(product, 6), new=sensors(product, 7)),
    ]


def test_it_removes_a_line(cast: Cast, product: Product):
    deal = make_deal(by=cast.ana)
    line = deal_line.add(
        deal, product=product, quantity=Decimal(1), unit_price=None, by=cast.ana, at=NOW
    )
    deal_line.remove(line, by=cast.ana, at=NOW)
    assert not deal.lines.exists()
    with pytest.raises(DealLine.DoesNotExist):
        deal_line.remove(line, by=cast.ana, at=NOW)


@pytest.mark.parametrize(
    ("quantity", "price", "field"),
    [
        ("0", None, "quantity"),
        ("-1", None, "quantity"),
        ("1", "-1", "unit_price"),
        ("1.23456", None, "quantity"),
    ],
)
def test_it_refuses_what_cannot_be(
    cast: Cast, product: Product, quantity: str, price: str | None, field: str
):
    deal = make_deal(by=cast.ana)
    with pytest.raises(Refused) as refused:
        deal_line.add(
            deal,
            product=product,
            quantity=Decimal(quantity),
            unit_price=Decimal(price) if price else None,
            by=cast.ana,
            at=NOW,
        )
    assert refused.value.field == field
    assert not deal.lines.exists()


def test_it_is_for_those_who_may_edit_the_deal(cast: Cast, product: Product):
    deal = make_deal(by=cast.ana)
    with pytest.raises(Deal.DoesNotExist):
        deal_line.add(
            deal, product=product, quantity=Decimal(1), unit_price=None, by=cast.ben, at=NOW
        )
    assert not DealLine.objects.exists()


def test_it_refuses_a_version_that_is_not_the_newest(cast: Cast, product: Product):
    deal = make_deal(by=cast.ana)
    with pytest.raises(Stale):
        deal_line.add(
            deal,
            product=product,
            quantity=Decimal(1),
            unit_price=None,
            by=cast.ana,
            at=NOW,
            version=99,
        )
