from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pipeline.models import Team
from pipeline.people import queries
from pipeline.people.commands import team as commands
from pipeline.people.forms import TeamForm
from pipeline.people.signing_in import check_confirmed
from pipeline.people.views.posted import posted_data
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HtmxRequest) -> HttpResponse:
    if not queries.may_add(request.user):
        raise Http404
    start = {"parent": request.GET.get("below")}
    form = TeamForm(posted_data(request), by=request.user, initial=start)

    def run() -> None:
        _check_leader(request, form, None)
        commands.add(by=request.user, at=timezone.now(), **form.facts())

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("%(name)s was added.") % form.cleaned_data)
        return redirect("pipeline:people")
    return _form(request, form, title=_("Add a team"))


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    found = queries.team_to_change(request.user, pk)
    if found is None:
        raise Http404
    now = {"name": found.name, "parent": found.parent_id, "manager": found.manager_id}
    now["seen"] = queries.latest_change(found)
    form = TeamForm(posted_data(request), by=request.user, team=found, initial=now)

    def run() -> None:
        seen, at = form.cleaned_data["seen"], timezone.now()
        _check_leader(request, form, found)
        commands.change(found, by=request.user, at=at, seen=seen, **form.facts())

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Saved."))
        return redirect("pipeline:people")
    return _form(request, form, title=_("Edit %(name)s") % {"name": found.name})


def _check_leader(request: HtmxRequest, form: TeamForm, team: Team | None) -> None:
    """Who leads a team sees its deals: that is given like a role."""
    if form.cleaned_data["manager"] != (team.manager_id if team else None):
        check_confirmed(request)


def _form(request: HtmxRequest, form: TeamForm, *, title: str) -> HttpResponse:
    context = {"form": form, "title": title, "person": None, "zones": []}
    page = "pipeline/people/form.html"
    return render(request, page=page, context=context, status=status_of(form))
