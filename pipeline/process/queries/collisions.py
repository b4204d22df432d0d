"""Where changes above meet differences of teams: what a team has to decide."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from pipeline.models import Collision, Step, User
from pipeline.process.layer_diff import FIELDS
from pipeline.process.layer_steps import value_text
from pipeline.process.playbook import Clash, LayerContent, StepRow
from pipeline.process.queries.in_force import step_row
from pipeline.process.stages import Stage
from salesprocess.lib.keyset import Cursor, Ordering, Rows, by_instant


@dataclass(frozen=True, kw_only=True)
class ClashingField:
    """A field of a step that a change above and a team's difference both speak of."""

    what: str
    was: str
    now: str
    ours: str


@dataclass(frozen=True, kw_only=True)
class Undecided:
    id: int
    stage: Stage
    label: str
    team: str
    at: dt.datetime
    by: str
    clash: str
    reason: str
    rows: list[ClashingField]


# Each is a table to read through.
COLLISIONS_ON_A_PAGE = 20


ORDERING = Ordering(sort_key=by_instant("at", never_null=True))


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A page of what is to be decided; `before` and `after` are None at the ends."""

    rows: list[Undecided]
    before: Cursor | None
    after: Cursor | None


def undecided_collisions(
    user: User, *, after: Cursor | None = None, before: Cursor | None = None
) -> Inbox:
    """The collisions that wait for somebody who may decide them, oldest first, a page at a time:
    those after, or else before, a cursor. Three queries at most.
    """
    waiting = Collision.objects.editable_by(user).filter(choice="")
    back = before is not None and after is None
    rows = ORDERING.apply(waiting.select_related("layer__team", "version__published_by"), back=back)
    cursor = before if back else after
    if cursor is not None:
        rows = rows.filter(ORDERING.beyond(cursor, back=back))
    found = list(rows[: COLLISIONS_ON_A_PAGE + 1])
    more = len(found) > COLLISIONS_ON_A_PAGE
    found = found[:COLLISIONS_ON_A_PAGE]
    if back:
        found.reverse()
    ours = {
        (step.layer_id, step.stage, step.key): step
        for step in Step.objects.filter(
            layer__in={each.layer_id for each in found}, key__in={each.key for each in found}
        ).select_related("author")
    }
    ends = [Cursor(each.at, each.pk) for each in (*found[:1], *found[-1:])]
    # Where one came from may be decided by now, so that it is asked and not remembered.
    earlier, later = more, more
    if not back:
        earlier = bool(after and found) and _is_more(waiting, ends[0], back=True)
    else:
        later = bool(found) and _is_more(waiting, ends[1], back=False)
    return Inbox(
        rows=[_undecided(each, ours.get((each.layer_id, each.stage, each.key))) for each in found],
        before=ends[0] if earlier else None,
        after=ends[1] if later else None,
    )


def _is_more(waiting: Rows, cursor: Cursor, *, back: bool) -> bool:
    return ORDERING.apply(waiting).filter(ORDERING.beyond(cursor, back=back)).exists()


def _undecided(collision: Collision, step: Step | None) -> Undecided:
    row = step_row(step) if step else None
    was, now = (_fields(data) for data in (collision.was, collision.now))
    own = _fields(step_json_of(row)) if row else {}
    names = [name for name in FIELDS if was.get(name) != now.get(name) or name in own]
    names = [name for name in names if name != "position"]
    by = collision.version.published_by
    team = collision.layer.team
    clash = Clash(collision.clash).label if collision.clash else ""
    return Undecided(
        id=collision.pk,
        stage=Stage(collision.stage),
        label=own.get("label") or now.get("label") or was.get("label") or collision.key,
        team=team.name if team else "",
        at=collision.at,
        by=by.name if by else "",
        clash=str(clash),
        reason=row.reason if row else "",
        rows=[
            ClashingField(
                what=str(FIELDS[name]),
                was=was.get(name, ""),
                now=now.get(name, ""),
                ours=own.get(name, ""),
            )
            for name in names
        ],
    )


def step_json_of(row: StepRow) -> dict[str, Any]:
    data: dict[str, Any] = LayerContent(steps=(row,)).as_json()["steps"][0]
    return data


def _fields(data: Mapping[str, Any] | None) -> dict[str, str]:
    """The fields of a step as JSON, in words."""
    if data is None:
        return {}
    row = LayerContent.from_json({"steps": [data]}).steps[0]
    return {name: value_text(value) for name, value in row.said().items()}


def undecided_count(user: User) -> int:
    return Collision.objects.editable_by(user).filter(choice="").count()


def undecided_teams(user: User) -> list[tuple[str, int]]:
    """The teams for which somebody may decide collisions, with how many wait there, by name."""
    waiting = Collision.objects.editable_by(user).filter(choice="").order_by("layer__team__name")
    return list(waiting.values_list("layer__team__name").annotate(count=Count("pk")))


def to_decide(user: User, pk: int) -> Collision:
    """Raises Collision.DoesNotExist."""
    found: Collision = Collision.objects.editable_by(user).select_related("layer__team").get(pk=pk)
    return found
