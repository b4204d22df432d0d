"""What everybody decides about himself or herself."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from pipeline.commands import people as commands
from pipeline.forms.attempt import attempt
from pipeline.forms.people import EmailForm, ProfileForm
from pipeline.models import Theme, User
from pipeline.queries import people as queries
from pipeline.views.asked import limit_guesses, posted
from salesprocess.htmx import HtmxRequest, render

YEAR = 365 * 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HtmxRequest) -> HttpResponse:
    user = request.user
    now = {name: getattr(user, name) for name in ("name", "time_zone", "style", "theme")}
    # The switch in the menu is kept by the browser; the form starts from what is seen.
    now["theme"] = request.COOKIES.get("seven_theme", user.theme)
    form = ProfileForm(posted(request), initial=now)

    def run() -> None:
        commands.change_profile(user, at=timezone.now(), **form.cleaned_data)

    if request.method == "POST" and attempt(form, run):
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
        start = {name: getattr(user, name) for name in ("name", "time_zone", "style", "theme")}
        return _page(request, ProfileForm(initial=start), form)
    update_session_auth_hash(request, User.objects.get(pk=user.pk))
    messages.success(request, _("Saved. From now on you sign in with the new address."))
    return redirect("pipeline:profile")


@require_POST
def sign_out(request: HtmxRequest) -> HttpResponse:
    """End one's own sessions everywhere but here."""
    commands.sign_out_everywhere(request.user, at=timezone.now())
    update_session_auth_hash(request, User.objects.get(pk=request.user.pk))
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("pipeline:profile")


def _page(request: HtmxRequest, form: ProfileForm, email_form: EmailForm) -> HttpResponse:
    bound = form.is_bound or email_form.is_bound
    context = {"form": form, "email_form": email_form, "zones": queries.time_zones()}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bound else HTTPStatus.OK
    return render(request, page="pipeline/profile/page.html", context=context, status=status)
