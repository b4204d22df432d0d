"""How long people type in forms: counted by their browsers, for each alone."""

import datetime as dt

from django.db import connection

from pipeline.models import User
from reports.models import FormKind, FormTime

# What is older is no use to anybody.
KEPT_DAYS = 400
# Longer than this nobody types without a pause that is left out.
MOST_SECONDS = 3600

_ADD = """
    INSERT INTO reports_formtime (person_id, "on", kind, sent, seconds) VALUES (%s, %s, %s, 1, %s)
    ON CONFLICT (person_id, "on", kind) DO UPDATE
    SET sent = reports_formtime.sent + 1, seconds = reports_formtime.seconds + excluded.seconds
    RETURNING sent
"""


def count(person: User, *, kind: FormKind, seconds: int, at: dt.datetime) -> None:
    """Count a form that the person has sent; of whoever does not want it, nothing is kept. The first
    one of a day lets go of what is too old."""
    if not person.form_times:
        return
    day = at.astimezone(person.organisation.zone).date()
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [person.pk, day, kind.value, min(seconds, MOST_SECONDS)])
        ((sent,),) = cursor.fetchall()
    if sent == 1:
        FormTime.objects.filter(person=person, on__lt=day - dt.timedelta(days=KEPT_DAYS)).delete()


def forget(person: User) -> None:
    """Delete all that was counted of the person."""
    FormTime.objects.filter(person=person).delete()
