"""What can be done to the lines of a deal: what is to be sold, how much of it, at which price."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.commands import deleted, values
from crm.commands.locked_deal import add_change, as_sum, locked, save
from crm.events import DealLineChanged, LineFacts
from crm.models import Deal, DealLine, DeletedKind, Product
from pipeline.models import User
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Refused


def add(
    deal: Deal,
    *,
    product: Product,
    quantity: Decimal,
    unit_price: Decimal | None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> DealLine:
    """Put a product on the deal, `unit_price` in the deal's currency; None is not known yet.

    The deal's own value stays what people say it is.

    Raises Refused for a quantity or price that cannot be, Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        line = DealLine(deal=row, product=product, quantity=quantity, unit_price=unit_price)
        _check(line)
        line.save(force_insert=True)
        add_change(row, put_on(row, line), by=by, at=at)
        save(row, by=by, at=at)
    return line


def change(
    line: DealLine,
    *,
    quantity: Decimal,
    unit_price: Decimal | None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Change how much of a product is to be sold, or for how much.

    Raises DealLine.DoesNotExist if it was removed, otherwise as `add` does.
    """
    with locked(line.deal, by=by, version=version) as row:
        line = row.lines.select_related("product").get(pk=line.pk)
        old = _facts(row, line)
        line.quantity, line.unit_price = quantity, unit_price
        _check(line)
        if _facts(row, line) != old:
            line.save(update_fields=["quantity", "unit_price"])
            add_change(row, DealLineChanged(old=old, new=_facts(row, line)), by=by, at=at)
            save(row, by=by, at=at)


def remove(line: DealLine, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Take a product off the deal.

    Raises DealLine.DoesNotExist if that was done already, Stale as in `locked`.
    """
    with locked(line.deal, by=by, version=version) as row:
        line = row.lines.select_related("product").get(pk=line.pk)
        old = _facts(row, line)
        name = line.product.name
        deleted.keep(DeletedKind.LINE, line, name=name, of=row.name, by=by, at=at)
        line.delete()
        add_change(row, DealLineChanged(old=old), by=by, at=at)
        save(row, by=by, at=at)


def put_on(row: Deal, line: DealLine) -> DealLineChanged:
    """The event of a line that is on a deal from now on."""
    return DealLineChanged(new=_facts(row, line))


def _check(line: DealLine) -> None:
    if line.quantity <= 0:
        raise Refused(_("Write how many: a number above zero."), field="quantity")
    if line.unit_price is not None and line.unit_price < 0:
        raise Refused(_("Write a price: a number, zero or more."), field="unit_price")
    try:
        values.check(line)
    except ValidationError as error:
        field = next(iter(error.message_dict))
        raise Refused(" ".join(error.message_dict[field]), field=field) from error


def _facts(row: Deal, line: DealLine) -> LineFacts:
    return LineFacts(
        product=RecordRef.to(line.product),
        quantity=line.quantity,
        unit_price=as_sum(line.unit_price, row.currency),
    )
