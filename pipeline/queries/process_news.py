"""What came into force lately, for the pages of those who work by it.

Versions never change, so that what is told of one is kept in memory, and costs a page nothing.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pipeline.differences import diff
from pipeline.models import Version
from pipeline.playbook import LayerContent
from pipeline.queries.process import layers_of

# So long a version is told about.
YOUNG = dt.timedelta(days=14)


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


def told(version_ids: Iterable[int], *, at: dt.datetime) -> list[News]:
    """Which of the versions are younger than two weeks, newest first; no query for known ones.

    The framework as it was shipped is no news to anybody.
    """
    found = (_news(pk) for pk in version_ids)
    young = [each for each in found if each is not None and each.published_at > at - YOUNG]
    return sorted(young, key=lambda each: each.published_at, reverse=True)


@lru_cache(maxsize=1024)
def _news(version_id: int) -> News | None:
    version = Version.objects.select_related("layer__team").get(pk=version_id)
    team = version.layer.team
    if team is None or version.published_by_id is None:
        return None
    before = Version.objects.filter(layer=version.layer_id, number=version.number - 1).first()
    was = layers_of([before.pk])[0].content if before else LayerContent()
    return News(
        of=str(team.pk),
        name=team.name,
        is_framework=team.parent_id is None,
        number=version.number,
        published_at=version.published_at,
        note=version.note,
        changed=len(diff(was, layers_of([version.pk])[0].content)),
    )
