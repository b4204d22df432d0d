"""Database functions for folded text, for indexes and queries; `salesprocess.lib.folding` does the
same in Python."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, FloatField, Func, TextField


class Fold(Func):
    """Text without case, accents and other spelling variants; sorting by it puts Ö beside O."""

    function = "seven_fold"
    arity = 1
    output_field = TextField()


class CompanyKeys(Func):
    """Keys that companies share whose names differ only by legal form, punctuation, `and` or
    spelling."""

    function = "seven_company_keys"
    arity = 1
    output_field = ArrayField(TextField())


class PersonKeys(Func):
    """Keys that people share whose names differ only by order or spelling."""

    function = "seven_person_keys"
    arity = 1
    output_field = ArrayField(TextField())


class Spellings(Func):
    """All spellings by which the words of a text can be searched, each after a mark and a space."""

    function = "seven_spellings"
    arity = 2
    output_field = TextField()


class Overlap(Func):
    """Whether two arrays have an element in common."""

    template = "(%(expressions)s)"
    arg_joiner = " && "
    arity = 2
    output_field = BooleanField()


class FirstElement(Func):
    template = "(%(expressions)s)[1]"
    arity = 1
    output_field = TextField()


class Similarity(Func):
    """Trigram similarity of two texts, 0 to 1."""

    function = "similarity"
    arity = 2
    output_field = FloatField()
