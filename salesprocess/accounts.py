import logging
import math
from typing import Any

from allauth.account import views
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import UserTokenForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.ratelimit import get_ip
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline.audit.commands import record_sign_in
from pipeline.people import signing_in
from pipeline.people.commands import password, sign_in
from pipeline.people.commands.people import note_sign_in_change
from pipeline.people.events import SignInChange
from salesprocess.middleware import begin_session

logger = logging.getLogger(__name__)

# What of a sign-in is told to whose it is, by what allauth calls the mail.
_TOLD = {
    "password_changed": SignInChange.PASSWORD,
    "password_set": SignInChange.PASSWORD,
    "password_reset": SignInChange.PASSWORD,
    "totp_activated": SignInChange.APP_ADDED,
    "totp_deactivated": SignInChange.APP_REMOVED,
    "webauthn_added": SignInChange.PASSKEY_ADDED,
    "webauthn_removed": SignInChange.PASSKEY_REMOVED,
    "recovery_codes_generated": SignInChange.CODES_MADE,
    "account_connected": SignInChange.SIGN_ON_ADDED,
}


def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session, and let the browser forget what it keeps of the pages. Not its cookies: the
    language of the sign-in page is one."""
    response: HttpResponseBase = views.logout(request)
    if request.method == "POST":
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are invited by an admin; nobody adds themselves."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Slow guessing down. Instead of allauth's own limit, which hangs on the cache and lets
        anybody lock out whose address is known. Of some addresses no password is taken at all."""
        if signing_in.signs_on_only(credentials.get("email")):
            raise ValidationError(_("People of this address come in by single sign-on."))
        account = credentials.get("email") or f"person {request.user.pk}"
        try:
            self.attempt = sign_in.begin_attempt(
                account=account, network=get_ip(request), at=timezone.now()
            )
        except sign_in.TooSoon as soon:
            logger.warning("Too many wrong passwords from %s", get_ip(request))
            seconds = math.ceil(soon.wait.total_seconds())
            raise ValidationError(
                ngettext(
                    "Too many wrong passwords: wait %(n)s second, then try again.",
                    "Too many wrong passwords: wait %(n)s seconds, then try again.",
                    seconds,
                )
                % {"n": seconds},
                code="too_soon",
            ) from soon

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None:
            sign_in.succeed(self.attempt)
        else:
            # Not of which account: what is typed there is often a password.
            logger.warning("A wrong password from %s", get_ip(request))
        return user

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Whichever way somebody comes in: by a passkey, too, it is not by single sign-on."""
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        last = [record["method"] for record in get_authentication_records(request, user)][-1:]
        if answer is None and signing_in.signs_on_only(user.email) and last != ["socialaccount"]:
            messages.error(request, _("People of this address come in by single sign-on."))
            answer = redirect("account_login")
        return answer

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """allauth knows none for who has neither a password nor a second factor."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        for account in SocialAccount.objects.filter(user=user.pk):
            try:
                provider = account.get_provider(self.request)
            except SocialApp.DoesNotExist:  # no longer configured
                continue
            asked = {"process": "redirect", "auth_params": "prompt=login"}
            name = _("Sign in with %(name)s") % {"name": provider.name}
            url = provider.get_login_url(self.request, **asked)
            methods.append({"id": account.provider, "description": name, "url": url})
        return methods

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: Any = None, email: str | None = None
    ) -> None:
        """What allauth tells of is noted, and told by our outbox in the words of whose it is."""
        what = _TOLD.get(template_prefix.rpartition("/")[2])
        if what is not None:
            note_sign_in_change(user, what, at=timezone.now())

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        begin_session(request)
        signing_in.begin(request)
        record_sign_in(user, at=timezone.now())


class ResetPasswordForm(AllauthResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    def clean_email(self) -> str:
        """Only who has a password can have forgotten it: the others are let in by invitation, and
        whoever was added without one is not let in at all."""
        email: str = super().clean_email()
        known: list[Any] = self.users
        self.users: list[Any] = [
            user
            for user in known
            if user.has_usable_password() and not signing_in.signs_on_only(user.email)
        ]
        return email

    def save(self, request: HttpRequest, **_options: Any) -> str:
        """The page waits for no mail server, and does the same whether or not somebody is known."""
        email: str = self.cleaned_data["email"]
        password.ask_for_new(self.users[0] if self.users else None, at=timezone.now())
        return email


class ResetLinkForm(UserTokenForm):  # type: ignore[misc]  # allauth ships no types
    """A link to a new password, which no longer works for who has left since, or signs on only."""

    def _get_user(self, uidb36: str) -> Any:
        user = super()._get_user(uidb36)
        gone = user is None or not user.is_active or signing_in.signs_on_only(user.email)
        return None if gone else user
