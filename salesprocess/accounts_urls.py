"""The part of allauth that we offer: sign-in, sign-out, one's own password, and second factors."""

from allauth.account import views
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as sign_on
from allauth.socialaccount.providers.openid_connect import views as oidc
from allauth.socialaccount.providers.saml import views as saml
from django.urls import path, re_path

from pipeline.people.views.profile import second_factors
from salesprocess.accounts import sign_out
from salesprocess.recovery_codes import DownloadRecoveryCodes, ViewRecoveryCodes
from salesprocess.second_factor import ActivateApp, RemovePasskey
from salesprocess.single_sign_on import saml_acs, tells_failure, with_host

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", sign_out, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # allauth's sign-in page asks for this name; the adapter keeps the door closed.
    path("signup/", views.signup, name="account_signup"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    # second factors; where allauth lists them, our profile does
    path("second-factor/", second_factors, name="mfa_index"),
    path("second-factor/ask/", second_factor.authenticate, name="mfa_authenticate"),
    path("second-factor/confirm/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("second-factor/app/", ActivateApp.as_view(), name="mfa_activate_totp"),
    path("second-factor/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("recovery-codes/", ViewRecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "recovery-codes/file/",
        DownloadRecoveryCodes.as_view(),
        name="mfa_download_recovery_codes",
    ),
    path("passkeys/", second_factors, name="mfa_list_webauthn"),
    path("passkeys/new/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/sign-in/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("passkeys/confirm/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("passkeys/<int:pk>/rename/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    # single sign-on
    path("sign-on/cancelled/", sign_on.login_cancelled, name="socialaccount_login_cancelled"),
    path("oidc/<slug:provider_id>/login/", tells_failure(oidc.login), name="openid_connect_login"),
    path(
        "oidc/<slug:provider_id>/login/callback/",
        tells_failure(oidc.callback),
        name="openid_connect_callback",
    ),
    path("saml/<slug:organization_slug>/login/", with_host(saml.login), name="saml_login"),
    path("saml/<slug:organization_slug>/acs/", saml_acs, name="saml_acs"),
    path("saml/<slug:organization_slug>/acs/finish/", saml.finish_acs, name="saml_finish_acs"),
    path("saml/<slug:organization_slug>/sls/", with_host(saml.sls), name="saml_sls"),
    path("saml/<slug:organization_slug>/metadata/", saml.metadata, name="saml_metadata"),
]
