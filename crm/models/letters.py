"""The database's functions that write letters one way, for indexes and queries.

`salesprocess.lib.folding` is the same rule in Python.
"""

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, FloatField, Func, TextField


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


class Spellings(Func):
    """All ways in which the words of a text may be asked for, each after a mark and a space."""

    function = "seven_spellings"
    arity = 2
    output_field = TextField()


class Overlap(Func):
    """Whether two arrays have anything in common."""

    template = "(%(expressions)s)"
    arg_joiner = " && "
    arity = 2
    output_field = BooleanField()


class FirstElement(Func):
    """The first element of an array."""

    template = "(%(expressions)s)[1]"
    arity = 1
    output_field = TextField()


class Similarity(Func):
    """How many groups of three letters two texts have in common, from 0 to 1."""

    function = "similarity"
    arity = 2
    output_field = FloatField()
