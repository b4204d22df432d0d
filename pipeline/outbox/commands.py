"""The outbox: what is to be delivered after a commit, and how it is tried until it is done.

The database is the queue of record (ARCHITECTURE 8, RELIABILITY 3.11): a message to a worker only
wakes it. No transaction is open while something is delivered; a lease stands for it.
"""

import datetime as dt
import errno
import logging
import secrets
import smtplib
import socket
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Least, Now
from django.utils.translation import gettext as _

from pipeline.models import OutboxRow, User
from pipeline.outbox import kinds
from pipeline.outbox.models import MOST_ATTEMPTS
from salesprocess.lib.enqueue import enqueue
from salesprocess.lib.refused import Refused

# Longer than a task may run (salesprocess/celery.py), so that a lease outlives its holder.
LEASE = dt.timedelta(minutes=2)
FIRST_PAUSE = dt.timedelta(seconds=15)
LONGEST_PAUSE = dt.timedelta(hours=1)
# How long one can look up what was delivered when.
KEPT = dt.timedelta(days=30)
# How long a row waits for a release that delivers it.
UNKNOWN_FOR = dt.timedelta(hours=1)
# How many rows are taken at once, and how long one task goes on: what else waits for a worker has its
# turn, and mails that hang until their timeout do not add up to the limit of a task.
BATCH = 20
RUN = dt.timedelta(seconds=10)
# What is at the other end is away: nothing is wrong with the row, so that it counts no attempt for
# so long, and is tried again soon.
AWAY_FOR = dt.timedelta(days=3)
AWAY_PAUSE = dt.timedelta(minutes=1)
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}

logger = logging.getLogger(__name__)


def put(kind: str, payload: Mapping[str, int], *, at: dt.datetime) -> OutboxRow:
    """Leave something to be delivered; call it inside the transaction that it tells about.

    `kind` is a registered one, `payload` are ids only. After the commit a worker is woken. If the broker is away, the relay's
    own clock finds the row within seconds.
    """
    row = _new(kind, payload, at=at)
    row.save()
    transaction.on_commit(lambda: _wake(row), robust=True)
    return row


def put_all(kind: str, payloads: Iterable[Mapping[str, int]], *, at: dt.datetime) -> None:
    """As `put`, many at once: one worker is woken for all, so that whoever asked for the page does not
    wait for as many messages."""
    rows = OutboxRow.objects.bulk_create(_new(kind, payload, at=at) for payload in payloads)
    if rows:
        transaction.on_commit(lambda: _wake_for(kind), robust=True)


def _new(kind: str, payload: Mapping[str, int], *, at: dt.datetime) -> OutboxRow:
    """Due at once, also where the clock of who puts it in goes ahead of the database's: it would wait
    until all the others are there."""
    due: Any = Least(Value(at, DateTimeField()), Now())
    return OutboxRow(kind=kind, payload=dict(payload), created_at=at, next_at=due)


def relay(app: str, *, now: Callable[[], dt.datetime], only: int | None = None) -> None:
    """Deliver what is due of what `app` delivers, or that one row; batch by batch, for RUN at most.

    Where what a kind needs is away, it is tried once, and the others of that kind wait unharmed.
    """
    until, away = now() + RUN, set[str]()
    while now() < until:
        of = [kind for kind in kinds.kinds_of(app) if kind not in away]
        claimed = claim(of=of, at=now(), only=only)
        for row in claimed:
            delivery = kinds.delivery_of(row.kind)
            if delivery is None or row.kind in away or now() >= until:
                _let_go(row)
            elif not deliver(row, delivery.handler, now=now):
                away.add(row.kind)
        if not claimed or only is not None:
            return


def give_up_unknown(*, at: dt.datetime) -> int:
    """Tell admins of rows that nobody here delivers, rather than let them wait for ever; how many.

    They stay, and can be tried again. A release that knows them may be just coming up: only what has
    waited for UNKNOWN_FOR.
    """
    due = OutboxRow.objects.due(at - UNKNOWN_FOR).exclude(kind__in=kinds.kinds())
    given_up: int = due.update(dead_at=at, error="Nothing here delivers this kind.")
    if given_up:
        logger.error("%s outbox rows are of a kind that nothing here delivers", given_up)
    return given_up


def claim(*, of: Collection[str], at: dt.datetime, only: int | None = None) -> list[OutboxRow]:
    """Take the oldest due rows and commit the lease on them, which counts as an attempt.

    `only` is the id of one row, for a wake-up that must not stand behind a backlog.

    Rows that another worker is just claiming are skipped, not waited for. A row whose last allowed
    attempt ended with its worker is given up here: it may be what kills workers.
    """
    with transaction.atomic():
        due = OutboxRow.objects.due(at).filter(kind__in=of).order_by("next_at", "id")
        if only is not None:
            due = due.filter(pk=only)
        claimed, lease = [], uuid.uuid4()
        for row in due.select_for_update(skip_locked=True)[:BATCH]:
            if row.attempts >= MOST_ATTEMPTS:
                _give_up(row, at=at, error=row.error or "The worker ended while delivering it.")
                continue
            row.attempts += 1
            row.lease, row.leased_until = lease, at + LEASE
            claimed.append(row)
        taken = OutboxRow.objects.filter(pk__in=[row.pk for row in claimed])
        taken.update(attempts=F("attempts") + 1, lease=lease, leased_until=at + LEASE)
    return claimed


def deliver(row: OutboxRow, handler: kinds.Handler, *, now: Callable[[], dt.datetime]) -> bool:
    """Do what a claimed row asks for, and note how it went; False if the other end is away.

    `now` is asked again because delivering takes time. Nothing is done under a lease that has run
    out: another worker may be at it.
    """
    if row.leased_until is None or now() >= row.leased_until:
        return True
    try:
        handler(row)
    except Exception as error:  # whatever the other end does, the next row must have its turn
        logger.warning("outbox row %s: attempt %s failed: %s", row.pk, row.attempts, type(error))
        words = f"{type(error).__name__}: {error}"[:300]
        if is_away(error) and now() - row.created_at < AWAY_FOR:
            _let_go(row, next_at=now() + AWAY_PAUSE * _chance(), error=words)
            return False
        _failed(row, error=words, at=now())
        return not is_away(error)
    _mine(row).update(done_at=now(), lease=None, leased_until=None, error="")
    return True


def is_away(error: Exception) -> bool:
    """Whether nobody answered at all, as opposed to answering that this cannot be done."""
    nobody = (ConnectionError, TimeoutError, socket.gaierror, smtplib.SMTPConnectError)
    return isinstance(error, nobody) or getattr(error, "errno", None) in _UNREACHABLE


def retry(row: OutboxRow, *, by: User, at: dt.datetime) -> None:
    """Give a dead row its attempts again.

    Raises OutboxRow.DoesNotExist out of the reach of `by`, Refused if it is not dead.
    """
    with transaction.atomic():
        found = OutboxRow.objects.editable_by(by).select_for_update().get(pk=row.pk)
        if found.dead_at is None:
            raise Refused(_("This is being delivered, or was delivered already."))
        found.dead_at, found.next_at, found.attempts = None, at, 0
        found.save(update_fields=["dead_at", "next_at", "attempts"])
        transaction.on_commit(lambda: _wake(found), robust=True)


def forget(*, at: dt.datetime) -> int:
    """Remove what was delivered a while ago; how many rows. Dead ones stay until somebody acts."""
    gone, _by_model = OutboxRow.objects.filter(done_at__lt=at - KEPT).delete()
    return int(gone)


def _failed(row: OutboxRow, *, error: str, at: dt.datetime) -> None:
    if row.attempts >= MOST_ATTEMPTS:
        _give_up(row, at=at, error=error)
        return
    _mine(row).update(next_at=at + pause(row.attempts), lease=None, leased_until=None, error=error)


def pause(attempts: int) -> dt.timedelta:
    """How long to wait after so many attempts: doubling, and never all rows at the same moment."""
    longest: dt.timedelta = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    return longest * _chance()


def _chance() -> float:
    """From a half to one."""
    return 0.5 + secrets.randbelow(500) / 1000


def _let_go(row: OutboxRow, **changes: Any) -> None:
    """As if it had not been claimed."""
    _mine(row).update(attempts=row.attempts - 1, lease=None, leased_until=None, **changes)


def _give_up(row: OutboxRow, *, at: dt.datetime, error: str) -> None:
    logger.error("outbox row %s is dead after %s attempts", row.pk, row.attempts)
    _mine(row).update(dead_at=at, lease=None, leased_until=None, error=error)


def _mine(row: OutboxRow) -> Any:
    """The row, unless somebody else has taken it since."""
    return OutboxRow.objects.waiting().filter(pk=row.pk, lease=row.lease)


def _wake(row: OutboxRow) -> None:
    _wake_for(row.kind, pk=row.pk)


def _wake_for(kind: str, *, pk: int | None = None) -> None:
    if delivery := kinds.delivery_of(kind):
        enqueue(delivery.relay, pk=pk)
