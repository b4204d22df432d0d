"""How much may be stored: by one person, and by everybody together. What would be too much is refused."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from salesprocess.lib.format import number
from salesprocess.lib.refused import Refused

MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One for each kind of file: the settings with its two bounds, in bytes, and the number of the
    lock under which it is counted."""

    person: str
    everybody: str
    lock: int

    @property
    def of_person(self) -> int:
        bytes_: int = getattr(settings, self.person)
        return bytes_

    def hold(self) -> None:
        """From here to the end of the transaction nobody else stores any: two that come at once are
        counted one after the other."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [self.lock])

    def check(self, size: int, *, own: int, everybodys: int, field: str) -> None:
        """Whether `size` more bytes fit beside what a person and everybody have stored.

        Raises Refused, in words.
        """
        if own + size > self.of_person:
            words = _(
                "Your files would take up more than the %(most)s MB that one person may store; "
                "%(n)s MB are in use."
            )
            raise Refused(
                words % {"most": megabytes(self.of_person), "n": megabytes(own)}, field=field
            )
        if everybodys + size > getattr(settings, self.everybody):
            words = _("There is no room left for files here. Ask an admin.")
            raise Refused(words, field=field)


def megabytes(count: int) -> str:
    """In the reader's digits; what was begun counts as whole."""
    return number(-(-count // MEGABYTE))
