"""Since when a step is asked, and since when in these words: read from what was published.

Versions never change, so that what is read of them is kept in memory.
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
class Worded:
    """`asked_on` is the day since when the step is asked, under whatever words; None if nobody
    knows. `since` is when it was called `now` instead of `was`; None for the name it began with."""

    asked_on: dt.date | None
    now: str = ""
    was: str = ""
    since: dt.datetime | None = None


def worded(look: LayerPage, stage: Stage) -> Mapping[str, Worded]:
    """The steps of a stage that were published on the path of a level, by key. Two queries at most,
    none once its versions are known.
    """
    path = look.tree.path(look.team_id)
    rows = [row for pk in path if (row := look.tree.layers.get(pk)) and row.current_id]
    current = tuple(row.current_id for row in rows if row.current_id)
    return _worded(tuple(row.id for row in rows), current, stage)


def asked_on(look: LayerPage, stage: Stage, steps: Sequence[PlaybookStep]) -> dict[str, dt.date]:
    """Since when each step is asked, by key; what is not published yet is since it was written."""
    known = worded(look, stage)
    found = {}
    for step in steps:
        says = known.get(step.key)
        days = [day for day in (says and says.asked_on, step.made_on) if day]
        if days:
            found[step.key] = min(days)
    return found


@lru_cache(maxsize=256)
def _worded(
    layer_ids: tuple[int, ...], _current: tuple[int, ...], stage: Stage
) -> Mapping[str, Worded]:
    """`layer_ids` from the framework down; `_current` says which versions there are."""
    said: dict[str, dict[int, str | None]] = {}
    found: dict[str, Worded] = {}
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


def _next(before: Worded | None, label: str, made_on: str | None, at: dt.datetime) -> Worded:
    """What is known of a step after one version more."""
    days = [dt.date.fromisoformat(made_on)] if made_on else []
    if before is None:
        return Worded(asked_on=days[0] if days else None, now=label)
    asked = min([*days, *([before.asked_on] if before.asked_on else [])], default=None)
    if not label or label == before.now:
        return Worded(asked_on=asked, now=before.now, was=before.was, since=before.since)
    return Worded(asked_on=asked, now=label, was=before.now, since=at)
