"""Something that does not fit: where it belongs, what stays open, and its answer (METHOD, edge
rule 4; CHECKLIST A7, A15)."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import process_note as commands
from crm.forms.process import NoteAnswerForm, NoteForm
from crm.models import Deal, NoteKind, Place
from crm.queries import process_notes as queries
from crm.queries.deal import visible
from pipeline.process.queries.collisions import undecided_count
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


@require_GET
def notes(request: HtmxRequest) -> HttpResponse:
    """What waits for an answer of one's own, and what one has said oneself."""
    return _notes(request)


def _notes(
    request: HtmxRequest,
    *,
    bad: tuple[int, NoteAnswerForm] | None = None,
    problem: tuple[int, str] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    user, answered = request.user, request.GET.get("answered") == "on"
    context = {
        "notes": queries.notes(user, answered=answered),
        "answered": answered,
        "form": NoteAnswerForm(),
        "bad": bad,
        "problem": problem,
        "places": Place,
        "stages": list(Stage),
        "zone": user.zone,
        "today": timezone.now().astimezone(user.zone).date(),
    }
    return render(request, page="crm/process/notes.html", context=context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    """The dialogue: three questions, most of which need no owner at all."""
    form = NoteForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())
    deal = _deal(request)

    def run() -> None:
        said = form.cleaned_data
        commands.file(
            kind=said["kind"] or NoteKind.DOESNT_FIT,
            words=said["words"],
            stage=said["stage"],
            key=said["step"],
            deal=deal,
            place=said["place"] or Place.UNCLEAR,
            by=request.user,
            at=timezone.now(),
        )

    if attempt(form, run):
        messages.success(request, _("Said. The owner of the process answers you here."))
        return HttpResponseRedirect(reverse("crm:process_notes"))
    context: dict[str, Any] = {
        "form": form,
        "deal": deal,
        "kinds": NoteKind,
        "stages": list(Stage),
        "examples": queries.examples(),
    }
    page = "crm/process/note.html"
    return render(request, page=page, context=context, status=status_of(form))


def _deal(request: HtmxRequest) -> Deal | None:
    said = request.POST if request.method == "POST" else request.GET
    text = said.get("deal", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return found_or_404(visible, request.user, int(text))


@require_POST
def take_up(request: HtmxRequest, pk: int) -> HttpResponse:
    """One press makes it a change of the draft; what it says exactly is then edited there."""
    note = found_or_404(queries.note_to_answer, request.user, pk)
    text = request.POST.get("stage", "")
    stage = Stage(int(text)) if text in {str(each.value) for each in Stage} else None
    try:
        made = commands.take_up(note, stage=stage, by=request.user, at=timezone.now())
    except Refused as refused:
        return _notes(
            request, problem=(note.pk, refused.message), status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    messages.success(
        request, _("In the draft. %(name)s is told when it is published.") % {"name": note.by.name}
    )
    path = reverse("pipeline:process_layer", args=[note.team_id])
    return HttpResponseRedirect(f"{path}?stage={made.stage}&step={made.key}&do=edit")


@require_GET
def waiting(request: HtmxRequest) -> HttpResponse:
    """The number beside the process in the menu: notes to answer, and what is to be decided."""
    context = {
        "notes": queries.waiting_count(request.user),
        "collisions": 0 if request.GET.get("only") else undecided_count(request.user),
    }
    return render(request, page="crm/process/_waiting.html", context=context)


@require_POST
def answer(request: HtmxRequest, pk: int) -> HttpResponse:
    note = found_or_404(queries.note_to_answer, request.user, pk)
    form = NoteAnswerForm(request.POST)

    def run() -> None:
        words, place = form.cleaned_data["answer"], form.cleaned_data["place"] or None
        commands.answer(note, words=words, place=place, by=request.user, at=timezone.now())

    if attempt(form, run):
        messages.success(request, _("Answered."))
        return HttpResponseRedirect(reverse("crm:process_notes"))
    return _notes(request, bad=(note.pk, form), status=HTTPStatus.UNPROCESSABLE_ENTITY)
