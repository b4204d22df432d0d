"""By which process a deal goes: the versions that it names, keeps, or has from its team."""

import json
from collections.abc import Sequence
from functools import lru_cache

from crm.models import Deal, StageVisit
from pipeline.process.playbook import Playbook
from pipeline.process.queries import in_force


def named_versions(visit: Sequence[int] | None, kept: Sequence[int] | None) -> tuple[int, ...]:
    """The versions that a deal works by in a visit: those that the visit names, else those that the
    deal was told to keep. Empty means: what is current for its team.

    Stays of old and of imported deals name none. Everything that asks by which process a deal goes
    asks here.
    """
    return tuple(visit or ()) or tuple(kept or ())


@lru_cache(maxsize=1024)
def ids_of(text: str | None) -> tuple[int, ...]:
    """The versions that a visit or a deal names, from JSON as a cursor gives it: as it is written."""
    return tuple(json.loads(text) or ()) if text else ()


def versions_in_force(deal: Deal) -> tuple[int, ...]:
    """The published versions that the deal's next visit is entered under. One query at most."""
    return named_versions(None, deal.kept_version_ids) or in_force.current_version_ids(deal.team_id)


def versions_of_visit(deal: Deal, visit: StageVisit | None) -> tuple[int, ...]:
    """The versions that the deal works by while it stays where it is. One query at most."""
    named = named_versions(visit.version_ids if visit else None, deal.kept_version_ids)
    return named or in_force.current_version_ids(deal.team_id)


def playbook_of(deal: Deal) -> Playbook:
    """The published process that the deal works by now. Two queries at most."""
    return in_force.of_versions(versions_of_visit(deal, deal.visits.order_by("sequence").last()))
