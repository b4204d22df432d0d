"""How the stages of a deal are shown: its path, one stage, and the history of its visits."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.presenters.viewer import Viewer
from crm.queries.deal import DealRecord, VisitRecord
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.playbook import Playbook
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import money


@dataclass(frozen=True, kw_only=True)
class PathStage:
    """A stage of the path bar."""

    number: int
    name: str
    full: str
    state: str  # done, skipped, now, ahead, won, stopped
    text: str


@dataclass(frozen=True, kw_only=True)
class StageCard:
    """What a stage is for, and what this deal did in it."""

    number: int
    name: str
    what: str
    enters_when: str
    done_when: str
    usual: str
    here: str
    is_now: bool
    move: str  # the words of the button that moves the deal here; empty where it cannot
    visits: Sequence["VisitLine"]


@dataclass(frozen=True, kw_only=True)
class VisitLine:
    """A row of the history of stages."""

    number: int
    name: str
    came: str
    went: str
    days: str
    usual: str
    is_long: bool
    how: str
    reason: str
    who: str
    value: str
    process: str  # the version in force, empty where none is known


def stage_path(viewer: Viewer, deal: DealRecord, visits: Sequence[VisitRecord]) -> list[PathStage]:
    return [_step(viewer, stage, deal, visits) for stage in Stage]


def _step(
    viewer: Viewer, stage: Stage, deal: DealRecord, visits: Sequence[VisitRecord]
) -> PathStage:
    here = [visit for visit in visits if visit.stage == stage]
    state, text = _state(viewer, stage, deal, here, visits)
    return PathStage(
        number=stage.value,
        name=str(stage.short),
        full=str(stage.label),
        state=state,
        text=text,
    )


def _state(
    viewer: Viewer,
    stage: Stage,
    deal: DealRecord,
    here: Sequence[VisitRecord],
    visits: Sequence[VisitRecord],
) -> tuple[str, str]:
    if stage == deal.stage:
        if deal.outcome == Outcome.WON:
            return "won", _("won %(day)s") % {"day": viewer.short_day(deal.closed_at)}
        if deal.outcome == Outcome.STOPPED:
            return "stopped", _("stopped %(day)s") % {"day": viewer.short_day(deal.closed_at)}
        return "now", _age(viewer, here[-1], deal) if here else ""
    if stage > deal.stage:
        if not here:
            return "ahead", _("ahead")
        return "ahead", _("ahead · was %(days)s") % {"days": _spent(viewer, here)}
    if here:
        return "done", _with_returns(_spent(viewer, here), here)
    reason = next((visit.reason for visit in visits if visit.stage > stage), "")
    if not reason or visits[0].stage > stage:
        return "skipped", _("not recorded")
    return "skipped", _("skipped · %(reason)s") % {"reason": reason}


def _spent(viewer: Viewer, here: Sequence[VisitRecord]) -> str:
    days = [_days(viewer, visit) for visit in here]
    known = [count for count in days if count is not None]
    if not known:
        return _("no date")
    return _("%(n)s d") % {"n": sum(known)}


def _with_returns(spent: str, here: Sequence[VisitRecord]) -> str:
    returns = sum(visit.left_how == LeftHow.BACK for visit in here)
    if returns:
        return _("%(spent)s · back ×%(n)s") % {"spent": spent, "n": returns}
    if len(here) > 1:
        visits = ngettext("%(n)s visit", "%(n)s visits", len(here)) % {"n": len(here)}
        return f"{spent} · {visits}"
    return spent


def _days(viewer: Viewer, visit: VisitRecord) -> int | None:
    if visit.entered_at is None or (visit.left_how and visit.left_at is None):
        return None
    until = visit.left_at or viewer.at
    return (viewer.date_of(until) - viewer.date_of(visit.entered_at)).days


def _age(viewer: Viewer, visit: VisitRecord, deal: DealRecord) -> str:
    days = _days(viewer, visit)
    usual = viewer.norms.of(visit.stage, deal.team_id)
    if days is None:
        return _("usually %(usual)s d") % {"usual": usual}
    return _("%(n)s d of usually %(usual)s") % {"n": days, "usual": usual}


def stage_card(
    viewer: Viewer,
    stage: Stage,
    deal: DealRecord,
    visits: Sequence[VisitRecord],
    history: Sequence[VisitLine],
    book: Playbook,
) -> StageCard:
    step = _step(viewer, stage, deal, visits)
    is_now = stage == deal.stage
    move = ""
    if deal.may_edit and deal.is_open and not is_now:
        move = _("Move here") if stage > deal.stage else _("Move back here")
    return StageCard(
        number=stage.value,
        name=str(stage.label),
        what=str(stage.about.what),
        enters_when=str(stage.about.enters_when),
        done_when=str(stage.about.done_when),
        usual=_("%(n)s days") % {"n": viewer.norms.of(stage, deal.team_id)},
        here="" if step.state == "ahead" and step.text == _("ahead") else step.text,
        is_now=is_now and deal.is_open,
        move=move,
        visits=[row for row in history if row.number == stage],
    )


def stage_history(
    viewer: Viewer, deal: DealRecord, visits: Sequence[VisitRecord]
) -> list[VisitLine]:
    """Every visit, the latest first."""
    rows = [
        _visit(viewer, deal, visit, before)
        for visit, before in zip(visits, [None, *visits], strict=False)
    ]
    return rows[::-1]


def _visit(
    viewer: Viewer, deal: DealRecord, visit: VisitRecord, before: VisitRecord | None
) -> VisitLine:
    stage = Stage(visit.stage)
    days = _days(viewer, visit)
    usual = _usual(viewer, stage, visit, deal)
    return VisitLine(
        number=stage.value,
        name=str(stage.short),
        came=viewer.short_day(visit.entered_at) or _("not known"),
        went=_went(viewer, visit),
        days="–" if days is None else str(days),
        usual=str(usual),
        is_long=days is not None and days > usual,
        how=_came(visit, before),
        reason=visit.reason,
        who=visit.entered_by or "",
        process=_process(of_versions(visit.version_ids)) if visit.version_ids else "",
        value=money(visit.exit_amount if visit.left_how else deal.amount, deal.currency),
    )


def _usual(viewer: Viewer, stage: Stage, visit: VisitRecord, deal: DealRecord) -> int:
    """What is over was under the norm of its time, which its version keeps."""
    if visit.left_how and visit.version_ids:
        return of_versions(visit.version_ids).norm_days(stage)
    return viewer.norms.of(stage, deal.team_id)


def _went(viewer: Viewer, visit: VisitRecord) -> str:
    if not visit.left_how:
        return _("now")
    how = {
        LeftHow.ADVANCED: "",
        LeftHow.BACK: _("back"),
        LeftHow.STOPPED: _("stopped"),
        LeftHow.WON: _("won"),
    }[LeftHow(visit.left_how)]
    return f"{viewer.short_day(visit.left_at)} {how}".strip()


def _came(visit: VisitRecord, before: VisitRecord | None) -> str:
    how = EnteredHow(visit.entered_how)
    if how == EnteredHow.FORWARD and before and visit.stage - before.stage > 1:
        passed = visit.stage - before.stage - 1
        return ngettext("Jumped over %(n)s stage", "Jumped over %(n)s stages", passed) % {
            "n": passed
        }
    return str(how.label)


def _process(book: Playbook) -> str:
    """The version of the lowest layer that has one: it stands on those above."""
    source = book.sources[-1]
    return f"{source.name} v{source.number}"
