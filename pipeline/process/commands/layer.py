"""A layer that is being changed: made when it is first needed, and locked while it changes."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline.models import Layer, Team, User
from salesprocess.lib.refused import Refused, Stale


def layer_of(owner: Team | User, *, by: User, at: dt.datetime) -> Layer:
    """The layer of a team, or of the person `by`; created if there is none.

    Raises Layer.DoesNotExist for a team out of the reach of `by`, and for another person.
    """
    of: dict[str, Any]
    if isinstance(owner, User):
        mine, of = owner.pk == by.pk and by.is_active, {"user": owner}
    else:
        mine, of = Team.objects.editable_by(by).filter(pk=owner.pk).exists(), {"team": owner}
    if not mine:
        raise Layer.DoesNotExist
    layer, _made = Layer.objects.get_or_create(**of, defaults={"changed_at": at, "changed_by": by})
    return layer


@contextmanager
def locked(layer: Layer, *, by: User, revision: int | None = None) -> Iterator[Layer]:
    """A transaction with `layer` locked; its caller's object is refreshed at the end.

    Raises Layer.DoesNotExist out of the reach of `by`, Stale if `revision` is not the present one.
    """
    with transaction.atomic():
        rows = Layer.objects.editable_by(by).select_for_update(of=("self",), no_key=True)
        row = rows.select_related("team", "user", "current", "changed_by").get(pk=layer.pk)
        if revision is not None and revision != row.revision:
            raise Stale(row, version=row.revision, by=row.changed_by)
        yield row
    layer.refresh_from_db()


def touch(row: Layer, *, by: User, at: dt.datetime, fields: tuple[str, ...] = ()) -> None:
    """Save `fields` of a locked layer and mark its draft as changed (`revision`, by whom, when)."""
    row.revision += 1
    row.changed_by = by
    row.changed_at = at
    row.save(update_fields=[*fields, "revision", "changed_by", "changed_at"])


def require_team(row: Layer) -> Team:
    """Raise Refused for a personal layer: it is in force at once and has nothing to publish."""
    if row.team is None:
        raise Refused(_("Your own layer is in force at once: there is nothing to publish."))
    return row.team
