"""The filters of the lists. A list with a value that is none shows nothing, and says which it is:
left out silently, it would widen what an export or a bulk change takes in."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from crm.filters.board import BoardFilter, Choices, Teams, owner_of, person_choices
from crm.filters.lazy import LazyFilterSet
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Company,
    Contact,
    ContactPoint,
    Deal,
    ListKind,
    PointKind,
    Relationship,
    SearchKind,
)
from crm.models.activity import ActivityQuerySet
from crm.models.company import CompanyQuerySet
from crm.models.contact import ContactQuerySet
from crm.models.deal import DealQuerySet
from crm.models.due import DueState, in_state, near, within
from crm.models.letters import Fold
from crm.queries import search
from crm.queries.activity import NO_STAGE, stage_now
from crm.queries.lists import FilterChoices
from crm.target_fit import Fit, Target
from crm.worth import Rates
from pipeline.models import User
from pipeline.people.access import Scope
from pipeline.process.stages import Initiator, Outcome, Phase, Stage
from salesprocess.lib import dates
from salesprocess.lib.folding import fold

# What is asked for by no phase: it neither qualifies nor closes.
OUTSIDE = "outside"

ANY = "any"
LOST = "lost"


OUTCOMES = [
    *Outcome.choices,
    (LOST, gettext_lazy("Lost (stopped by the customer)")),
    (ANY, gettext_lazy("Open and closed")),
]


class _PlausibleDay(forms.DateField):
    default_validators = dates.PLAUSIBLE_DATE  # type: ignore[assignment]  # of dates, not of texts


class DayFilter(django_filters.DateFilter):  # type: ignore[misc]  # ships no types
    """A whole day where the reader is: the day that the row shows."""

    field_class = _PlausibleDay

    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(label=label, **options)


class IdFilter(django_filters.NumberFilter):  # type: ignore[misc]  # ships no types
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, decimal_places=0, **options)


def _text_filter(label: Any, **options: Any) -> Any:
    return django_filters.CharFilter(label=label, max_length=100, **options)


def _stages(first: Stage = Stage.LEAD_GENERATION, last: Stage = Stage.CLOSING) -> Choices:
    return [(stage.value, stage.short) for stage in Stage if first <= stage <= last]


class ListFilter(LazyFilterSet):
    """What the filters of all lists have in common: who asks, when, and the people to ask for."""

    def __init__(
        self,
        data: QueryDict,
        *,
        user: User,
        choices: FilterChoices,
        at: dt.datetime,
    ) -> None:
        super().__init__(data, self._meta.model.objects.all())
        self.user = user
        self.choices = choices
        self.at = at
        self.teams = Teams(user, known=choices.teams)
        for name, choices_of in (
            ("person", lambda: person_choices(user, choices.people)),
            ("team", lambda: self.teams.choices),
        ):
            if name in self.filters:
                self.filters[name].extra["choices"] = choices_of

    def rows(self, scope: Scope) -> QuerySet[Any]:
        """What the filters leave within a scope; nothing while one of them is wrong."""
        found: QuerySet[Any] = self.queryset.none()
        if self.is_valid():
            found = self.filter_queryset(self.queryset.visible_to(scope))
        return found

    def by_person(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(owner_id=owner_of(value, self.user))


class DealFilter(BoardFilter, LazyFilterSet):
    """The board's filters and those that only a list has room for."""

    q = _text_filter(gettext_lazy("Find in the list"), method="by_text")
    stage = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Stage"), distinct=False, choices=_stages
    )
    outcome = django_filters.ChoiceFilter(
        method="by_outcome",
        label=gettext_lazy("Outcome"),
        choices=lambda: OUTCOMES,
        empty_label=gettext_lazy("Any outcome"),
    )
    company = IdFilter(field_name="company_id", label=gettext_lazy("Company"))
    opened_from = DayFilter(gettext_lazy("Opened from"), method="by_day")
    opened_to = DayFilter(gettext_lazy("Opened to"), method="by_day")
    expected_from = DayFilter(
        gettext_lazy("Expected from"), field_name="expected_close_on", lookup_expr="gte"
    )
    expected_to = DayFilter(
        gettext_lazy("Expected to"), field_name="expected_close_on", lookup_expr="lte"
    )
    closed_from = DayFilter(gettext_lazy("Closed from"), method="by_day")
    closed_to = DayFilter(gettext_lazy("Closed to"), method="by_day")

    def __init__(
        self,
        data: QueryDict,
        *,
        kind: ListKind,
        user: User,
        choices: FilterChoices,
        rates: Rates,
        at: dt.datetime,
    ) -> None:
        super().__init__(data, user=user, rates=rates, at=at)
        self.kind = kind
        self.choices = choices
        self.teams = Teams(user, known=choices.teams)
        if kind != ListKind.DEALS:
            self.filters["outcome"].extra["empty_label"] = gettext_lazy("Open")
        if kind == ListKind.LEADS:
            self.filters["stage"].extra["choices"] = partial(_stages, last=Stage.PROSPECTING)
        elif kind == ListKind.OPPORTUNITIES:
            self.filters["stage"].extra["choices"] = partial(_stages, first=Stage.QUALIFICATION)

    def rows(self, scope: Scope) -> DealQuerySet:
        """What the filters leave within a scope; nothing while one of them is wrong."""
        found: DealQuerySet = self.queryset.none()
        if self.is_valid():
            found = self.filter_queryset(self.queryset.visible_to(scope))
        return found

    def filter_queryset(self, rows: DealQuerySet) -> DealQuerySet:
        found: DealQuerySet = super().filter_queryset(rows)
        if self.kind == ListKind.LEADS:
            found = found.leads()
        elif self.kind == ListKind.OPPORTUNITIES:
            found = found.opportunities()
        # Leads and opportunities are work; what is over is asked for.
        if self.kind != ListKind.DEALS and not self.form.cleaned_data.get("outcome"):
            found = found.open()
        return found

    def _people(self) -> Choices:
        return person_choices(self.user, self.choices.people)

    def _sources(self) -> Choices:
        asked = self.data.get("source")
        gone = [source for source in self.choices.retired_sources if str(source[0]) == asked]
        return [*self.choices.sources, *gone]

    def by_next(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        return super().by_next(deals.open(), name, value)

    def by_outcome(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        if value == ANY:
            return deals
        if value == LOST:
            return deals.filter(outcome=Outcome.STOPPED, initiator=Initiator.CUSTOMER)
        return deals.filter(outcome=value)

    def by_day(self, deals: DealQuerySet, name: str, value: dt.date) -> DealQuerySet:
        what, end = name.split("_")
        field = {"opened": "created_at", "closed": "closed_at"}[what]
        first, last = (value, None) if end == "from" else (None, value)
        return deals.filter(within(first, last, zone=self.user.zone, moment=field))


def _stages_or_none() -> Choices:
    return [*_stages(), (NO_STAGE, gettext_lazy("No stage"))]


class ActivityState:
    PLANNED = "planned"
    OVERDUE = "overdue"
    TODAY = "today"
    DONE = "done"
    CANCELLED = "cancelled"

    choices = (
        (PLANNED, gettext_lazy("To do")),
        (OVERDUE, gettext_lazy("Overdue")),
        (TODAY, gettext_lazy("Due today")),
        (DONE, gettext_lazy("Done")),
        (CANCELLED, gettext_lazy("Cancelled")),
        (ANY, gettext_lazy("To do and done")),
    )


class ActivityFilter(ListFilter):
    q = _text_filter(gettext_lazy("Find a deal, company or person"), method="by_text")
    person = django_filters.ChoiceFilter(
        method="by_person", label=gettext_lazy("Person"), empty_label=gettext_lazy("Everybody")
    )
    team = django_filters.ChoiceFilter(
        method="by_team", label=gettext_lazy("Team"), empty_label=gettext_lazy("All teams")
    )
    state = django_filters.ChoiceFilter(
        method="by_state",
        label=gettext_lazy("State"),
        choices=ActivityState.choices,
        empty_label=gettext_lazy("To do"),
    )
    kind = django_filters.ChoiceFilter(
        label=gettext_lazy("Kind"),
        choices=ActivityKind.choices,
        empty_label=gettext_lazy("Any kind"),
    )
    result = django_filters.ChoiceFilter(
        label=gettext_lazy("Result"),
        choices=ActivityResult.choices,
        empty_label=gettext_lazy("Any result"),
    )
    stage = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Stage"), distinct=False, choices=_stages_or_none, method="by_stage"
    )
    phase = django_filters.ChoiceFilter(
        label=gettext_lazy("Phase"),
        choices=[*Phase.choices, (OUTSIDE, gettext_lazy("Outside the two phases"))],
        empty_label=gettext_lazy("Any phase"),
        method="by_phase",
    )
    day_from = DayFilter(gettext_lazy("From"), method="by_day")
    day_to = DayFilter(gettext_lazy("To"), method="by_day")

    class Meta:
        model = Activity
        fields: list[str] = []

    @property
    def shown(self) -> str:
        """Which of the states is listed."""
        return (self.is_valid() and self.form.cleaned_data.get("state")) or ActivityState.PLANNED

    def filter_queryset(self, rows: ActivityQuerySet) -> ActivityQuerySet:
        found: ActivityQuerySet = super().filter_queryset(rows)
        # What is to be done is what the list is for; what was done is asked for.
        return found if self.form.cleaned_data.get("state") else found.planned()

    def by_text(self, rows: ActivityQuerySet, name: str, value: str) -> ActivityQuerySet:
        def alike(kind: SearchKind) -> QuerySet[Any, Any]:
            return search.ids(kind, value, reader=self.user)

        return rows.filter(
            Q(deal_id__in=alike(SearchKind.DEAL))
            | Q(company_id__in=alike(SearchKind.COMPANY))
            | Q(contact_id__in=alike(SearchKind.CONTACT))
        )

    def by_team(self, rows: ActivityQuerySet, name: str, value: str) -> ActivityQuerySet:
        return rows.filter(owner__team_id__in=self.teams.subtree_ids[int(value)])

    def by_stage(self, rows: ActivityQuerySet, name: str, value: Sequence[str]) -> ActivityQuerySet:
        """The stage for which it counted; of what is to be done, for which it would today."""
        stages = {int(stage) for stage in value}
        if not stages:
            return rows
        found = Q(_stage__in=stages - {NO_STAGE})
        if NO_STAGE in stages:
            found |= Q(_stage=None)
        return rows.alias(_stage=stage_now()).filter(found)

    def by_phase(self, rows: ActivityQuerySet, name: str, value: str) -> ActivityQuerySet:
        """Qualifying or closing, and what is neither (CHECKLIST B11): by the same stage."""
        stages = [stage for stage in Stage if stage.phase == value]
        found = Q(_stage__in=stages) if stages else Q(_stage=None)
        return rows.alias(_stage=stage_now()).filter(found)

    def by_state(self, rows: ActivityQuerySet, name: str, value: str) -> ActivityQuerySet:
        if value == ActivityState.DONE:
            return rows.done()
        if value == ActivityState.CANCELLED:
            return rows.exclude(cancelled_at=None)
        if value == ANY:
            return rows.filter(cancelled_at=None)
        if value == ActivityState.PLANNED:
            return rows.planned()
        if value == ActivityState.OVERDUE:
            return self._due(rows, DueState.OVER)
        return self._due(rows, DueState.TODAY)

    def _due(self, rows: ActivityQuerySet, state: DueState) -> ActivityQuerySet:
        mine = in_state(state, at=self.at, zone=self.user.zone)
        return rows.planned().filter(near(state, at=self.at), mine)

    def by_day(self, rows: ActivityQuerySet, name: str, value: dt.date) -> ActivityQuerySet:
        first, last = (value, None) if name == "day_from" else (None, value)
        zone = self.user.zone
        done = within(first, last, zone=zone, moment="done_at")
        planned = within(first, last, zone=zone, moment="due_at", on="due_on")
        return rows.filter(Q(done_at__isnull=False) & done | Q(done_at=None) & planned)


class CompanyFilter(ListFilter):
    q = _text_filter(gettext_lazy("Find a company"), method="by_text")
    relationship = django_filters.ChoiceFilter(
        label=gettext_lazy("Relationship"),
        choices=Relationship.choices,
        empty_label=gettext_lazy("Any relationship"),
    )
    person = django_filters.ChoiceFilter(
        method="by_person", label=gettext_lazy("Owner"), empty_label=gettext_lazy("Any owner")
    )
    deals = django_filters.ChoiceFilter(
        method="by_deals",
        label=gettext_lazy("Open deals"),
        choices=[
            ("open", gettext_lazy("With open deals")),
            ("none", gettext_lazy("Without open deals")),
        ],
        empty_label=gettext_lazy("With or without deals"),
    )
    fit = django_filters.ChoiceFilter(
        method="by_fit",
        label=gettext_lazy("Fit"),
        choices=Fit.choices,
        empty_label=gettext_lazy("Whether it fits or not"),
    )
    industry = _text_filter(gettext_lazy("Industry"), method="by_part")
    country = _text_filter(gettext_lazy("Country"), method="by_part")

    class Meta:
        model = Company
        fields: list[str] = []

    def by_text(self, rows: CompanyQuerySet, name: str, value: str) -> CompanyQuerySet:
        return rows.filter(pk__in=search.ids(SearchKind.COMPANY, value, reader=self.user))

    def by_part(self, rows: CompanyQuerySet, name: str, value: str) -> CompanyQuerySet:
        return rows.alias(folded=Fold(name)).filter(folded__contains=fold(value.strip()))

    def by_fit(self, rows: CompanyQuerySet, name: str, value: str) -> CompanyQuerySet:
        columns, condition = Target.of(self.user.organisation).where(Fit(value))
        return rows.alias(**columns).filter(condition)

    def by_deals(self, rows: CompanyQuerySet, name: str, value: str) -> CompanyQuerySet:
        open_ones = Deal.objects.visible_to(self.user).open().filter(company=OuterRef("pk"))
        return rows.filter(Exists(open_ones) if value == "open" else ~Exists(open_ones))


class ContactFilter(ListFilter):
    q = _text_filter(gettext_lazy("Find a person, address or number"), method="by_text")
    person = django_filters.ChoiceFilter(
        method="by_person", label=gettext_lazy("Owner"), empty_label=gettext_lazy("Any owner")
    )
    reach = django_filters.ChoiceFilter(
        method="by_reach",
        label=gettext_lazy("How to reach"),
        choices=[
            ("email", gettext_lazy("With an e-mail address")),
            ("phone", gettext_lazy("With a phone number")),
            ("none", gettext_lazy("Neither address nor number")),
        ],
        empty_label=gettext_lazy("With or without an address"),
    )
    company = IdFilter(field_name="company_id", label=gettext_lazy("Company"))

    class Meta:
        model = Contact
        fields: list[str] = []

    def by_text(self, rows: ContactQuerySet, name: str, value: str) -> ContactQuerySet:
        return rows.filter(pk__in=search.ids(SearchKind.CONTACT, value, reader=self.user))

    def by_reach(self, rows: ContactQuerySet, name: str, value: str) -> ContactQuerySet:
        points = ContactPoint.objects.filter(contact=OuterRef("pk"))
        if value == "none":
            return rows.filter(~Exists(points))
        kind = PointKind.EMAIL if value == "email" else PointKind.PHONE
        return rows.filter(Exists(points.filter(kind=kind)))


def problems(found: forms.Form) -> list[str]:
    """What is wrong with the values of a filter form, each named by its field."""
    return [
        f"{found.fields[name].label if name in found.fields else name}: {' '.join(map(str, said))}"
        for name, said in found.errors.items()
    ]
