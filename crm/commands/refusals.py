"""How what a writer refuses finds its way to the input of the form that it came from."""

from collections.abc import Iterator
from contextlib import contextmanager

from salesprocess.lib.refused import Refused


@contextmanager
def refused_at(field: str) -> Iterator[None]:
    """Name the input that a refusal inside belongs to: `field`, in which `{}` stands for the name that
    the refusal gives it. What belongs to none stays so."""
    try:
        yield
    except Refused as refused:
        if refused.field is None:
            raise
        raise Refused(refused.message, field=field.format(refused.field)) from refused
