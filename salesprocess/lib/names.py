"""Names that may stand once, whatever their case."""

from typing import Any, TypeVar

from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

Rows = TypeVar("Rows", bound=QuerySet[Any])


def with_name(rows: Rows, name: str) -> Rows:
    """The rows that have this name, as their unique index on `Lower("name")` judges it: what Python,
    or the upper case of the database, takes for the same letters differs (ς, İ, the Kelvin sign)."""
    return rows.filter(Exact(Lower("name"), Lower(Value(name))))
