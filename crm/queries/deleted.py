"""What was deleted and can be brought back."""

import datetime as dt

from crm.models import DeletedRecord
from pipeline.models import User

PAGE = 50


def kept(user: User, *, page: int = 1) -> tuple[list[DeletedRecord], bool]:
    """A page of it, the latest first, and whether there is more. Without the rows themselves."""
    rows = DeletedRecord.objects.visible_to(user).select_related("by").defer("rows")
    start = (page - 1) * PAGE
    found = list(rows.order_by("-at", "-pk")[start : start + PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def one(user: User, pk: int) -> DeletedRecord:
    """Raises DeletedRecord.DoesNotExist."""
    return DeletedRecord.objects.editable_by(user).get(pk=pk)


def gone_on(record: DeletedRecord, user: User, *, kept_for: dt.timedelta) -> dt.date:
    """The day on which it goes for good, by the clock of the reader."""
    return (record.at + kept_for).astimezone(user.zone).date()
