"""What could not be delivered, told to those who can do something about it."""

import datetime as dt
from dataclasses import dataclass

from pipeline.models import Invitation, OutboxRow, PeopleChange, User
from pipeline.outbox import kinds

MOST = 100


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    id: int
    kind: str
    about: str
    error: str
    attempts: int
    created_at: dt.datetime
    dead_at: dt.datetime | None


def dead(user: User) -> list[Undelivered]:
    """The rows that were given up, the latest first; four queries, however many there are."""
    rows = list(OutboxRow.objects.visible_to(user).dead().order_by("-dead_at", "-pk")[:MOST])
    names = _names(rows)
    return [
        Undelivered(
            id=row.pk,
            kind=_label(row.kind),
            about=names.get(row.pk, ""),
            error=row.error,
            attempts=row.attempts,
            created_at=row.created_at.astimezone(user.zone),
            dead_at=row.dead_at.astimezone(user.zone) if row.dead_at else None,
        )
        for row in rows
    ]


def _label(kind: str) -> str:
    delivery = kinds.delivery_of(kind)
    return str(delivery.label) if delivery else kind


def _names(rows: list[OutboxRow]) -> dict[int, str]:
    """Whom each row is about, looked up by kind: payloads hold ids only."""
    invited = {row.payload["invitation"]: row.pk for row in rows if "invitation" in row.payload}
    changed = {row.payload["change"]: row.pk for row in rows if "change" in row.payload}
    invitations = Invitation.objects.filter(pk__in=invited).values_list("pk", "person__name")
    changes = PeopleChange.objects.filter(pk__in=changed).values_list("pk", "person__name")
    named = {invited[pk]: name for pk, name in invitations}
    named |= {changed[pk]: name for pk, name in changes if name}
    told = {row.pk: row.payload["person"] for row in rows if "person" in row.payload}
    people = dict(User.objects.filter(pk__in=told.values()).values_list("pk", "name"))
    return named | {row: people[pk] for row, pk in told.items() if pk in people}


def dead_count(user: User) -> int:
    return OutboxRow.objects.visible_to(user).dead().count()


def waiting_count(user: User) -> int:
    return OutboxRow.objects.visible_to(user).waiting().count()


def to_retry(user: User, pk: int) -> OutboxRow:
    """Raises OutboxRow.DoesNotExist."""
    return OutboxRow.objects.editable_by(user).get(pk=pk)
