"""The forms of a saved report: its name and who has it, and when somebody gets it by mail."""

from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.models import Team, User
from reports.models import ReportSubscription, SavedReport
from reports.rhythm import Rhythm, Weekday
from salesprocess.lib.attempt import CommandForm

MORNING = 7


class SavedReportForm(CommandForm):
    """A name, and for those who lead a team whether the team has it too."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=60, label=gettext_lazy("Name"), widget=forms.TextInput({"autocomplete": "off"})
    )
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(),
        required=False,
        label=gettext_lazy("Who has it"),
        empty_label=gettext_lazy("Only me"),
    )
    pin = forms.BooleanField(required=False, label=gettext_lazy("Also on my start"))

    def __init__(
        self, data: Any = None, *, user: User, of: SavedReport | None = None, **options: Any
    ) -> None:
        super().__init__(data, auto_id="saved-%s", **options)
        self.needs_version = of is not None
        if of is not None:
            self.initial = {"name": of.name, "team": of.team_id, "version": of.version}
            del self.fields["pin"]
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101  # as declared above
        team.queryset = Team.objects.editable_by(user).order_by(Lower("name"))
        self.leads = user.is_manager and team.queryset.exists()
        if not self.leads:
            del self.fields["team"]

    def versus(self, now: SavedReport) -> list[tuple[str, str, str]]:
        """How the report stands now beside what was typed: (what, theirs, yours)."""
        rows = [(_("Name"), now.name, self.cleaned_data.get("name", ""))]
        if self.leads:
            nobody, yours = _("Only me"), self.cleaned_data.get("team")
            rows.append((_("Who has it"), str(now.team or nobody), str(yours or nobody)))
        return rows


class ReportMailForm(CommandForm):
    """When a report is to come by mail. Who puts others on it also says whom."""

    person = forms.ModelChoiceField(queryset=User.objects.none(), label=gettext_lazy("Person"))
    rhythm = forms.ChoiceField(label=gettext_lazy("How often"), choices=Rhythm)
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("On"),
        choices=Weekday,
        coerce=int,
        help_text=gettext_lazy("Of a month it is the first day."),
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("At"),
        choices=[(hour, f"{hour:02d}:00") for hour in range(24)],
        coerce=int,
        help_text=gettext_lazy("By the clock of who receives it."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        row: ReportSubscription | None = None,
        people: list[User] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, auto_id="mail-%s", **options)
        self.initial = {"rhythm": Rhythm.WEEKLY, "weekday": Weekday.MONDAY, "hour": MORNING}
        if row is not None:
            self.initial = {"rhythm": row.rhythm, "weekday": row.weekday, "hour": row.hour}
        if people is None:
            del self.fields["person"]
        else:
            field = self.fields["person"]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # as declared above
            field.queryset = User.objects.filter(pk__in=[one.pk for one in people]).order_by("name")
