"""A later file names another owner of a deal: what is planned on it is handed over with it, and given
back with it."""

from typing import Any

from exchange.imports import activities
from exchange.imports.judging import Judge
from exchange.imports.staging import CHANGES, execute, select
from pipeline.models import Team

_DEALS = """
    SELECT DISTINCT c.record_id FROM {changes} AS c
    WHERE c.kind = 'deals' AND c.field = 'owner' AND c.applied {of_job} ORDER BY 1
"""
_PLANNED = "a.done_at IS NULL AND a.cancelled_at IS NULL"
# A day ends where its owner is, as commands have it.
_DUE_BY = """
    coalesce(a.due_at, (a.due_on + time '23:59') AT TIME ZONE coalesce(nullif(u.time_zone, ''), %(zone)s))
"""
_GIVE = f"""
    UPDATE crm_activity AS a SET owner_id = u.id, due_by = {_DUE_BY}
    FROM crm_deal AS t JOIN pipeline_user AS u ON u.id = t.owner_id
    WHERE t.id = ANY(%(deals)s::bigint[]) AND a.deal_id = t.id AND {_PLANNED}
"""  # noqa: S608  # constants
# Where the deal is its former owner's again: to those who were to do it, else to the owner.
_GIVE_BACK = f"""
    UPDATE crm_activity AS a SET owner_id = u.id, due_by = {_DUE_BY}
    FROM exchange_importchange AS c JOIN crm_deal AS t ON t.id = c.record_id, pipeline_user AS u
    WHERE c.job_id = %(job)s AND c.kind = 'deals' AND c.field = 'owner' AND c.applied
      AND t.owner_id IS NOT DISTINCT FROM (c.was ->> 'id')::bigint
      AND a.deal_id = t.id AND {_PLANNED} AND a.owner_id = (c.now ->> 'id')::bigint
      AND u.id = coalesce(
        (SELECT p.id FROM pipeline_user AS p
         WHERE p.id = (c.was -> 'plans' ->> a.id::text)::bigint AND p.is_active),
        (c.was ->> 'id')::bigint
      )
"""  # noqa: S608


def give_plans(judge: Judge) -> None:
    """Hand over what is planned on the deals that a file has handed over."""
    if judge.run.is_trial or "owner" not in judge.mapped.columns:
        return
    deals = [pk for (pk,) in select(_DEALS, changes=CHANGES, of_job="")]
    if deals:
        zone = judge.run.root.time_zone
        execute(_GIVE, {"deals": deals, "zone": zone})
        activities.refresh_deals(deals, zone=zone)


def give_plans_back(job_id: int) -> None:
    """Part of an undo, once the deals are their former owners' again."""
    arguments: dict[str, Any] = {"job": job_id, "zone": Team.objects.root().time_zone}
    of_job = "AND c.job_id = %(job)s"
    found = select(_DEALS, arguments, changes="exchange_importchange", of_job=of_job)
    if deals := [pk for (pk,) in found]:
        execute(_GIVE_BACK, arguments)
        activities.refresh_deals(deals, zone=arguments["zone"])
