"""What commands do to planned activities whose deal or party they have locked."""

from crm.models import Activity
from crm.models.activity import ActivityQuerySet
from pipeline.models import User


def give(planned: ActivityQuerySet, to: User) -> list[Activity]:
    """Let `to` do what is planned: on the same days, which end where the new owner is.

    Gives the rows as they stand then, the next one first.
    """
    rows = list(planned.only("id", "kind", "due_on", "due_at", "due_by"))
    for row in rows:
        assert row.due is not None  # noqa: S101  # planned ones have it
        row.owner = to
        row.plan_for(row.due)
    Activity.objects.bulk_update(rows, ["owner", "due_by"])
    return sorted(rows, key=lambda row: (row.due_by, row.pk))
