"""What must hold of a deal after anything that was done to it."""

from collections.abc import Iterator
from typing import Any

from crm.models import Activity, Company, Deal, DealChange, DealContact, StageVisit
from pipeline.process import moves
from pipeline.process.stages import Outcome


def faults_of(deal: Deal) -> list[str]:
    """What is untrue about a deal as the database has it; nothing if all is well."""
    deal = Deal.objects.get(pk=deal.pk)
    visits = list(deal.visits.order_by("sequence"))
    faults = moves.broken_links([visit.visit for visit in visits])
    faults += _repeats(deal, visits)
    faults += _next(deal)
    faults += _held(deal)
    return faults


def _repeats(deal: Deal, visits: list[StageVisit]) -> Iterator[str]:
    last = visits[-1]
    open_ones = [visit for visit in visits if visit.left_how is None]
    if (deal.stage, deal.stage_entered_at) != (last.stage, last.entered_at):
        yield f"repeats another visit than its latest: {deal.stage} since {deal.stage_entered_at}"
    if deal.outcome != moves.outcome_of(last.visit):
        yield f"is {deal.outcome}, but its last visit was left {last.left_how}"
    if len(open_ones) != (1 if deal.is_open else 0):
        yield f"is {deal.outcome} with {len(open_ones)} open visits"
    if deal.closed_at != (None if deal.is_open else last.left_at):
        yield f"was closed at {deal.closed_at}, its last visit at {last.left_at}"
    if bool(deal.cause_id) != (deal.outcome == Outcome.STOPPED):
        yield f"is {deal.outcome} for the cause {deal.cause_id}"


def _next(deal: Deal) -> Iterator[str]:
    first = Activity.objects.filter(deal=deal).planned().order_by("due_by", "id").first()
    wanted = (first.due, first.kind) if first else (None, "")
    if (deal.whats_next, deal.next_kind) != wanted:
        yield f"says {deal.next_kind} at {deal.whats_next} is next instead of {wanted}"
    if not deal.is_open and (deal.attention_at or deal.parked_until):
        yield "is closed, and yet asks for attention"
    if deal.is_open and first and deal.attention_at != first.due_by:
        yield f"asks for attention by {deal.attention_at} instead of {first.due_by}"


def _held(deal: Deal) -> Iterator[str]:
    for activity in Activity.objects.filter(deal=deal):
        if (activity.holder_id, activity.holder_team_id) != (deal.owner_id, deal.team_id):
            yield f"has activity {activity.pk} in the reach of {activity.holder_id} still"
    for visit in StageVisit.objects.filter(deal=deal):
        if (visit.holder_id, visit.holder_team_id) != (deal.owner_id, deal.team_id):
            yield f"has visit {visit.sequence} in the reach of {visit.holder_id} still"


def rows(model: Any, **condition: Any) -> list[dict[str, Any]]:
    """Everything that a table says, for comparing before with after."""
    return list(model._base_manager.filter(**condition).order_by("pk").values())


def all_rows() -> dict[str, list[dict[str, Any]]]:
    models = (Deal, StageVisit, Activity, DealChange, DealContact, Company)
    return {model.__name__: rows(model) for model in models}
