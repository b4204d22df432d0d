"""Commands on saved views."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import deleted, values
from crm.models import DeletedKind, ListKind, SavedView
from pipeline.models import Team, User
from salesprocess.lib.names import with_name
from salesprocess.lib.refused import Refused, require_version

# More of them would be no help above a list.
MAX_VIEWS = 30


def save(
    *, kind: ListKind, name: str, query: str, by: User, at: dt.datetime, team: Team | None = None
) -> SavedView:
    """Keep the address of a list under a name, for oneself or for a team that one leads.

    Raises Refused for a missing name or one that is taken, a team that `by` does not lead, or too
    many views; ValidationError for a value that its field cannot hold.
    """
    with transaction.atomic():
        _hold_views_of(by.pk)
        if SavedView.objects.filter(owner=by, kind=kind).count() >= MAX_VIEWS:
            raise Refused(
                _("You have %(n)s views of this list: delete one first.") % {"n": MAX_VIEWS}
            )
        view = SavedView(kind=kind, query=query, owner=by)
        _write(view, name=name, team=team, by=by, at=at)
    return view


def change(
    view: SavedView,
    *,
    name: str,
    team: Team | None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Give a view another name, share it with another team or keep it to oneself (`team` None).

    `version` is the state that the page showed; None changes whatever is there.

    Raises SavedView.DoesNotExist for somebody else's, Stale if `version` is not the present
    one, Refused as `save` does.
    """
    with transaction.atomic():
        _hold_views_of(view.owner_id)
        rows = SavedView.objects.editable_by(by).select_related("team", "changed_by")
        row = rows.select_for_update(of=("self",)).get(pk=view.pk)
        require_version(row, version)
        if not values.other_values(row, {"name": name, "team": team}):
            return
        row.version += 1
        _write(row, name=name, team=team, by=by, at=at)
    view.refresh_from_db()


def delete(view: SavedView, *, by: User, at: dt.datetime) -> None:
    """Raises SavedView.DoesNotExist for somebody else's."""
    with transaction.atomic():
        row = SavedView.objects.editable_by(by).select_for_update(of=("self",)).get(pk=view.pk)
        of = str(ListKind(row.kind).label)
        deleted.keep(DeletedKind.VIEW, row, name=row.name, of=of, by=by, at=at)
        row.delete()


def _hold_views_of(owner: int) -> None:
    """The person's own row, so that of two at once neither gets a name that the other takes, and not
    both are the last that fits."""
    User.objects.select_for_update(no_key=True).get(pk=owner)


def _write(view: SavedView, *, name: str, team: Team | None, by: User, at: dt.datetime) -> None:
    name = name.strip()
    if not name:
        raise Refused(_("Write a name for the view."), field="name")
    if team is not None and team.pk != view.team_id:
        scope = by.scope
        if not scope.everything and team.pk not in scope.managed_team_ids:
            raise Refused(_("You can share only with a team that you lead."), field="team")
    mine = SavedView.objects.filter(owner_id=view.owner_id, kind=view.kind)
    if with_name(mine.exclude(pk=view.pk), name).exists():
        raise Refused(_("You have a view of this name already."), field="name")
    view.name, view.team = name, team
    view.changed_at, view.changed_by = at, by
    values.check(view)
    view.save()
