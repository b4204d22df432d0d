"""Figures of several questions and populations asked for in one query: what a page shows of other
times, or of much that is small, beside what it is about.

Each population under each question is a branch of one UNION, with the same columns: which branch it
is, its values along the axes as text, and the numbers that its metrics are read from. Metrics that add
up are counted along all axes at once for which a question wants them of a population: its rows are gone
through once, and what each axis comes to is added up afterwards. Where it is dear to find them, so they
are for questions that differ in nothing but times that follow one another: weeks, a period, and the one
before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    DateField,
    DecimalField,
    F,
    Func,
    IntegerField,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast

from reports.axis import Axis
from reports.figures import Period, Unit
from reports.kept_sql import found_rows
from reports.lifted import lifted
from reports.measures import Middle, Told, Unfolded
from reports.metric import (
    WHOLE,
    Derived,
    Metric,
    Population,
    figure_key,
    figures,
    kept_figures,
    read_values,
)
from reports.question import Question
from salesprocess.lib.derived import once_a_span

# What measures read that can go along: an estimate's curve cannot.
_READ = ("n", "part", "known", "found", "whole", "low", "high")
_COUNTS = ("n", "part", "known")
_MOMENTS = (Unit.DAYS, Unit.HOURS)
# The columns of what rows are along the axes of their branch.
_NAMES = ("one", "two", "three", "four")


class _Seconds(Func):
    """How many seconds an interval has."""

    template = "extract(epoch FROM %(expressions)s)"
    output_field = DecimalField()


class _Numbers(Func):
    """Several numbers in one column: as many as a branch has, while its others have more or fewer."""

    template = "ARRAY[%(expressions)s]::numeric[]"
    output_field: Any = ArrayField(DecimalField(max_digits=30, decimal_places=6))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Some metrics of a question along up to two axes."""

    question: Question
    metrics: Sequence[Metric]
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class _Part:
    """What is read of each row: a metric, or of one that unfolds along an axis what it is at one of
    the axis' values."""

    metric: Metric
    by: Axis | None = None
    value: Any = None

    @property
    def key(self) -> Hashable:
        return self.metric.slug, self.by and self.by.key, self.value

    def columns(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.metric.measured(self.by, self.value).columns()
        return found


@dataclass(kw_only=True)
class _Branch:
    """`wanted` are the metrics with the axes along which each is wanted, `axes` all of these."""

    question: Question
    population: Population
    wanted: list[tuple[Metric, tuple[Axis, ...]]] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    parts: dict[Hashable, _Part] = field(default_factory=dict)

    def add(self, metric: Metric, axes: tuple[Axis, ...]) -> None:
        self.wanted.append((metric, axes))
        self.axes += [each for each in axes if each.is_partition and each not in self.axes]
        for part in _parts_of(self.question, metric, axes):
            self.parts.setdefault(part.key, part)

    def bears(self, axes: Sequence[Axis]) -> bool:
        """Whether there is room for some more axes."""
        more = [each for each in axes if each.is_partition and each not in self.axes]
        return len(self.axes) + len(more) <= len(_NAMES)

    @property
    def key(self) -> Hashable:
        return self.population.key, tuple(self.parts), tuple(axis.key for axis in self.axes)

    @property
    def without_time(self) -> tuple[Hashable, ...]:
        """Which parts are wanted along no axis of time: what is undated falls into no month."""
        return tuple(
            part.key
            for metric, axes in self.wanted
            if not any(axis.time for axis in axes)
            for part in _parts_of(self.question, metric, axes)
        )

    def loses(self) -> bool:
        """Whether there are rows of which nobody knows when. People are asked for by themselves."""
        undated = self.population.undated
        if undated is None or self.population.kind == "person" or not self.without_time:
            return False
        return undated(self.question) is not None

    def columns(self) -> dict[str, Any]:
        return _columns(self.parts)

    def places(self) -> list[tuple[Hashable, str]]:
        return _places(self.parts)


@dataclass(kw_only=True)
class _Pass:
    """One branch; or several of the same population that differ in nothing but their periods, and go
    through its rows together."""

    branches: list[_Branch]

    @property
    def population(self) -> Population:
        return self.branches[0].population

    @property
    def period(self) -> Period:
        """From the first day of all of them to the last."""
        periods = [branch.question.period for branch in self.branches]
        return Period(
            start_on=min(each.start_on for each in periods),
            end_on=max(each.end_on for each in periods),
            zone=periods[0].zone,
        )

    @property
    def question(self) -> Question:
        first = self.branches[0].question
        return first if len(self.branches) == 1 else first.beside(self.period)

    @property
    def axes(self) -> list[Axis]:
        found: dict[str, Axis] = {}
        for branch in self.branches:
            found.update({axis.key: axis for axis in branch.axes})
        return list(found.values())

    @property
    def parts(self) -> dict[Hashable, _Part]:
        return {key: part for branch in self.branches for key, part in branch.parts.items()}

    @property
    def key(self) -> Hashable:
        return tuple((branch.key, branch.question.period) for branch in self.branches)

    def joined_by(self, branch: _Branch) -> _Pass | None:
        """With that branch as well, if it can go along."""
        first, population = self.branches[0], branch.population
        if population.key != first.population.key or not population.is_by_time:
            return None
        if not first.question.is_of_other_time(branch.question):
            return None
        joint = _Pass(branches=[*self.branches, branch])
        # What is asked of fewer would be found of all.
        if {*first.parts} != {*branch.parts} or len(joint.axes) > len(_NAMES):
            return None
        if not _follow(self.period, branch.question.period):
            return None
        # No currency may be taken for news.
        is_valued = read_values(_columns(joint.parts))
        return joint if not is_valued or first.question.rates == branch.question.rates else None


def _follow(one: Period, other: Period) -> bool:
    """Whether no day lies between them."""
    first, second = sorted((one, other), key=lambda each: each.start_on)
    return second.start_on <= first.end_on + dt.timedelta(days=1)


def _passes(branches: Iterable[_Branch]) -> list[_Pass]:
    found: list[_Pass] = []
    for branch in branches:
        for place, former in enumerate(found):
            if (joint := former.joined_by(branch)) is not None:
                found[place] = joint
                break
        else:
            found.append(_Pass(branches=[branch]))
    return found


def _columns(parts: Mapping[Hashable, _Part]) -> dict[str, Any]:
    return {
        f"m{number}_{name}": column
        for number, part in enumerate(parts.values())
        for name, column in part.columns().items()
    }


def _places(parts: Mapping[Hashable, _Part]) -> list[tuple[Hashable, str]]:
    """Of which part, and what of it, each of the numbers is."""
    return [(key, name) for key, part in parts.items() for name in part.columns()]


def _parts_of(question: Question, metric: Metric, axes: Sequence[Axis]) -> list[_Part]:
    if axes and not axes[0].is_partition:
        (by,) = axes
        return [_Part(metric, by, value) for value in metric.values_along(question, by)]
    return [_Part(metric)]


def ask_together(wanted: Iterable[Wanted]) -> None:
    """Ask for all of it at once, so that `figures` has it; one query. Rows of which nobody knows when are
    branches of their own, of which no more is asked than how many there are. Metrics that are worked out of others are asked
    for by those; what is told one by one is not asked for here."""
    branches = _branches(wanted)
    if not branches:
        return
    # Seldom there are any, and they lower the coverage of the whole.
    losing = [branch for branch in branches if branch.loses()]
    every = [*branches, *losing]
    passes = _passes(branches)
    names = _NAMES[: max(len(each.axes) for each in passes)]

    def write(*asked: Question) -> Any:
        dated, undated = asked[: len(passes)], asked[len(passes) :]
        rows = [
            _rows(some, each, [_place(branches, one) for one in some.branches], names)
            for some, each in zip(passes, dated, strict=True)
        ]
        pairs = enumerate(zip(losing, undated, strict=True), start=len(branches))
        rows += [_undated_rows(branch, each, place, names) for place, (branch, each) in pairs]
        return rows[0].union(*rows[1:], all=True) if len(rows) > 1 else rows[0]

    questions = [some.question for some in passes] + [branch.question for branch in losing]
    learnt = {
        name: value
        for branch in branches
        if branch.population.learns
        for name, value in branch.population.learns(branch.question).items()
    }
    if losing:
        learnt["undated"] = True
    wanted_keys = tuple((branch.key, branch.without_time) for branch in every)
    asked_for = ("together", len(branches), *wanted_keys, *(each.key for each in passes))
    valued = any(read_values(branch.columns()) for branch in branches)
    asked_rows = found_rows(
        questions[0], asked_for, write, *questions[1:], learnt=learnt, valued=valued
    )
    found = _told_apart(asked_rows, names, branches, passes, losing)
    lost = {id(branch): rows for branch, rows in zip(losing, found[len(branches) :], strict=True)}
    for branch, rows in zip(branches, found, strict=False):
        _keep(branch, rows, lost.get(id(branch), []))


def _told_apart(
    rows: Iterable[Mapping[str, Any]],
    names: Sequence[str],
    branches: Sequence[_Branch],
    passes: Sequence[_Pass],
    losing: Sequence[_Branch],
) -> list[list[_Row]]:
    """The rows of each branch, and of each that loses some, with the values along its own axes and its own
    numbers."""
    own = {_place(branches, one): _own(some, one) for some in passes for one in some.branches}
    alone = enumerate((_Pass(branches=[one]) for one in losing), start=len(branches))
    own |= {place: _own(one, one.branches[0]) for place, one in alone}
    axes = [branch.axes for branch in (*branches, *losing)]
    found: list[list[_Row]] = [[] for _branch in axes]
    for row in rows:
        place = row["branch"]
        along, numbers = own[place]
        pairs = zip((row[names[at]] for at in along), axes[place], strict=True)
        key = tuple(None if text is None else axis.value(text) for text, axis in pairs)
        found[place].append((key, [row["found"][at] for at in numbers]))
    return found


def _place(branches: Sequence[_Branch], one: _Branch) -> int:
    return next(place for place, each in enumerate(branches) if each is one)


def _own(some: _Pass, branch: _Branch) -> tuple[list[int], list[int]]:
    """Where in a row of a pass the values along a branch's axes stand, and where its numbers."""
    axes, places = [axis.key for axis in some.axes], _places(some.parts)
    return [axes.index(axis.key) for axis in branch.axes], [
        places.index(each) for each in branch.places()
    ]


def _branches(wanted: Iterable[Wanted]) -> list[_Branch]:
    branches: list[_Branch] = []
    adding_up: dict[tuple[int, str], _Branch] = {}
    for each in wanted:
        for population, metrics in _by_population(each):
            branch = _Branch(question=each.question, population=population)
            if all(_adds_up(each.question, metric, each.axes) for metric in metrics):
                place = (id(each.question), population.key)
                former = adding_up.get(place)
                if former is not None and former.bears(each.axes):
                    branch = former
                adding_up[place] = branch
            for metric in metrics:
                branch.add(metric, each.axes)
            if not any(branch is one for one in branches):
                branches.append(branch)
    return branches


def _by_population(each: Wanted) -> list[tuple[Population, list[Metric]]]:
    """What of it is to be asked for."""
    kept = kept_figures(each.question)
    found: dict[str, list[Metric]] = {}
    for metric in each.metrics:
        if figure_key(metric, each.axes) not in kept and _can_go_along(metric, each.axes):
            found.setdefault(metric.population.key, []).append(metric)
    return [(some[0].population, some) for some in found.values()]


def _adds_up(question: Question, metric: Metric, axes: Sequence[Axis]) -> bool:
    """Whether what it is of several groups is what it is of these together: of counts and sums."""
    columns = [
        column for part in _parts_of(question, metric, axes) for column in part.columns().values()
    ]
    return all(
        type(each) is Sum or (type(each) is Count and not getattr(each, "distinct", False))
        for each in columns
    )


def _can_go_along(metric: Metric, axes: Sequence[Axis]) -> bool:
    if isinstance(metric.measures, Told | Derived):
        return False
    if not all(axis.is_partition for axis in axes):
        return isinstance(metric.measures, Unfolded) and metric.measures.axis == axes[0].key
    return set(metric.columns()) <= {*_READ}


def _is_length(part: _Part) -> bool:
    """Whether the database finds a length of time: a median or a mean of such, not a number of days."""
    measures = part.metric.measured(part.by, part.value)
    of_rows = isinstance(measures, Middle) or getattr(measures, "aggregate", None) is Avg
    return of_rows and part.metric.unit in _MOMENTS


def _as_number(column: Any, part: _Part, name: str) -> Any:
    if name in _COUNTS:
        return column
    number: Any = DecimalField(max_digits=30, decimal_places=6)
    return Cast(_Seconds(column) if _is_length(part) else column, number)


def _as_text(value: Any, axis: Axis) -> Cast:
    """As `Axis.value` reads it back; the first day of a span is a moment to the database."""
    return Cast(Cast(value, DateField()) if axis.time else value, CharField())


def _nothing() -> Cast:
    """An unknown of a type: branches of a union must agree on it."""
    return Cast(Value(None), CharField())


def _rows(some: _Pass, question: Question, places: Sequence[int], names: Sequence[str]) -> Any:
    """`places` are those of its branches among all of them."""
    population, columns = some.population, _columns(some.parts)
    rows = population.find(question).order_by()
    if read_values(columns):
        rows = population.valued(question, rows)
    along: dict[str, Any] = {
        name: _as_text(population.axes[axis.key](question), axis)
        for name, axis in zip(names, some.axes, strict=False)
    }
    if len(some.branches) == 1:
        rows, raw = lifted(rows, along, columns)
        rows = rows.annotate(branch=Value(places[0], output_field=IntegerField()))
    else:
        rows, raw = lifted(rows, {**along, _AT: F(population.at)}, columns, always=True)
        periods = [branch.question.period for branch in some.branches]
        spans = {
            place: (each.starts_at, each.ends_at)
            for place, each in zip(places, periods, strict=True)
        }
        rows = once_a_span(rows, _AT, spans, name="branch")
        rows = rows.annotate(**_along_own_axes(some, places, along))
    numbers = [
        _as_number(raw[f"m{number}_{name}"], part, name)
        for number, part in enumerate(some.parts.values())
        for name in part.columns()
    ]
    rows = rows.annotate(**{name: _nothing() for name in names if name not in along})
    return rows.values("branch", *names).annotate(found=_Numbers(*numbers))


# The instant by which a row is placed in a period.
_AT = "placed_at"


def _along_own_axes(some: _Pass, places: Sequence[int], names: Iterable[str]) -> Mapping[str, Case]:
    """Each branch is told along its own axes alone."""
    found = {}
    for name, axis in zip(names, some.axes, strict=True):
        own = [
            place
            for place, branch in zip(places, some.branches, strict=True)
            if axis.key in [each.key for each in branch.axes]
        ]
        if len(own) < len(places):
            found[name] = Case(When(branch__in=own, then=F(name)), output_field=CharField())
    return found


def _undated_rows(branch: _Branch, question: Question, place: int, names: Sequence[str]) -> Any:
    """How many there are of each part, with the columns of `_rows`; of any other number there is none."""
    population = branch.population
    assert population.undated is not None  # noqa: S101  # as `loses` says
    rows: Any = population.undated(question)
    counts = {
        f"m{number}_n": part.columns()["n"]
        for number, part in enumerate(branch.parts.values())
        if part.key in branch.without_time
    }
    if read_values(counts):
        rows = population.valued(question, rows)
    along: dict[str, Any] = {
        name: _as_text(population.axes[axis.key](question), axis)
        for name, axis in zip(names, branch.axes, strict=False)
        if not axis.time
    }
    rows, raw = lifted(rows.order_by(), along, counts)
    none = Cast(Value(None), DecimalField(max_digits=30, decimal_places=6))
    numbers = [
        raw.get(f"m{number}_n", none) if name == "n" else none
        for number, part in enumerate(branch.parts.values())
        for name in part.columns()
    ]
    texts = {name: _nothing() for name in names if name not in along}
    grouped = rows.annotate(branch=Value(place, output_field=IntegerField()), **texts).values(
        "branch", *names
    )
    return grouped.annotate(found=_Numbers(*numbers))


_Row = tuple[tuple[Any, ...], Sequence[Any]]


class _Sums:
    """What the numbers of a branch's rows come to along some of its axes; of numbers that do not add up
    there is but one row for each value."""

    def __init__(self, branch: _Branch, rows: Sequence[_Row]) -> None:
        self._branch, self._rows = branch, rows
        self._kept: dict[tuple[str, ...], dict[Any, list[Any]]] = {}
        self._places: dict[Hashable, list[tuple[int, str]]] = {}
        for place, (key, name) in enumerate(branch.places()):
            self._places.setdefault(key, []).append((place, name))

    def along(self, axes: Sequence[Axis]) -> Mapping[Any, Sequence[Any]]:
        """The numbers for each value, or pair of values; the whole under WHOLE."""
        keys = tuple(axis.key for axis in axes)
        if keys not in self._kept:
            self._kept[keys] = self._added(axes)
        return self._kept[keys]

    def _added(self, axes: Sequence[Axis]) -> dict[Any, list[Any]]:
        places = [self._branch.axes.index(axis) for axis in axes]
        sums: dict[Any, list[Any]] = {}
        for values, numbers in self._rows:
            key: Any = tuple(values[place] for place in places)
            if len(axes) < 2:
                key = key[0] if axes else WHOLE
            former = sums.get(key)
            sums[key] = list(numbers) if former is None else list(map(_sum, former, numbers))
        return sums

    def of(self, part: _Part, numbers: Sequence[Any] | None) -> dict[str, Any]:
        """What a part is read from."""
        own: dict[str, Any] = {}
        for place, name in self._places[part.key]:
            number = None if numbers is None else numbers[place]
            if name in _COUNTS:
                number = int(number or 0)
            elif _is_length(part):
                number = _moment(number)
            own[name] = number
        return own


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _keep(branch: _Branch, rows: Sequence[_Row], lost: Sequence[_Row]) -> None:
    question, population = branch.question, branch.population
    kept = kept_figures(question)
    apart: dict[tuple[str, ...], list[tuple[Metric, tuple[Axis, ...]]]] = {}
    is_apart = (
        population.kind == "person"
        and population.undated is not None
        and population.undated(question) is not None
    )
    sums, undated, none = _Sums(branch, rows), _Sums(branch, lost), _Sums(branch, [])
    for metric, axes in branch.wanted:
        has_time = any(axis.time for axis in axes)
        if is_apart and not has_time:
            apart.setdefault(tuple(axis.key for axis in axes), []).append((metric, axes))
        else:
            lacking = none if has_time else undated
            kept[figure_key(metric, axes)] = _read(branch, metric, axes, sums, lacking)
    for some in apart.values():
        figures(question, [metric for metric, _axes in some], *some[0][1])


def _read(
    branch: _Branch, metric: Metric, axes: tuple[Axis, ...], sums: _Sums, lost: _Sums
) -> dict[Any, Any]:
    question = branch.question
    if axes and not axes[0].is_partition:
        (by,) = axes
        dated, undated = (each.along(()).get(WHOLE) for each in (sums, lost))
        return {
            part.value: metric.figure(
                question,
                axes,
                part.value,
                metric.raw(None if dated is None else sums.of(part, dated), by, part.value),
                lost.of(part, undated)["n"],
            )
            for part in _parts_of(question, metric, axes)
        }
    groups, without, part = sums.along(axes), lost.along(axes), _Part(metric)
    found = {}
    for key in {**groups, **without}:
        own = sums.of(part, groups.get(key))
        unknown = lost.of(part, without.get(key))["n"]
        if own["n"] or unknown:
            raw = metric.raw(own if own["n"] else None)
            found[key] = metric.figure(question, axes, key, raw, unknown)
    if not axes and WHOLE not in found:
        found[WHOLE] = metric.of_nothing(question)
    return found


def _moment(seconds: Decimal | None) -> dt.timedelta | None:
    return None if seconds is None else dt.timedelta(seconds=float(seconds))
