"""The steps of a stage, where one works: answer, take back, set aside, and what is one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from crm.commands import step as commands
from crm.forms.step import AsideForm, OwnStepForm, StepForm, StepUndoForm
from crm.models import Deal, EvidenceFile
from crm.models.evidence import LARGEST, too_large
from crm.queries import deal as deal_queries
from crm.queries import steps as queries
from crm.views import deal_page
from crm.views.verbs import (
    REFUSED,
    Dialog,
    editable_deal,
    form_of,
    now,
    opened_deal,
    posted_data,
    show,
    stay,
    undo_button,
)
from crm.views.verbs import answer as answer_to
from pipeline.models import Layer, Vote
from pipeline.process import commands as process
from pipeline.process.playbook import PlaybookStep
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, trigger, wants_fragment
from salesprocess.lib.refused import Refused
from salesprocess.lib.uploads import takes_file, upload_of


@takes_file(lambda: LARGEST)
@require_http_methods(["GET", "POST"])
def answer(request: HtmxRequest, pk: int, number: int, key: str) -> HttpResponse:
    """The form of one step, and what it takes."""
    deal, step = _editable(request, pk, number, key)
    files = request.FILES if request.method == "POST" else None
    form = StepForm(posted_data(request), files=files, user=request.user, deal=deal, step=step)
    ask = Dialog(
        template=_place(request, "_step_answer"),
        title=step.label,
        said=_("Done: %(step)s") % {"step": step.label},
        context=lambda: _shown(request, step, pk, form),
        done=stay,
        verb="step",
    )
    if upload_of(request).too_large:
        form.say(f"{form.name}_file", too_large())
        return show(request, deal, form, ask, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return answer_to(
        request,
        deal,
        form,
        ask,
        lambda: commands.answer(deal, **form.command_arguments(), by=request.user, at=now()),
    )


def _place(request: HtmxRequest, name: str) -> str:
    """In the place of the step; without a script a page of its own."""
    return f"crm/deal/{name}{'' if wants_fragment(request) else '_sheet'}.html"


def _shown(request: HtmxRequest, step: PlaybookStep, pk: int, form: StepForm) -> dict[str, Any]:
    panel = deal_page.find(request, pk).stage(step.stage)["panel"]
    line = next((one for one in panel.steps if one.key == step.key), None)
    if line is None:
        raise Http404
    said = form.data if form.is_bound else {form.name: line.value, f"{form.name}_link": line.value}
    return {"line": line, "panel": panel, "said": said, "errors": form.errors}


@require_POST
def undo(request: HtmxRequest, pk: int, number: int, key: str) -> HttpResponse:
    """Take back what stands against a step, also one that is gone."""
    deal = editable_deal(request, pk)
    form = StepUndoForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=_("Undo"),
        said=_("Open again."),
        verb="step",
        done=stay,
    )
    place = (_stage(number), key)
    return answer_to(
        request,
        deal,
        form,
        ask,
        lambda: commands.undo(
            deal, place=place, **form.command_arguments(), by=request.user, at=now()
        ),
    )


@require_http_methods(["GET", "POST"])
def aside(request: HtmxRequest, pk: int, number: int, key: str) -> HttpResponse:
    """Why one goes on without it."""
    deal, step = _editable(request, pk, number, key)
    form = form_of(request, deal, AsideForm)
    ask = Dialog(
        template="crm/deal/_sheet_aside.html",
        title=_("Continue without: %(step)s") % {"step": step.label},
        said=_("Set aside."),
        context={"step": step},
        verb="step",
    )
    return answer_to(
        request,
        deal,
        form,
        ask,
        lambda: commands.set_aside(
            deal, place=step.place, **form.command_arguments(), by=request.user, at=now()
        ),
    )


@require_GET
def file(request: HtmxRequest, pk: int, file: int) -> HttpResponse:
    """What proves a step: kept as it came, so it is never shown as a page of ours."""
    deal = found_or_404(deal_queries.visible, request.user, pk)
    try:
        found = queries.file_of(deal, file, request.user)
    except EvidenceFile.DoesNotExist as missing:
        raise Http404 from missing
    opened_deal(request, deal)
    disposition = content_disposition_header(as_attachment=True, filename=found.name)
    return HttpResponse(
        bytes(found.content),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": disposition or "attachment",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


# What is one's own: nobody else sees it, so a deal that one may only look at has it, too -----------


@dataclass(frozen=True, kw_only=True)
class Own:
    """A change of one's own layer, from a step of a deal."""

    request: HtmxRequest
    look: deal_page.DealPage
    stage: Stage
    key: str

    @property
    def layer(self) -> Layer:
        return process.layer_of(self.request.user, by=self.request.user, at=now())

    def said(self) -> dict[str, Any]:
        return {"stage": self.stage, "key": self.key, "by": self.request.user, "at": now()}

    def vote(self) -> None:
        choice = self.request.POST.get("vote", "")
        process.vote(choice=Vote(choice) if choice in Vote.values else None, **self.said())

    def hide(self) -> None:
        process.hide_step(self.layer, **self.said())

    def show(self) -> None:
        process.show_step(self.layer, **self.said())

    def remove(self) -> None:
        process.remove_step(self.layer, **self.said())

    def up(self) -> None:
        self._move(-1)

    def down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        keys = [step.key for step in self.look.book(self.stage).steps(self.stage)]
        place = keys.index(self.key) if self.key in keys else 0
        others = [key for key in keys if key != self.key]
        at = min(max(place + by, 0), len(others))
        process.move_step(self.layer, after=others[at - 1] if at else None, **self.said())


OWN: dict[str, Callable[[Own], None]] = {
    "vote": Own.vote,
    "hide": Own.hide,
    "show": Own.show,
    "remove": Own.remove,
    "up": Own.up,
    "down": Own.down,
}


@require_POST
def own(request: HtmxRequest, pk: int, number: int, key: str, verb: str) -> HttpResponse:
    look, stage = deal_page.find(request, pk), _stage(number)
    step = look.book(stage).find(stage, key)
    if step is None:
        raise Http404
    try:
        OWN[verb](Own(request=request, look=look, stage=stage, key=key))
    except (Refused, ValidationError) as refused:
        return _panel(request, pk, stage, problem=_words(refused))
    response = _panel(request, pk, stage, opened=key)
    if verb == "hide" and wants_fragment(request):
        back = f"/deals/{pk}/steps/{number}/{key}/show/"
        undo = undo_button(back, {}, _("Undo"))
        trigger(response, "toast", {"text": _("Hidden for you."), "undo": undo})
    return response


@require_POST
def add(request: HtmxRequest, pk: int, number: int) -> HttpResponse:
    """A step of one's own, where the need for it came up."""
    deal_page.find(request, pk)
    stage = _stage(number)
    form = OwnStepForm(request.POST)

    def run() -> None:
        by, at = request.user, now()
        layer = process.layer_of(by, by=by, at=at)
        process.add_step(layer, stage=stage, said=form.said(), by=by, at=at)

    attempt(form, run)
    return _panel(request, pk, stage, form=form if form.errors else None)


def _panel(
    request: HtmxRequest,
    pk: int,
    stage: Stage,
    *,
    form: OwnStepForm | None = None,
    problem: str = "",
    opened: str = "",
) -> HttpResponse:
    """The steps as they are now, with the one that is at work unfolded as it was; without a script
    the page on which they stand."""
    bad = form is not None or bool(problem)
    if not bad and not wants_fragment(request):
        return HttpResponseRedirect(f"/deals/{pk}/stages/{stage.value}/")
    look = deal_page.find(request, pk)
    part = look.stage(stage, form) if wants_fragment(request) else look.page(stage=stage)
    response = render(
        request,
        page="crm/deal/page.html",
        fragment="crm/deal/_stage.html",
        context=part | {"own_form": form, "problem": problem, "opened": opened},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK,
    )
    return reswap(retarget(response, "#deal-stage"), "outerHTML")


def _words(refused: Refused | ValidationError) -> str:
    if isinstance(refused, ValidationError):
        return " ".join(refused.messages)
    return str(refused.message)


def _editable(request: HtmxRequest, pk: int, number: int, key: str) -> tuple[Deal, PlaybookStep]:
    deal, stage = editable_deal(request, pk), _stage(number)
    book, _versions = queries.book_of(deal, stage, request.user)
    step = book.find(stage, key)
    if step is None or step.hidden:
        raise Http404
    return deal, step


def _stage(number: int) -> Stage:
    if number not in Stage.values:
        raise Http404
    return Stage(number)
