"""How something planned is shown, and what something done was."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.commands.writers.activity import Next
from crm.models import Activity, ActivityResult
from crm.models.due import Due, DueState
from crm.presenters.cards import CardReader, labels
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


class PlanPresenter(CardReader):
    def plans(self, rows: Iterable[Talk], *, owner_id: int | None) -> list[Plan]:
        """What is planned; who does it is told where it is not the owner of the deal."""
        return [self._plan(row, owner_id) for row in rows]

    def _plan(self, row: Talk, owner_id: int | None) -> Plan:
        state, when = self._due(row)
        return Plan(
            id=row.id,
            kind=row.kind,
            icon=ICONS[row.kind] if state != "over" else "alert-circle",
            state=state,
            title=self._what(row),
            when=when,
            short=self.date(_due(row).day(self.zone)),
            who="" if row.owner_id == owner_id else row.owner,
        )

    def versus(self, now: Activity, yours: Next | None, becomes: str) -> list[tuple[str, str, str]]:
        """What is planned by now beside what was asked for: (what, theirs, yours)."""
        theirs = self._what(Talk.of(now))
        if yours is None:
            return [(_("What"), theirs, becomes), (_("When"), self._day_of(now), "")]
        plan = Talk.of(now)._replace(kind=yours.kind, subject=yours.subject)
        return [
            (_("What"), theirs, self._what(plan)),
            (_("When"), self._day_of(now), self._day_of(yours)),
        ]

    def _day_of(self, row: Talk | Activity | Next) -> str:
        return self.due_day(_due(row))

    def _due(self, row: Talk | Activity) -> tuple[str, str]:
        due, when = _due(row), self._day_of(row)
        state = due.state(at=self.at, zone=self.zone)
        if state == DueState.OVER:
            return state.value, _("Overdue · %(when)s") % {"when": when}
        if state == DueState.TODAY:
            return state.value, self.today_at(due)
        ahead = (due.day(self.zone) - self.today).days
        near = _("tomorrow") if ahead == 1 else _("in %(n)s days") % {"n": ahead}
        return state.value, f"{when} · {near}"

    def _what(self, row: Talk) -> str:
        title = self.kinds[row.kind]
        if row.contact:
            title = _("%(what)s with %(who)s") % {"what": title, "who": row.contact}
        return f"{title}: {row.subject}" if row.subject else title

    def _talk(self, row: Talk) -> str:
        """What it was, and what came of it."""
        title = self._what(row)
        if row.result:
            title = f"{title} · {labels(ActivityResult, self.language)[row.result]}"
        return title


def _due(row: Talk | Activity | Next) -> Due:
    assert row.due is not None  # noqa: S101  # planned ones have it
    return row.due
