import datetime as dt

from pipeline.models import Team, User, Version
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds
from pipeline.people.access import subtrees


def notify_published(version: Version, *, team: Team, by: User, at: dt.datetime) -> None:
    """Queue a mail about `version` to everybody who works by it, except its author `by`.

    Part of the transaction that publishes, so a rollback sends nothing.
    """
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    people = User.objects.notified_of_process().filter(team__in=subtrees(parents)[team.pk])
    outbox.put_all(
        kinds.PROCESS_PUBLISHED,
        (
            {"version": version.pk, "person": pk}
            for pk in people.exclude(pk=by.pk).order_by("pk").values_list("pk", flat=True)
        ),
        at=at,
    )
