"""The lists that admins keep: which rows are used, how much, and by which records."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models
from django.db.models import CharField, Count, Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from crm.models import Deal, DealLine, Method, Product, Setting, Source, StopCause
from crm.models.reference import ReferenceRow
from crm.shipped import NAMES, shipped_name, spellings
from pipeline.models import User
from pipeline.process.stages import Outcome

PAGE = 50
# How long ago the last use may be, for "not used for a year".
YEAR = dt.timedelta(days=365)


class ShownName(Func):
    """A stored name in the active language, by which people expect lists to be sorted."""

    output_field = CharField()

    def as_sql(  # type: ignore[override]  # without what others may change
        self, compiler: Any, connection: Any, **_options: Any
    ) -> tuple[str, list[Any]]:
        kept, params = compiler.compile(self.get_source_expressions()[0])
        told = [(name, shipped_name(name)) for name in sorted(NAMES) if shipped_name(name) != name]
        if not told:
            return kept, list(params)
        whens = " ".join(["WHEN %s THEN %s"] * len(told))
        values = [text for pair in told for text in pair]
        return f"CASE {kept} {whens} ELSE {kept} END", [*params, *values, *params]


class RowUse(NamedTuple):
    """How many records use a row now, and how many of the last 12 months did."""

    now: int = 0
    year: int = 0


NO_USE = RowUse()


@dataclass(frozen=True, kw_only=True)
class ReferenceList:
    """One list: its model, the fields that can be edited, and which records count as use.

    `counts` are rows of (id, now, year); `recent` is the condition on `counted` records for a use
    now or in the last 12 months.
    """

    setting: Setting
    model: type[ReferenceRow]
    fields: tuple[str, ...]
    # Whether its names are those that are shipped, as long as nobody renamed them.
    is_shipped: bool = True
    counted: type[models.Model] = Deal
    column: str
    now: Q
    year: Callable[[dt.datetime], Q]
    count: str = "pk"

    def uses(self, ids: Sequence[int], *, at: dt.datetime) -> dict[int, RowUse]:
        """The use of each of the rows `ids`; rows without any are left out."""
        rows = self.counted._default_manager.filter(**{f"{self.column}__in": ids})
        counted = (
            rows.order_by()
            .values_list(f"{self.column}_id")
            .annotate(
                now=Count(self.count, distinct=self.count != "pk", filter=self.now),
                year=Count(self.count, distinct=self.count != "pk", filter=self.year(at - YEAR)),
            )
        )
        return {pk: RowUse(now, year) for pk, now, year in counted}


def _opened(since: dt.datetime) -> Q:
    return Q(created_at__gte=since)


_OPEN = Q(outcome=Outcome.OPEN)
REFERENCE_LISTS: Mapping[str, ReferenceList] = {
    "products": ReferenceList(
        setting=Setting.PRODUCT,
        model=Product,
        fields=("name", "series", "price", "currency"),
        is_shipped=False,
        counted=DealLine,
        column="product",
        count="deal",
        now=Q(deal__outcome=Outcome.OPEN),
        year=lambda since: Q(deal__outcome=Outcome.WON, deal__closed_at__gte=since),
    ),
    "sources": ReferenceList(
        setting=Setting.SOURCE,
        model=Source,
        fields=("name", "kind"),
        column="source",
        now=_OPEN,
        year=_opened,
    ),
    "methods": ReferenceList(
        setting=Setting.METHOD,
        model=Method,
        fields=("name",),
        column="method",
        now=_OPEN,
        year=_opened,
    ),
    "stop-causes": ReferenceList(
        setting=Setting.STOP_CAUSE,
        model=StopCause,
        fields=("name", "initiator", "kind"),
        column="cause",
        now=Q(),
        year=lambda since: Q(closed_at__gte=since),
    ),
}


def reference_list_of(model: type[ReferenceRow]) -> ReferenceList:
    return next(
        reference_list
        for reference_list in REFERENCE_LISTS.values()
        if reference_list.model is model
    )


def referring_fields(model: type[ReferenceRow]) -> Iterator[tuple[type[models.Model], str]]:
    """Every (model, field) that refers to rows of `model`, read from the models, so that none is
    forgotten when a row is merged or deleted."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            yield relation.related_model, relation.field.name  # type: ignore[misc]  # no "self" is left


def in_use(model: type[ReferenceRow]) -> Q:
    """The condition for rows that anything refers to, however long ago."""
    found = Q()
    for user, field in referring_fields(model):
        found |= Q(Exists(user._base_manager.filter(**{field: OuterRef("pk")})))
    return found


def used_recently(reference_list: ReferenceList, *, at: dt.datetime) -> Q:
    lately = reference_list.now | reference_list.year(at - YEAR)
    return Q(
        Exists(
            reference_list.counted._base_manager.filter(
                lately, **{reference_list.column: OuterRef("pk")}
            )
        )
    )


def same_name(reference_list: ReferenceList, name: str) -> QuerySet[Any]:
    """The rows with this name in any language."""
    wanted = {name.lower()}
    if reference_list.is_shipped:
        wanted = wanted.union(*(said for said in map(spellings, NAMES) if name.lower() in said))
    rows = reference_list.model._default_manager.annotate(lower=Lower("name"))
    # The database has its own idea of small letters, and the last word.
    found: QuerySet[Any] = rows.filter(Q(lower__in=wanted) | Q(lower=Lower(Value(name))))
    return found


class Shows:
    """Which rows of a list are shown."""

    ACTIVE, RETIRED, UNUSED = "active", "retired", "unused"
    ALL = (ACTIVE, RETIRED, UNUSED)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A page of a list. `rows` have `is_used`; `uses` is by id."""

    rows: Sequence[Any]
    uses: Mapping[int, RowUse]
    counts: Mapping[str, int]
    page: int
    pages: int

    def use(self, pk: int) -> RowUse:
        return self.uses.get(pk, NO_USE)


def listing(
    reference_list: ReferenceList,
    *,
    user: User,
    shows: str,
    text: str = "",
    page: int = 1,
    at: dt.datetime,
) -> Listing:
    """Three queries, whatever the number of rows: the counts, the page's rows, their use."""
    every: QuerySet[Any] = reference_list.model._default_manager.editable_by(user)
    conditions = {
        Shows.ACTIVE: Q(retired=False),
        Shows.RETIRED: Q(retired=True),
        Shows.UNUSED: Q(retired=False) & ~used_recently(reference_list, at=at),
    }
    counts = every.aggregate(
        **{f"n_{name}": Count("pk", filter=condition) for name, condition in conditions.items()}
    )
    total = counts[f"n_{shows}"]
    rows = _in_order(reference_list, every.filter(conditions[shows]))
    if text:
        rows = rows.filter(said__contains=text.lower())
        total = rows.count()
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    found = list(
        rows.annotate(is_used=in_use(reference_list.model))[(page - 1) * PAGE : page * PAGE]
    )
    return Listing(
        rows=found,
        uses=reference_list.uses([row.pk for row in found], at=at),
        counts={name: counts[f"n_{name}"] for name in conditions},
        page=page,
        pages=pages,
    )


def _in_order(reference_list: ReferenceList, rows: QuerySet[Any]) -> QuerySet[Any]:
    rows = rows.annotate(said=Lower(ShownName("name") if reference_list.is_shipped else "name"))
    by = {Product: ("series", "said", "pk"), StopCause: ("-initiator", "said", "pk")}
    return rows.order_by(*by.get(reference_list.model, ("said", "pk")))


def row_named(reference_list: ReferenceList, user: User, pk: int) -> ReferenceRow | None:
    """The row whose id an address has, if `user` may change it."""
    found: ReferenceRow | None = (
        reference_list.model._default_manager.editable_by(user).filter(pk=pk).first()
    )
    return found


def others(reference_list: ReferenceList, row: ReferenceRow, *, most: int) -> list[tuple[int, str]]:
    """The other rows by name, to choose from; none where there are more than `most`."""
    found = reference_list.model._default_manager.exclude(pk=row.pk)
    if found.count() > most:
        return []
    return sorted(((one.pk, str(one)) for one in found), key=lambda choice: choice[1].lower())


def other(reference_list: ReferenceList, row: ReferenceRow, pk: int) -> ReferenceRow | None:
    found: ReferenceRow | None = (
        reference_list.model._default_manager.exclude(pk=row.pk).filter(pk=pk).first()
    )
    return found


def namesake(reference_list: ReferenceList, row: ReferenceRow, name: str) -> ReferenceRow | None:
    """Another row that somebody could take for one of this name."""
    found: ReferenceRow | None = same_name(reference_list, name).exclude(pk=row.pk).first()
    return found


def products_to_price(user: User) -> models.QuerySet[Product]:
    found: models.QuerySet[Product] = Product.objects.editable_by(user)
    return found


def price_list(user: User) -> Iterator[tuple[Any, ...]]:
    """Every product: id, name, series, price, currency, and whether it is retired."""
    rows = products_to_price(user).order_by("series", "name", "pk")
    values = rows.values_list("pk", "name", "series", "price", "currency", "retired")
    return values.iterator(1000)
