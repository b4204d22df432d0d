"""Single sign-on by OpenID Connect and SAML: allauth's flows, and our answer to who somebody is."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn

from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.saml import views as saml
from allauth.socialaccount.providers.saml.utils import get_app_or_404
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from pipeline.people.commands import sign_on


class SignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Lets in by a verified address who is known here; nobody is made unless a setting says so."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[Any]:
        """Those of the settings alone: the page to sign in asks no database."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        process = sociallogin.state.get("process")
        if process == AuthProcess.REDIRECT:
            _confirm(request, sociallogin)
        elif process != AuthProcess.LOGIN:
            _refuse(request)
        elif not sociallogin.is_existing:
            _find(request, sociallogin)


def _confirm(request: HttpRequest, sociallogin: Any) -> None:
    """Somebody signed in has come back to confirm who it is: it must be the same person."""
    if not request.user.is_authenticated or sociallogin.user != request.user:
        _refuse(request)
    record_authentication(request, request.user, "socialaccount", reauthenticated=True)


def _find(request: HttpRequest, sociallogin: Any) -> None:
    """Whose the account is, by its verified address; kept, so that from now on it is known itself."""
    verified = [one.email for one in sociallogin.email_addresses if one.verified is True]
    if not verified:
        _refuse(request)
    person = sign_on.join(
        email=verified[0],
        name=_name_of(sociallogin.user),
        at=timezone.now(),
        adds_people=settings.SIGN_ON_ADDS_PEOPLE,
    )
    if person is None:
        _refuse(request)
    provider = sociallogin.account.provider
    # An address that was given to somebody else after a person left opens nothing of that person.
    if SocialAccount.objects.filter(user=person, provider=provider).exists():
        _refuse(request)
    sociallogin.user = sociallogin.account.user = person
    if person.is_active:
        sociallogin.account.save()


def _name_of(user: Any) -> str:
    return str(getattr(user, "name", "") or "")


def _refuse(request: HttpRequest) -> NoReturn:
    page = "socialaccount/unknown.html"
    raise ImmediateHttpResponse(render(request, page, status=HTTPStatus.FORBIDDEN))


def with_host(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """allauth reads the name of the host where an old client may have sent none."""

    @wraps(view)
    def told(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        request.META.setdefault("HTTP_HOST", request.get_host())
        return view(request, **kwargs)

    return told


@csrf_exempt
@login_not_required
@with_host
def saml_acs(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What the provider sends; where there is none, nothing is kept of it.

    It comes from the provider's page, which has no token of ours: its signature is what counts.
    """
    get_app_or_404(request, organization_slug)
    answer: HttpResponse = saml.acs(request, organization_slug=organization_slug)
    return answer
