from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from salesprocess.lib.refused import Refused, Stale


class SeenForm(forms.Form):
    """A form with the version of the record that its page showed, against lost updates."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    is_stale = False

    def rebase(self, seen: int) -> None:
        """Keep what was typed, on top of version `seen`: sending it again overwrites the other's change,
        which the page shows by then."""
        self.is_stale = True
        self.data = {**{name: self.data.get(name) for name in self.data}, "seen": seen}


def add_error(form: forms.Form, field: str | None, error: Any) -> None:
    """Add an error to `field`, or to the whole form if it has no such field."""
    form.add_error(field if field in form.fields else None, error)


def attempt(form: forms.Form, command: Callable[[], object]) -> bool:
    """Run a command if the form is valid; its Refused or ValidationError become errors of the form.

    Returns whether it was done. After Stale a SeenForm is rebased on the present version.
    """
    if not form.is_valid():
        return False
    try:
        command()
    except Refused as error:
        add_error(form, error.field, error.message)
        if isinstance(error, Stale) and isinstance(form, SeenForm):
            form.rebase(error.version)
    except ValidationError as error:
        for field, messages in _by_field(error).items():
            add_error(form, field, messages)
    return not form.errors


def status_of(form: forms.Form) -> HTTPStatus:
    """The status to render a form with: 200 unbound, 409 stale, 422 invalid (`htmx.render`)."""
    if not form.is_bound:
        return HTTPStatus.OK
    stale = isinstance(form, SeenForm) and form.is_stale
    return HTTPStatus.CONFLICT if stale else HTTPStatus.UNPROCESSABLE_ENTITY


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    if hasattr(error, "error_dict"):
        return error.message_dict
    return {NON_FIELD_ERRORS: error.messages}
