"""Saved views: a list's address under a name, above the list."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.commands import saved_view as commands
from crm.forms.saved_view import SavedViewForm
from crm.models import ListKind, SavedView
from crm.queries import lists as queries
from crm.views import verbs
from crm.views.lists import ListQuestion
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment


@require_http_methods(["GET", "POST"])
def save(request: HtmxRequest) -> HttpResponse:
    """Keep the filters and the order of a list under a name."""
    said = request.POST if request.method == "POST" else request.GET
    kind = ListKind(said["list"]) if said.get("list") in ListKind.values else ListKind.DEALS
    query = QueryDict(said.get("query", ""), mutable=True)
    for place in ("after", "before"):
        query.pop(place, None)
    asked = ListQuestion(kind, query, request.user)
    form = SavedViewForm(request.POST or None, user=request.user)
    problem = " ".join(asked.problems)
    made: list[SavedView] = []

    def run() -> None:
        made.append(
            commands.save(
                kind=kind,
                name=form.cleaned_data["name"],
                query=asked.asked_for,
                team=form.cleaned_data.get("team"),
                by=request.user,
                at=timezone.now(),
            )
        )

    if not problem and attempt(form, run):
        return _to(request, address(made[0]))
    context = {
        "kind": kind,
        "query": asked.asked_for,
        "problem": problem,
        "sheet_title": _("Save this view"),
        "sheet_back": asked.address(),
    }
    return _ask(request, form, context)


@require_http_methods(["GET", "POST"])
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    """Rename a view of one's own, share it or keep it to oneself."""
    view = found_or_404(queries.view_to_change, request.user, pk)
    form = SavedViewForm(verbs.posted_data(request), user=request.user, of=view)
    context = {
        "view": view,
        "sheet_title": _("Change this view"),
        "sheet_back": address(view),
    }
    return verbs.attempt(
        request,
        form,
        lambda: commands.change(
            view,
            name=form.cleaned_data["name"],
            team=form.cleaned_data.get("team", view.team),
            by=request.user,
            at=timezone.now(),
            version=form.cleaned_data["version"],
        ),
        show=lambda **told: _ask(request, form, context | told),
        done=lambda: _to(request, address(view)),
    )


@require_POST
def delete(request: HtmxRequest, pk: int) -> HttpResponse:
    view = found_or_404(queries.view_to_change, request.user, pk)
    commands.delete(view, by=request.user, at=timezone.now())
    return _to(request, reverse(f"crm:{view.kind}"))


def address(view: SavedView) -> str:
    path = reverse(f"crm:{view.kind}")
    return f"{path}?{view.query}" if view.query else path


def _to(request: HtmxRequest, place: str) -> HttpResponse:
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Redirect": place})
    return HttpResponseRedirect(place)


def _ask(request: HtmxRequest, form: SavedViewForm, context: dict[str, Any]) -> HttpResponse:
    bad = form.is_bound or context.get("problem")
    wrong = HTTPStatus.CONFLICT if context.get("conflict") else HTTPStatus.UNPROCESSABLE_ENTITY
    template = "crm/list/_view_form.html"
    return render(
        request,
        page="components/sheet_page.html",
        fragment=template,
        context={
            "form": form,
            "view": None,
            "conflict": None,
            "query": "",
            "problem": "",
            "sheet_action": request.path,
            "sheet_template": template,
            **context,
        },
        status=wrong if bad else HTTPStatus.OK,
    )
