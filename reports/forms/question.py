"""The form of what is asked of a report: all of it stands in the address."""

import datetime as dt
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pipeline.models import SellingStyle, User
from pipeline.people.access import ME, subtrees
from reports.figures import Period
from reports.queries.asking import askable
from reports.question import (
    Question,
    months_before,
    quarter_name,
    quarter_of,
    sample_beside_own,
    year_name,
)
from salesprocess.lib import dates


class Span(models.TextChoices):
    DAYS_30 = "30d", _("Last 30 days")
    DAYS_90 = "90d", _("Last 90 days")
    QUARTER = "quarter", _("This quarter")
    LAST_QUARTER = "last-quarter", _("Last quarter")
    FISCAL_YEAR = "fiscal-year", _("This fiscal year")
    YEAR = "year", _("Last 12 months")
    ALL_TIME = "all", _("All time")
    CUSTOM = "custom", _("From … to …")


class Since(models.TextChoices):
    WEEK = "7d", _("7 days ago")
    MONTH = "month", _("Begin of the month")
    QUARTER = "quarter", _("Begin of the quarter")
    DAY = "day", _("Another day …")


class CompareWith(models.TextChoices):
    NOTHING = "none", _("Nothing")
    BEFORE = "before", _("The period before")
    YEAR_AGO = "year", _("The same a year ago")


# Before it nobody sold with anything that could be brought in.
FIRST_DAY = dt.date(1990, 1, 1)


def span_of(span: Span, today: dt.date, *, first_month: int = 1) -> tuple[dt.date, dt.date]:
    """The first and last day of a named span, seen from today; a custom one has none.

    Quarters are those of a year that begins in `first_month`, 1 to 12.
    """
    quarter, _end = quarter_of(today, first_month=first_month)
    day = dt.timedelta(days=1)
    match span:
        case Span.DAYS_30:
            return today - 29 * day, today
        case Span.QUARTER:
            return quarter, today
        case Span.LAST_QUARTER:
            return months_before(quarter, 3), quarter - day
        case Span.FISCAL_YEAR:
            return months_before(today, (today.month - first_month) % 12), today
        case Span.YEAR:
            return today - 364 * day, today
        case Span.ALL_TIME:
            return FIRST_DAY, today
        case _:
            return today - 89 * day, today


def span_label(span: Span, today: dt.date, *, first_month: int = 1) -> str:
    """What a named span is called; of a quarter or a year with which one it is."""
    start, _end = span_of(span, today, first_month=first_month)
    if span in (Span.QUARTER, Span.LAST_QUARTER):
        return f"{span.label} ({quarter_name(start, first_month=first_month)})"
    if span == Span.FISCAL_YEAR:
        return f"{span.label} ({year_name(start, first_month=first_month)})"
    return str(span.label)


def compared_with(
    compare: CompareWith, start: dt.date, end: dt.date
) -> tuple[dt.date, dt.date] | None:
    """The first and last day of what a period is compared with: as many days, just before it or a
    year earlier. All time is compared with nothing."""
    if compare == CompareWith.NOTHING or start <= FIRST_DAY:
        return None
    days = end - start
    if compare == CompareWith.BEFORE:
        last = start - dt.timedelta(days=1)
        return last - days, last
    return _a_year_before(start), _a_year_before(end)


def _a_year_before(day: dt.date) -> dt.date:
    leap = day.month == 2 and day.day == 29
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


class IdField(forms.TypedChoiceField):
    """One of some rows, by its id; None for all of them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=int, empty_value=None, required=False, **kwargs)


class QuestionForm(forms.Form):
    """What is asked, all in the address. Choices are those in the reader's reach."""

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
    team = IdField(label=_("Team"))
    person = IdField(label=_("Person"))
    compare = forms.ChoiceField(label=_("Beside"), choices=CompareWith, required=False)
    as_of = forms.DateField(
        label=_("As of"),
        required=False,
        validators=dates.PLAUSIBLE_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    since = forms.ChoiceField(label=_("What changed since"), choices=Since, required=False)
    since_day = forms.DateField(
        label=_("Day"),
        required=False,
        validators=dates.PLAUSIBLE_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    source = IdField(label=_("Source"))
    style = forms.ChoiceField(
        label=_("Selling style"), choices=[("", _("All")), *SellingStyle.choices], required=False
    )
    product = IdField(label=_("Product"))

    def __init__(
        self, data: QueryDict | None = None, *, reader: User, today: dt.date, **kwargs: Any
    ) -> None:
        if data is not None:
            data = data.copy()
            # Said by the selects as well, which would else show their first choice.
            data["span"] = data.get("span") or Span.DAYS_90.value
            data["compare"] = data.get("compare") or CompareWith.BEFORE.value
            if data.get("person") == ME:
                data["person"] = str(reader.pk)
        super().__init__(data, **kwargs)
        self.reader = reader
        self.today = today
        self.askable = askable(reader)
        spans: Any = self.fields["span"]
        first = reader.organisation.fiscal_month or 1
        spans.choices = [(span.value, span_label(span, today, first_month=first)) for span in Span]
        scope = reader.scope
        teams = None if scope.everything else sorted(scope.managed_team_ids)
        for name, words, ids in (
            ("team", _("All in reach"), teams),
            ("person", _("Everybody"), None),
            ("source", _("All"), None),
            ("product", _("All"), None),
        ):
            field: Any = self.fields[name]
            field.choices = [("", words), *self.askable.choices(name, ids)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        span = Span(data.get("span") or Span.DAYS_90)
        if span == Span.CUSTOM:
            start, end = _both(data.get("start"), data.get("end"))
        else:
            first = self.reader.organisation.fiscal_month or 1
            start, end = span_of(span, self.today, first_month=first)
        data["period"] = self._period(start, end)
        beside = compared_with(CompareWith(data.get("compare") or CompareWith.BEFORE), start, end)
        data["beside"] = beside and self._period(*beside)
        if (as_of := data.get("as_of")) and as_of > self.today:
            self.add_error("as_of", _("That day is not over yet: choose an earlier one."))
        elif since := data.get("since"):
            self._clean_since(Since(since), data)
        return data

    def _clean_since(self, since: Since, data: dict[str, Any]) -> None:
        """Sets the day at whose end it begins, and the days from then on as the period."""
        last = data.get("as_of") or self.today
        first = self.reader.organisation.fiscal_month or 1
        day = dt.timedelta(days=1)
        begins = {
            Since.WEEK: last - 7 * day,
            Since.MONTH: months_before(last, 0) - day,
            Since.QUARTER: quarter_of(last, first_month=first)[0] - day,
            Since.DAY: data.get("since_day"),
        }[since]
        if begins is None or begins >= last:
            self.add_error("since_day", _("Choose a day before the one that you ask about."))
            return
        data["since_on"] = begins
        data["period"] = self._period(begins + day, last)
        data["beside"] = None

    def _period(self, start: dt.date, end: dt.date) -> Period:
        return Period(start_on=start, end_on=end, zone=self.reader.organisation.zone)

    def question(self) -> Question:
        """What was asked; where the form has mistakes, the last 90 days of everybody in reach."""
        data = self.cleaned_data if self.is_valid() else {}
        start, end = span_of(Span.DAYS_90, self.today)
        team, person = data.get("team"), data.get("person")
        question = Question(
            reader=self.reader,
            today=self.today,
            period=data.get("period") or self._period(start, end),
            compare=data.get("beside"),
            as_of=data.get("as_of"),
            since=data.get("since_on"),
            source=data.get("source"),
            style=data.get("style") or "",
            product=data.get("product"),
            person=person,
            person_team=self.askable.above.get(("person", person)) if person else None,
            teams=self.teams_below(team) if team else None,
            # It is shown where its team or one of its people is asked for.
            left_out=None if team or person else sample_beside_own(self.reader),
        )
        return self.askable.tell(question)

    def teams_below(self, team: int) -> frozenset[int]:
        """A team that may be chosen, with all below it."""
        parents = {pk: above for (kind, pk), above in self.askable.above.items() if kind == "team"}
        return frozenset(subtrees(parents)[team])

    def choosable_teams(self, team: int) -> frozenset[int]:
        """A team with all below it; none of them if the reader may not ask about it alone."""
        field: Any = self.fields["team"]
        return self.teams_below(team) if team in dict(field.choices) else frozenset()

    def scope_label(self) -> str:
        """The person and the team that were asked for, by their names; empty for all in reach."""
        data = self.cleaned_data if self.is_valid() else {}
        names = self.askable.names
        return " · ".join(
            names[kind][found]
            for kind in ("person", "team", "source", "product")
            if (found := data.get(kind))
        )


def _both(start: dt.date | None, end: dt.date | None) -> tuple[dt.date, dt.date]:
    if start is None or end is None:
        raise forms.ValidationError(_("Choose both days: from and to."))
    if start > end:
        raise forms.ValidationError(_("The period ends before it begins."))
    return start, end
