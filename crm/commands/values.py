"""What every command asks of the values that it is about to write."""

from django.db import models


def check(record: models.Model) -> None:
    """Raise ValidationError for a value that its field cannot hold.

    Foreign keys are left out: their rows were found within somebody's reach just now, the database
    refuses those that are not there, and asking for each again costs a query apiece.
    """
    record.clean_fields(exclude=[field.name for field in record._meta.fields if field.is_relation])
