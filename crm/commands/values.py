"""What every command asks of the values that it is about to write."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from salesprocess.lib.clean_text import clean_text


def check(record: models.Model) -> None:
    """Raise ValidationError for a value that its field cannot hold.

    Foreign keys are left out: their rows were found within somebody's reach just now, the database
    refuses those that are not there, and asking for each again costs a query apiece.
    """
    record.clean_fields(exclude=[field.name for field in record._meta.fields if field.is_relation])


def other_values(record: models.Model, said: Mapping[str, Any]) -> dict[str, Any]:
    """What of `said` is another than the record has. A form says all that it shows: what nobody
    touched is no change, and must leave neither a version nor a day."""
    return {name: value for name, value in said.items() if _is_other(record, name, value)}


def _is_other(record: models.Model, name: str, value: Any) -> bool:
    field = record._meta.get_field(name)
    if field.is_relation:
        now, value = getattr(record, field.attname), value and value.pk  # type: ignore[union-attr]  # a foreign key
    else:
        now = getattr(record, name)
    if isinstance(now, str) and isinstance(value, str):
        return clean_text(now) != clean_text(value)
    return bool(now != value)
