"""Notes on days: all that the reader may see, and writing those of the teams that he or she leads."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pipeline.requests import HtmxRequest
from reports.commands import day_notes as commands
from reports.forms import DayNoteForm
from reports.models import DayNote
from reports.queries import day_notes as queries
from salesprocess.lib.attempt import SeenForm, attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
def day_notes(request: HtmxRequest) -> HttpResponse:
    """The list, with the form of a new note for who leads a team."""
    teams = queries.led_teams(request.user)
    if request.method == "POST" and not teams:
        raise Http404
    today = timezone.localdate(timezone=request.user.organisation.zone)
    form = DayNoteForm(request.POST or None, teams=teams, initial={"on": today})

    def pin() -> None:
        commands.pin(**form.said(), by=request.user, at=timezone.now())

    if attempt(form, pin):
        messages.success(request, _("Noted."))
        return redirect("reports:day_notes")
    return _page(request, form, status=status_of(form))


@require_http_methods(["GET", "POST"])
def day_note(request: HtmxRequest, pk: int) -> HttpResponse:
    """One note, to be said otherwise."""
    note = found_or_404(queries.note_to_change, request.user, pk)
    shown = {"on": note.on, "team": note.team_id, "words": note.words, "seen": note.version}
    form = DayNoteForm(request.POST or None, teams=queries.led_teams(request.user), initial=shown)

    def change() -> None:
        commands.change(
            note,
            **form.said(),
            by=request.user,
            at=timezone.now(),
            version=form.cleaned_data["seen"],
        )

    if attempt(form, change):
        messages.success(request, _("Changed."))
        return redirect("reports:day_notes")
    return _page(request, form, note=note, status=status_of(form))


@require_POST
def remove(request: HtmxRequest, pk: int) -> HttpResponse:
    return _done(request, pk, commands.remove, _("Removed. It can be put back for a while."))


@require_POST
def put_back(request: HtmxRequest, pk: int) -> HttpResponse:
    return _done(request, pk, commands.put_back, _("Put back."))


def _done(request: HtmxRequest, pk: int, command: Any, said: str) -> HttpResponse:
    note = found_or_404(queries.note_to_change, request.user, pk)
    form = SeenForm(request.POST)

    def run() -> None:
        version = form.cleaned_data["seen"]
        command(note, by=request.user, at=timezone.now(), version=version)

    if attempt(form, run):
        messages.success(request, said)
    else:
        messages.error(request, form.all_errors())
    return redirect("reports:day_notes")


def _page(
    request: HtmxRequest,
    form: DayNoteForm,
    *,
    note: DayNote | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    now = timezone.now()
    found = queries.notes(request.user, at=now)
    return render(
        request,
        page="reports/day_notes.html",
        context={
            "form": form,
            "note": note,
            "may_write": bool(form.teams),
            "led": set(form.teams),
            "standing": [each for each in found if each.removed_at is None],
            "removed": [each for each in found if each.removed_at and each.team_id in form.teams],
            "today": now.astimezone(request.user.organisation.zone).date(),
        },
        status=status,
    )
