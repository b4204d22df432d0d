"""`manage.py check --deploy --database default`: what a running installation needs and may lack."""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.mail import get_connection
from django.db import DatabaseError
from django.utils import timezone

from pipeline.operations import queries
from pipeline.operations.models import Part

_SILENT = {
    Part.WORKER: "No worker gave a sign of life: start `celery -A salesprocess worker`.",
    Part.CLOCK: "Nothing starts work by the clock: start one `celery -A salesprocess beat`.",
    Part.BACKUP: "No backup was made lately: run `manage.py backup` every day.",
}


@register(Tags.database, deploy=True)
def check_installation(databases: Sequence[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """Migrations, workers, the clock, the broker and a backup, as the database says."""
    if not databases:
        return []
    try:
        found = queries.installation(at=timezone.now())
    except DatabaseError as error:
        return [Error(f"The database does not answer: {error}", id="seven.E101")]
    problems: list[CheckMessage] = []
    if found.migrations:
        names = ", ".join(found.migrations[:5])
        problems.append(Error(f"Run `manage.py migrate`: {names} …", id="seven.E102"))
    if not found.broker:
        problems.append(Warning("The broker at REDIS_URL does not answer.", id="seven.W103"))
    problems += [
        Warning(words, id=f"seven.W{number}")
        for number, (part, words) in enumerate(_SILENT.items(), start=104)
        if found.is_silent(part)
    ]
    return problems


@register("mail", deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the mail server lets us in; sends nothing."""
    try:
        with get_connection():
            return []
    except (OSError, smtplib.SMTPException) as error:
        words = f"The mail server of EMAIL_URL does not let Seven in: {error}"
        return [Warning(words, id="seven.W110")]
