"""Figures of several questions and populations asked for in one query: what a page shows of other
times, or of much that is small, beside what it is about.

Each population under each question is a branch of one UNION, with the same columns: which branch it
is, its values along the axes as text, and what each metric is read from as numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    Avg,
    CharField,
    DateField,
    DecimalField,
    Field,
    Func,
    IntegerField,
    Value,
)
from django.db.models.functions import Cast

from reports.axis import Axis
from reports.figures import Unit
from reports.kept_sql import found_rows
from reports.lifted import lifted
from reports.measures import Middle, Told
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


class _Seconds(Func):
    """How many seconds an interval has."""

    template = "extract(epoch FROM %(expressions)s)"
    output_field = DecimalField()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Some metrics of a question along up to two axes."""

    question: Question
    metrics: Sequence[Metric]
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Branch:
    question: Question
    population: Population
    metrics: Sequence[Metric]
    axes: tuple[Axis, ...]

    @property
    def key(self) -> Hashable:
        metrics = tuple(each.slug for each in self.metrics)
        return self.population.key, metrics, tuple(axis.key for axis in self.axes)

    def columns(self) -> dict[str, Any]:
        return {
            f"m{number}_{name}": column
            for number, metric in enumerate(self.metrics)
            for name, column in metric.columns().items()
        }

    def as_numbers(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _as_number(column, self.metrics[int(number)], part)
            for name, column in columns.items()
            for number, part in [name.removeprefix("m").split("_", 1)]
        }


def ask_together(wanted: Iterable[Wanted]) -> None:
    """Ask for all of it at once, so that `figures` has it; one query, and one more for each
    population with rows of which nobody knows when. Metrics that are worked out of others are asked
    for by those; what is told one by one, or unfolds along the axis, is not asked for here."""
    branches = [branch for each in wanted for branch in _branches(each)]
    if not branches:
        return
    most = max(len(branch.metrics) for branch in branches)

    def write(*asked: Question) -> Any:
        pairs = enumerate(zip(branches, asked, strict=True))
        rows = [_rows(branch, each, place, most) for place, (branch, each) in pairs]
        return rows[0].union(*rows[1:], all=True) if len(rows) > 1 else rows[0]

    questions = [branch.question for branch in branches]
    learnt = {
        name: value
        for branch in branches
        if branch.population.learns
        for name, value in branch.population.learns(branch.question).items()
    }
    asked_for = ("together", *(branch.key for branch in branches))
    found: dict[int, dict[Any, dict[str, Any]]] = {place: {} for place in range(len(branches))}
    valued = any(read_values(branch.columns()) for branch in branches)
    for row in found_rows(
        questions[0], asked_for, write, *questions[1:], learnt=learnt, valued=valued
    ):
        axes = branches[row["branch"]].axes
        texts = [row["one"], row["other"]][: len(axes)]
        values = [
            None if text is None else axis.value(text)
            for text, axis in zip(texts, axes, strict=True)
        ]
        key = tuple(values) if len(axes) > 1 else (values or [WHOLE])[0]
        found[row["branch"]][key] = row
    for place, branch in enumerate(branches):
        _keep(branch, found[place])


def _branches(each: Wanted) -> list[_Branch]:
    kept = kept_figures(each.question)
    by_population: dict[str, list[Metric]] = {}
    for metric in each.metrics:
        if figure_key(metric, each.axes) not in kept and _can_go_along(metric, each.axes):
            by_population.setdefault(metric.population.key, []).append(metric)
    return [
        _Branch(question=each.question, population=some[0].population, metrics=some, axes=each.axes)
        for some in by_population.values()
    ]


def _can_go_along(metric: Metric, axes: Sequence[Axis]) -> bool:
    if isinstance(metric.measures, Told | Derived) or not all(axis.is_partition for axis in axes):
        return False
    return set(metric.columns()) <= {*_READ}


def _is_length(metric: Metric) -> bool:
    """Whether the database finds a length of time: a median or a mean of such, not a number of days."""
    of_rows = (
        isinstance(metric.measures, Middle) or getattr(metric.measures, "aggregate", None) is Avg
    )
    return of_rows and metric.unit in _MOMENTS


def _as_number(column: Any, metric: Metric, name: str) -> Any:
    if name in _COUNTS:
        return column
    return Cast(_Seconds(column) if _is_length(metric) else column, _number())


def _as_text(value: Any, axis: Axis) -> Cast:
    """As `Axis.value` reads it back; the first day of a span is a moment to the database."""
    return Cast(Cast(value, DateField()) if axis.time else value, CharField())


def _number() -> DecimalField[Any, Any]:
    return DecimalField(max_digits=30, decimal_places=6)


def _nothing(of: Field[Any, Any]) -> Cast:
    """An unknown of a type: branches of a union must agree on it."""
    return Cast(Value(None), of)


def _rows(branch: _Branch, question: Question, place: int, most: int) -> Any:
    population = branch.population
    rows = population.find(question).order_by()
    if read_values(branch.columns()):
        rows = population.valued(question, rows)
    names = ("one", "other")
    along: dict[str, Any] = {
        name: _as_text(population.axes[axis.key](question), axis)
        for name, axis in zip(names, branch.axes, strict=False)
    }
    rows, raw = lifted(rows, along, branch.columns())
    columns = branch.as_numbers(raw)
    texts = {name: _nothing(CharField()) for name in names if name not in along}
    padding = {
        f"m{number}_{name}": _nothing(IntegerField() if name in _COUNTS else _number())
        for number in range(most)
        for name in _READ
        if f"m{number}_{name}" not in columns
    }
    every = columns | padding
    ordered = [f"m{number}_{name}" for number in range(most) for name in _READ]
    grouped = rows.annotate(branch=Value(place, output_field=IntegerField()), **texts).values(
        "branch", *names
    )
    return grouped.annotate(**{name: every[name] for name in ordered})


def _keep(branch: _Branch, rows: dict[Any, dict[str, Any]]) -> None:
    question, axes = branch.question, branch.axes
    if branch.population.undated is not None and not any(axis.time for axis in axes):
        lost = branch.population.undated(question)
        if lost is not None:
            # Seldom, and it lowers the coverage of the whole: asked for on its own.
            figures(question, branch.metrics, *axes)
            return
    for number, metric in enumerate(branch.metrics):
        read = {}
        for key, row in rows.items():
            own = {name: row[f"m{number}_{name}"] for name in _READ}
            if _is_length(metric):
                own |= {name: _moment(own[name]) for name in ("found", "low", "high")}
            if own["n"]:
                read[key] = metric.figure(question, axes, key, metric.raw(own), 0)
        if not axes and WHOLE not in read:
            read[WHOLE] = metric.of_nothing(question)
        kept_figures(question)[figure_key(metric, axes)] = read


def _moment(seconds: Decimal | None) -> dt.timedelta | None:
    return None if seconds is None else dt.timedelta(seconds=float(seconds))
