"""What can be done to teams. There is no deleting: the history of their deals names them.

A team that is not wanted any more is emptied, and renamed or moved when it finds another use.
"""

import datetime as dt
from contextlib import nullcontext

from django.utils.translation import gettext as _

from pipeline.models import Team, User
from pipeline.people.commands.locked_people import (
    as_of_now,
    check_seen,
    note,
    note_change,
    people_locked,
)
from pipeline.people.events import Added
from pipeline.process.commands.moved_team import team_moved
from salesprocess.lib.names import with_name
from salesprocess.lib.refused import Refused


def add(*, name: str, parent: Team, manager: User | None, by: User, at: dt.datetime) -> Team:
    """Add a team below another one.

    Raises Refused if `parent` is out of the reach of `by`, the name is taken there, or `manager`
    cannot lead it (see `change`).
    """
    with people_locked():
        by = as_of_now(by)
        team = Team(name=name.strip(), parent=parent)
        _check_parent(parent, of=None, by=by)
        _check_name(team)
        if manager is not None:
            _check_manager(manager, by=by)
        team.manager = manager
        team.full_clean()
        team.save(force_insert=True)
        note(team, Added(name=team.name), by=by, at=at)
    return team


def change(
    team: Team,
    *,
    name: str,
    parent: Team | None,
    manager: User | None,
    by: User,
    at: dt.datetime,
    seen: int | None = None,
) -> None:
    """Rename a team, hang it under another one, or say who leads it.

    Where a team hangs and who leads it is decided from above: by an admin, or by whoever leads a
    team above it. `parent` is None for the root and only there.

    `seen` is the state that the page has shown (`check_seen`).

    Raises Team.DoesNotExist out of the reach of `by`, Stale, Refused for a name that is taken, a place
    below itself or out of reach, and a manager who is deactivated, a salesperson or out of reach.
    """
    with people_locked():
        by = as_of_now(by)
        row = Team.objects.editable_by(by).get(pk=team.pk)
        check_seen(row, seen, by=by)
        moves = row.parent_id != (parent.pk if parent else None)
        if moves:
            _check_from_above(row, by=by, field="parent")
            _check_parent(parent, of=row, by=by)
        if manager is not None and row.manager_id != manager.pk:
            _check_manager(manager, by=by)
        if row.manager_id != (manager.pk if manager else None):
            _check_from_above(row, by=by, field="manager")
        for field, value in (("name", name.strip()), ("parent", parent), ("manager", manager)):
            note_change(row, field, value, by=by, at=at)
        _check_name(row)
        row.full_clean()
        with team_moved(row, at=at) if moves else nullcontext():
            row.save(update_fields=["name", "parent", "manager"])


def _check_from_above(team: Team, *, by: User, field: str) -> None:
    if not by.scope.everything and team.parent_id not in by.scope.managed_team_ids:
        raise Refused(_("This is decided from above: ask an admin."), field=field)


def _check_parent(parent: Team | None, *, of: Team | None, by: User) -> None:
    if of is not None and of.parent_id is None:
        raise Refused(_("The organisation itself hangs under nothing."), field="parent")
    if parent is None or not Team.objects.editable_by(by).filter(pk=parent.pk).exists():
        raise Refused(_("You cannot put a team there."), field="parent")
    above = dict(Team.objects.values_list("pk", "parent_id"))
    step: int | None = parent.pk
    while of is not None and step is not None:
        if step == of.pk:
            raise Refused(_("A team cannot hang below itself."), field="parent")
        step = above[step]


def _check_name(team: Team) -> None:
    same = Team.objects.exclude(pk=team.pk).filter(parent=team.parent)
    if with_name(same, team.name).exists():
        raise Refused(_("There is a team of that name in the same place."), field="name")


def _check_manager(manager: User, *, by: User) -> None:
    person = as_of_now(manager)
    if not person.is_active or not person.is_manager:
        raise Refused(_("Only an active manager can lead a team."), field="manager")
    within = person.pk == by.pk or User.objects.manageable_by(by).filter(pk=person.pk).exists()
    if not within:
        raise Refused(_("You cannot let this person lead the team."), field="manager")
