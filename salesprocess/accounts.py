from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from django.http import HttpRequest

from pipeline.people import signing_in
from salesprocess.middleware import begin_session


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are invited by an admin; nobody adds themselves."""
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        begin_session(request)
        signing_in.begin(request)


class ResetPasswordForm(AllauthResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    def clean_email(self) -> str:
        """Only who has a password can have forgotten it: the others are let in by invitation, and
        whoever was added without one is not let in at all."""
        email: str = super().clean_email()
        known: list[Any] = self.users
        self.users: list[Any] = [user for user in known if user.has_usable_password()]
        return email
