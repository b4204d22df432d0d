"""What can be said of the manner in which a positive decision will be made."""

import datetime as dt
from collections.abc import Mapping

from crm.commands import values
from crm.commands.deal_people import require_not_ahead, require_of_deal, set_roles
from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.models import Contact, Deal, DealRole, DecisionPath
from pipeline.models import User


def write(
    deal: Deal,
    *,
    steps: str,
    criteria: str = "",
    decides_on: dt.date | None = None,
    confirmed_by: Contact | None = None,
    confirmed_on: dt.date | None = None,
    roles: Mapping[int, DealRole] | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> DecisionPath:
    """Write down how they decide: in which steps, by what, when, and what each of their people is
    to it (`roles`, by the id of the contact), each part with a row of history (METHOD, stage 4).

    Who confirmed it without a day did so today.

    Raises Refused for a closed deal, a person who is not on it or a confirmation that is still to
    come; ValidationError for a value that its field cannot hold; StaleDeal as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        if confirmed_by is not None:
            require_of_deal(row, confirmed_by, field="confirmed_by")
            confirmed_on = confirmed_on or at.astimezone(by.zone).date()
        require_not_ahead(confirmed_on, by=by, at=at, field="confirmed_on")
        path = DecisionPath.objects.filter(deal=row).first() or DecisionPath(deal=row)
        before = _parts(path)
        path.steps, path.criteria, path.decides_on = steps.strip(), criteria.strip(), decides_on
        path.confirmed_by, path.confirmed_on = confirmed_by, confirmed_on
        said = [
            (field, old, new)
            for (field, old), (_field, new) in zip(before, _parts(path), strict=True)
            if old != new
        ]
        for field, old, new in said:
            add_change(row, field, old=old, new=new, by=by, at=at)
        if said:
            path.at, path.by = at, by
            values.check(path)
            path.save()
        if set_roles(row, roles or {}, by=by, at=at) or said:
            save(row, by=by, at=at)
    return path


def _parts(path: DecisionPath) -> tuple[tuple[str, str], ...]:
    confirmed = f"{path.confirmed_by.pk} {path.confirmed_by}" if path.confirmed_by else ""
    return (
        ("path_steps", path.steps),
        ("path_criteria", path.criteria),
        ("path_decides_on", path.decides_on.isoformat() if path.decides_on else ""),
        ("path_confirmed_on", path.confirmed_on.isoformat() if path.confirmed_on else ""),
        ("path_confirmed_by", confirmed),
    )
