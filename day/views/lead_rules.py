"""By which rules the leads of a pool are given away, and who got which, and why."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import lead_rule as commands
from crm.models import Dealing, LeadRule
from crm.presenters.viewer import Viewer, labels
from day.forms.lead_rules import LeadRuleForm, SwitchForm, UpForm
from day.presenters.leads import assignment_lines
from day.queries import lead_rules as queries
from day.queries import leads
from pipeline.models import Team
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import SeenForm, attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render

ask_or_do = require_http_methods(["GET", "POST"])


@require_GET
def page(request: HtmxRequest) -> HttpResponse:
    viewer = Viewer(request.user, at=timezone.now())
    teams = queries.teams(request.user)
    rows = leads.assignments(request.user, [one.team.pk for one in teams])
    context = {
        "teams": teams,
        "dealings": labels(Dealing, viewer.language),
        "log": assignment_lines(viewer, rows),
    }
    return render(request, page="day/leads/rules.html", context=context)


@ask_or_do
def add(request: HtmxRequest, team: int) -> HttpResponse:
    found = found_or_404(queries.team_led, request.user, team)
    form = LeadRuleForm(_posted(request), user=request.user, team=found)

    def run() -> None:
        commands.add(found, form.said(), by=request.user, at=timezone.now())

    return _answer(request, form, run, found, _("New rule: %(team)s") % {"team": found.name})


@ask_or_do
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    rule = found_or_404(queries.to_change, request.user, pk)
    form = LeadRuleForm(_posted(request), user=request.user, team=rule.team, rule=rule)

    def run() -> None:
        seen = form.cleaned_data["seen"]
        commands.change(rule, form.said(), by=request.user, at=timezone.now(), version=seen)

    return _answer(request, form, run, rule.team, rule.name)


@require_POST
def switch(request: HtmxRequest, pk: int) -> HttpResponse:
    """Let a rule rest, or ask it again."""
    form = SwitchForm(request.POST)
    return _press(
        request,
        pk,
        form,
        lambda rule, how: commands.switch(rule, is_on=form.cleaned_data["is_on"], **how),
    )


@require_POST
def up(request: HtmxRequest, pk: int) -> HttpResponse:
    return _press(
        request, pk, UpForm(request.POST), lambda rule, how: commands.move_up(rule, **how)
    )


def _press(
    request: HtmxRequest,
    pk: int,
    form: SeenForm,
    verb: Callable[[LeadRule, dict[str, Any]], None],
) -> HttpResponse:
    rule = found_or_404(queries.to_change, request.user, pk)

    def run() -> None:
        seen = form.cleaned_data["seen"]
        verb(rule, {"by": request.user, "at": timezone.now(), "version": seen})

    if not attempt(form, run):
        messages.error(request, form.all_errors())
    return redirect("day:lead_rules")


def _posted(request: HtmxRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _answer(
    request: HtmxRequest, form: LeadRuleForm, run: Callable[[], object], team: Team, title: str
) -> HttpResponse:
    if attempt(form, run):
        messages.success(request, _("Saved."))
        return redirect("day:lead_rules")
    return render(
        request,
        page="day/leads/rule.html",
        context={"form": form, "team": team, "title": title},
        status=status_of(form),
    )
