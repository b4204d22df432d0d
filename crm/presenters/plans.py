"""How something planned is shown, and what something done was."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.commands.writers.activity import Next
from crm.erased import person_name
from crm.models import Activity, ActivityResult
from crm.models.due import Due, DueState
from crm.presenters.viewer import Viewer, labels
from crm.queries.deal import Talk

ICONS = {"call": "phone", "email": "mail", "meeting": "calendar-event", "note": "note"} | {
    "task": "checkbox"
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Something planned."""

    id: int
    kind: str
    icon: str
    state: str  # over, today, later
    title: str
    when: str
    short: str  # the day alone
    who: str


def plans(viewer: Viewer, rows: Iterable[Talk], *, owner_id: int | None) -> list[Plan]:
    """What is planned; who does it is told where it is not the owner of the deal."""
    return [_plan(viewer, row, owner_id) for row in rows]


def _plan(viewer: Viewer, row: Talk, owner_id: int | None) -> Plan:
    state, when = due_state(viewer, row)
    return Plan(
        id=row.id,
        kind=row.kind,
        icon=ICONS[row.kind] if state != "over" else "alert-circle",
        state=state,
        title=plan_title(viewer, row),
        when=when,
        short=viewer.date(_due_of(row).day(viewer.zone)),
        who="" if row.owner_id == owner_id else row.owner,
    )


def versus(
    viewer: Viewer, now: Activity, yours: Next | None, becomes: str
) -> list[tuple[str, str, str]]:
    """What is planned by now beside what was asked for: (what, theirs, yours)."""
    theirs = plan_title(viewer, Talk.of(now))
    if yours is None:
        return [(_("What"), theirs, becomes), (_("When"), _day_of(viewer, now), "")]
    plan = Talk.of(now)._replace(kind=yours.kind, subject=yours.subject)
    return [
        (_("What"), theirs, plan_title(viewer, plan)),
        (_("When"), _day_of(viewer, now), _day_of(viewer, yours)),
    ]


def _day_of(viewer: Viewer, row: Talk | Activity | Next) -> str:
    return viewer.due_day(_due_of(row))


def due_state(viewer: Viewer, row: Talk | Activity) -> tuple[str, str]:
    due, when = _due_of(row), _day_of(viewer, row)
    state = due.state(at=viewer.at, zone=viewer.zone)
    if state == DueState.OVER:
        return state.value, _("Overdue · %(when)s") % {"when": when}
    if state == DueState.TODAY:
        return state.value, viewer.today_at(due)
    ahead = (due.day(viewer.zone) - viewer.today).days
    near = _("tomorrow") if ahead == 1 else _("in %(n)s days") % {"n": ahead}
    return state.value, f"{when} · {near}"


def plan_title(viewer: Viewer, row: Talk) -> str:
    title = viewer.kinds[row.kind]
    if row.contact:
        title = _("%(what)s with %(who)s") % {"what": title, "who": person_name(row.contact)}
    return f"{title}: {row.subject}" if row.subject else title


def talk_title(viewer: Viewer, row: Talk) -> str:
    """What it was, and what came of it."""
    title = plan_title(viewer, row)
    if row.result:
        title = f"{title} · {labels(ActivityResult, viewer.language)[row.result]}"
    return title


def _due_of(row: Talk | Activity | Next) -> Due:
    assert row.due is not None  # noqa: S101  # planned ones have it
    return row.due
