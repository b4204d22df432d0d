"""The gates on the way of a deal: judged, answered and kept (METHOD, "Gates"; ARCHITECTURE 5).

Every verb that goes forward comes through `check`, inside its transaction and on a locked deal, so
that page, drag, bulk and import get the same answer. It first records what the verb brings along
(`crm.commands.gate_input`), then judges what the records say by the pure rules of `pipeline.process.gates`. What
is still missing is raised as `Gap`, and nothing was written; what was gone past with a reason, or
may be gone past without one, is kept by `keep` as a `Judgement`. Stops and steps back never come
here (G10, G11).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.commands import gate_input as inputs
from crm.commands import process_note, record_changes
from crm.commands.gate_input import NOTHING, GateInput
from crm.commands.refusals import refused_at
from crm.commands.writers import step_result
from crm.models import Deal, Judgement, NoteKind, Offer, StageVisit
from crm.queries.facts import facts
from pipeline.models import User
from pipeline.process.gates import (
    Act,
    Facts,
    Finding,
    Gap,
    Reason,
    Verb,
    Weight,
    blocking_findings,
    is_premature,
    judge,
)
from pipeline.process.playbook import PlaybookStep
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


@dataclass(frozen=True, kw_only=True)
class GoAhead:
    """Why somebody goes past what a gate asks for, where a gate allows it.

    "The process is wrong" needs `words`: they go to whoever owns the process.
    """

    reason: Reason
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What was judged and let through. `findings` is what was missing all the same."""

    act: Act
    facts: Facts
    version_ids: tuple[int, ...]
    findings: tuple[Finding, ...] = ()
    go_ahead: GoAhead | None = None
    offer: Offer | None = None


def check(
    row: Deal,
    act: Act,
    *,
    version_ids: tuple[int, ...],
    by: User,
    at: dt.datetime,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    asks_why: bool = True,
) -> Passed:
    """Record what is supplied, and judge the act on a locked deal by the process of `version_ids`.

    Raises Gap with all that stands in the way: what is hard can only be supplied, the rest can be
    gone past by `go_ahead`. Raises as `gate_input.record` does, and Refused for "the process is wrong"
    without words. Costs one query where nothing is supplied. Without `asks_why` nobody is asked for
    a reason: what has happened already is kept with what was missing.
    """
    playbook = of_versions(version_ids)
    offer = inputs.record(row, gate_input, playbook, by=by, at=at, completing=act.verb != Verb.OPEN)
    known = facts(row, at=at)
    findings = judge(known, playbook, act)
    blocking = blocking_findings(findings, playbook)
    if not asks_why:
        blocking = tuple(one for one in blocking if one.weight == Weight.HARD)
    if blocking and (go_ahead is None or any(one.weight == Weight.HARD for one in blocking)):
        raise Gap(blocking)
    if blocking and go_ahead is not None:
        require_reason(go_ahead)
    if offer is not None and is_premature(known):
        # G5: an offer before both are known is possible, and counted.
        offer.premature = True
        offer.save(update_fields=["premature"])
    return Passed(
        act=act,
        facts=known,
        version_ids=version_ids,
        findings=findings,
        go_ahead=go_ahead if blocking else None,
        offer=offer,
    )


def keep(
    row: Deal, passed: Passed, stage_visit: StageVisit | None, *, by: User, at: dt.datetime
) -> Judgement | None:
    """Keep what was gone past: the judgement, each step of the process (G15), and a note to the
    process' owner where the process is said to be wrong. Nothing where nothing was missing.
    """
    if not passed.findings:
        return None
    said = passed.go_ahead
    for finding in passed.findings:
        if said is not None and finding.step is not None:
            step_result.override(
                row,
                finding.step,
                reason=said.reason,
                words=said.words,
                version_ids=passed.version_ids,
                by=by,
                at=at,
            )
    if said is not None:
        record_changes.note_gate_passed(
            row,
            passed.act,
            passed.findings,
            reason=said.reason,
            words=said.words,
            by=by,
            at=at,
        )
        about = next((one for one in passed.findings if one.step), passed.findings[0])
        tell_owner(row, said, stage=about.stage, step=about.step, by=by, at=at)
    return Judgement.objects.create(
        deal=row,
        visit=stage_visit,
        verb=passed.act.verb.value,
        from_stage=passed.act.from_stage,
        to=passed.act.to,
        findings=[as_json(finding) for finding in passed.findings],
        reason=said.reason if said else "",
        words=said.words.strip() if said else "",
        version_ids=list(passed.version_ids),
        at=at,
        by=by,
    )


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding as a judgement keeps it."""
    data: dict[str, Any] = {
        "gate": finding.gate.value,
        "weight": finding.weight.value,
        "stage": finding.stage.value,
    }
    if finding.fact is not None:
        data["fact"] = finding.fact.value
    if finding.step is not None:
        data["step"] = finding.step.key
    return data


def require_reason(said: GoAhead) -> None:
    """Raises Refused for a reason that nobody may give, or "the process is wrong" without words."""
    if said.reason == Reason.IMPORTED:
        raise Refused(_("Choose why you go ahead."), field="go_reason")
    if said.reason == Reason.PROCESS_WRONG and not said.words.strip():
        raise Refused(
            _("Write what is wrong with the process: its owner gets it."), field="go_words"
        )


def tell_owner(
    row: Deal, said: GoAhead, *, stage: Stage, step: PlaybookStep | None, by: User, at: dt.datetime
) -> None:
    """Tell the owner of the process where it is said to be wrong, with the deal."""
    if said.reason != Reason.PROCESS_WRONG:
        return
    key = step.key if step else ""
    with refused_at("go_{}"):
        process_note.file(
            kind=NoteKind.WRONG, words=said.words, stage=stage, key=key, deal=row, by=by, at=at
        )
