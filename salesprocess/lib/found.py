"""What an address names, or 404."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404

Asked = ParamSpec("Asked")
T = TypeVar("T")


def found_or_404(question: Callable[Asked, T], *args: Asked.args, **more: Asked.kwargs) -> T:
    """What a question to the database finds; raises Http404 where there is no such record, or none
    in reach."""
    try:
        return question(*args, **more)
    except ObjectDoesNotExist as missing:
        raise Http404 from missing
