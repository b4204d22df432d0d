from collections.abc import Callable

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from pipeline.moves import Refused


def attempt(form: forms.Form, command: Callable[[], object]) -> bool:
    """Run a command for a form that is valid; what the command has against it goes to its field."""
    if not form.is_valid():
        return False
    try:
        command()
    except Refused as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
    except ValidationError as error:
        for field, messages in _by_field(error).items():
            form.add_error(field if field in form.fields else None, messages)
    return not form.errors


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    if hasattr(error, "error_dict"):
        return error.message_dict
    return {NON_FIELD_ERRORS: error.messages}
