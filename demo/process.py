"""Writes the demo's process, version after version as it was published, and knows what was in
force for a team at an instant."""

import datetime as dt
from dataclasses import replace
from functools import cache

from crm.models import NoteKind, Place, ProcessNote
from demo import layers, people
from demo.layers import SimVersion
from pipeline.models import Batch, Layer, StepVote, Team, User, Version, Vote
from pipeline.process.commands.publish import (
    file_collisions,
    layers_from,
    put_in_force,
    write_draft,
)
from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent, StepKind, StepRow, fingerprint
from pipeline.process.queries import in_force
from pipeline.process.stages import Stage

# Since when people have had steps of their own.
OWN_DAYS = 60
ANSWER = (
    "A care plan has no line to measure, you are right. Override it with “not applicable”; I count"
    " how often that happens, and take the gate off care plans if it is more than now and then."
)


class DemoProcess:
    """The layers of the demo's teams and people. `team` and `user` are ids by name."""

    def __init__(
        self, *, batch: Batch, team: dict[str, int], user: dict[str, int], at: dt.datetime
    ) -> None:
        self.batch, self.team, self.user = batch, team, user
        self.ago = layers.instants(at)
        self.of_team: dict[str, list[Version]] = {name: [] for name in team}
        self.path: dict[str, list[str]] = {}
        parent = {each.name: each.parent for each in people.TEAMS}
        for name in team:
            path, above = [name], parent[name]
            while above:
                path.insert(0, above)
                above = parent[above]
            self.path[name] = path
        self.known: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.own: dict[int, list[StepRow]] = {}

    def in_force(self, team: str, at: dt.datetime) -> tuple[int, ...]:
        """The versions in force for a team at an instant, from the framework down."""
        found = []
        for name in self.path[team]:
            earlier = [v.pk for v in self.of_team[name] if v.published_at <= at]
            found += earlier[-1:]
        # The same few tuples for all visits.
        ids = tuple(found)
        return self.known.setdefault(ids, ids)

    def own_steps(self, user_id: int, stage: Stage, at: dt.datetime) -> list[StepRow]:
        """What a person ticks for himself in a stage, at an instant."""
        if at < self.ago(OWN_DAYS):
            return []
        return [row for row in self.own.get(user_id, []) if row.stage == stage]

    @cache  # noqa: B019  # lives as long as the filling
    def fingerprint(self, version_ids: tuple[int, ...]) -> str:
        return fingerprint(version_ids)

    def write(self) -> None:
        for version in layers.published():
            self._publish(version)
        team, row = layers.draft()
        layer = Layer.objects.get(team_id=self.team[team])
        by = people.MANAGER_OF[team]
        at = self.ago(3)
        in_force.step_of(row, layer=layer, author_id=self.user[by], at=at).save()
        Layer.objects.filter(pk=layer.pk).update(changed_at=at, changed_by_id=self.user[by])
        for name, content in layers.personal().items():
            self._personal(name, content)
        self._votes()
        self._notes()

    def _publish(self, version: SimVersion) -> None:
        at = self.ago(version.days)
        by = User.objects.get(pk=self.user[version.by]) if version.by else None
        team = Team.objects.get(pk=self.team[version.team])
        layer, _made = Layer.objects.get_or_create(team=team, defaults={"changed_at": at})
        below = [each for each in layers_from(team) if each.pk != layer.pk]
        inherited = {each.pk: merge(in_force.inherited_layers(each)) for each in below}
        write_draft(
            layer, self._signed(layer, version, by, at), author_id=by.pk if by else None, at=at
        )
        found = put_in_force(layer, in_force.draft_content(layer), note=version.note, by=by, at=at)
        layer.changed_at, layer.changed_by = at, by
        layer.save(update_fields=["current", "strengths", "changed_at", "changed_by"])
        self.of_team[version.team].append(found)
        file_collisions(below, inherited=inherited, version_id=found.pk, at=at)

    def _signed(
        self, layer: Layer, version: SimVersion, by: User | None, at: dt.datetime
    ) -> LayerContent:
        """The content with authors and days; what stood there before keeps its own."""
        before = {(row.stage, row.key): row for row in in_force.published_content(layer).steps}
        rows = []
        for row in version.content.steps:
            old = before.get((row.stage, row.key))
            if old is not None and old.said() == row.said():
                rows.append(old)
            elif by is None:
                rows.append(row)
            else:
                rows.append(layers.dated_row(row, author=by.name, author_id=by.pk, on=at.date()))
        return replace(version.content, steps=tuple(rows))

    def _personal(self, name: str, content: LayerContent) -> None:
        at, user_id = self.ago(OWN_DAYS), self.user[name]
        self.own[user_id] = [
            row for row in content.steps if row.adds and row.kind == StepKind.CHECK
        ]
        layer = Layer.objects.create(user_id=user_id, changed_at=at, changed_by_id=user_id)
        write_draft(layer, content, author_id=user_id, at=at)

    def _votes(self) -> None:
        votes = [
            ("Ilse Traun", Stage.NEEDS_ANALYSIS, "line-measured", Vote.HELPS),
            ("Mira Sandoval", Stage.NEEDS_ANALYSIS, "line-measured", Vote.HELPS),
            ("Emeka Obi", Stage.NEEDS_ANALYSIS, "line-measured", Vote.DOESNT_HELP),
            ("Mira Sandoval", Stage.NEEDS_ANALYSIS, "problem", Vote.HELPS),
            ("Zeynep Aksu", Stage.NEEDS_ANALYSIS, "problem", Vote.HELPS),
            ("Astrid Nyholm", Stage.PROPOSAL, "fits-needs", Vote.HELPS),
            ("Luca Ferrantino", Stage.LEAD_GENERATION, "target-fit", Vote.DOESNT_HELP),
            ("Jonas Petersen", Stage.LEAD_GENERATION, "target-fit", Vote.DOESNT_HELP),
        ]
        StepVote.objects.bulk_create(
            StepVote(user_id=self.user[name], stage=stage, key=key, vote=vote, at=self.ago(20))
            for name, stage, key, vote in votes
        )

    def _notes(self) -> None:
        answered = ProcessNote(
            kind=NoteKind.WRONG,
            words="Renewing a care plan needs no measured line. The gate stops me every time.",
            team_id=self.team["Vienna"],
            stage=Stage.NEEDS_ANALYSIS,
            key="line-measured",
            place=Place.STAGE,
            at=self.ago(41),
            by_id=self.user["Emeka Obi"],
            answer=ANSWER,
            answered_at=self.ago(39),
            answered_by_id=self.user["Tomasz Wilk"],
            batch=self.batch,
        )
        still_open = ProcessNote(
            kind=NoteKind.DOESNT_FIT,
            words="The yearly calibration visits: I see every customer once a year and half of my"
            " orders begin there. Is that delivery, or lead generation?",
            team_id=self.team["Alps"],
            place=Place.UNCLEAR,
            at=self.ago(6),
            by_id=self.user["Zeynep Aksu"],
            batch=self.batch,
        )
        ProcessNote.objects.bulk_create([answered, still_open])
