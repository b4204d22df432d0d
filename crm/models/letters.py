"""The database's functions that write letters one way, for indexes and queries.

`salesprocess.folding` is the same rule in Python.
"""

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, TextField


class Fold(Func):
    """A text without case, accents and other ways to write the same letter; also an order by name
    in which Ö stands with O."""

    function = "seven_fold"
    arity = 1
    output_field = TextField()


class CompanyKeys(Func):
    """What two companies' names have in common that differ only by legal form, punctuation, `and`
    or spelling."""

    function = "seven_company_keys"
    arity = 1
    output_field = ArrayField(TextField())


class PersonKeys(Func):
    """What two people's names have in common that differ only by their order or spelling."""

    function = "seven_person_keys"
    arity = 1
    output_field = ArrayField(TextField())
