"""Joining by a link. Nobody is signed in here, and the token goes no further than the first line:
Django logs the path of each answer above 399, and a browser tells a page's address to the next."""

from http import HTTPStatus

from allauth.account.internal.flows.login import record_authentication
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from pipeline.models import User
from pipeline.people import queries, signing_in
from pipeline.people.commands import invitation as commands
from pipeline.people.forms import AcceptForm
from pipeline.people.models.invitation import hash_of
from pipeline.people.views.posted import posted_data
from salesprocess.lib.attempt import attempt
from salesprocess.lib.htmx import render
from salesprocess.middleware import begin_session

KEPT = "invitation"


@never_cache
@require_safe
@login_not_required
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address: the session keeps its hash, and the page has none.

    Looking does not use the link up, since mail programs look before people do.
    """
    if queries.is_invitation(token):
        request.session[KEPT] = hash_of(token)
    else:
        request.session.pop(KEPT, None)
    response = redirect("pipeline:invitation_accept")
    # Here only: on the page with the form it would also hide the origin, which CSRF checks.
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def accept(request: HttpRequest) -> HttpResponse:
    found = queries.invitation_kept(request.session.get(KEPT, ""))
    at = timezone.now()
    if found is None or not found.works_at(at):
        return render(request, page="pipeline/invitation/gone.html", status=HTTPStatus.GONE)
    if signing_in.signs_on_only(found.email):
        messages.info(request, _("Sign in by single sign-on: you have joined by that."))
        return redirect("account_login")
    form = AcceptForm(posted_data(request), initial={"name": found.person.name})
    joined: list[User] = []

    def run() -> None:
        said = {name: form.cleaned_data[name] for name in ("name", "password")}
        language = get_language() or ""
        joined.append(commands.accept(found, **said, language=language, at=at))

    if request.method == "POST" and attempt(form, run):
        # Whatever this browser was before ends here, a session that somebody planted included.
        request.session.flush()
        login(request, joined[0])
        record_authentication(request, joined[0], method="password")
        begin_session(request)
        signing_in.begin(request)
        return redirect("home")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"form": form, "invitation": found}
    page = "pipeline/invitation/page.html"
    return render(request, page=page, context=context, status=status)
