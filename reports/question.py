"""What a report is asked: by whom, about which time, and of whom."""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from crm.models import Deal, DealLine, Rate
from crm.worth import Rates
from pipeline.models import Team, User
from pipeline.people.access import subtrees
from reports.figures import RELIABLE_FROM, Coverage, Period

T = TypeVar("T")
# A batch of no number: the reader's own is meant.
_OF_READER = -1


@dataclass(frozen=True, kw_only=True)
class Question:
    """Who asks, about which time, and of whom; what is not None narrows the reader's reach.

    `today` is the organisation's; `as_of` is the day whose end stock is asked for, None for now.
    `compare` is the period that figures are set beside. `since` is the day at whose end what changed
    is asked from; None for the beginning of the period.
    """

    reader: User
    today: dt.date
    period: Period
    compare: Period | None = None
    as_of: dt.date | None = None
    since: dt.date | None = None
    # The id of somebody, and that of his or her team.
    person: int | None = None
    person_team: int | None = None
    # The ids of a team and all below it; None for every team in reach.
    teams: frozenset[int] | None = None
    source: int | None = None
    style: str = ""
    product: int | None = None
    # The sample data, where it is no part of what is asked.
    left_out: int | None = None
    # What people try out on the tour, which is no part of any question; said by the reader once, as
    # there need be none.
    tour: int | None = _OF_READER

    def __post_init__(self) -> None:
        if self.tour == _OF_READER:
            object.__setattr__(self, "tour", self.reader.scope.tour_id)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made when it is first asked for: several figures share one query."""
        kept: dict[Hashable, Any] = self.__dict__.setdefault("_kept", {})
        if key not in kept:
            kept[key] = make()
        return kept[key]  # type: ignore[no-any-return]  # kept under its key alone

    def once_for_all(self, key: Hashable, make: Callable[[], T]) -> T:
        """The same for what holds for every question of this reader at this moment, about whatever
        time and person: names, for example."""
        kept: dict[Hashable, Any] = self.__dict__.setdefault("_kept_for_all", {})
        if key not in kept:
            kept[key] = make()
        return kept[key]  # type: ignore[no-any-return]  # kept under its key alone

    def _narrowed_to(self, **changed: Any) -> "Question":
        found = replace(self, **changed)
        found.__dict__["_kept_for_all"] = self.__dict__.setdefault("_kept_for_all", {})
        return found

    def about(self, period: Period) -> "Question":
        """The same question about another time."""
        return self.once(("about", period), lambda: self._narrowed_to(period=period, compare=None))

    def beside(self, period: Period) -> "Question":
        """The same question about another time, at the same rates, so that no currency is taken for
        news."""
        found = self.about(period)
        found.__dict__["_valued_as"] = self
        return found

    def is_of_other_time(self, other: "Question") -> bool:
        """Whether it differs from another question in nothing but the time that it is about."""
        return replace(self, period=other.period, compare=other.compare) == other

    def alone(self) -> "Question":
        """The same question, compared with nothing."""
        return self._narrowed_to(compare=None)

    def of_person(self, person: User) -> "Question":
        """The same question about one of the people asked about."""
        return self.once(
            ("of", person.pk),
            lambda: self._narrowed_to(person=person.pk, person_team=person.team_id),
        )

    def as_of_day(self, day: dt.date) -> "Question":
        """The same question about what stood at the end of a day."""
        return self.once(("as of", day), lambda: self._narrowed_to(as_of=day))

    def of_everybody(self) -> "Question":
        """The same question, of whoever there is: for what is shown of many people together only."""
        return replace(self, person=None, person_team=None, teams=None, style="")

    @property
    def before(self) -> "Question | None":
        """The same question about the period that is compared with."""
        return None if self.compare is None else self.beside(self.compare)

    @property
    def stood_before(self) -> "Question | None":
        """The same as `before`, with what is open as it stood at the end of that period."""
        if self.compare is None:
            return None
        found = self.beside(self.compare).as_of_day(self.compare.end_on)
        found.__dict__["_valued_as"] = self
        return found

    @cached_property
    def now(self) -> dt.datetime:
        """The instant up to which is counted: the end of the day asked for, or this moment."""
        if self.as_of is None:
            return timezone.now()
        return self._end_of(self.as_of)

    @property
    def ends_now(self) -> bool:
        """Whether what changed is asked up to this moment."""
        if self.as_of is not None:
            return self.as_of >= self.today
        return self.since is not None or self.period.end_on >= self.today

    @property
    def changed_from(self) -> dt.datetime:
        """The instant from which on a change counts: the end of the day `since`, or the beginning of
        the period."""
        return self.period.starts_at if self.since is None else self._end_of(self.since)

    @property
    def changed_until(self) -> dt.datetime:
        """The first instant at which a change counts no more."""
        if self.ends_now or self.as_of is not None:
            return self.now
        return self.period.ends_at

    @property
    def last_day(self) -> dt.date:
        """The day that `changed_until` ends: the one asked for, that of the period, or today."""
        return self.as_of or (self.today if self.ends_now else self.period.end_on)

    @property
    def quarter(self) -> tuple[dt.date, dt.date]:
        """The first and last day of the organisation's quarter in which the last day lies."""
        return quarter_of(self.last_day, first_month=self.first_month)

    @property
    def first_month(self) -> int:
        """The month, 1 to 12, in which the organisation's year begins."""
        return self.reader.organisation.fiscal_month or 1

    def _end_of(self, day: dt.date) -> dt.datetime:
        midnight = day + dt.timedelta(days=1)
        return dt.datetime.combine(midnight, dt.time.min, tzinfo=self.period.zone)

    @property
    def team_ids(self) -> Iterable[int | None]:
        """The teams that are asked about, as they are now."""
        if self.teams is not None:
            return self.teams
        if self.person is not None:
            return [self.person_team]
        scope, now = self.reader.scope, self.reader.process_now
        return now.teams if scope.everything else scope.pool_team_ids

    @cached_property
    def rates(self) -> Rates:
        """Those of the period's last day; a rate that lies ahead is none yet."""
        if valued_as := self.__dict__.get("_valued_as"):
            return valued_as.rates  # type: ignore[no-any-return]  # a question, as `beside` says
        day = min(self.period.end_on, self.today)
        return self.once_for_all(("rates", day), lambda: Rate.objects.on(day))

    def coverage(self, *, known: int, population: int) -> Coverage:
        """Judged by what the reader's organisation calls reliable."""
        return Coverage(known=known, population=population, reliable_from=self._reliable_from)

    @cached_property
    def _reliable_from(self) -> Decimal:
        needed = self.reader.organisation.reliable_from
        return RELIABLE_FROM if needed is None else Decimal(needed) / 100

    @property
    def is_of_some(self) -> bool:
        """Whether it is asked of some of those in the reader's reach only."""
        return self.person is not None or self.teams is not None or bool(self.style)

    def of_visits(self) -> Q:
        return self._narrowed(owner="entry_owner", team="entry_team", deal="deal__")

    def of_deals(self, *, owner: str = "owner", team: str = "team") -> Q:
        """`owner` and `team` are the columns that say whose it was then."""
        return self._narrowed(owner=owner, team=team, deal="")

    def of_activities(self) -> Q:
        """Of who did them, whose team is the present one."""
        narrowed = self._narrowed(owner="owner", team="owner__team", deal="deal__")
        return narrowed & self.without_tour("company__")

    def of_parts(self) -> Q:
        """Of records of a deal, such as its offers."""
        return self._narrowed(owner="deal__owner", team="deal__team", deal="deal__")

    def of_people(self) -> Q:
        """Of the people themselves, those who are here; whoever left is asked for by name."""
        if self.person is not None:
            return Q(pk=self.person)
        condition = Q(is_active=True)
        if self.teams is not None:
            condition &= Q(team_id__in=sorted(self.teams))
        if self.style:
            condition &= Q(style=self.style)
        if self.left_out is not None:
            condition &= ~Q(batch_id=self.left_out)
        return condition

    def without_tour(self, *paths: str) -> Q:
        """`paths` lead to what may be of it: a deal, a company."""
        condition = Q()
        if self.tour is not None:
            for path in paths:
                condition &= ~Q(**{f"{path}batch_id": self.tour})
        return condition

    def of_real(self, *paths: str) -> Q:
        """Neither of a tour nor of what this question leaves out; `paths` as for `without_tour`."""
        condition = self.without_tour(*paths)
        if self.left_out is not None:
            for path in paths:
                condition &= ~Q(**{f"{path}batch_id": self.left_out})
        return condition

    def _narrowed(self, *, owner: str, team: str, deal: str) -> Q:
        """`deal` is the path to the deal."""
        condition = self.of_real(deal)
        if self.person is not None:
            condition &= Q(**{f"{owner}_id": self.person})
        if self.teams is not None:
            condition &= Q(**{f"{team}_id__in": sorted(self.teams)})
        if self.style:
            people = User.objects.filter(style=self.style)
            condition &= Q(**{f"{owner}_id__in": people.values("pk")})
        if self.source is not None:
            condition &= Q(**{f"{deal}source_id": self.source})
        if self.product is not None:
            lines = DealLine.objects.filter(product_id=self.product)
            condition &= Q(**{f"{deal}pk__in": lines.values("deal")})
        return condition


def months_before(day: dt.date, months: int) -> dt.date:
    """The first day of the month that many months before that of `day`; after it, if negative."""
    count = day.year * 12 + day.month - 1 - months
    return dt.date(count // 12, count % 12 + 1, 1)


def quarter_of(day: dt.date, *, first_month: int = 1) -> tuple[dt.date, dt.date]:
    """The first and last day of the quarter of `day`, in a year that begins in `first_month`."""
    first = months_before(day, (day.month - first_month) % 3)
    return first, months_before(first, -3) - dt.timedelta(days=1)


def year_name(day: dt.date, *, first_month: int = 1) -> str:
    """`2026`, or `2026/27` for a year that begins later than the calendar's."""
    year = day.year if day.month >= first_month else day.year - 1
    return f"{year}" if first_month == 1 else f"{year}/{(year + 1) % 100:02}"


def quarter_name(day: dt.date, *, first_month: int = 1) -> str:
    """`Q1 2026`, or `Q1 2026/27`: the quarter of `day` in a year that begins in `first_month`."""
    number = (day.month - first_month) % 12 // 3 + 1
    return f"Q{number} {year_name(day, first_month=first_month)}"


def team_with_all_below(team: Team) -> frozenset[int]:
    """The ids of a team and of every team below it."""
    return frozenset(subtrees(dict(Team.objects.values_list("pk", "parent_id")))[team.pk])


def sample_beside_own(reader: User) -> int | None:
    """The sample data, once there are deals of one's own beside it: who asks for everything means
    these. None before, and without sample data. One query, none without."""
    sample, tour = reader.scope.sample_id, reader.scope.tour_id
    if sample is None:
        return None
    own = Deal.objects.exclude(batch_id=sample)
    if not (own if tour is None else own.exclude(batch_id=tour)).exists():
        return None
    return sample
