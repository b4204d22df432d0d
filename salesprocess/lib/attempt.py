from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from salesprocess.lib.refused import Refused, Stale


class SeenForm(forms.Form):
    """A form that knows which state its page has shown, so that nobody's change is lost unseen."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    is_stale = False

    def rebase(self, seen: int) -> None:
        """What was typed stays; sent once more, after the other's change was told, it is meant."""
        self.is_stale = True
        self.data = {**{name: self.data.get(name) for name in self.data}, "seen": seen}


def say(form: forms.Form, field: str | None, error: Any) -> None:
    """Say at the input that it belongs to what is wrong; of the whole form, where it has none."""
    form.add_error(field if field in form.fields else None, error)


def attempt(form: forms.Form, command: Callable[[], object]) -> bool:
    """Run a command for a form that is valid; what the command has against it goes to its field."""
    if not form.is_valid():
        return False
    try:
        command()
    except Refused as error:
        say(form, error.field, error.message)
        if isinstance(error, Stale) and isinstance(form, SeenForm):
            form.rebase(error.version)
    except ValidationError as error:
        for field, messages in _by_field(error).items():
            say(form, field, messages)
    return not form.errors


def status_of(form: forms.Form) -> HTTPStatus:
    """The convention of `salesprocess.lib.htmx.render`."""
    if not form.is_bound:
        return HTTPStatus.OK
    stale = isinstance(form, SeenForm) and form.is_stale
    return HTTPStatus.CONFLICT if stale else HTTPStatus.UNPROCESSABLE_ENTITY


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    if hasattr(error, "error_dict"):
        return error.message_dict
    return {NON_FIELD_ERRORS: error.messages}
