from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import VerbForm
from crm.models import SavedView
from pipeline.models import Team, User


class SavedViewForm(VerbForm):
    """A name, and for those who lead a team whether the team has it too."""

    name = forms.CharField(
        max_length=60, label=gettext_lazy("Name"), widget=forms.TextInput({"autocomplete": "off"})
    )
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(),
        required=False,
        label=gettext_lazy("Who has it"),
        empty_label=gettext_lazy("Only me"),
    )

    def __init__(
        self, data: Any = None, *, user: User, of: SavedView | None = None, **options: Any
    ) -> None:
        super().__init__(data, user=user, auto_id="view-%s", **options)
        self.needs_version = of is not None
        if of is not None:
            self.initial = {"name": of.name, "team": of.team_id, "version": of.version}
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101  # as declared above
        team.queryset = Team.objects.editable_by(user).order_by(Lower("name"))
        self.leads = user.is_manager and team.queryset.exists()
        if not self.leads:
            del self.fields["team"]

    def versus(self, now: SavedView) -> list[tuple[str, str, str]]:
        """How the view stands now beside what was typed: (what, theirs, yours)."""
        rows = [(_("Name"), now.name, self.cleaned_data["name"])]
        if self.leads:
            nobody, yours = _("Only me"), self.cleaned_data["team"]
            rows.append((_("Who has it"), str(now.team or nobody), str(yours or nobody)))
        return rows
