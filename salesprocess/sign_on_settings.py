"""What the environment says of single sign-on, as allauth wants it. Nothing is asked of the network."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env

EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def providers(env: Env, *, https_only: bool) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS, with the one or two that the environment names.

    Raises ImproperlyConfigured for one that is named by half, or reached without TLS.
    """
    # Of these domains the provider is believed whose an address is, though it does not say so.
    believed: list[str] = env.list("SIGN_ON_DOMAINS", [])
    found = {}
    if server := env.str("OIDC_SERVER_URL", ""):
        if https_only and urlsplit(server).scheme != "https":
            raise ImproperlyConfigured("OIDC_SERVER_URL must begin with https://")
        found["openid_connect"] = {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [_oidc_app(env, server, believed)],
        }
    if entity := env.str("SAML_ENTITY_ID", ""):
        found["saml"] = {"APPS": [_saml_app(env, entity, believed)]}
    return found


def _oidc_app(env: Env, server: str, believed: list[str]) -> dict[str, Any]:
    return {
        "provider_id": "oidc",
        "name": env.str("OIDC_NAME", "OpenID Connect"),
        "client_id": _wanted(env, "OIDC_CLIENT_ID"),
        "secret": _wanted(env, "OIDC_CLIENT_SECRET"),
        "settings": {"server_url": server, "verified_email": believed or None},
    }


def _saml_app(env: Env, entity: str, believed: list[str]) -> dict[str, Any]:
    idp = {"entity_id": entity}
    if metadata := env.str("SAML_METADATA_URL", ""):
        idp["metadata_url"] = metadata
    else:
        idp["sso_url"] = _wanted(env, "SAML_SSO_URL")
        idp["x509cert"] = _wanted(env, "SAML_CERTIFICATE")
    return {
        "provider_id": "saml",
        "name": env.str("SAML_NAME", "SAML"),
        "client_id": "saml",
        "settings": {
            "idp": idp,
            "verified_email": believed or None,
            "advanced": {
                "want_assertion_signed": True,
                "name_id_format": EMAIL_FORMAT,
                # An installation within a company may be called by one word.
                "allow_single_label_domains": True,
            },
        },
    }


def _wanted(env: Env, name: str) -> str:
    value: str = env.str(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set, which single sign-on needs.")
    return value
