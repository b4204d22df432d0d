"""Who is told by mail that another version is in force."""

import datetime as dt

from pipeline.models import OutboxKind, Team, User, Version
from pipeline.outbox import commands as outbox
from pipeline.people.access import subtrees


def tell(version: Version, *, team: Team, by: User, at: dt.datetime) -> None:
    """Leave one mail to each person who works by what `team` has published, but for its author.

    Part of the transaction that publishes: what is rolled back is told to nobody.
    """
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    people = User.objects.notified_of_process().filter(team__in=subtrees(parents)[team.pk])
    outbox.put_all(
        OutboxKind.PROCESS_PUBLISHED,
        (
            {"version": version.pk, "person": pk}
            for pk in people.exclude(pk=by.pk).order_by("pk").values_list("pk", flat=True)
        ),
        at=at,
    )
