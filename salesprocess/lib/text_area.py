"""A field of several lines that gives back what it was given."""

from collections.abc import Mapping
from typing import Any

from django import forms


class TextArea(forms.Textarea):
    """Lines end as they do everywhere else, and not as a browser sends them: what nobody touched is
    the same text."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value
