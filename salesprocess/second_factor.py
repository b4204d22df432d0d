import base64
import contextlib
import hashlib
import secrets
import time
from typing import Any, ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn import forms as passkey_forms
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Keeps the secrets of second factors from who reads the database alone, or a backup of it."""

    error_messages: ClassVar = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": gettext_lazy(
            "Your role must have a second factor: set up another one first."
        ),
    }

    def encrypt(self, text: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(_derived(settings.SECRET_KEY)).encrypt(nonce, text.encode(), None)
        return _BY_GCM + base64.b64encode(nonce + sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises InvalidToken if neither the secret key nor one of before has encrypted it."""
        if not encrypted_text.startswith(_BY_GCM):
            return former_cipher().decrypt(encrypted_text.encode()).decode()
        held = base64.b64decode(encrypted_text.removeprefix(_BY_GCM))
        for key in _keys():
            with contextlib.suppress(InvalidTag, ValueError):
                return AESGCM(key).decrypt(held[:_NONCE], held[_NONCE:], None).decode()
        raise InvalidToken

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """The last one stays with who must have one."""
        if not authenticator.user.must_have_second_factor:
            return True
        strong = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        others = Authenticator.objects.filter(user=authenticator.user, type__in=strong)
        found: bool = others.exclude(pk=authenticator.pk).exists()
        return found

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """By the address of the installation, whatever the request says that it is."""
        return {"id": settings.SITE_HOST, "name": "Seven"}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # allauth's
        return _("Passkey")


# What is encrypted by AES-256-GCM begins so; the bytes of its nonce stand before it.
_BY_GCM = "gcm:"
_NONCE = 12


def _keys() -> list[bytes]:
    return [_derived(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def former_cipher() -> MultiFernet:
    """For secrets of before: those of apps are encrypted anew when they are next used."""
    return MultiFernet(Fernet(base64.urlsafe_b64encode(key)) for key in _keys())


def _derived(key: str) -> bytes:
    """32 bytes; the key itself is long and random."""
    return hashlib.sha256(b"seven.second-factor:" + key.encode()).digest()


class OnceOnly:
    """Takes each code once, though it comes at the same time twice and the cache is down."""

    user: Any
    authenticator: Any

    def clean_code(self) -> str:
        refused: ValidationError | None = None
        code = ""
        # What counts failures is to stay: nothing is raised out of the transaction.
        with transaction.atomic():
            list(Authenticator.objects.select_for_update().filter(user=self.user))
            try:
                code = super().clean_code()  # type: ignore[misc]  # a form's
            except ValidationError as error:
                refused = error
            else:
                if not _is_first_use(self.authenticator, code):
                    refused = SecondFactorAdapter().validation_error("incorrect_code")
        if refused is not None:
            raise refused
        return code


def _is_first_use(authenticator: Any, code: str) -> bool:
    """Whether it is a code of now, and no code of its half minute, or of a later one, was used before;
    keeps that it is now.

    Only for codes of an app: recovery codes are struck out by `HashedRecoveryCodes`.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return True
    secret = SecondFactorAdapter().decrypt(authenticator.data["secret"])
    counter = _half_minute_of(code, secret)
    if counter is None or counter <= authenticator.data.get("last_counter", -1):
        return False
    authenticator.data["last_counter"] = counter
    authenticator.data["secret"] = SecondFactorAdapter().encrypt(secret)
    authenticator.save(update_fields=["data"])
    return True


def _half_minute_of(code: str, secret: str) -> int | None:
    """The one that an app shows this code for, counted from 1970; None if that is not now."""
    now, period = time.time(), totp.app_settings.TOTP_PERIOD
    grace = settings.TOTP_GRACE_SECONDS
    fitting = [
        counter
        for counter in totp.yield_hotp_counters_from_time()
        if totp.compare_user_code(
            actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, counter))
        )
        and counter * period - grace <= now < (counter + 1) * period + grace
    ]
    return max(fitting, default=None)


class ActivateAppForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """The first code of an app, which opens nothing afterwards."""

    half_minute: int

    def clean_code(self) -> str:
        code: str = super().clean_code()
        half_minute = _half_minute_of(code, self.secret)
        if half_minute is None:
            raise SecondFactorAdapter().validation_error("incorrect_code")
        self.half_minute = half_minute
        return code


class ActivateApp(ActivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    @transaction.atomic
    def form_valid(self, form: ActivateAppForm) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        kept = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        kept.data["last_counter"] = form.half_minute
        kept.save(update_fields=["data"])
        return answer


class AuthenticateForm(OnceOnly, allauth_forms.AuthenticateForm):  # type: ignore[misc]  # untyped
    """The second step of signing in."""


class ReauthenticateForm(OnceOnly, allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    """Confirming that it is oneself."""


class CredentialField(forms.JSONField):
    """What a browser says of a passkey. It is never shown again."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise SecondFactorAdapter().validation_error("incorrect_code") from error

    def bound_data(self, data: Any, initial: Any) -> None:
        return None

    def prepare_value(self, value: Any) -> str:
        return ""


class TakesNoGarbage:
    """Says that a passkey is not right where it is none at all; allauth and fido2 fall over some."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(widget=forms.HiddenInput)

    def full_clean(self) -> None:
        try:
            super().full_clean()  # type: ignore[misc]  # a form's
        except (LookupError, TypeError, ValueError, AttributeError):
            error = SecondFactorAdapter().validation_error("incorrect_code")
            self.add_error("credential", error)  # type: ignore[attr-defined]  # a form's


class AddPasskeyForm(TakesNoGarbage, passkey_forms.AddWebAuthnForm):  # type: ignore[misc]
    pass


class UsePasskeyForm(TakesNoGarbage, passkey_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The second step of signing in."""


class PasskeyAloneForm(TakesNoGarbage, passkey_forms.LoginWebAuthnForm):  # type: ignore[misc]
    """The only step of signing in."""


class ConfirmByPasskeyForm(TakesNoGarbage, passkey_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Confirming that it is oneself."""


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]  # allauth ships no types
    def form_valid(self, form: forms.Form) -> HttpResponse:
        """allauth asks its adapter only before an app is switched off."""
        adapter = SecondFactorAdapter()
        if not adapter.can_delete_authenticator(self.object):
            form.add_error(None, adapter.validation_error("cannot_delete_authenticator"))
            return self.form_invalid(form)  # type: ignore[no-any-return]  # untyped
        answer: HttpResponse = super().form_valid(form)
        return answer
