from collections.abc import Mapping
from typing import Any

from django import forms


class TextArea(forms.Textarea):
    """Turns the `\\r\\n` that browsers send into `\\n`, so that untouched text compares as equal."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value
