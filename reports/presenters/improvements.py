"""What was changed in the process, why, and what it did (CHECKLIST C24): of each published version how
visits went on under it, beside the version before."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline.process.framework import translated_text
from pipeline.process.layer_diff import LayerChange, diff
from pipeline.process.playbook import LayerContent
from pipeline.process.queries.in_force import layers_of, of_versions
from pipeline.process.stages import Stage
from reports.axes import STAGE, VERSION
from reports.figures import MIN_ROWS, Figure
from reports.metrics import flow
from reports.presenters.panels import ReportPanel, Table, TableCell, TableHead, TableRow
from reports.presenters.process_problem import ENOUGH_MOVES
from reports.presenters.report import Report, unless_too_few
from reports.queries.versions import LayerVersion, layer_versions
from reports.question import Question
from salesprocess.lib.chance import differ
from salesprocess.lib.format import day, join_list, number, percent

# So long a version is in force before it is set beside another one: under a young one only those visits
# ended that ended soon.
YOUNG = dt.timedelta(days=90)
# So many are told, the newest ones; of each so many of its changes, and so much of why.
TOLD, CHANGES, LETTERS = 12, 2, 200


@dataclass(frozen=True, kw_only=True)
class StageEffect:
    """In a stage more, or fewer, went on than under the version before, beyond chance: the shares."""

    stage: Stage
    now: float
    was: float


@dataclass(frozen=True, kw_only=True)
class VersionEffect:
    """What came of a version. `went_on` and `was` say how many visits went on, and how many ended, under
    it and under the last one before it of which enough is known; None without such a one. Nothing is
    said of what it did unless it is old enough and as much is known of it (`is_told`)."""

    version: LayerVersion
    went_on: tuple[int, int]
    was: tuple[int, int] | None
    is_young: bool
    stages: tuple[StageEffect, ...] = ()
    # Of each stage, how many visits ended under the version or the one before, whichever has fewer.
    counts: tuple[int, ...] = ()

    @property
    def is_told(self) -> bool:
        return not self.is_young and self.went_on[1] >= ENOUGH_MOVES

    @property
    def better(self) -> list[StageEffect]:
        return [each for each in self.stages if each.now > each.was]

    @property
    def worse(self) -> list[StageEffect]:
        return [each for each in self.stages if each.now <= each.was]


def together_of(figures: Iterable[Figure]) -> tuple[int, int]:
    """The numerators and the rows of some rates, added up."""
    found = list(figures)
    return sum(each.part or 0 for each in found), sum(each.n for each in found)


def version_effects(question: Question) -> list[list[VersionEffect]]:
    """Of each team's part of the process, and of the organisation's, the versions under which visits ended
    in the period, the first ones first; whatever else was in force with them. Two queries, one where
    their ids are known."""
    return question.once("version effects", lambda: _version_effects(question))


def _version_effects(question: Question) -> list[list[VersionEffect]]:
    found = flow.flow_conversion.measure(question, VERSION, STAGE)
    books = {playbook for playbook, _stage in found if playbook is not None}
    told = []
    for _layer, group in groupby(layer_versions(question, books), key=lambda each: each.layer):
        effects: list[VersionEffect] = []
        for version in group:
            before = next((each for each in reversed(effects) if each.is_told), None)
            effects.append(_effect(question, found, version, before))
        told.append(effects)
    return told


def _effect(
    question: Question,
    found: Mapping[tuple[str, int], Figure],
    version: LayerVersion,
    before: VersionEffect | None,
) -> VersionEffect:
    effect = VersionEffect(
        version=version,
        went_on=_under(found, version, Stage),
        was=before.went_on if before else None,
        is_young=version.since > question.changed_until - YOUNG,
    )
    if before is None or not effect.is_told:
        return effect
    stages, counts = [], []
    for stage in Stage:
        was, now = (_under(found, each, [stage]) for each in (before.version, version))
        counts.append(min(was[1], now[1]))
        if counts[-1] >= MIN_ROWS and differ(*was, *now):
            stages.append(StageEffect(stage=stage, now=now[0] / now[1], was=was[0] / was[1]))
    return VersionEffect(
        version=version,
        went_on=effect.went_on,
        was=before.went_on,
        is_young=False,
        stages=tuple(stages),
        counts=tuple(counts),
    )


def _under(
    found: Mapping[tuple[str, int], Figure], version: LayerVersion, stages: Iterable[Stage]
) -> tuple[int, int]:
    """How many went on from some stages under a version, and how many visits ended there."""
    return together_of(
        found[playbook, stage]
        for playbook in version.playbooks
        for stage in stages
        if (playbook, stage) in found
    )


def helped_words(question: Question) -> str:
    """In which stages more, or fewer, went on under the newest version of a team's part of the process
    than under the one before, beyond chance. Of one that is young nothing is said yet."""
    newest = [
        told[-1]
        for effects in version_effects(question)
        if len(told := [each for each in effects if each.is_told]) > 1
    ]
    if not newest:
        return ""
    better, worse = (
        join_list(
            [
                _("%(stage)s under %(version)s (%(now)s, %(before)s before)")
                % {
                    "stage": one.stage.label,
                    "version": each.version.name,
                    "now": percent(one.now),
                    "before": percent(one.was),
                }
                for each in newest
                for one in (each.better if is_more else each.worse)
            ]
        )
        for is_more in (True, False)
    )
    return _effect_words(better, worse) or unless_too_few(
        _("No difference beyond chance between a version and the one before."),
        (n for each in newest for n in each.counts),
        groups=1,
    )


def _effect_words(better: str, worse: str) -> str:
    said = [
        _("*More go on*: %(what)s.") % {"what": better} if better else "",
        _("*Fewer go on*: %(what)s.") % {"what": worse} if worse else "",
    ]
    return " ".join(filter(None, said))


def improvements_panel(report: Report) -> ReportPanel:
    question = report.question
    effects = [
        each
        for some in version_effects(question)
        for each in some
        # The framework as it was shipped changed nothing.
        if each.version.changes_something
    ]
    newest = sorted(effects, key=lambda each: each.version.since, reverse=True)[:TOLD]
    return ReportPanel(
        key="improvements",
        title=_("What was changed, why, and what it did"),
        table=Table(
            heads=[
                TableHead(text=text, numeric=False)
                for text in (_("Version"), _("What"), _("Why"), _("What it did"))
            ],
            rows=[
                TableRow(
                    name=each.version.name,
                    href=reverse("pipeline:process_history", args=[each.version.team]),
                    cells=[
                        TableCell(
                            text=_what(each.version),
                            note=day(
                                each.version.since.astimezone(question.period.zone).date(),
                                question.today,
                            ),
                        ),
                        TableCell(text=Truncator(each.version.note).chars(LETTERS) or "–"),
                        TableCell(text=_did(each)),
                    ],
                )
                for each in newest
            ],
        ),
        definition=flow.flow_conversion.definition,
        note=_(
            "Which share of visits went on, beside the version before. What else changed meanwhile is in "
            "it, too."
        ),
        empty=""
        if newest
        else _("No visit of this period ended under a version that somebody published."),
        wide=True,
    )


def _what(version: LayerVersion) -> str:
    changes = _changes(version.before, version.id, version.above)
    told = [
        f"{translated_text(each.label) or each.stage.label}: {each.what.label}"
        for each in changes[:CHANGES]
    ]
    if more := len(changes) - len(told):
        told.append(ngettext("%(n)s more", "%(n)s more", more) % {"n": number(more)})
    return " · ".join(told)


@lru_cache(maxsize=512)
def _changes(before: int | None, version: int, above: tuple[int, ...]) -> tuple[LayerChange, ...]:
    """What a version changed; versions never change. No query where their contents are cached."""
    was = layers_of([before])[0].content if before else LayerContent()
    return diff(was, layers_of([version])[0].content, above=of_versions(above) if above else None)


def _did(effect: VersionEffect) -> str:
    """What it did, in words, without stars."""
    n = effect.went_on[1]
    if effect.is_young:
        return _("Too early: in force for less than %(n)s days") % {"n": YOUNG.days}
    if n < ENOUGH_MOVES:
        return _("Too early: %(n)s of %(enough)s moves") % {"n": number(n), "enough": ENOUGH_MOVES}
    now = percent(effect.went_on[0] / n)
    if effect.was is None:
        return _("%(now)s go on; of before nothing is known") % {"now": now}
    said = [_stages_words(_("more: %(stages)s"), effect.better)]
    said.append(_stages_words(_("fewer: %(stages)s"), effect.worse))
    if max(effect.counts, default=0) < MIN_ROWS:
        said.append(_("too few in each stage to tell"))
    told = "; ".join(filter(None, said)) or _("in no stage a difference beyond chance")
    rates = {"now": now, "before": percent(effect.was[0] / effect.was[1]), "told": told}
    return _("%(now)s go on, %(before)s before; %(told)s") % rates


def _stages_words(words: str, stages: list[StageEffect]) -> str:
    if not stages:
        return ""
    told = [
        _("%(stage)s (%(now)s, %(before)s before)")
        % {"stage": one.stage.label, "now": percent(one.now), "before": percent(one.was)}
        for one in stages
    ]
    return words % {"stages": join_list(told)}
