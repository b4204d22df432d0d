from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from privacy.models import Kept, RetentionRule
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


class RetentionForm(SeenForm):
    """For each kind of what is kept, for how many months."""

    def __init__(
        self, data: Any = None, *, rules: dict[str, RetentionRule], **options: Any
    ) -> None:
        start = {kind: rule.months for kind, rule in rules.items()}
        super().__init__(data, initial=start | options.pop("initial", {}), **options)
        for kind in Kept:
            self.fields[kind.value] = forms.IntegerField(
                required=False,
                min_value=1,
                max_value=240,
                label=_("%(what)s, months") % {"what": kind.label},
                help_text=HELP[kind],
            )

    def months(self) -> dict[Kept, int | None]:
        return {kind: self.cleaned_data[kind.value] for kind in Kept}


HELP = {
    Kept.CONTACTS: gettext_lazy(
        "Counted from the last that was said, planned, changed or closed with the person."
    ),
    Kept.STOPPED_LEADS: gettext_lazy("Counted alike; for those of whom nothing else ever came."),
    Kept.TAKEN_FILES: gettext_lazy("Entries of the audit go without a notice."),
    Kept.SIGN_INS: gettext_lazy("Entries of the audit go without a notice."),
}
