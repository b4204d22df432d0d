"""Second factors for tests that want a person to have them."""

import base64

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from pipeline.models import User


def give_passkey(user: User, *, name: str = "My phone") -> Authenticator:
    """One whose private key nobody has."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = AttestedCredentialData.create(b"\0" * 16, b"\1" * 16, key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    data = AuthenticatorData.create(b"\0" * 32, flags, 0, credential)
    client = CollectedClientData.create("webauthn.create", b"\0" * 32, "https://seven.test")
    said = {
        "id": _text(b"\1" * 16),
        "rawId": _text(b"\1" * 16),
        "type": "public-key",
        "clientExtensionResults": {"credProps": {"rk": True}},
        "response": {
            "clientDataJSON": _text(client),
            "attestationObject": _text(AttestationObject.create("none", data, {})),
        },
    }
    kept: Authenticator = WebAuthn.add(user, name, said).instance
    return kept


def give_app(user: User) -> str:
    """An authenticator app, with recovery codes; its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def _text(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()
