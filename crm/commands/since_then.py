"""What of an act that is undone weeks later stays as it is, because of what was done since."""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any

from django.db import models

from crm.models import (
    Activity,
    ClosingAttempt,
    Concern,
    Deal,
    DealLine,
    Offer,
    OfferLine,
    StepResult,
)
from salesprocess.lib.events import KINDS

# Of a table: columns of which one says nothing without the others.
TOGETHER: Mapping[str, tuple[frozenset[str], ...]] = {
    Deal._meta.db_table: (
        frozenset({"amount", "currency"}),
        frozenset({"source_id", "source_detail", "source_company_id"}),
    ),
    Activity._meta.db_table: (
        # Once it is done, the owner is who did it.
        frozenset({"owner_id", "done_at"}),
        frozenset({"due_on", "due_at", "due_by"}),
    ),
}
# Which part of a deal refers to which other one: the model, its way to its part, and its reference.
LINKS: tuple[tuple[type[models.Model], str, str], ...] = (
    (Concern, "", "offer"),
    (ClosingAttempt, "", "offer"),
    (OfferLine, "offer", "need"),
    (StepResult, "", "activity"),
    (StepResult, "", "file"),
)

# The table of a row, and its id.
RowKey = tuple[str, int]


def going_back(
    table: str, was: Mapping[str, Any], left: Mapping[str, Any], here: Mapping[str, Any]
) -> dict[str, Any]:
    """What the columns of a row become again that an act changed from `was` to `left`, where they are
    so still; none of those that belong together (TOGETHER) if one of them was changed since."""
    since = {name for name, value in here.items() if value != left.get(name)}
    kept = set(since)
    for group in TOGETHER.get(table, ()):
        if group & since:
            kept |= group
    return {
        name: was.get(name)
        for name, value in here.items()
        if name not in kept and was.get(name) != value
    }


def staying(deal: Deal, going: Collection[RowKey]) -> set[RowKey]:
    """Which of the parts of a deal that would go to another one stay: those that something refers to
    which stays, or that refer to it, and so on. Offers are one series, whose numbers go on.

    One query for each of LINKS, and one for the offers.
    """
    links = [link for kind in LINKS for link in _links(deal, *kind)]
    offers = [(Offer._meta.db_table, pk) for pk in deal.offers.values_list("pk", flat=True)]
    links += pairwise(offers)
    links += [(there, here) for here, there in links]
    found: set[RowKey] = set()
    while more := _held(links, {*going} - found):
        found |= more
    return found


def _links(
    deal: Deal, model: type[models.Model], way: str, reference: str
) -> Iterable[tuple[RowKey, RowKey]]:
    meta = model._meta
    table = _related(meta.get_field(way))._meta.db_table if way else meta.db_table
    there = _related(meta.get_field(reference))._meta.db_table
    own = {f"{way}__deal" if way else "deal": deal, f"{reference}__deal": deal}
    rows = model._default_manager.filter(**own)
    ids = rows.values_list(f"{way}_id" if way else "pk", f"{reference}_id")
    return [((table, here), (there, to)) for here, to in ids]


def _related(field: Any) -> type[models.Model]:
    found: type[models.Model] = field.related_model
    return found


def _held(links: Iterable[tuple[RowKey, RowKey]], going: Collection[RowKey]) -> set[RowKey]:
    return {here for here, there in links if here in going and there not in going}


def former_facts(deal: Deal, columns: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that fields of a locked deal have again, by the text of their columns: those that its
    history tells of, and the others.

    Nothing that a closed deal was closed with, no company or other record that is gone, and no other
    currency under the prices of its products.
    """
    told: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for field in Deal._meta.concrete_fields:
        if field.column not in columns:
            continue
        value: Any = field.to_python(columns[field.column])
        if isinstance(field, models.ForeignKey) and value is not None:
            value = _related(field)._default_manager.filter(pk=value).first()
            if value is None:
                continue
        (told if field.name in KINDS else others)[field.name] = value
    kept: tuple[str, ...] = ()
    if not deal.is_open:
        kept = ("amount", "currency", "company", "expected_close_on")
    elif (
        "currency" in told and DealLine.objects.filter(deal=deal).exclude(unit_price=None).exists()
    ):
        kept = ("amount", "currency")
    return {name: value for name, value in told.items() if name not in kept}, others
