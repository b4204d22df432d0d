"""Keeping the key of a form with its effect (RELIABILITY R2)."""

import datetime as dt
from collections.abc import Mapping

from django.db import connection
from django.db.models import Q

from pipeline.idempotency.models import IdempotencyKey
from pipeline.models import User
from salesprocess.lib.said_at import OLDEST

# A form that got no answer is offered again for so long.
LASTS = dt.timedelta(days=1)
# One that its browser sends by itself, for a day longer than it is kept there.
LASTS_LATE = OLDEST + LASTS
# Several at once, or a request that the browser sends again by itself, come within so long.
REPEATED_WITHIN = dt.timedelta(minutes=1)

# Waits for a request with the same key that is still at work, until it is done or given up.
_CLAIM = """
    INSERT INTO pipeline_idempotencykey (user_id, key, digest, at, may_come_late, status, headers, body)
    VALUES (%s, %s, %s, %s, %s, 0, '{}', NULL)
    ON CONFLICT (user_id, key, digest) DO NOTHING RETURNING id
"""


def claim(
    *, user: User, key: str, digest: bytes, at: dt.datetime, may_come_late: bool = False
) -> tuple[int, None] | tuple[None, IdempotencyKey]:
    """Take a key, in a transaction, for what is done in it: its id. Or what was done with it before.

    Who took it before and gave it up again leaves it free. `may_come_late`: it is remembered for as
    long as a browser keeps what it could not send.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [user.pk, key, digest, at, may_come_late])
            taken = cursor.fetchone()
        if taken:
            return taken[0], None
        before = IdempotencyKey.objects.filter(user=user, key=key, digest=digest).first()
        if before is not None:
            return None, before


def taken(*, user: User, key: str) -> IdempotencyKey | None:
    """What was done with a key, whatever it meant."""
    return IdempotencyKey.objects.filter(user=user, key=key, status__gt=0).first()


def is_latest(key: IdempotencyKey, *, at: dt.datetime) -> bool:
    """Whether it is a moment ago, and the last that its sender has done: nothing was done against it
    since."""
    later = IdempotencyKey.objects.filter(user=key.user_id, pk__gt=key.pk, status__gt=0)
    return at - key.at <= REPEATED_WITHIN and not later.exists()


def keep(pk: int, *, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
    """Keep what was answered, for whoever asks once more."""
    IdempotencyKey.objects.filter(pk=pk).update(status=status, headers=dict(headers), body=body)


def give_up(pk: int) -> None:
    """The request was refused: put right, it may be sent again with the same key."""
    IdempotencyKey.objects.filter(pk=pk).delete()


def release(transaction: int) -> None:
    """What was done in this transaction is undone: the same form sent once more means it anew, and is
    judged by what there is by then. The key of who undoes it has no answer yet, and stays."""
    IdempotencyKey.objects.filter(transaction=transaction, status__gt=0).delete()


def forget(*, at: dt.datetime) -> int:
    """Remove the keys of forms that nobody sends again; how many. Of those that may come late yet, only
    what was answered."""
    old = IdempotencyKey.objects.filter(at__lt=at - LASTS)
    old.filter(may_come_late=True, body__isnull=False).update(body=None, headers={})
    gone = Q(may_come_late=False) | Q(at__lt=at - LASTS_LATE)
    return old.filter(gone).delete()[0]


def forget_answers() -> None:
    """Keep that forms were sent, and nothing of what was answered: whoever sends one once more is
    told that it was done."""
    IdempotencyKey.objects.filter(body__isnull=False).update(body=None, headers={})
