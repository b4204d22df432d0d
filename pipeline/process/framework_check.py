"""Whether a framework is whole. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent, LayerSource, Level, MergedLayer, Playbook
from pipeline.process.stages import DESCRIPTIONS, Stage


@dataclass(frozen=True, kw_only=True)
class FrameworkFault:
    """What a framework lacks, in words; `key` is empty where the whole stage is meant."""

    stage: Stage
    key: str
    words: str


def lint(content: LayerContent) -> tuple[FrameworkFault, ...]:
    """The faults of a framework (CHECKLIST D1, A6, B10).

    Each stage needs an entry, an exit and something that is recorded; each step that counts says what
    it gives to those who do it and to those who lead them.
    """
    source = LayerSource(level=Level.FRAMEWORK, layer_id=None, name="")
    playbook = merge([MergedLayer(source=source, content=content)])
    return tuple(fault for stage in Stage for fault in _faults(stage, playbook))


def _faults(stage: Stage, playbook: Playbook) -> Iterator[FrameworkFault]:
    name = str(playbook.label(stage))
    about = DESCRIPTIONS[stage]
    if not str(about.enters_when):
        yield FrameworkFault(
            stage=stage, key="", words=_("%(stage)s: when it begins is not said.") % {"stage": name}
        )
    if not str(about.done_when):
        yield FrameworkFault(
            stage=stage,
            key="",
            words=_("%(stage)s: when it is done is not said.") % {"stage": name},
        )
    counted = [step for step in playbook.steps(stage) if step.counts]
    if not any(step.can_be_done for step in counted):
        yield FrameworkFault(
            stage=stage,
            key="",
            words=_("%(stage)s: nothing is captured: add a step that counts.") % {"stage": name},
        )
    for step in counted:
        words = {"stage": name, "step": step.label}
        if not step.gives_you:
            text = _("%(stage)s, “%(step)s”: what it gives to those who do it is not said.")
            yield FrameworkFault(stage=stage, key=step.key, words=text % words)
        if not step.gives_managers:
            text = _("%(stage)s, “%(step)s”: what it gives to the team is not said.")
            yield FrameworkFault(stage=stage, key=step.key, words=text % words)
