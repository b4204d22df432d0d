from decimal import Decimal

import pytest

from crm.commands import deal_line
from crm.models import Deal, DealLine, Product
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW, make_deal


@pytest.fixture
def product(cast: Cast) -> Product:
    return Product.objects.create(name="Sensor", currency="EUR", price=Decimal(90))


def test_it_puts_a_product_on_the_deal_with_history(cast: Cast, product: Product):
    deal = make_deal(by=cast.ana, amount=100)
    deal_line.add(
        deal, product=product, quantity=Decimal(6), unit_price=Decimal("80.5"), by=cast.ana, at=NOW
    )
    line = deal.lines.get()
    assert (line.quantity, line.unit_price) == (Decimal(6), Decimal("80.5"))
    change = deal.changes.get()
    assert (change.field, change.old, change.new) == ("line", "", "6 × Sensor à 80.5")
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
    assert list(deal.changes.order_by("id").values_list("old", "new")) == [
        ("", "6 × Sensor"),
        ("6 × Sensor", "7 × Sensor"),
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
