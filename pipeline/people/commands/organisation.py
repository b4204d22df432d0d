"""What admins set for the whole organisation. It is kept on the root of the tree of teams, and its
history with that of the teams."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from pipeline.models import Role, Team, User
from pipeline.people.commands.locked_people import as_of_now, check_seen, note_change, people_locked
from salesprocess.lib.refused import Refused

# The currency is not among them: what it is worth changes with it.
EDITABLE = (
    "name",
    "time_zone",
    "country",
    "fiscal_month",
    "reliable_from",
    "working_days",
    "working_from",
    "working_until",
    "process_owner",
    "second_factor_for",
    "target_industries",
    "target_countries",
    "target_employees_from",
    "target_employees_to",
)


def change(*, by: User, at: dt.datetime, seen: int | None = None, **facts: Any) -> None:
    """Change settings of the organisation (those in EDITABLE).

    `fiscal_month` is 1 to 12, `reliable_from` a percentage from 90 up; None of either is the usual.
    `working_days` are the digits of the days, Monday is 1, `working_from` and `working_until` an hour
    such as 08:30; nothing of any is the usual.
    `target_industries` and `target_countries` are lists by commas, `target_employees_from` and `_to`
    bounds of whom the organisation wants as customers; nothing of any asks nothing.
    `process_owner` answers what no leader of a team does; None leaves it to who leads the
    organisation. `seen` is the state that the page has shown (`check_seen`).

    Raises Refused for whoever is no admin, and for a process owner who cannot answer; Stale;
    ValidationError for a value that its field cannot hold.
    """
    if unknown := set(facts) - set(EDITABLE):
        raise TypeError(f"not editable: {sorted(unknown)}")
    with people_locked():
        set_facts(facts, by=by, at=at, seen=seen)


def set_facts(facts: dict[str, Any], *, by: User, at: dt.datetime, seen: int | None = None) -> Team:
    """Part of commands that hold the lock of people (`people_locked`)."""
    by = as_of_now(by)
    if not by.scope.everything:
        raise Refused(_("Only an admin changes this."))
    root = Team.objects.root()
    check_seen(root, seen, by=by)
    if facts.get("process_owner") is not None:
        _check_owner(facts["process_owner"])
    for field, value in facts.items():
        note_change(root, field, value, by=by, at=at)
    if root.working_hours.closes <= root.working_hours.opens:
        raise Refused(_("Work ends after it begins."), field="working_until")
    if (root.target_employees_to or 0) < (root.target_employees_from or 0) and (
        root.target_employees_to is not None
    ):
        raise Refused(_("It would end before it begins."), field="target_employees_to")
    root.full_clean(exclude=["parent", "manager"])
    root.save(update_fields=[*facts])
    return root


def _check_owner(person: User) -> None:
    """Questions name deals of anybody, so that only who sees all of them can answer."""
    now = as_of_now(person)
    if not now.is_active or now.role != Role.ADMIN:
        raise Refused(_("Only an active admin can own the process."), field="process_owner")
