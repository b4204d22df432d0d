"""What everybody decides about himself or herself."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from pipeline.models import Theme
from pipeline.people import queries
from pipeline.people.commands import people as commands
from pipeline.people.forms import EmailForm, ProfileForm
from pipeline.people.views.posted import limit_guesses, posted
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.htmx import render

YEAR = 365 * 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HtmxRequest) -> HttpResponse:
    user = request.user
    form = ProfileForm(posted(request), initial=_now(request))

    def run() -> None:
        commands.change_profile(user, at=timezone.now(), **form.cleaned_data)

    if request.method == "POST" and attempt(form, run):
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Saved."))
        response = redirect("pipeline:profile")
        theme = Theme(form.cleaned_data["theme"])
        response.set_cookie("seven_theme", theme, max_age=YEAR, samesite="Lax")
        return response
    return _page(request, form, EmailForm())


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
    update_session_auth_hash(request, queries.again(user))
    messages.success(request, _("Saved. From now on you sign in with the new address."))
    return redirect("pipeline:profile")


@require_POST
def sign_out(request: HtmxRequest) -> HttpResponse:
    """End one's own sessions everywhere but here."""
    commands.sign_out_everywhere(request.user, at=timezone.now())
    update_session_auth_hash(request, queries.again(request.user))
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("pipeline:profile")


def _now(request: HtmxRequest) -> dict[str, Any]:
    user = request.user
    now = {name: getattr(user, name) for name in commands.OWN}
    # The switch in the menu is kept by the browser; the form starts from what is seen.
    now["theme"] = request.COOKIES.get("seven_theme", user.theme)
    return now | {"seen": queries.latest_change(user)}


def _page(request: HtmxRequest, form: ProfileForm, email_form: EmailForm) -> HttpResponse:
    context = {"form": form, "email_form": email_form, "zones": queries.time_zones()}
    status = status_of(email_form if email_form.is_bound else form)
    return render(request, page="pipeline/profile/page.html", context=context, status=status)
