"""What can be said of the manner in which a positive decision will be made."""

import datetime as dt

from crm.commands.locked_deal import locked, require_open, save
from crm.commands.writers import decision_path as writer
from crm.commands.writers.decision_path import DecisionPathInput
from crm.models import Deal, DecisionPath
from pipeline.models import User


def write(
    deal: Deal, said: DecisionPathInput, *, by: User, at: dt.datetime, version: int | None = None
) -> DecisionPath:
    """Write down how they decide, and what each of their people is to it.

    Raises as `writer.write` does, Refused for a closed deal, and Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        path, changed = writer.write(row, said, by=by, at=at)
        if changed:
            save(row, by=by, at=at)
    return path
