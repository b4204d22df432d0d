"""The process pages: what is in force for whom, why, and what somebody changes of it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from pipeline.models import Layer
from pipeline.people.commands import first_run
from pipeline.process import commands
from pipeline.process.commands import Namesake
from pipeline.process.forms import (
    StageForm,
    StepChangeForm,
    StepMoveForm,
    StepReasonForm,
    StrengthForm,
)
from pipeline.process.gates import Gate
from pipeline.process.layer_steps import LayerStep, Mark
from pipeline.process.playbook import Level, Strength
from pipeline.process.queries import health, news
from pipeline.process.queries import page as queries
from pipeline.process.queries import step_history as step_histories
from pipeline.process.queries.collisions import undecided_teams
from pipeline.process.queries.page import LayerPage, NoSuchTeam, Of
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import SeenForm, attempt, status_of
from salesprocess.lib.htmx import render, wants_fragment

ADVISORY = (Gate.QUALIFIED, Gate.UNDERSTOOD)


@require_GET
def page(request: HtmxRequest, of: Of | None = None) -> HttpResponse:
    """The steps of a stage as a level has them. What is open at the right is in the address."""
    look = find(request, of)
    first_run.see_process(by=request.user, at=timezone.now())
    return ProcessPage(request, look).answer()


def find(request: HtmxRequest, of: Of | None) -> LayerPage:
    try:
        return LayerPage(request.user, of)
    except NoSuchTeam as missing:
        raise Http404 from missing


def find_to_edit(request: HtmxRequest, of: Of) -> LayerPage:
    """The layer to change; reading any team's process is allowed to everybody, so that needs
    another function."""
    look = find(request, of)
    if not look.editable:
        raise Http404
    return look


def stage_asked(text: str | None, default: Stage = Stage.LEAD_GENERATION) -> Stage:
    return Stage(int(text)) if text in {"1", "2", "3", "4", "5", "6", "7"} else default


def stage_or_404(number: int) -> Stage:
    if number not in Stage.values:
        raise Http404
    return Stage(number)


def address(look: LayerPage, **state: Any) -> str:
    """A place in the process pages; what is empty is left out of it."""
    said = {name: value for name, value in state.items() if value}
    path = reverse("pipeline:process_layer", args=[look.of])
    return f"{path}?{urlencode(said)}" if said else path


class ProcessPage:
    """One look as a page, or as the part of it that takes the place of what is shown."""

    def __init__(self, request: HtmxRequest, look: LayerPage, stage: Stage | None = None) -> None:
        self.request = request
        self.look = look
        asked = request.GET.get("stage", "")
        self.stage = stage or stage_asked(asked)
        self.key = request.GET.get("step", "")[:60]
        self.do = request.GET.get("do", "")

    def answer(
        self,
        *,
        form: SeenForm | None = None,
        do: str | None = None,
        key: str | None = None,
        problem: str = "",
        status: int = HTTPStatus.OK,
    ) -> HttpResponse:
        self.do, self.key = self.do if do is None else do, self.key if key is None else key
        return render(
            self.request,
            page="pipeline/process/page.html",
            fragment="pipeline/process/_process.html",
            context={**self.context(form), "problem": problem},
            status=status,
        )

    def context(self, form: SeenForm | None) -> dict[str, Any]:
        look = self.look
        line = look.line(self.stage, self.key)
        do = self.do if look.editable and self.do in ("add", "edit", "stage", "hide") else ""
        if do in ("edit", "hide") and (line is None or not _open_to(line, do, look.level)):
            do = ""
        return {
            "look": look,
            "stage": self.stage,
            "stages": list(Stage),
            "lines": look.lines[self.stage],
            "marks": _marks(look),
            "line": line,
            "do": do,
            "form": form or self._form(do, line),
            "worded": step_histories.step_history(look, self.stage).get(self.key) if line else None,
            "votes": queries.votes([line.step.place]).get(line.step.place) if line else None,
            "advisory": ADVISORY,
            "strengths": Strength,
            "common": health.common_share(look.consistency),
            "news": news.recent_versions(look.sources, at=timezone.now()),
            "waiting": undecided_teams(self.request.user) if look.user.is_manager else [],
            "zone": self.request.user.zone,
            "today": timezone.now().astimezone(self.request.user.zone).date(),
        }

    def _form(self, do: str, line: LayerStep | None) -> SeenForm | None:
        seen = {"seen": self.look.revision}
        if do == "add":
            return StepChangeForm(level=self.look.level, stage=self.stage, initial=seen)
        if do == "edit" and line is not None:
            return step_form(self.look, self.stage, line, initial=seen)
        if do == "hide":
            return StepReasonForm(initial=seen)
        if do == "stage":
            own = {row.stage: row for row in self.look.working.content.stages}.get(self.stage)
            now = {"label": own.label, "norm_days": own.norm_days} if own else {}
            return StageForm(level=self.look.level, initial={**now, **seen})
        return None


def _open_to(line: LayerStep, do: str, level: Level) -> bool:
    """Whether what is asked for would not be refused whatever one typed."""
    return line.may_hide(level) if do == "hide" else line.may_edit(level)


def _marks(look: LayerPage) -> list[tuple[Mark, int, str]]:
    """What a level does to what it inherits, counted; of the framework everything is its own."""
    if look.level == Level.FRAMEWORK:
        return []
    added, changed, hidden = (look.counts(mark) for mark in (Mark.ADDED, Mark.CHANGED, Mark.HIDDEN))
    return [
        (Mark.ADDED, added, ngettext("%(n)s added", "%(n)s added", added) % {"n": added}),
        (
            Mark.CHANGED,
            changed,
            ngettext("%(n)s changed", "%(n)s changed", changed) % {"n": changed},
        ),
        (Mark.HIDDEN, hidden, ngettext("%(n)s hidden", "%(n)s hidden", hidden) % {"n": hidden}),
    ]


def step_form(
    look: LayerPage, stage: Stage, line: LayerStep, data: Any = None, **kw: Any
) -> StepChangeForm:
    reason = line.row.reason if line.row and line.above else ""
    kw["initial"] = {"reason": reason, **kw.get("initial", {})}
    return StepChangeForm(
        data, level=look.level, stage=stage, step=line.step, above=line.above, **kw
    )


# Changing ----------------------------------------------------------------------------------------


def layer_to_change(request: HtmxRequest, look: LayerPage) -> Layer:
    return commands.layer_of(queries.owner_of(look), by=request.user, at=timezone.now())


class Try:
    """One change of a layer: what was typed, what the command says to it, and the answer."""

    def __init__(
        self, request: HtmxRequest, of: Of, number: int | None = None, key: str = ""
    ) -> None:
        self.request = request
        self.look = find_to_edit(request, of)
        self.stage = Stage.LEAD_GENERATION if number is None else stage_or_404(number)
        self.key = key
        self.line = self.look.line(self.stage, key) if key else None
        if key and self.line is None:
            raise Http404

    def run(
        self,
        form: SeenForm,
        command: Callable[[Layer, int | None], object],
        *,
        do: str = "",
        done: str = "",
    ) -> HttpResponse:

        def run() -> None:
            # Who saw no layer at all means the one that is made now: its first revision.
            seen = form.cleaned_data.get("seen")
            command(layer_to_change(self.request, self.look), 1 if seen == 0 else seen)

        if attempt(form, run):
            return self.done(done)
        problem = "" if do else form.all_errors()
        # What somebody else did meanwhile is shown beside what was typed.
        look = find(self.request, "mine" if self.look.is_mine else self.look.team_id)
        shown = ProcessPage(self.request, look, self.stage)
        return shown.answer(
            form=form if do else None, do=do, key=self.key, problem=problem, status=status_of(form)
        )

    def done(self, text: str, *, key: str | None = None) -> HttpResponse:
        key = self.key if key is None else key
        look = find(self.request, "mine" if self.look.is_mine else self.look.team_id)
        if key and look.line(self.stage, key) is None:
            key = ""
        place = address(look, stage=self.stage.value, step=key)
        if not wants_fragment(self.request):
            if text:
                messages.success(self.request, text)
            return HttpResponseRedirect(place)
        response = ProcessPage(self.request, look, self.stage).answer(do="", key=key)
        response["HX-Push-Url"] = place
        return response


@require_POST
def add(request: HtmxRequest, of: Of, number: int) -> HttpResponse:
    tried = Try(request, of, number)
    form = StepChangeForm(request.POST, level=tried.look.level, stage=tried.stage)

    def command(layer: Layer, seen: int | None) -> None:
        try:
            step = commands.add_step(
                layer,
                stage=tried.stage,
                said=form.said(),
                by=request.user,
                at=timezone.now(),
                revision=seen,
                ask=form.asks,
            )
        except Namesake:
            form.tell()
            raise
        tried.key = step.key

    return tried.run(form, command, do="add", done=_("The step was added."))


@require_POST
def change(request: HtmxRequest, of: Of, number: int, key: str) -> HttpResponse:
    tried = Try(request, of, number, key)
    line = _line(tried)
    form = step_form(tried.look, tried.stage, line, request.POST)

    def command(layer: Layer, seen: int | None) -> None:
        commands.adapt_step(
            layer,
            stage=tried.stage,
            key=key,
            said=form.said(),
            reason=form.cleaned_data.get("reason", ""),
            by=request.user,
            at=timezone.now(),
            revision=seen,
        )

    return tried.run(form, command, do="edit", done=_("Saved."))


def _line(tried: Try) -> LayerStep:
    if tried.line is None:
        raise Http404
    return tried.line


@require_POST
def hide(request: HtmxRequest, of: Of, number: int, key: str) -> HttpResponse:
    tried = Try(request, of, number, key)
    form = StepReasonForm(request.POST)

    def command(layer: Layer, seen: int | None) -> None:
        reason = form.cleaned_data["reason"]
        commands.hide_step(
            layer,
            stage=tried.stage,
            key=key,
            reason=reason,
            by=request.user,
            at=timezone.now(),
            revision=seen,
        )

    return tried.run(form, command, do="hide", done=_("The step is hidden here."))


@require_POST
def show(request: HtmxRequest, of: Of, number: int, key: str) -> HttpResponse:
    tried = Try(request, of, number, key)
    form = StepReasonForm(request.POST)

    def command(layer: Layer, seen: int | None) -> None:
        commands.show_step(
            layer,
            stage=tried.stage,
            key=key,
            reason=form.cleaned_data["reason"] or _("Wanted here."),
            by=request.user,
            at=timezone.now(),
            revision=seen,
        )

    return tried.run(form, command, done=_("The step is shown again."))


@require_POST
def take_back(request: HtmxRequest, of: Of, number: int, key: str) -> HttpResponse:
    """Remove a step that begins here, or what this level says of an inherited one."""
    tried = Try(request, of, number)
    tried.key = key
    form = SeenForm(request.POST)

    def command(layer: Layer, seen: int | None) -> None:
        commands.remove_step(
            layer, stage=tried.stage, key=key, by=request.user, at=timezone.now(), revision=seen
        )

    return tried.run(form, command, done=_("Taken back."))


@require_POST
def move(request: HtmxRequest, of: Of, number: int, key: str) -> HttpResponse:
    """Another place in the same stage: one up, one down, first, or after another step."""
    tried = Try(request, of, number, key)
    form = StepMoveForm(request.POST)

    def command(layer: Layer, seen: int | None) -> None:
        commands.move_step(
            layer,
            stage=tried.stage,
            key=key,
            after=_place_before(tried, form.cleaned_data),
            reason=_("Another order suits us better."),
            by=request.user,
            at=timezone.now(),
            revision=seen,
        )

    return tried.run(form, command)


def _place_before(tried: Try, said: dict[str, Any]) -> str | None:
    """The step after which the moved one is to stand; None for the first place."""
    if said["first"] or said["after"]:
        return None if said["first"] else said["after"]
    keys = [line.step.key for line in tried.look.lines[tried.stage]]
    others = [key for key in keys if key != tried.key]
    step = -1 if said["way"] == "up" else 1
    place = min(max(keys.index(tried.key) + step, 0), len(others))
    return others[place - 1] if place else None


@require_POST
def name_stage(request: HtmxRequest, of: Of, number: int) -> HttpResponse:
    tried = Try(request, of, number)
    form = StageForm(request.POST, level=tried.look.level)

    def command(layer: Layer, seen: int | None) -> None:
        commands.name_stage(
            layer,
            stage=tried.stage,
            label=form.cleaned_data["label"],
            norm_days=form.cleaned_data.get("norm_days"),
            by=request.user,
            at=timezone.now(),
            revision=seen,
        )

    return tried.run(form, command, do="stage", done=_("Saved."))


@require_POST
def strength(request: HtmxRequest, of: Of) -> HttpResponse:
    """How much an advisory gate asks for; the organisation decides it for everybody."""
    tried = Try(request, of)
    if tried.look.level != Level.FRAMEWORK:
        raise Http404
    form = StrengthForm(request.POST)

    def command(layer: Layer, seen: int | None) -> None:
        commands.set_strength(
            layer,
            gate=Gate(form.cleaned_data["gate"]),
            strength=Strength(form.cleaned_data["strength"]),
            by=request.user,
            at=timezone.now(),
            revision=seen,
        )

    gate_stage = {"G4": Stage.QUALIFICATION, "G5": Stage.NEEDS_ANALYSIS}
    tried.stage = gate_stage.get(request.POST.get("gate", ""), Stage.QUALIFICATION)
    return tried.run(form, command, done=_("Saved."))
