"""What a level said before: its versions, what differs between any two, and the way back."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.process import commands
from pipeline.process.layer_diff import diff
from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent
from pipeline.process.queries import page as queries
from pipeline.process.queries.in_force import layers_of
from pipeline.process.queries.page import LayerPage, Of, VersionLine
from pipeline.process.views.page import find, find_to_edit, layer_to_change
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import SeenForm, attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_GET
def history(request: HtmxRequest, of: Of) -> HttpResponse:
    return _page(request, _published(find(request, of)))


def _page(
    request: HtmxRequest, look: LayerPage, *, problem: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    versions = queries.history(look.row)
    was, now = _asked(request, versions)
    context = {
        "look": look,
        "versions": versions,
        "was": was,
        "now": now,
        "changes": diff(_content(look, was), _content(look, now), above=merge(look.above)),
        "problem": problem,
        "zone": request.user.zone,
        "today": timezone.now().astimezone(request.user.zone).date(),
    }
    return render(request, page="pipeline/process/history.html", context=context, status=status)


def _published(look: LayerPage) -> LayerPage:
    """One's own layer is in force at once: it has no versions."""
    if look.is_mine:
        raise Http404
    return look


# What is compared is a version or, after the last, the draft.
Side = VersionLine | None


def _asked(request: HtmxRequest, versions: list[VersionLine]) -> tuple[Side, Side]:
    """From which to which state; without an answer the last version and the draft."""
    by_number = {str(version.number): version for version in versions}
    latest = versions[0] if versions else None
    was = by_number.get(request.GET.get("from", ""), latest)
    return was, by_number.get(request.GET.get("to", ""))


def _content(look: LayerPage, side: Side) -> LayerContent:
    return layers_of([side.id])[0].content if side else look.working.content


@require_POST
def restore(request: HtmxRequest, of: Of, number: int) -> HttpResponse:
    """Make an earlier version the draft again; it is in force when it is published."""
    look = _published(find_to_edit(request, of))
    version = found_or_404(queries.version_of, request.user, look, number)
    return _try(
        request,
        look,
        lambda seen: commands.restore(version, by=request.user, at=timezone.now(), revision=seen),
        _("The draft is as v%(number)s was. Publish it to put it in force.") % {"number": number},
    )


@require_POST
def discard(request: HtmxRequest, of: Of) -> HttpResponse:
    """Give up what was changed since the last version."""
    look = _published(find_to_edit(request, of))
    layer = layer_to_change(request, look)
    return _try(
        request,
        look,
        lambda seen: commands.discard_draft(
            layer, by=request.user, at=timezone.now(), revision=seen
        ),
        _("The draft is given up."),
    )


def _try(
    request: HtmxRequest, look: LayerPage, command: Callable[[int | None], object], done: str
) -> HttpResponse:
    """The draft as the page has shown it is what is given up, and nobody's later work with it."""
    form = SeenForm(request.POST)
    if not attempt(form, lambda: command(form.cleaned_data["seen"])):
        if form.is_stale:
            now, status = find(request, look.team_id), status_of(form)
            return _page(request, now, problem=form.all_errors(), status=status)
        messages.error(request, form.all_errors())
        return HttpResponseRedirect(reverse("pipeline:process_history", args=[look.of]))
    messages.success(request, done)
    return HttpResponseRedirect(reverse("pipeline:process_layer", args=[look.of]))
