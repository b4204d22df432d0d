from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from salesprocess.lib.attempt import SeenForm


class ErasureForm(SeenForm):
    """There is no way back: the name is typed, so that nobody erases by a slip."""

    name = forms.CharField(
        max_length=200,
        label=gettext_lazy("Type the name of the person"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, wanted: str, **options: Any) -> None:
        super().__init__(data, **options)
        self._wanted = wanted

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if typed.casefold().split() != self._wanted.casefold().split():
            raise forms.ValidationError(_("That is not the name that stands above."))
        return typed
