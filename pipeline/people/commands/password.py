"""Forgotten passwords."""

import datetime as dt

from pipeline.models import User
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds

NOBODY = 0


def ask_for_new(person: User | None, *, at: dt.datetime) -> None:
    """Leave the mail with the link to the outbox. Where nobody is known by an address that was typed,
    the same is done for nobody, so that the page does not tell by its time who is."""
    outbox.put(kinds.PASSWORD_RESET, {"person": person.pk if person else NOBODY}, at=at)
