"""Single sign-on by OpenID Connect and SAML: allauth's flows, and our answer to who somebody is."""

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn

import requests
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import (
    DefaultSocialAccountAdapter,
    _build_apps_from_settings,
    get_adapter,
)
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.saml import views as saml
from allauth.socialaccount.providers.saml.utils import get_app_or_404
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from pipeline.people import signing_in
from pipeline.people.commands import sign_on

logger = logging.getLogger(__name__)

# What a provider says of how it has let somebody in that is more than a password: the methods of RFC
# 8176 (`amr`), the classes of OpenID EAP (`acr`).
STRONG_METHODS = {"mfa", "hwk", "fido"}
STRONG_CLASSES = {"phr", "phrh"}
_DISCOVERY = "/.well-known/openid-configuration"
_WANTED = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
# Seconds.
_TIMEOUT = 5


class RefusedAnswer(OAuth2Error, requests.RequestException):  # type: ignore[misc]  # untyped
    """What a provider answered is not followed or believed; allauth tells of it as of any failure."""


class ProviderSession(requests.Session):
    """What the provider of the settings is asked with: it sends us nowhere else, and is who it was
    asked as (OpenID Connect Discovery 4.3)."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Raises RefusedAnswer for a redirect, or metadata of another issuer."""
        answer = super().send(request, **{**options, "allow_redirects": False, "timeout": _TIMEOUT})
        if answer.is_redirect:
            raise RefusedAnswer("The provider leads elsewhere.")
        base, found, _rest = (request.url or "").partition(_DISCOVERY)
        if found and answer.ok:
            said = answer.json()
            if not isinstance(said, dict) or not said.keys() >= _WANTED:
                raise RefusedAnswer("The provider does not say where to ask it.")
            if str(said.get("issuer")).rstrip("/") != base.rstrip("/"):
                raise RefusedAnswer("The provider calls itself otherwise than the settings do.")
        return answer


class SignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Lets in by a verified address who is known here; nobody is made unless a setting says so."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[Any]:
        """Those of the settings alone: the page to sign in asks no database."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def get_requests_session(self) -> requests.Session:
        return ProviderSession()

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        process = sociallogin.state.get("process")
        if process == AuthProcess.REDIRECT:
            _confirm(request, sociallogin)
        elif process != AuthProcess.LOGIN:
            _refuse(request)
        elif not sociallogin.is_existing:
            _find(request, sociallogin)
        if process == AuthProcess.LOGIN:
            request.session[signing_in.SIGNED_ON_STRONGLY] = _is_strong(sociallogin)


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


def _is_strong(sociallogin: Any) -> bool:
    """Whether the provider says that it has asked for more than a password. One that says nothing of
    it is taken to have asked for that alone."""
    said = sociallogin.account.extra_data
    token = said.get("id_token", said) if isinstance(said, dict) else {}
    methods, level = token.get("amr"), token.get("acr")
    named = {str(method) for method in methods} if isinstance(methods, list) else set()
    return bool(named & STRONG_METHODS) or str(level) in STRONG_CLASSES


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


def tells_failure(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A provider that is away or is not believed is told of as any failure of signing in; allauth asks
    it for its addresses before it looks for that."""

    @wraps(view)
    def told(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            return view(request, provider_id)
        except (requests.RequestException, OAuth2Error) as error:
            logger.warning("The provider of single sign-on failed: %s", error)
            provider = get_adapter().get_provider(request, provider_id)
            answer: HttpResponse = render_authentication_error(request, provider)
            return answer

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
