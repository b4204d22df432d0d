"""Forms for the questions of reports: period, team and person."""

import datetime as dt
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.models import Deal
from pipeline.models import Team, User
from pipeline.people.access import ME
from reports.figures import Period
from reports.question import Question, team_with_all_below
from salesprocess.lib import dates


class Span(models.TextChoices):
    DAYS_30 = "30d", _("Last 30 days")
    DAYS_90 = "90d", _("Last 90 days")
    QUARTER = "quarter", _("This quarter")
    LAST_QUARTER = "last-quarter", _("Last quarter")
    YEAR = "year", _("Last 12 months")
    CUSTOM = "custom", _("From … to …")


def span_of(span: Span, today: dt.date, *, first_month: int = 1) -> tuple[dt.date, dt.date]:
    """The first and last day of a named span, seen from today; a custom one has none.

    Quarters are those of a year that begins in `first_month`, 1 to 12.
    """
    quarter = _months_before(today, (today.month - first_month) % 3)
    day = dt.timedelta(days=1)
    match span:
        case Span.DAYS_30:
            return today - 29 * day, today
        case Span.QUARTER:
            return quarter, today
        case Span.LAST_QUARTER:
            return _months_before(quarter, 3), quarter - day
        case Span.YEAR:
            return today - 364 * day, today
        case _:
            return today - 89 * day, today


def _months_before(day: dt.date, months: int) -> dt.date:
    """The first day of the month that many months before that of `day`."""
    count = day.year * 12 + day.month - 1 - months
    return dt.date(count // 12, count % 12 + 1, 1)


class FunnelForm(forms.Form):
    """Period, team and person, all in the URL. Choices are those in the reader's reach."""

    span = forms.ChoiceField(label=_("Period"), choices=Span, required=False)
    start = forms.DateField(
        label=_("From"),
        required=False,
        validators=dates.PLAUSIBLE_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    end = forms.DateField(
        label=_("To"),
        required=False,
        validators=dates.PLAUSIBLE_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("All in reach")
    )
    person = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), required=False, empty_label=_("Everybody")
    )

    def __init__(
        self, data: QueryDict | None = None, *, reader: User, today: dt.date, **kwargs: Any
    ) -> None:
        if data is not None:
            data = data.copy()
            # Said by the selects as well, which would else show their first choice.
            data["span"] = data.get("span") or Span.DAYS_90.value
            if data.get("person") == ME:
                data["person"] = str(reader.pk)
        super().__init__(data, **kwargs)
        self.reader = reader
        self.today = today
        teams, people = self.fields["team"], self.fields["person"]
        teams.queryset = Team.objects.editable_by(reader).order_by("name")  # type: ignore[attr-defined]
        people.queryset = User.objects.whose_records_are_visible_to(reader).order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        span = Span(data.get("span") or Span.DAYS_90)
        if span == Span.CUSTOM:
            start, end = _both(data.get("start"), data.get("end"))
        else:
            first = self.reader.organisation.fiscal_month or 1
            start, end = span_of(span, self.today, first_month=first)
        data["period"] = Period(start_on=start, end_on=end, zone=self.reader.organisation.zone)
        return data

    def question(self) -> Question:
        """What was asked; where the form has mistakes, the last 90 days of everybody in reach."""
        data = self.cleaned_data if self.is_valid() else {}
        start, end = span_of(Span.DAYS_90, self.today)
        team, person = data.get("team"), data.get("person")
        return Question(
            reader=self.reader,
            today=self.today,
            period=data.get("period")
            or Period(start_on=start, end_on=end, zone=self.reader.organisation.zone),
            person=person,
            teams=team_with_all_below(team) if team else None,
            left_out=None if team or person else self._sample(),
        )

    def _sample(self) -> int | None:
        """The sample data, once there are deals of one's own beside it: who asks for everything
        means these. It is shown where its team or one of its people is asked for."""
        sample = self.reader.scope.sample_id
        if sample is None or not Deal.objects.exclude(batch_id=sample).exists():
            return None
        return sample

    def scope_label(self) -> str:
        """The person and the team that were asked for, by their names; empty for all in reach."""
        data = self.cleaned_data if self.is_valid() else {}
        return " · ".join(str(found) for name in ("person", "team") if (found := data.get(name)))


def _both(start: dt.date | None, end: dt.date | None) -> tuple[dt.date, dt.date]:
    if start is None or end is None:
        raise forms.ValidationError(_("Choose both days: from and to."))
    if start > end:
        raise forms.ValidationError(_("The period ends before it begins."))
    return start, end
