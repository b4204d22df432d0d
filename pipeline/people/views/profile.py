"""What everybody decides about himself or herself."""

from http import HTTPStatus
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline.models import Theme
from pipeline.people import queries, sign_in
from pipeline.people.commands import people as commands
from pipeline.people.commands import sessions
from pipeline.people.forms import EmailForm, KeysForm, ProfileForm
from pipeline.people.keys import KEYS, PageKey
from pipeline.people.signing_in import check_confirmed
from pipeline.people.views.posted import limit_guesses, posted_data
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.cookies import read_cookie, set_script_cookie
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.unsent import local_path

# Where somebody wanted to go who was led to set up a second factor.
GOES_ON = "goes_on"
YEAR = 365 * 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HtmxRequest) -> HttpResponse:
    user = request.user
    form = ProfileForm(posted_data(request), initial=_now(request))

    def run() -> None:
        commands.change_profile(user, at=timezone.now(), **form.cleaned_data)

    if request.method == "POST" and attempt(form, run):
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Saved."))
        response = redirect("pipeline:profile")
        theme = Theme(form.cleaned_data["theme"])
        set_script_cookie(response, "seven_theme", theme, max_age=YEAR)
        return response
    return _page(request, form, EmailForm(initial={"seen": form.initial["seen"]}))


@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HtmxRequest) -> HttpResponse:
    """Which keys one has put in the place of others."""
    user = request.user
    seen = {"seen": queries.latest_change(user)}
    form = KeysForm(posted_data(request), person=user, initial=seen)

    def run() -> None:
        facts, shown = form.facts(), form.cleaned_data["seen"]
        commands.change_profile(user, at=timezone.now(), seen=shown, **facts)

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Saved."))
        return redirect("pipeline:profile_keys")
    context = {"form": form, "groups": _by_place(form)}
    return render(
        request, page="pipeline/profile/keys.html", context=context, status=status_of(form)
    )


def _by_place(form: KeysForm) -> list[tuple[str, list[tuple[PageKey, BoundField]]]]:
    fields = [(one, form[f"key-{at}"]) for at, one in enumerate(KEYS)]
    return [
        (str(where), list(found)) for where, found in groupby(fields, lambda field: field[0].where)
    ]


@require_POST
def single_keys(request: HtmxRequest) -> HttpResponse:
    """Switch the single keys on or off, from the list of them."""
    on = bool(request.POST.get("single_keys"))
    commands.change_profile(request.user, at=timezone.now(), single_keys=on)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@sensitive_post_parameters("password")
@require_POST
def email(request: HtmxRequest) -> HttpResponse:
    user = request.user
    form = EmailForm(request.POST)

    def run() -> None:
        limit_guesses(request)
        commands.change_email(user, by=user, at=timezone.now(), **form.cleaned_data)

    if not attempt(form, run):
        return _page(request, ProfileForm(initial=_now(request)), form)
    here = request.session.session_key or ""
    sessions.forget_others(user, here=here)
    _keep_here(request, here)
    messages.success(request, _("Saved. From now on you sign in with the new address."))
    return redirect("pipeline:profile")


@require_POST
def sign_out(request: HtmxRequest) -> HttpResponse:
    """End one's own sessions everywhere but here."""
    check_confirmed(request)
    here = request.session.session_key or ""
    commands.sign_out_everywhere(request.user, at=timezone.now())
    sessions.forget_others(request.user, here=here)
    _keep_here(request, here)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("pipeline:profile")


@require_POST
def end_session(request: HtmxRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions in another browser."""
    check_confirmed(request)
    found_or_404(sessions.end, request.user, pk, at=timezone.now())
    messages.success(request, _("It is signed out."))
    return redirect("pipeline:profile")


@require_GET
def download(request: HtmxRequest) -> HttpResponse:
    """Where one arrives after confirming who takes a file: it begins by itself."""
    file, back = (local_path(request, request.GET.get(name, "")) for name in ("file", "back"))
    context = {"file": file, "back": back}
    return render(request, page="pipeline/profile/download.html", context=context)


@require_GET
def second_factor(request: HtmxRequest) -> HttpResponse:
    """Where somebody is led whose role must have a second factor, and who has none."""
    request.session[GOES_ON] = local_path(request, request.GET.get("next", ""))
    return render(request, page="pipeline/profile/second_factor.html")


@require_GET
def second_factors(request: HtmxRequest) -> HttpResponse:
    """Where allauth lists second factors: ours stand in the profile. Whoever was led to set one up
    goes on from here."""
    if request.session.get(GOES_ON) and sign_in.has_second_factor(request.user):
        return redirect(request.session.pop(GOES_ON))
    return redirect(reverse("pipeline:profile") + "#sign-in")


def _keep_here(request: HtmxRequest, here: str) -> None:
    """Go on in this browser, whose session gets another key, after all others were signed out."""
    update_session_auth_hash(request, queries.fresh_person(request.user))
    sessions.update_session_key(here, request.session.session_key or "")


def _now(request: HtmxRequest) -> dict[str, Any]:
    user = request.user
    now = {name: getattr(user, name) for name in commands.OWN}
    # The switch in the menu is kept by the browser; the form starts from what is seen.
    now["theme"] = read_cookie(request, "seven_theme", user.theme)
    return now | {"seen": queries.latest_change(user)}


def _page(request: HtmxRequest, form: ProfileForm, email_form: EmailForm) -> HttpResponse:
    at = timezone.now()
    here = request.session.session_key or ""
    context = {
        "form": form,
        "email_form": email_form,
        "zones": queries.time_zones(),
        "factors": sign_in.second_factors(request.user),
        "sessions": sign_in.sessions_of(request.user, here=here, at=at),
        "zone": request.user.zone,
        "today": at.astimezone(request.user.zone).date(),
    }
    status = status_of(email_form if email_form.is_bound else form)
    return render(request, page="pipeline/profile/page.html", context=context, status=status)
