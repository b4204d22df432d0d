"""The process in force: the versions of a team, and the playbook that they make together.

Versions never change, so playbooks are cached in memory by version ids; only personal layers are
read each time, in one query.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import get_language

from pipeline.models import Layer, StageWording, Step, Team, Version
from pipeline.process.framework import translated_playbook
from pipeline.process.merging import merge
from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Fact,
    Importance,
    LayerContent,
    LayerSource,
    Level,
    Playbook,
    Proof,
    Side,
    StageNaming,
    StepKind,
    StepRow,
    Strength,
    WorkKind,
)
from pipeline.process.playbook import MergedLayer as MergedLayer
from pipeline.process.stages import Stage
from salesprocess.lib.prepared import run

# The published versions in force for `{team}`, from the framework down.
CURRENT = """
WITH RECURSIVE path AS (
    SELECT id, parent_id, 0 AS up FROM pipeline_team WHERE id = {team}
    UNION ALL
    SELECT team.id, team.parent_id, path.up + 1 FROM pipeline_team team
    JOIN path ON team.id = path.parent_id
)
SELECT layer.current_id FROM path
JOIN pipeline_layer layer ON layer.team_id = path.id
WHERE layer.current_id IS NOT NULL ORDER BY path.up DESC
"""
_PATH = CURRENT.format(team="%s")
_OF_TEAMS = """
WITH RECURSIVE path AS (
    SELECT id AS team, id, parent_id, 0 AS up FROM pipeline_team
    UNION ALL
    SELECT path.team, above.id, above.parent_id, up + 1 FROM pipeline_team above
    JOIN path ON above.id = path.parent_id
)
SELECT path.team, array_agg(layer.current_id ORDER BY path.up DESC) FROM path
JOIN pipeline_layer layer ON layer.team_id = path.id
WHERE layer.current_id IS NOT NULL GROUP BY path.team ORDER BY path.team
"""

# What is in force for somebody, now: the versions of a team's path (of the organisation's where
# there is no team), and what the person has for himself, as `LayerContent` keeps it. No layer of
# one's own is a row with nulls.
_IN_FORCE = """
SELECT
    ARRAY(
        WITH RECURSIVE path AS (
            SELECT id, parent_id, 0 AS up FROM pipeline_team
            WHERE id = %(team)s OR %(team)s::bigint IS NULL AND parent_id IS NULL
            UNION ALL
            SELECT team.id, team.parent_id, path.up + 1 FROM pipeline_team team
            JOIN path ON team.id = path.parent_id
        )
        SELECT layer.current_id FROM path
        JOIN pipeline_layer layer ON layer.team_id = path.id
        WHERE layer.current_id IS NOT NULL ORDER BY path.up DESC
    ),
    mine.id,
    (
        SELECT json_agg(json_strip_nulls(json_build_object(
            'stage', step.stage, 'key', step.key, 'adds', step.adds, 'label', step.label,
            'kind', step.kind, 'answer', step.answer, 'choices', step.choices,
            'proof', step.proof, 'doing', step.doing, 'importance', step.importance,
            'applies', step.applies, 'side', step.side, 'fact', step.fact,
            'gives_you', step.gives_you, 'gives_managers', step.gives_managers,
            'help', step.help, 'position', step.position, 'hidden', step.hidden,
            'locked', step.locked, 'reason', step.reason, 'author', author.name,
            'made_on', (step.made_at AT TIME ZONE 'UTC')::date, 'author_id', step.author_id
        )) ORDER BY step.id)::text
        FROM pipeline_step step LEFT JOIN pipeline_user author ON author.id = step.author_id
        WHERE step.layer_id = mine.id
    ),
    (
        SELECT json_agg(json_strip_nulls(json_build_object(
            'stage', wording.stage, 'label', nullif(wording.label, ''),
            'norm_days', wording.norm_days
        )) ORDER BY wording.id)::text
        FROM pipeline_stagewording wording WHERE wording.layer_id = mine.id
    ),
    (
        SELECT md5(string_agg(
            team.id || ' ' || team.name || extract(epoch FROM layer.changed_at), ',' ORDER BY team.id
        ))
        FROM pipeline_layer layer JOIN pipeline_team team ON team.id = layer.team_id
    )
FROM (SELECT 1) one LEFT JOIN pipeline_layer mine ON mine.user_id = %(user)s
"""


def current_version_ids(team_id: int) -> tuple[int, ...]:
    """The published versions in force for a team, from the framework down. One query."""
    return tuple(pk for (pk,) in run(_PATH, [team_id]))


def current_versions_of_teams() -> dict[int, tuple[int, ...]]:
    """The published versions in force for each team, from the framework down. One query."""
    return {team: tuple(version_ids) for team, version_ids in run(_OF_TEAMS, {})}


def of_versions(version_ids: Iterable[int]) -> Playbook:
    """The playbook of published versions, in their order; no query once it is cached.

    Raises Version.DoesNotExist for an id that was never published.
    """
    return _of_versions(tuple(version_ids), get_language())


@lru_cache(maxsize=256)
def _of_versions(version_ids: tuple[int, ...], _language: str | None) -> Playbook:
    return translated_playbook(merge(_layers(version_ids)))


def layers_of(version_ids: Iterable[int]) -> tuple[MergedLayer, ...]:
    """The published layers themselves, for previews and comparisons; cached like the playbook."""
    return _layers(tuple(version_ids))


@lru_cache(maxsize=256)
def _layers(version_ids: tuple[int, ...]) -> tuple[MergedLayer, ...]:
    rows = Version.objects.select_related("layer__team").in_bulk(version_ids)
    if len(rows) < len(set(version_ids)):
        raise Version.DoesNotExist(f"no such versions: {set(version_ids) - set(rows)}")
    return tuple(
        MergedLayer(source=source_of(rows[pk]), content=LayerContent.from_json(rows[pk].content))
        for pk in version_ids
    )


def source_of(version: Version) -> LayerSource:
    """The source of the content of a published version."""
    team = version.layer.team
    if team is None:
        raise TypeError("only the layers of teams are published")
    return LayerSource(
        level=Level.TEAM if team.parent_id else Level.FRAMEWORK,
        layer_id=version.layer_id,
        name=team.name,
        version_id=version.pk,
        number=version.number,
    )


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What a person works by at a team: its current versions, and his or her own layer."""

    version_ids: tuple[int, ...]
    # The own layer: its id, and what it says as JSON; None where there is nothing.
    mine: tuple[int, str, str] | None

    def playbook(self, version_ids: Iterable[int] = ()) -> Playbook:
        """By the versions of a deal, else by the current ones. Cached by the ids and the state of
        the personal layer."""
        return _of_person(tuple(version_ids) or self.version_ids, self.mine, get_language())


def in_force(*, team_id: int | None, user_id: int) -> InForce:
    """What is in force for a person at a team; without a team at the organisation. One query."""
    asked = {"team": team_id, "user": user_id}
    ((current, layer_id, steps, wordings, teams),) = run(_IN_FORCE, asked)
    _forget_other_teams(teams)
    said = bool(steps or wordings)
    return InForce(
        version_ids=tuple(current),
        mine=(layer_id, steps or "[]", wordings or "[]") if said else None,
    )


# What is kept bears the names of teams, which change without a version; and an organisation that
# was loaded in place of another one brings versions with numbers that stood for others.
_teams = ""


def _forget_other_teams(teams: str | None) -> None:
    """Clear the caches when teams or their layers are others; each process notices at its next
    query."""
    global _teams  # one for each process, as what is kept
    if (teams or "") != _teams:
        _teams = teams or ""
        for kept in (_of_versions, _layers, _of_person):
            kept.cache_clear()


@lru_cache(maxsize=256)
def _of_person(
    version_ids: tuple[int, ...], mine: tuple[int, str, str] | None, language: str | None
) -> Playbook:
    if mine is None:
        return _of_versions(version_ids, language)
    return translated_playbook(merge((*_layers(version_ids), _own(*mine))))


def _own(layer_id: int, steps: str, wordings: str) -> MergedLayer:
    said = {"steps": json.loads(steps), "stages": json.loads(wordings)}
    source = LayerSource(level=Level.MINE, layer_id=layer_id, name="")
    return MergedLayer(source=source, content=LayerContent.from_json(said))


def for_person(version_ids: Iterable[int], user_id: int) -> Playbook:
    """The published playbook with the person's own layer on top. At most one query."""
    ids = tuple(version_ids)
    return _of_person(ids, in_force(team_id=None, user_id=user_id).mine, get_language())


def personal_layer(user_id: int) -> MergedLayer | None:
    """A person's own layer; None if it is empty. One query."""
    mine = in_force(team_id=None, user_id=user_id).mine
    return None if mine is None else _own(*mine)


def draft_content(layer: Layer) -> LayerContent:
    """The working state of a layer: a team's draft, or what a person has in force."""
    return content(
        list(layer.steps.select_related("author")),
        list(layer.wordings.all()),
        {gate: Strength(value) for gate, value in layer.strengths.items()},
    )


def inherited_layers(layer: Layer) -> tuple[MergedLayer, ...]:
    """The published layers above `layer`, from the framework down; empty for the framework.

    Above a person are the layers of the own team and of all teams above it.
    """
    team_id: int | None
    if layer.user is not None:
        team_id = layer.user.team_id or Team.objects.root().pk
    else:
        team_id = layer.team.parent_id if layer.team else None
    return layers_of(current_version_ids(team_id)) if team_id else ()


def working_playbook(layer: Layer) -> Playbook:
    """The playbook as if the draft of `layer` were in force: for editors and previews."""
    return merge((*inherited_layers(layer), as_merged(layer)))


def as_merged(layer: Layer) -> MergedLayer:
    """The working state of a layer, ready to be merged."""
    return MergedLayer(source=source_of_draft(layer), content=draft_content(layer))


def source_of_draft(layer: Layer) -> LayerSource:
    team = layer.team
    if team is None:
        return LayerSource(level=Level.MINE, layer_id=layer.pk, name="")
    level = Level.TEAM if team.parent_id else Level.FRAMEWORK
    return LayerSource(level=level, layer_id=layer.pk, name=team.name)


def published_content(layer: Layer) -> LayerContent:
    """The published content of a team's layer; empty before its first version."""
    if layer.current is None:
        return LayerContent()
    return LayerContent.from_json(layer.current.content)


def content(
    steps: Sequence[Step],
    wordings: Sequence[StageWording],
    strengths: dict[str, Strength] | None = None,
) -> LayerContent:
    return LayerContent(
        steps=tuple(step_row(step) for step in steps),
        stages=tuple(
            StageNaming(
                stage=Stage(wording.stage),
                label=wording.label or None,
                norm_days=wording.norm_days,
            )
            for wording in wordings
        ),
        strengths=strengths or {},
    )


def step_row(step: Step) -> StepRow:
    return StepRow(
        stage=Stage(step.stage),
        key=step.key,
        adds=step.adds,
        label=step.label,
        kind=StepKind(step.kind) if step.kind else None,
        answer=AnswerKind(step.answer) if step.answer else None,
        choices=tuple(step.choices) if step.choices is not None else None,
        proof=Proof(step.proof) if step.proof else None,
        doing=WorkKind(step.doing) if step.doing else None,
        importance=Importance(step.importance) if step.importance else None,
        applies=Applies(step.applies) if step.applies else None,
        side=Side(step.side) if step.side else None,
        fact=Fact(step.fact) if step.fact else None,
        gives_you=step.gives_you,
        gives_managers=step.gives_managers,
        help=step.help,
        position=step.position,
        hidden=step.hidden,
        locked=step.locked,
        reason=step.reason,
        author=step.author.name if step.author else "",
        made_on=step.made_at.date(),
        author_id=step.author_id,
    )


def step_of(row: StepRow, *, layer: Layer, author_id: int | None, at: dt.datetime) -> Step:
    """An unsaved draft row that equals `row`. `at` replaces an unknown date."""
    made_at = dt.datetime.combine(row.made_on, dt.time.min, tzinfo=dt.UTC) if row.made_on else at
    said = row.said()
    if row.choices is not None:
        said["choices"] = list(row.choices)
    return Step(
        layer=layer,
        stage=row.stage,
        key=row.key,
        adds=row.adds,
        reason=row.reason,
        author_id=author_id,
        made_at=made_at,
        **said,
    )
