"""What the process pages show of layers; what they show of deals is a fragment of crm."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from pipeline.models import (
    Layer,
    StageWording,
    Step,
    StepVote,
    Team,
    User,
    Version,
    Vote,
)
from pipeline.process.layer_diff import Consistency, LayerChange, consistency, diff
from pipeline.process.layer_steps import LayerStep, Mark, layer_steps
from pipeline.process.merging import merge
from pipeline.process.playbook import (
    Ignored,
    LayerContent,
    LayerSource,
    Level,
    Playbook,
    Strength,
)
from pipeline.process.playbook import MergedLayer as MergedLayer
from pipeline.process.queries.in_force import content, layers_of
from pipeline.process.stages import Stage

# Whose process an address is about: a team's by its id, or one's own.
Of = int | Literal["mine"]


class NoSuchTeam(Exception):
    """The address names a team that is not there."""


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """A team's layer, without its rows."""

    id: int
    team_id: int
    current_id: int | None
    number: int | None
    revision: int
    changed_at: dt.datetime
    changed_by: str
    strengths: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LayerTree:
    """All teams with their layers, from which every process page starts. Two queries."""

    names: Mapping[int, str]
    parents: Mapping[int, int | None]
    layers: Mapping[int, LayerRow]  # by team

    @property
    def root_id(self) -> int:
        return next(pk for pk, parent in self.parents.items() if parent is None)

    def path(self, team_id: int) -> list[int]:
        """From the root down to the team."""
        found: list[int] = []
        pk: int | None = team_id
        while pk is not None:
            found.append(pk)
            pk = self.parents[pk]
        return found[::-1]

    def version_ids(self, team_id: int) -> tuple[int, ...]:
        """What is in force for a team, as `queries.process.current_version_ids` reads it."""
        found = (self.layers.get(pk) for pk in self.path(team_id))
        return tuple(row.current_id for row in found if row and row.current_id)

    def below(self, team_id: int) -> list[int]:
        """The team and all teams under it."""
        return [pk for pk in self.names if team_id in self.path(pk)]

    def level(self, team_id: int) -> Level:
        return Level.TEAM if self.parents[team_id] else Level.FRAMEWORK


def layer_tree() -> LayerTree:
    teams = list(Team.objects.order_by(Lower("name"), "pk").values_list("pk", "name", "parent_id"))
    rows = Layer.objects.filter(team__isnull=False).values_list(
        "pk",
        "team_id",
        "current_id",
        "current__number",
        "revision",
        "changed_at",
        "changed_by__name",
        "strengths",
    )
    layers = {
        team_id: LayerRow(
            id=pk,
            team_id=team_id,
            current_id=current_id,
            number=number,
            revision=revision,
            changed_at=changed_at,
            changed_by=changed_by or "",
            strengths=strengths,
        )
        for pk, team_id, current_id, number, revision, changed_at, changed_by, strengths in rows
    }
    return LayerTree(
        names={pk: name for pk, name, _parent in teams},
        parents={pk: parent for pk, _name, parent in teams},
        layers=layers,
    )


@dataclass(frozen=True, kw_only=True)
class LayerTab:
    of: str
    name: str
    picture: str
    level: Level
    editable: bool
    current: bool = False


class LayerPage:
    """One reader's view of one layer: the draft of a team's, or a personal one."""

    def __init__(self, user: User, of: Of | None = None) -> None:
        self.user = user
        self.tree = layer_tree()
        own = user.team_id or self.tree.root_id
        self.is_mine = of == "mine"
        self.team_id: int = own if of is None or of == "mine" else of
        if self.team_id not in self.tree.names:
            raise NoSuchTeam(of)

    @property
    def of(self) -> str:
        return "mine" if self.is_mine else str(self.team_id)

    @property
    def level(self) -> Level:
        return Level.MINE if self.is_mine else self.tree.level(self.team_id)

    @property
    def name(self) -> str:
        """Whose layer it is, for sentences such as "differs in …"."""
        return _("your own layer") if self.is_mine else self.tree.names[self.team_id]

    @property
    def row(self) -> LayerRow | None:
        return None if self.is_mine else self.tree.layers.get(self.team_id)

    @property
    def number(self) -> int | None:
        return self.row.number if self.row else None

    @cached_property
    def layer(self) -> Layer | None:
        """The layer's row, if somebody has begun one."""
        if self.is_mine:
            return Layer.objects.filter(user=self.user).first()
        return Layer.objects.filter(team_id=self.team_id).first() if self.row else None

    @property
    def revision(self) -> int:
        """The state of the draft that the page shows, against lost updates."""
        if self.row is not None:
            return self.row.revision
        return self.layer.revision if self.is_mine and self.layer else 0

    def may_edit(self, team_id: int) -> bool:
        scope = self.user.scope
        return self.user.is_active and (scope.everything or team_id in scope.managed_team_ids)

    @cached_property
    def editable(self) -> bool:
        return self.is_mine or self.may_edit(self.team_id)

    @cached_property
    def above(self) -> tuple[MergedLayer, ...]:
        """The inherited layers: the published ones from the framework down."""
        path = self.tree.path(self.team_id)
        if not self.is_mine:
            path = path[:-1]
        ids = [row.current_id for pk in path if (row := self.tree.layers.get(pk))]
        return layers_of(pk for pk in ids if pk)

    @cached_property
    def working(self) -> MergedLayer:
        """The layer as it stands now, nothing at all where nobody has begun one: two queries.

        A draft is for those who make it; everybody else reads what is in force.
        """
        if not self.editable:
            return self._in_force()
        owner: dict[str, Any] = (
            {"layer__user": self.user} if self.is_mine else {"layer__team_id": self.team_id}
        )
        rows = list(Step.objects.filter(**owner).select_related("author"))
        wordings = list(StageWording.objects.filter(**owner))
        said = self.row.strengths if self.row else {}
        strengths = {gate: Strength(value) for gate, value in said.items()}
        source = LayerSource(
            level=self.level,
            layer_id=self.row.id if self.row else (rows[0].layer_id if rows else None),
            name="" if self.is_mine else self.tree.names[self.team_id],
        )
        return MergedLayer(source=source, content=content(rows, wordings, strengths))

    def _in_force(self) -> MergedLayer:
        if self.row is not None and self.row.current_id is not None:
            return layers_of([self.row.current_id])[0]
        source = LayerSource(level=self.level, layer_id=None, name=self.tree.names[self.team_id])
        return MergedLayer(source=source, content=LayerContent())

    @property
    def layers(self) -> tuple[MergedLayer, ...]:
        return (*self.above, self.working)

    @cached_property
    def _marked(self) -> tuple[Playbook, dict[Stage, list[LayerStep]]]:
        return layer_steps(self.layers)

    @property
    def playbook(self) -> Playbook:
        return self._marked[0]

    @property
    def lines(self) -> dict[Stage, list[LayerStep]]:
        return self._marked[1]

    def line(self, stage: Stage, key: str) -> LayerStep | None:
        return next((line for line in self.lines[stage] if line.step.key == key), None)

    @property
    def ignored(self) -> list[Ignored]:
        """The differences of this layer that do not hold any more."""
        mine = self.working.source
        return [found for found in self.playbook.ignored if found.source == mine]

    @cached_property
    def published(self) -> LayerContent | None:
        """What is in force of a team's layer; None where it was never published."""
        if self.row is None or self.row.current_id is None:
            return None
        return layers_of([self.row.current_id])[0].content

    @property
    def sources(self) -> list[LayerSource]:
        """Where what is in force for the team comes from."""
        return [layer.source for layer in layers_of(self.tree.version_ids(self.team_id))]

    @cached_property
    def pending(self) -> tuple[LayerChange, ...]:
        """What publishing would change."""
        if self.is_mine or not self.editable:
            return ()
        was = self.published or LayerContent()
        return diff(was, self.working.content, above=merge(self.above))

    @cached_property
    def consistency(self) -> Consistency:
        return consistency(self.playbook)

    def counts(self, mark: Mark) -> int:
        return sum(1 for found in self.lines.values() for line in found if line.mark == mark)

    def counted(self, stage: Stage) -> tuple[int, int]:
        """How many steps the stage shows here, and how many differ from what is inherited."""
        found = self.lines[stage]
        return (
            sum(1 for line in found if not line.step.hidden),
            sum(1 for line in found if line.mark != Mark.SAME),
        )

    # Where one can go ---------------------------------------------------------------------------

    @cached_property
    def tabs(self) -> list[LayerTab]:
        """The layers on one's own path, the one that is shown, and one's own."""
        own = self.tree.path(self.user.team_id or self.tree.root_id)
        if self.team_id not in own:
            own = [*own, self.team_id]
        tabs = [self._tab(pk) for pk in own]
        return [
            *tabs,
            LayerTab(
                of="mine",
                name=_("Mine"),
                picture="user",
                level=Level.MINE,
                editable=True,
                current=self.is_mine,
            ),
        ]

    def _tab(self, pk: int) -> LayerTab:
        level, row = self.tree.level(pk), self.tree.layers.get(pk)
        name = _("Framework") if level == Level.FRAMEWORK else self.tree.names[pk]
        if row and row.number:
            name = f"{name} v{row.number}"
        return LayerTab(
            of=str(pk),
            name=name,
            picture="lock" if level == Level.FRAMEWORK else "users",
            level=level,
            editable=self.may_edit(pk),
            current=not self.is_mine and pk == self.team_id,
        )

    @property
    def others(self) -> list[LayerTab]:
        """Teams without a tab; everybody may read any team's process."""
        shown = {tab.of for tab in self.tabs}
        return [self._tab(pk) for pk in self.tree.names if str(pk) not in shown]


def votes(places: Iterable[tuple[Stage, str]]) -> dict[tuple[int, str], tuple[int, int]]:
    """How many say that a step helps and that it does not, by (stage, key). One query."""
    wanted = set(places)
    counted = (
        StepVote.objects.filter(stage__in={stage for stage, _key in wanted})
        .values_list("stage", "key")
        .annotate(
            helps=Count("pk", filter=Q(vote=Vote.HELPS)),
            doesnt=Count("pk", filter=Q(vote=Vote.DOESNT_HELP)),
        )
    )
    return {(stage, key): (helps, doesnt) for stage, key, helps, doesnt in counted}


# History -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class VersionLine:
    """A published version with what it changed."""

    id: int
    number: int
    published_at: dt.datetime
    published_by: str
    note: str
    restores: int | None
    changed: int


def history(layer: LayerRow | None) -> list[VersionLine]:
    """The versions of a layer, newest first. One query; one more where versions are not known yet,
    of which only the number of their changes is kept: all contents together are large.
    """
    if layer is None:
        return []
    rows = list(
        Version.objects.filter(layer_id=layer.id)
        .order_by("number")
        .values_list(
            "pk", "number", "published_at", "published_by__name", "note", "restores__number"
        )
    )
    counts = _changed(layer.id, [row[0] for row in rows])
    found = [
        VersionLine(
            id=pk,
            number=number,
            published_at=at,
            published_by=by or "",
            note=note,
            restores=restores,
            changed=counts[pk],
        )
        for pk, number, at, by, note, restores in rows
    ]
    return found[::-1]


# How many steps and stages each version changed; versions never change.
_CHANGED: dict[int, int] = {}


def _changed(layer_id: int, version_ids: list[int]) -> Mapping[int, int]:
    """By version; `version_ids` are all of the layer, in their order."""
    if any(pk not in _CHANGED for pk in version_ids):
        before = LayerContent()
        contents = Version.objects.filter(layer_id=layer_id).order_by("number")
        for pk, data in contents.values_list("pk", "content").iterator(chunk_size=20):
            now = LayerContent.from_json(data)
            _CHANGED[pk] = len(diff(before, now))
            before = now
    return _CHANGED


def version_of(user: User, look: LayerPage, number: int) -> Version:
    """Raises Version.DoesNotExist."""
    found: Version = Version.objects.visible_to(user).get(
        layer__team_id=look.team_id, number=number
    )
    return found


def owner_of(look: LayerPage) -> User | Team:
    """Whose layer it is."""
    return look.user if look.is_mine else Team.objects.get(pk=look.team_id)


def layer_to_publish(user: User, look: LayerPage) -> Layer | None:
    """The layer with its draft; None where a team has changed nothing yet."""
    return Layer.objects.editable_by(user).filter(team_id=look.team_id).first()
