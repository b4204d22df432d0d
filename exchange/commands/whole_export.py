"""Everything in one file, for the admin who asks for it: asked for, written by a worker, gone after
a day.

The row says how far it is. A worker that is killed leaves nothing but a file without a name; the next
one begins anew.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange.exports import writing
from exchange.models import ExportState, WholeExport
from pipeline.models import Role, User
from salesprocess.lib import stored_files
from salesprocess.lib.enqueue import enqueue
from salesprocess.lib.refused import Refused

# One is written at a time.
LOCK = 5_737_003
FOLDER = "exports"
KEPT_FOR = dt.timedelta(hours=24)
# A worker that has written nothing to its file for so long is dead.
WRITTEN_WITHIN = dt.timedelta(hours=1)
# What kills so many workers is not tried again by itself.
MOST_ATTEMPTS = 3

logger = logging.getLogger(__name__)


def ask(*, by: User, at: dt.datetime) -> WholeExport:
    """Have an export written, or give the one that is on its way for this person.

    Raises Refused for whoever is no admin.
    """
    if by.role != Role.ADMIN or not by.is_active:
        raise Refused(_("Only admins take everything along."))
    with transaction.atomic():
        # Two presses at once are one.
        User.objects.select_for_update(of=("self",)).only("pk").get(pk=by.pk)
        found = WholeExport.objects.visible_to(by).working().first()
        if found is None:
            found = WholeExport.objects.create(owner=by, asked_at=at)
        row = found
        transaction.on_commit(
            lambda: enqueue("exchange.tasks.write_exports", pk=row.pk), robust=True
        )
    return row


def write(pk: int, *, at: dt.datetime) -> bool:
    """Write the export, unless somebody is at one; whether it has come to its end by this worker."""
    with _alone() as is_alone:
        row = _begin(pk, at=at) if is_alone else None
        if row is None:
            return False
        name = f"{FOLDER}/{uuid.uuid4()}.zip"
        path = Path(default_storage.path(name))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as target:
                path.chmod(0o600)
                rows = writing.write(target, at=at, private=False, tell=partial(_tell, pk))
        except BaseException as error:
            # Half of everything is nobody's.
            path.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise
            logger.exception("export %s could not be written", pk)
            _settle(pk, state=ExportState.FAILED)
            return True
        facts = {"size": path.stat().st_size, "rows": rows, "done": rows}
        done_at = timezone.now()
        _settle(
            pk,
            state=ExportState.DONE,
            file=name,
            done_at=done_at,
            expires_at=done_at + KEPT_FOR,
            **facts,
        )
        return True


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else writes one, and nobody will: the lock ends with the connection of who is
    dead, and holds behind a pooler."""
    with closing(connection.copy()) as own, own.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        yield cursor.fetchone() == (True,)
        cursor.execute("COMMIT")


def _begin(pk: int, *, at: dt.datetime) -> WholeExport | None:
    """Count the attempt before it is made, so that it counts even if it is the worker's last."""
    with transaction.atomic():
        working = WholeExport.objects.working().select_for_update(of=("self",))
        row = working.select_related("owner").filter(pk=pk).first()
        if row is None:
            return None
        if row.attempts >= MOST_ATTEMPTS or not WholeExport.objects.visible_to(row.owner):
            # Or whoever asked is no admin any more.
            row.state = ExportState.FAILED
            row.save(update_fields=["state"])
            return None
        row.state, row.attempts = ExportState.WRITING, row.attempts + 1
        row.rows, row.done = writing.about_how_many(), 0
        row.save(update_fields=["state", "attempts", "rows", "done"])
    return row


def _settle(pk: int, **facts: Any) -> None:
    WholeExport.objects.working().filter(pk=pk).update(**facts)


def _tell(pk: int, rows: int) -> None:
    WholeExport.objects.filter(pk=pk).update(done=rows)


def clear_old(*, at: dt.datetime) -> int:
    """Delete the files of exports whose time is over, and files that no export names; how many."""
    over = WholeExport.objects.filter(state=ExportState.DONE, expires_at__lte=at)
    over.update(state=ExportState.GONE, file="")
    named = set(WholeExport.objects.exclude(file="").values_list("file", flat=True))
    return stored_files.sweep(FOLDER, named.__contains__, before=at - WRITTEN_WITHIN)
