"""Since when a step exists and under which names, read from the published versions.

Versions never change, so the results are cached in memory.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.models import Version
from pipeline.process.playbook import PlaybookStep
from pipeline.process.queries.page import LayerPage
from pipeline.process.stages import Stage


@dataclass(frozen=True, kw_only=True)
class StepHistory:
    """`asked_on` is the first day of the step under any name, None if unknown.

    `since` is when its name changed from `was` to `now`, None if it never did.
    """

    asked_on: dt.date | None
    now: str = ""
    was: str = ""
    since: dt.datetime | None = None


def step_history(look: LayerPage, stage: Stage) -> Mapping[str, StepHistory]:
    """The published steps of a stage on the path of a layer, by key. At most two queries, none once
    the versions are cached."""
    path = look.tree.path(look.team_id)
    rows = [row for pk in path if (row := look.tree.layers.get(pk)) and row.current_id]
    current = tuple(row.current_id for row in rows if row.current_id)
    return _step_history(tuple(row.id for row in rows), current, stage)


def asked_on(look: LayerPage, stage: Stage, steps: Sequence[PlaybookStep]) -> dict[str, dt.date]:
    """The first day of each step, by key; of a draft, the day on which it was written."""
    known = step_history(look, stage)
    found = {}
    for step in steps:
        says = known.get(step.key)
        days = [day for day in (says and says.asked_on, step.made_on) if day]
        if days:
            found[step.key] = min(days)
    return found


@lru_cache(maxsize=256)
def _step_history(
    layer_ids: tuple[int, ...], _current: tuple[int, ...], stage: Stage
) -> Mapping[str, StepHistory]:
    """`layer_ids` from the framework down; `_current` is a part of the cache key."""
    said: dict[str, dict[int, str | None]] = {}
    found: dict[str, StepHistory] = {}
    versions = Version.objects.filter(layer_id__in=layer_ids).order_by("published_at", "pk")
    read = versions.values_list("layer_id", "published_at", "content__steps")
    for layer_id, at, rows in read.iterator(chunk_size=20):
        here = {row["key"]: row for row in rows or () if row["stage"] == stage}
        for key in said.keys() | here.keys():
            row = here.get(key, {})
            said.setdefault(key, {})[layer_id] = row.get("label")
            label = next((text for pk in layer_ids[::-1] if (text := said[key].get(pk))), "")
            found[key] = _next(found.get(key), label, row.get("made_on"), at)
    return found


def _next(
    before: StepHistory | None, label: str, made_on: str | None, at: dt.datetime
) -> StepHistory:
    """The history of a step after another version."""
    days = [dt.date.fromisoformat(made_on)] if made_on else []
    if before is None:
        return StepHistory(asked_on=days[0] if days else None, now=label)
    asked = min([*days, *([before.asked_on] if before.asked_on else [])], default=None)
    if not label or label == before.now:
        return StepHistory(asked_on=asked, now=before.now, was=before.was, since=before.since)
    return StepHistory(asked_on=asked, now=label, was=before.now, since=at)
