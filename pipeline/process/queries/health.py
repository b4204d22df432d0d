"""Whether the process is what METHOD asks for: universal, customised and consistent (CHECKLIST A4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline.models import StageWording, Step, User
from pipeline.process.framework_check import lint
from pipeline.process.layer_diff import Consistency, consistency
from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent, Level
from pipeline.process.queries.in_force import layers_of
from pipeline.process.queries.page import LayerPage, LayerTree
from pipeline.process.stages import Stage
from salesprocess.lib.format import percent

# In percent. Below it most of what people do is no longer the same, and figures compare unlike with unlike.
MIN_COMMON = 70
# More faults than these are counted only.
MAX_LISTED = 3


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One of the three: its name, whether it holds, what was found, and what it is."""

    name: str
    holds: bool
    found: str
    definition: str


def measure(look: LayerPage, *, figures: Mapping[Stage, Collection[str]]) -> list[Measure]:
    """The three measures, of the level that is looked at and of the whole organisation.

    `figures` are the keys of the figures that are really told of each stage (METRICS): whoever
    tells them knows.

    One query, besides contents of versions that are not known yet.
    """
    return [
        _universal(look, figures),
        _customised(look.tree),
        _consistent(look.tree),
    ]


def _universal(look: LayerPage, figures: Mapping[Stage, Collection[str]]) -> Measure:
    every = [fault.words for fault in lint(_framework(look))]
    every += [
        _("%(stage)s: no figure is made of it.") % {"stage": look.playbook.label(stage)}
        for stage in Stage
        if not figures.get(stage)
    ]
    faults = every[:MAX_LISTED]
    if more := len(every) - len(faults):
        faults.append(_("And %(n)s more.") % {"n": more})
    return Measure(
        name=_("Universal"),
        holds=not faults,
        found=" ".join(faults) if faults else _("All seven stages are whole."),
        definition=_(
            "Each of the seven stages has an entry, an exit, something that is recorded"
            " and a figure."
        ),
    )


def _framework(look: LayerPage) -> LayerContent:
    """As it is edited, where that is what is looked at; else as it is in force."""
    root = look.tree.layers.get(look.tree.root_id)
    if look.level == Level.FRAMEWORK:
        return look.working.content
    return layers_of([root.current_id])[0].content if root and root.current_id else LayerContent()


def _customised(tree: LayerTree) -> Measure:
    people = User.objects.active().count()
    own = (
        Step.objects.filter(layer__user__is_active=True)
        .values("layer_id")
        .distinct()
        .union(
            StageWording.objects.filter(layer__user__is_active=True).values("layer_id").distinct()
        )
        .count()
    )
    below = [pk for pk, parent in tree.parents.items() if parent is not None]
    teams = sum(1 for pk in below if _says_something(tree, pk))
    found = [
        ngettext(
            "%(n)s of %(all)s team has its own version",
            "%(n)s of %(all)s teams have their own version",
            len(below),
        )
        % {"n": teams, "all": len(below)},
        ngettext("%(n)s of %(all)s person.", "%(n)s of %(all)s people.", people)
        % {"n": own, "all": people},
    ]
    return Measure(
        name=_("Customised"),
        holds=bool(teams or own),
        found=", ".join(found),
        definition=_("Teams and people have put their own differences on it."),
    )


def _says_something(tree: LayerTree, team_id: int) -> bool:
    row = tree.layers.get(team_id)
    if row is None or row.current_id is None:
        return False
    content = layers_of([row.current_id])[0].content
    return bool(content.steps or content.stages)


def _consistent(tree: LayerTree) -> Measure:
    lowest = lowest_consistency(tree)
    if lowest is None:
        return Measure(
            name=_("Consistent"),
            holds=True,
            found=_("Everybody works by the framework."),
            definition=_definition(),
        )
    team, found = lowest
    return Measure(
        name=_("Consistent"),
        holds=100 * found.common >= MIN_COMMON * found.total,
        found=_("At least %(share)s is common everywhere; the least is in %(team)s.")
        % {"share": percent(common_share(found), found.total), "team": team},
        definition=_definition(),
    )


def _definition() -> str:
    return _(
        "The share of a team’s steps that are the framework’s own, in its words and with its"
        " demands; steps that were only moved count as common. At least %(share)s in each team."
    ) % {"share": percent(MIN_COMMON / 100)}


def common_share(found: Consistency) -> float:
    """From 0 to 1; of a process without steps all is common."""
    return 1.0 if found.share is None else found.share


def lowest_consistency(tree: LayerTree) -> tuple[str, Consistency] | None:
    """The team that differs most in what is in force; None where no team differs."""
    found: Sequence[tuple[str, Consistency]] = [
        (tree.names[pk], consistency(merge(layers_of(tree.version_ids(pk)))))
        for pk in tree.layers
        if tree.parents[pk] is not None and _says_something(tree, pk)
    ]
    return min(found, key=lambda pair: common_share(pair[1]), default=None)
