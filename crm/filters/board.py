"""The board's filters, which the lists of deals share."""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.models import Deal, SearchKind, Source
from crm.models.deal import DealQuerySet
from crm.models.due import DueState, in_state
from crm.queries import search
from crm.shipped import shipped_name
from crm.worth import Rates
from pipeline.models import Team, User
from pipeline.people.access import ME, Scope, subtrees
from salesprocess.lib.prepared import Prepared

NOBODY = "nobody"
Choices = list[tuple[Any, Any]]


class NextState:
    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"
    NONE = "none"
    PARKED = "parked"

    choices = (
        (OVERDUE, _("Overdue")),
        (TODAY, _("Today")),
        (LATER, _("Later")),
        (NONE, _("Nothing planned")),
        (PARKED, _("Parked")),
    )


_DUE = {
    NextState.OVERDUE: DueState.OVER,
    NextState.TODAY: DueState.TODAY,
    NextState.LATER: DueState.LATER,
}


def next_state(state: str, *, at: dt.datetime, zone: dt.tzinfo) -> Q:
    """The deals whose what's-next is in that state, in the words of their cards.

    `zone` is the reader's.
    """
    if state in _DUE:
        return in_state(_DUE[state], at=at, zone=zone, prefix="next")
    today = at.astimezone(zone).date()
    if state == NextState.PARKED:
        return Q(next_kind="", parked_until__gt=today)
    # Whose parking has ended is on the board again, with nothing planned.
    return Q(next_kind="") & (Q(parked_until=None) | Q(parked_until__lte=today))


def person_choices(user: User, people: Iterable[tuple[int, str, bool]]) -> Choices:
    """What to ask for by person; `people` are those whose records may be in sight: id, name, and
    whether they are still here."""
    others = [
        (pk, name if here else gettext("%(name)s (left)") % {"name": name})
        for pk, name, here in people
        if pk != user.pk
    ]
    return [(ME, _("Mine")), *others, (NOBODY, _("No owner"))]


def saying_me(query: QueryDict, user: User) -> QueryDict:
    """The same question, with "me" where it names its asker by number, as older addresses do."""
    if query.get("person") != str(user.pk):
        return query
    said = query.copy()
    said["person"] = ME
    return said


def owner_of(value: str, user: User) -> int | None:
    """Whose records a choice of person asks for; None for nobody's."""
    return {ME: user.pk, NOBODY: None}[value] if value in (ME, NOBODY) else int(value)


class Teams:
    """The teams whose deals a person may see, as a tree; one query, or none if all are `known`."""

    def __init__(self, user: User, known: Sequence[Team] | None = None) -> None:
        self.user = user
        self._known = known

    @cached_property
    def subtree_ids(self) -> dict[int, list[int]]:
        """Each team with all the teams under it, itself included, from the root down."""
        return subtrees({team.pk: team.parent_id for team in self._all})

    @cached_property
    def choices(self) -> Choices:
        reach = self.user.scope
        if not reach.everything and len(reach.pool_team_ids) < 2:
            return []
        names = {team.pk: team.name for team in self._all}
        parents = {team.pk: team.parent_id for team in self._all}
        choices = []
        for pk in self.subtree_ids:
            if reach.everything or pk in reach.pool_team_ids:
                indent = "\N{EM SPACE}" * _depth(pk, parents)
                choices.append((pk, indent + names[pk]))
        return choices

    @cached_property
    def _all(self) -> list[Team]:
        if self._known is not None:
            return list(self._known)
        return list(Team.objects.visible_to(self.user).order_by(Lower("name")))


def _depth(pk: int, parents: Mapping[int, int | None]) -> int:
    above = parents[pk]
    return 0 if above is None else 1 + _depth(above, parents)


def _person_and_source_choices(scope: Scope) -> QuerySet[Any, tuple[Any, ...]]:
    """Whether it is a person (else a source), id, name, and whether the person is still here."""
    open_deals = Deal.objects.open().filter(owner=OuterRef("pk"))
    people = User.objects.whose_records_are_visible_to(scope)
    people = people.filter(Q(is_active=True) | Exists(open_deals))
    sources = Source.objects.visible_to(scope).active()
    found: QuerySet[Any, tuple[Any, ...]] = people.order_by().values_list(
        Value(True), "pk", "name", "is_active"
    )
    return found.union(
        sources.order_by().values_list(Value(False), "pk", "name", Value(True)), all=True
    )


# Two short lists in one: a board should not cost more for its head than for its cards.
_read_choices: Prepared[tuple[bool, int, str, bool]] = Prepared(
    lambda row: (row[0], row[1], row[2], row[3]), _person_and_source_choices
)


class BoardFilter(django_filters.FilterSet):  # type: ignore[misc]  # ships no types
    """The board's filters; all of them live in the address."""

    q = django_filters.CharFilter(method="by_text", label=_("Find on the board"))
    person = django_filters.ChoiceFilter(
        method="by_person", label=_("Person"), empty_label=_("Everybody")
    )
    team = django_filters.ChoiceFilter(
        method="by_team", label=_("Team"), empty_label=_("All teams")
    )
    source = django_filters.ChoiceFilter(
        field_name="source_id", label=_("Source"), empty_label=_("Any source")
    )
    next = django_filters.ChoiceFilter(
        method="by_next",
        label=_("What’s next"),
        choices=NextState.choices,
        empty_label=_("Any what’s next"),
    )
    min = django_filters.NumberFilter(
        field_name="value", lookup_expr="gte", label=_("Value from"), min_value=0
    )
    max = django_filters.NumberFilter(
        field_name="value", lookup_expr="lte", label=_("Value to"), min_value=0
    )

    class Meta:
        model = Deal
        fields: list[str] = []

    def __init__(self, data: QueryDict, *, user: User, rates: Rates, at: dt.datetime) -> None:
        super().__init__(saying_me(data, user), Deal.objects.with_value(rates))
        self.user = user
        self.at = at
        self.rates = rates
        self.teams = Teams(user)
        self._set_choices("person", self._people)
        self._set_choices("team", lambda: self.teams.choices)
        self._set_choices("source", self._sources)

    @property
    def scope(self) -> Scope:
        return self.user.scope

    def deals(self, scope: Scope) -> DealQuerySet:
        """What the filters leave within a scope; a value that is none leaves out its own filter
        only."""
        found: DealQuerySet = self.queryset.visible_to(scope)
        if not self.is_on:
            return found
        self.is_valid()  # else nothing is cleaned
        left: DealQuerySet = self.filter_queryset(found)
        return left

    def left_out(self) -> str:
        """The deals that no filter by value can judge, because nobody knows what they are worth, in
        words. One query where there is such a filter, else none."""
        asked = [name for name in ("min", "max") if self.data.get(name)]
        if not asked or not self.is_valid():
            return ""
        unknown = self._without(*asked).without_rate()
        deals = unknown.worth().without_rate(self.rates)
        return gettext("left out: %(deals)s") % {"deals": deals} if deals else ""

    def _without(self, *names: str) -> DealQuerySet:
        """What all filters but these leave."""
        other = copy(self)
        for kept in {"_form", "asked"} & set(vars(other)):
            delattr(other, kept)
        other.data = self.data.copy()
        for name in names:
            del other.data[name]
        return other.deals(self.scope)

    @property
    def key(self) -> Hashable:
        """What the SQL of `deals` depends on besides; None with filters, which hardly ever come
        again."""
        return None if self.is_on or self.scope.is_wide else self.rates

    @property
    def is_on(self) -> bool:
        return any(self.data.get(name) for name in self.filters)

    def _set_choices(self, name: str, choices: Callable[[], Choices]) -> None:
        # Asked for only when the field is drawn or carries a value, so that a poll stays cheap.
        self.filters[name].extra["choices"] = choices

    def _people(self) -> Choices:
        """Who sells here; of those who left, only who still has work on the board."""
        people = [(pk, name, here) for person, pk, name, here in self._choices if person]
        return person_choices(self.user, people)

    def _sources(self) -> Choices:
        sources = [
            (pk, shipped_name(name)) for person, pk, name, _here in self._choices if not person
        ]
        return sorted(sources, key=lambda source: source[1].lower())

    @cached_property
    def _choices(self) -> list[tuple[bool, int, str, bool]]:
        return sorted(_read_choices(self.scope), key=lambda row: (row[2].lower(), row[1]))

    @property
    def selects(self) -> Iterator[tuple[str, Any, Choices, str]]:
        """Each filter that is a choice, for the template: name, label, choices, what is chosen.

        Without the form, whose fields are made anew for each page to judge what was asked for.
        """
        for name in ("person", "team", "next", "source"):
            field = self.filters[name]
            found = field.extra["choices"]
            choices = list(found() if callable(found) else found)
            if choices or name != "team":
                choices.insert(0, ("", field.extra["empty_label"]))
                yield name, field.label, choices, self.data.get(name, "")

    def by_text(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        return deals.filter(pk__in=search.ids(SearchKind.DEAL, value, reader=self.user))

    def by_person(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        return deals.filter(owner_id=owner_of(value, self.user))

    def by_team(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        return deals.filter(team_id__in=self.teams.subtree_ids[int(value)])

    def by_next(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        return deals.filter(next_state(value, at=self.at, zone=self.user.zone))
