"""The form of a note on a day."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pipeline.models import Team
from salesprocess.lib import dates
from salesprocess.lib.attempt import SeenForm


class DayNoteForm(SeenForm):
    """What happened on a day, and for which of the teams that the reader leads."""

    on = forms.DateField(
        label=_("Day"),
        validators=dates.PLAUSIBLE_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    team = forms.TypedChoiceField(label=_("For"), coerce=int)
    words = forms.CharField(
        label=_("What happened"),
        max_length=120,
        help_text=_("A few words, such as “new price list”. No names of customers."),
    )

    def __init__(self, data: QueryDict | None = None, *, teams: Sequence[Team], **kwargs: Any):
        kwargs.setdefault("auto_id", "note-%s")
        super().__init__(data, **kwargs)
        self.teams = {team.pk: team for team in teams}
        field: Any = self.fields["team"]
        field.choices = [(team.pk, team.name) for team in teams]

    @property
    def needs_version(self) -> bool:  # type: ignore[override]  # a new one has none
        return "seen" in self.initial

    def said(self) -> dict[str, Any]:
        """What was typed, as its command takes it."""
        data = self.cleaned_data
        return {"on": data["on"], "team": self.teams[data["team"]], "words": data["words"]}
