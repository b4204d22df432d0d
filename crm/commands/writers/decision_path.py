"""The decision path of a deal: the manner in which a positive decision will be made."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from crm.commands import record_changes, values
from crm.commands.contact import NewContact, on_record
from crm.commands.deal_people import add_person, require_not_ahead, require_of_deal, set_roles
from crm.models import Contact, Deal, DealRole, DecisionPath
from pipeline.models import User


@dataclass(frozen=True, kw_only=True)
class DecisionPathInput:
    """In which steps they decide, by what, and when; who of them said that it is so, and on which
    day, by default today (METHOD, stage 4).

    `decides` is who does, and joins the deal; `roles` what people of the deal are to it, by the id of
    the contact.
    """

    steps: str
    criteria: str = ""
    decides_on: dt.date | None = None
    confirmed_by: Contact | None = None
    confirmed_on: dt.date | None = None
    decides: Contact | NewContact | None = None
    roles: Mapping[int, DealRole] = field(default_factory=dict)

    def on_top_of(self, path: DecisionPath) -> Self:
        """With what stands already where nothing is said."""
        steps = self.steps.strip() or path.steps
        said = self.confirmed_by is not None or self.confirmed_on is not None
        # Nobody has confirmed other steps: a confirmation goes with the steps that it was of.
        confirmed = said or steps != path.steps
        return replace(
            self,
            steps=steps,
            criteria=self.criteria.strip() or path.criteria,
            decides_on=self.decides_on or path.decides_on,
            confirmed_by=self.confirmed_by if confirmed else path.confirmed_by,
            confirmed_on=self.confirmed_on if confirmed else path.confirmed_on,
        )


def write(
    row: Deal, said: DecisionPathInput, *, adding: bool = False, by: User, at: dt.datetime
) -> tuple[DecisionPath, bool]:
    """Write how they decide, each part with a row of history, and give back whether anything changed.

    With `adding`, what is not said stays as it was, but for the confirmation of other steps.

    Raises Refused for a confirmation by somebody who is not on the deal, or that is still to come;
    ValidationError for a value that its field cannot hold.
    """
    path = DecisionPath.objects.filter(deal=row).first() or DecisionPath(deal=row)
    before = _parts(path)
    _fill(path, said.on_top_of(path) if adding else said, by=by, at=at)
    changed = record_changes.note_parts_changed(row, before, _parts(path), by=by, at=at)
    if changed:
        path.at, path.by = at, by
        values.check(path)
        path.save()
    return path, _people(row, said, by=by, at=at) or changed


def _fill(path: DecisionPath, said: DecisionPathInput, *, by: User, at: dt.datetime) -> None:
    who, on = said.confirmed_by, said.confirmed_on
    if who is not None:
        if who.pk != path.confirmed_by_id:
            require_of_deal(path.deal, who, field="confirmed_by")
        on = on or at.astimezone(by.zone).date()
    require_not_ahead(on, by=by, at=at, field="confirmed_on")
    path.steps, path.criteria = said.steps.strip(), said.criteria.strip()
    path.decides_on, path.confirmed_by, path.confirmed_on = said.decides_on, who, on


def _people(row: Deal, said: DecisionPathInput, *, by: User, at: dt.datetime) -> bool:
    changed = set_roles(row, said.roles, by=by, at=at)
    if said.decides is not None:
        decides = on_record(said.decides, company=row.company, by=by, at=at)
        changed |= add_person(row, decides, role=DealRole.DECIDES, by=by, at=at)
    return changed


def _parts(path: DecisionPath) -> dict[str, Any]:
    return {
        "path_steps": path.steps,
        "path_criteria": path.criteria,
        "path_decides_on": path.decides_on,
        "path_confirmed_on": path.confirmed_on,
        "path_confirmed_by": path.confirmed_by,
    }
