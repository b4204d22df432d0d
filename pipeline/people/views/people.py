"""The tree of teams, and one person: looked at by everybody, changed by those above."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline.models import Role, User
from pipeline.outbox import queries as outbox_queries
from pipeline.people import queries, sign_in
from pipeline.people.commands import invitation as invitation_commands
from pipeline.people.commands import people as commands
from pipeline.people.commands import sessions
from pipeline.people.forms import EmailForm, PersonForm
from pipeline.people.signing_in import check_confirmed
from pipeline.people.views.posted import limit_guesses, posted_data
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
def people(request: HtmxRequest) -> HttpResponse:
    context = {
        "tree": queries.tree(request.user, at=timezone.now()),
        "may_add": queries.may_add(request.user),
        "dead": outbox_queries.dead_count(request.user),
        "is_admin": request.user.role == Role.ADMIN,
    }
    return render(request, page="pipeline/people/page.html", context=context)


@require_GET
def person(request: HtmxRequest, pk: int) -> HttpResponse:
    user, at = request.user, timezone.now()
    found = found_or_404(queries.person, user, pk)
    ends_sessions = user.role == Role.ADMIN and found != user
    context = {
        "person": found,
        "state": queries.state(found, at=at),
        "sessions": sign_in.sessions_of(found, here="", at=at) if ends_sessions else [],
        "zone": user.zone,
        "today": at.astimezone(user.zone).date(),
        "leads": queries.led_by(found),
        "may_manage": queries.may_manage(user, pk),
        "may_email": user.role == Role.ADMIN and found.has_joined and found != user,
        "factors": sign_in.second_factors(found) if user.role == Role.ADMIN else None,
        "in_reach": user.scope.everything or pk in user.scope.owner_ids,
        "history": queries.history_of(found, by=user),
    }
    return render(request, page="pipeline/people/person.html", context=context)


@form_page
def add(request: HtmxRequest) -> HttpResponse:
    if not queries.may_add(request.user):
        raise Http404
    start = {"role": Role.SALESPERSON, "style": "mixed", "team": request.GET.get("team")}
    form = PersonForm(posted_data(request), by=request.user, initial={**start, "invite": True})
    added: list[User] = []

    def run() -> None:
        facts, invite = form.facts(), form.cleaned_data["invite"]
        if facts["role"] != Role.SALESPERSON:
            check_confirmed(request)
        at = timezone.now()
        added.append(commands.add(by=request.user, at=at, invite=invite, **facts))

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("%(name)s was added.") % {"name": added[0].name})
        return redirect("pipeline:person", added[0].pk)
    return _form(request, form, title=_("Add a person"), back=None)


@form_page
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    found = _manageable(request, pk)
    now = {name: getattr(found, name) for name in commands.EDITABLE} | {"team": found.team_id}
    now["seen"] = queries.latest_change(found)
    form = PersonForm(posted_data(request), by=request.user, person=found, initial=now)

    def run() -> None:
        seen, at = form.cleaned_data["seen"], timezone.now()
        if form.cleaned_data["role"] != found.role:
            check_confirmed(request)
        commands.change(found, by=request.user, at=at, seen=seen, **form.facts())

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Saved."))
        return redirect("pipeline:person", pk)
    return _form(request, form, title=_("Edit %(name)s") % {"name": found.name}, back=found)


@sensitive_post_parameters("password")
@form_page
def email(request: HtmxRequest, pk: int) -> HttpResponse:
    """An admin gives somebody who has joined another address to sign in with."""
    found = _manageable(request, pk)
    if request.user.role != Role.ADMIN or not found.has_joined:
        raise Http404
    now = {"email": found.email, "seen": queries.latest_change(found)}
    form = EmailForm(posted_data(request), initial=now)

    def run() -> None:
        limit_guesses(request)
        at = timezone.now()
        commands.change_email(found, by=request.user, at=at, **form.cleaned_data)

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Saved. We write to the old address."))
        return redirect("pipeline:person", pk)
    title = _("E-mail address of %(name)s") % {"name": found.name}
    return _form(request, form, title=title, back=found)


@require_POST
def invite(request: HtmxRequest, pk: int) -> HttpResponse:
    found = _manageable(request, pk)
    try:
        invitation_commands.invite(found, by=request.user, at=timezone.now())
    except Refused as error:
        messages.error(request, error.message)
    else:
        sent = _("An invitation is on its way to %(email)s.") % {"email": found.email}
        messages.success(request, sent)
    return redirect("pipeline:person", pk)


@require_POST
def remove_second_factors(request: HtmxRequest, pk: int) -> HttpResponse:
    found = _confirmed_admin(request, pk)
    commands.remove_second_factors(found, by=request.user, at=timezone.now())
    told = _("%(name)s signs in by the password alone until a new one is set up.")
    messages.success(request, told % {"name": found.name})
    return redirect("pipeline:person", pk)


@require_POST
def sign_out(request: HtmxRequest, pk: int) -> HttpResponse:
    """An admin ends all sessions of a person."""
    found = _confirmed_admin(request, pk)
    sessions.end_all_of_another(found, by=request.user, at=timezone.now())
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": found.name})
    return redirect("pipeline:person", pk)


@require_POST
def end_session(request: HtmxRequest, pk: int, session: int) -> HttpResponse:
    """An admin ends the session of a person in one browser."""
    found = _confirmed_admin(request, pk)
    end = sessions.end_of_another
    found_or_404(end, found, session, by=request.user, at=timezone.now())
    messages.success(request, _("It is signed out."))
    return redirect("pipeline:person", pk)


def _confirmed_admin(request: HtmxRequest, pk: int) -> User:
    """The person about whom an admin decides, who has just confirmed who he or she is."""
    found = _manageable(request, pk)
    if request.user.role != Role.ADMIN:
        raise Http404
    check_confirmed(request)
    return found


@require_POST
def deactivate(request: HtmxRequest, pk: int) -> HttpResponse:
    found = _manageable(request, pk)
    try:
        commands.deactivate(found, by=request.user, at=timezone.now())
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%(name)s is signed out everywhere.") % {"name": found.name})
    return redirect("pipeline:person", pk)


@require_POST
def reactivate(request: HtmxRequest, pk: int) -> HttpResponse:
    found = _manageable(request, pk)
    commands.reactivate(found, by=request.user, at=timezone.now())
    messages.success(request, _("%(name)s can sign in again.") % {"name": found.name})
    return redirect("pipeline:person", pk)


def _manageable(request: HtmxRequest, pk: int) -> User:
    return found_or_404(queries.manageable, request.user, pk)


def _form(
    request: HtmxRequest, form: PersonForm | EmailForm, *, title: str, back: User | None
) -> HttpResponse:
    context = {"form": form, "title": title, "person": back, "zones": queries.time_zones()}
    page = "pipeline/people/form.html"
    return render(request, page=page, context=context, status=status_of(form))
