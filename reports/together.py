"""Figures of several questions and populations asked for in one query: what a page shows of other
times, or of much that is small, beside what it is about.

Each population under each question is a branch of one UNION, with the same columns: which branch it
is, its values along the axes as text, and the numbers that its metrics are read from. Metrics that add
up are counted along all axes at once for which a question wants them of a population: its rows are gone
through once, and what each axis comes to is added up afterwards.
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
    CharField,
    Count,
    DateField,
    DecimalField,
    Func,
    IntegerField,
    Sum,
    Value,
)
from django.db.models.functions import Cast

from reports.axis import Axis
from reports.figures import Unit
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
        return {
            f"m{number}_{name}": column
            for number, part in enumerate(self.parts.values())
            for name, column in part.columns().items()
        }

    def places(self) -> list[tuple[Hashable, str]]:
        """Of which part, and what of it, each of the numbers is."""
        return [(key, name) for key, part in self.parts.items() for name in part.columns()]


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
    names = _NAMES[: max(len(branch.axes) for branch in branches)]

    # Seldom there are any, and they lower the coverage of the whole.
    losing = [branch for branch in branches if branch.loses()]

    def write(*asked: Question) -> Any:
        dated, undated = asked[: len(branches)], asked[len(branches) :]
        pairs = enumerate(zip(branches, dated, strict=True))
        rows = [_rows(branch, each, place, names) for place, (branch, each) in pairs]
        pairs = enumerate(zip(losing, undated, strict=True), start=len(branches))
        rows += [_undated_rows(branch, each, place, names) for place, (branch, each) in pairs]
        return rows[0].union(*rows[1:], all=True) if len(rows) > 1 else rows[0]

    questions = [branch.question for branch in (*branches, *losing)]
    learnt = {
        name: value
        for branch in branches
        if branch.population.learns
        for name, value in branch.population.learns(branch.question).items()
    }
    if losing:
        learnt["undated"] = True
    every = [*branches, *losing]
    wanted_keys = tuple((branch.key, branch.without_time) for branch in every)
    asked_for = ("together", len(branches), *wanted_keys)
    found: list[list[_Row]] = [[] for _branch in every]
    valued = any(read_values(branch.columns()) for branch in branches)
    for row in found_rows(
        questions[0], asked_for, write, *questions[1:], learnt=learnt, valued=valued
    ):
        texts = [row[name] for name in names]
        along = zip(texts, every[row["branch"]].axes, strict=False)
        key = tuple(None if text is None else axis.value(text) for text, axis in along)
        found[row["branch"]].append((key, row["found"]))
    lost = {id(branch): rows for branch, rows in zip(losing, found[len(branches) :], strict=True)}
    for branch, rows in zip(branches, found, strict=False):
        _keep(branch, rows, lost.get(id(branch), []))


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


def _rows(branch: _Branch, question: Question, place: int, names: Sequence[str]) -> Any:
    population = branch.population
    rows = population.find(question).order_by()
    if read_values(branch.columns()):
        rows = population.valued(question, rows)
    along: dict[str, Any] = {
        name: _as_text(population.axes[axis.key](question), axis)
        for name, axis in zip(names, branch.axes, strict=False)
    }
    rows, raw = lifted(rows, along, branch.columns())
    numbers = [
        _as_number(raw[f"m{number}_{name}"], part, name)
        for number, part in enumerate(branch.parts.values())
        for name in part.columns()
    ]
    texts = {name: _nothing() for name in names if name not in along}
    grouped = rows.annotate(branch=Value(place, output_field=IntegerField()), **texts).values(
        "branch", *names
    )
    return grouped.annotate(found=_Numbers(*numbers))


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


def _keep(branch: _Branch, rows: Sequence[_Row], lost: Sequence[_Row]) -> None:
    question, population = branch.question, branch.population
    kept = kept_figures(question)
    apart: dict[tuple[str, ...], list[tuple[Metric, tuple[Axis, ...]]]] = {}
    is_apart = (
        population.kind == "person"
        and population.undated is not None
        and population.undated(question) is not None
    )
    for metric, axes in branch.wanted:
        has_time = any(axis.time for axis in axes)
        if is_apart and not has_time:
            apart.setdefault(tuple(axis.key for axis in axes), []).append((metric, axes))
        else:
            undated = [] if has_time else lost
            kept[figure_key(metric, axes)] = _read(branch, metric, axes, rows, undated)
    for some in apart.values():
        figures(question, [metric for metric, _axes in some], *some[0][1])


def _read(
    branch: _Branch,
    metric: Metric,
    axes: tuple[Axis, ...],
    rows: Sequence[_Row],
    lost: Sequence[_Row],
) -> dict[Any, Any]:
    question = branch.question
    if axes and not axes[0].is_partition:
        (by,) = axes
        return {
            part.value: metric.figure(
                question,
                axes,
                part.value,
                metric.raw(_added(branch, part, rows) if rows else None, by, part.value),
                _added(branch, part, lost)["n"],
            )
            for part in _parts_of(question, metric, axes)
        }
    groups, undated = _groups(branch, axes, rows), _groups(branch, axes, lost)
    found = {}
    for key in {**groups, **undated}:
        own = _added(branch, _Part(metric), groups.get(key, ()))
        unknown = _added(branch, _Part(metric), undated.get(key, ()))["n"]
        if own["n"] or unknown:
            raw = metric.raw(own if own["n"] else None)
            found[key] = metric.figure(question, axes, key, raw, unknown)
    if not axes and WHOLE not in found:
        found[WHOLE] = metric.of_nothing(question)
    return found


def _groups(branch: _Branch, axes: tuple[Axis, ...], rows: Sequence[_Row]) -> dict[Any, list[_Row]]:
    """The rows by what they are along some of the branch's axes."""
    places = [branch.axes.index(axis) for axis in axes]
    groups: dict[Any, list[_Row]] = {}
    for row in rows:
        values = tuple(row[0][place] for place in places)
        key = values if len(axes) > 1 else (values or (WHOLE,))[0]
        groups.setdefault(key, []).append(row)
    return groups


def _added(branch: _Branch, part: _Part, rows: Sequence[_Row]) -> dict[str, Any]:
    """What a part is read from, of several groups together; of one that does not add up there is but
    one."""
    own: dict[str, Any] = {}
    for place, (key, name) in enumerate(branch.places()):
        if key != part.key:
            continue
        known = [numbers[place] for _key, numbers in rows if numbers[place] is not None]
        own[name] = sum(known) if known else None
        if name in _COUNTS:
            own[name] = int(own[name] or 0)
        elif _is_length(part):
            own[name] = _moment(own[name])
    return own


def _moment(seconds: Decimal | None) -> dt.timedelta | None:
    return None if seconds is None else dt.timedelta(seconds=float(seconds))
