"""One way to answer a form: run its command, or say at its inputs what the command has against it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.datastructures import MultiValueDict

from salesprocess.lib.refused import Refused, Stale, VersionMissing


class CommandForm(forms.Form):
    """A form whose command may refuse what was typed."""

    # The input that holds the state which the page has shown, where the form has one.
    version_input: ClassVar[str] = "version"
    # Whether it changes what is there, and so has to say which version of that its page has shown.
    # False for what only adds, and for what its command judges by what is there.
    needs_version = False
    is_stale = False

    def input_of(self, name: str | None) -> str | None:
        """The input that something of this name belongs to; None for the form as a whole."""
        return name if name in self.fields else None

    def say(self, name: str | None, error: Any) -> None:
        """Say at the input that it belongs to what is wrong. Never fails: what no input is for is
        said of the whole."""
        self.add_error(self.input_of(name), error)

    def refuse(self, wrong: Refused | ValidationError) -> None:
        """Say what the domain does not allow, or what the record itself refuses."""
        if isinstance(wrong, Refused):
            self.say(wrong.field, wrong.message)
            return
        by_field = hasattr(wrong, "error_dict")
        named = wrong.error_dict if by_field else {NON_FIELD_ERRORS: wrong.error_list}
        for name, errors in named.items():
            self.say(name, errors)

    def all_errors(self) -> str:
        """All that is said against it, where its inputs are not shown."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)

    def require_version(self) -> None:
        """Raise VersionMissing rather than let somebody else's change be overwritten unseen."""
        if self.needs_version and not self.data.get(self.add_prefix(self.version_input)):
            raise VersionMissing(type(self).__name__)

    def rebase(self, version: int) -> None:
        """Keep what was typed, on top of `version`: sending it again overwrites the other's change,
        which the page shows by then."""
        self.is_stale = True
        data = MultiValueDict(self.data)
        data[self.version_input] = str(version)
        self.data = data


class SeenForm(CommandForm):
    """A form with the version of the record that its page showed, against lost updates."""

    version_input = "seen"
    needs_version = True
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


def attempt(form: CommandForm, command: Callable[[], object]) -> bool:
    """Run a command if the form is valid; its Refused or ValidationError become errors of the form.

    Returns whether it was done. After Stale the form is rebased on the present version.

    Raises VersionMissing where the form has to say what its page has shown, and does not.
    """
    if form.is_bound:
        form.require_version()
    if not form.is_valid():
        return False
    try:
        command()
    except (Refused, ValidationError) as wrong:
        form.refuse(wrong)
        if isinstance(wrong, Stale):
            form.rebase(wrong.version)
        return False
    return True


def status_of(form: CommandForm) -> HTTPStatus:
    """The status to render a form with: 200 unbound, 409 stale, 422 invalid (`htmx.render`)."""
    if not form.is_bound:
        return HTTPStatus.OK
    return HTTPStatus.CONFLICT if form.is_stale else HTTPStatus.UNPROCESSABLE_ENTITY
