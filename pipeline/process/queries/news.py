"""Versions that came into force lately, for the pages of those who work by them.

Versions never change, so what is shown of each is cached.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pipeline.models import Version
from pipeline.process.layer_diff import diff
from pipeline.process.playbook import LayerContent, LayerSource, Level
from pipeline.process.queries.in_force import layers_of

# So long a version is told about.
RECENT = dt.timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class News:
    """A version that came into force; `of` is its level in addresses."""

    of: str
    name: str
    is_framework: bool
    number: int
    published_at: dt.datetime
    note: str
    changed: int


def recent_versions(sources: Iterable[LayerSource], *, at: dt.datetime) -> list[News]:
    """The versions among a playbook's `sources` that are younger than RECENT, newest first; without
    the first framework. No query for cached versions."""
    ids = tuple(
        source.version_id
        for source in sources
        if source.version_id and (source.level == Level.TEAM or source.number != 1)
    )
    return [each for each in _news(ids) if each.published_at > at - RECENT] if ids else []


@lru_cache(maxsize=256)
def _news(version_ids: tuple[int, ...]) -> tuple[News, ...]:
    """What was published, newest first. Two queries, besides contents that are not known yet."""
    rows = Version.objects.filter(pk__in=version_ids).select_related("layer__team")
    found = list(rows.order_by("-published_at", "-pk"))
    before = {
        (version.layer_id, version.number): version.pk
        for version in Version.objects.filter(layer__in={each.layer_id for each in found}).only(
            "layer_id", "number"
        )
    }
    return tuple(
        News(
            of=str(version.layer.team_id),
            name=team.name,
            is_framework=team.parent_id is None,
            number=version.number,
            published_at=version.published_at,
            note=version.note,
            changed=len(
                diff(
                    _content(before.get((version.layer_id, version.number - 1))),
                    _content(version.pk),
                )
            ),
        )
        for version in found
        if (team := version.layer.team) is not None
    )


def _content(version_id: int | None) -> LayerContent:
    return layers_of([version_id])[0].content if version_id else LayerContent()
