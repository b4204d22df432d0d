from celery import shared_task
from django.core.management import call_command
from django.db import connection, transaction

from salesprocess.recovery_codes import hash_former_codes

# Any number that no other lock uses.
SESSIONS_LOCK = 7_001


@shared_task
def clear_expired_sessions() -> None:
    """Deletes what nobody can sign in with any more.

    A second beat or a repeated message finds the lock taken and leaves; the lock ends with the
    transaction, as a pooler of connections requires.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SESSIONS_LOCK])
        (mine,) = cursor.fetchone()
        if mine:
            call_command("clearsessions")


@shared_task
def hash_recovery_codes() -> None:
    """Changes those that were kept in another form before, and ends that new ones are shown."""
    hash_former_codes(most=10)
