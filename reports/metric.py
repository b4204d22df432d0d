"""What a metric is: a figure that is defined once, with the rows that it counts beside it.

A metric counts the rows of one population under its condition, whole or along an axis; the list
behind a number is the same population under the same condition, so that they cannot differ. A new
one is a function in `reports/metrics/`, with its definition and its line in METRICS.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField, QuerySet, Value

from reports.axis import Axis
from reports.figures import Definition, Figure, FigureCell, Unit
from reports.kept_sql import found_rows
from reports.lifted import lifted
from reports.measures import FigureMeasure, Raw, Told, Unfolded
from salesprocess.lib.deadline import check_deadline

if TYPE_CHECKING:
    from decimal import Decimal

    from reports.question import Question

# The key of what stands for no axis: everything that was asked about.
WHOLE = ""
# The type of what is not there: a NULL has none to PostgreSQL.
_ANY: Any = IntegerField()


@dataclass(frozen=True, kw_only=True)
class Population:
    """Rows that figures count. `kind` says what they are rows of: how they are listed.

    `find` gives those of a question, in the reader's reach; `undated` those that would belong to it
    if it were known when, or None if nothing at all is undated. `at` is the instant by which a row is
    placed in a period. `axes` has the path or expression of each axis, given a question.
    """

    key: str
    kind: str
    find: Callable[[Question], QuerySet[Any]]
    axes: Mapping[str, Callable[[Question], Any]]
    at: str = ""
    undated: Callable[[Question], QuerySet[Any] | None] | None = None
    # Whether a row belongs to just those questions in whose period its `at` lies, and is the same in each,
    # and is so dear to find that those about several times are answered in one walk through the rows.
    # Where it is cheap, two walks cost less than to set each row beside several times.
    is_by_time: bool = False
    # The columns of the list of its rows, and its order at first.
    columns: Sequence[str] = ()
    order: str = ""
    # Where the amount of a row stands, which may be that of its deal.
    amount: str = "amount"
    currency: str = "currency"
    # Where SQL alone does not say what becomes of a row: the rows told one by one, each with its `pk`
    # and all alike told together, each for its `n` rows and with its `axis_value` along the axes of
    # some keys. Metrics over it are `Told`.
    told: Callable[[Question], Sequence[Any]] | None = None
    told_together: Callable[[Question, Sequence[str]], Sequence[Any]] | None = None
    # What must be asked before its SQL can be written, by the names under which questions keep it.
    learns: Callable[[Question], Mapping[Hashable, Any]] | None = None
    # Whether a row may be given a `value`: not where its table has a column of that name.
    has_value: bool = True

    def valued(self, question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows, each with its `value` in the organisation's currency, if that is known."""
        if not self.has_value:
            return rows
        rates = question.rates
        valued: QuerySet[Any] = rows.annotate(
            value=rates.converted(self.amount, self.currency),
            foreign=rates.foreign_currency(self.amount, self.currency),
        )
        return valued


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A value that is worked out of other figures: of the rows of the metric `of`, which stand behind
    it. `values` gives it for each value along the axes asked for, or for the whole under WHOLE; one
    that is missing is not known."""

    of: Metric
    values: Callable[[Question, Sequence[Axis]], Mapping[Any, Decimal | None]]
    unit: Unit


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure of METRICS, with the rows that it counts. `slug` names it in addresses."""

    slug: str
    definition: Definition
    population: Population
    measures: FigureMeasure | Told | Derived
    # The axes along which it means something.
    axes: tuple[str, ...]
    doc: str = ""

    @property
    def unit(self) -> Unit:
        return self.measures.unit

    def measure(
        self, question: Question, by: Axis | None = None, across: Axis | None = None
    ) -> dict[Any, Figure]:
        """The figure for each value of an axis, of two axes for each pair of values, or for the
        whole under the key WHOLE. A value without rows may be missing: `at` says what then holds."""
        return figures(question, [self], by, across)[self.slug]

    def whole(self, question: Question) -> Figure:
        return self.measure(question).get(WHOLE) or self.of_nothing(question)

    def at(self, question: Question, by: Axis, value: Any) -> Figure:
        """The figure of one value of an axis."""
        return self.measure(question, by).get(value) or self.of_nothing(question, by, value)

    def within(
        self, question: Question, by: Axis, value: Any, over_time: Axis
    ) -> dict[Any, Figure]:
        """The figures over time of the rows that have one value of an axis: of a table of the two axes one
        row, for which the others need not be found."""
        kept, axes = kept_figures(question), (by, over_time)
        key = figure_key(self, axes), value
        if key not in kept:
            population, columns = self.population, self.columns()

            def write(asked: Question) -> QuerySet[Any]:
                rows = population.find(asked).annotate(within=population.axes[by.key](asked))
                return _counting(asked, population, rows.filter(within=value), [over_time], columns)

            rows = found_rows(
                question,
                ("within", self.slug, by.key, value, over_time.key),
                write,
                learnt=population.learns(question) if population.learns else None,
                valued=read_values(columns),
            )
            found = {row["axis_value"]: row for row in rows if row["n"]}
            kept[key] = {
                at: self.figure(question, axes, (value, at), self.raw(row), 0)
                for at, row in found.items()
            }
        return kept[key]

    def of_nothing(self, question: Question, by: Axis | None = None, value: Any = WHOLE) -> Figure:
        """The figure of a value that no row has."""
        return self.figure(question, (by,) if by else (), value, self.raw(None), 0)

    def rows(
        self,
        question: Question,
        cell: FigureCell,
        by: Axis | None = None,
        across: Axis | None = None,
    ) -> QuerySet[Any]:
        """Exactly the rows that a number counts: as many as its `n`, or its `part`."""
        if isinstance(self.measures, Derived):
            return self.measures.of.rows(question, cell, by, across)
        rows = self.population.find(question)
        if isinstance(self.measures, Told):
            told = told_rows(question, self.population)
            rows = rows.filter(pk__in=self.measures.ids(told, part=cell.part))
        else:
            rows = self.measured(by, cell.key).rows(rows, part=cell.part)
        for name, along, value in (("axis_value", by, cell.key), ("column", across, cell.column)):
            if along is None or not along.is_partition:
                continue
            rows = rows.annotate(**{name: self.population.axes[along.key](question)})
            rows = rows.filter(**({f"{name}__isnull": True} if value is None else {name: value}))
        return rows

    def columns(self) -> dict[str, Any]:
        """The aggregates of the whole, or of a value of an axis that is a partition."""
        return {} if isinstance(self.measures, Told | Derived) else self.measures.columns()

    def values_along(self, question: Question, by: Axis) -> Sequence[Any]:
        """The values of an axis that is no partition."""
        found = self.measures.values if isinstance(self.measures, Unfolded) else None
        return by.every if found is None else found(question)

    def measured(self, by: Axis | None, value: Any) -> Any:
        """How one value of an axis is measured."""
        found = self.measures
        if by is None or by.is_partition or not isinstance(found, Unfolded):
            return found
        return found.of(value)

    def raw(self, row: Mapping[str, Any] | None, by: Axis | None = None, value: Any = WHOLE) -> Raw:
        if isinstance(self.measures, Told):
            return self.measures.read([])
        if isinstance(self.measures, Derived):
            return Raw(None, 0)
        none = {"n": 0, "part": 0, "known": 0, "found": None}
        found: Raw = self.measured(by, value).read(none if row is None else row)
        return found

    def figure(
        self, question: Question, axes: Sequence[Axis], value: Any, found: Raw, undated: int
    ) -> Figure:
        # Every number of a page comes by here.
        check_deadline()
        known = found.n if found.known is None else found.known
        return Figure(
            value=found.value,
            n=found.n,
            part=found.part,
            definition=self.definition,
            period=question.period,
            coverage=question.coverage(known=known, population=found.n + undated),
            unit=self.unit,
            cell=self._cell(axes, value),
            half=found.half,
            bounds=found.bounds,
            curve=found.curve,
        )

    def _cell(self, axes: Sequence[Axis], value: Any) -> FigureCell:
        if not axes:
            return FigureCell(metric=self.slug)
        if len(axes) == 1:
            return FigureCell(metric=self.slug, by=axes[0].key, key=value)
        (by, across), (key, column) = axes, value
        return FigureCell(metric=self.slug, by=by.key, key=key, across=across.key, column=column)


# Every metric by its slug, and every axis by its key; both come in as they are defined.
METRICS: dict[str, Metric] = {}
AXES: dict[str, Axis] = {}


def axis(found: Axis) -> Axis:
    AXES[found.key] = found
    return found


def metric(
    definition: Definition, *, over: Population, axes: Iterable[str] | None = None
) -> Callable[[Callable[[], FigureMeasure | Told | Derived]], Metric]:
    """Makes the function that says how it is measured a metric by the function's name.

    `axes` are those along which it means something, by default all of its population.
    """

    def made(function: Callable[[], FigureMeasure | Told | Derived]) -> Metric:
        measures = function()
        unfolds = [measures.axis] if isinstance(measures, Unfolded) else []
        found = Metric(
            slug=function.__name__,
            definition=definition,
            population=over,
            measures=measures,
            axes=(*(over.axes if axes is None else axes), *unfolds),
            doc=function.__doc__ or "",
        )
        if METRICS.setdefault(found.slug, found) is not found:
            raise ValueError(f"two metrics are called {found.slug}")
        return found

    return made


def figures(
    question: Question,
    metrics: Iterable[Metric],
    by: Axis | None = None,
    across: Axis | None = None,
) -> dict[str, dict[Any, Figure]]:
    """The figures of several metrics, by their slugs; one query for each population among them.

    What was asked once is not asked again: a page that asks for all of its metrics first pays for
    each population once.
    """
    wanted = list(metrics)
    axes = tuple(axis for axis in (by, across) if axis is not None)
    kept = kept_figures(question)
    missing = [each for each in wanted if figure_key(each, axes) not in kept]
    for each in missing:
        if isinstance(each.measures, Derived):
            kept[figure_key(each, axes)] = _derived(question, each, each.measures, axes)
        elif (added := _added_up(question, each, axes)) is not None:
            kept[figure_key(each, axes)] = added
    missing = [each for each in missing if figure_key(each, axes) not in kept]
    for population in {each.population.key: each.population for each in missing}.values():
        some = [each for each in missing if each.population.key == population.key]
        for each, found in zip(some, _asked(question, population, some, axes), strict=True):
            kept[figure_key(each, axes)] = found
    return {each.slug: kept[figure_key(each, axes)] for each in wanted}


def _derived(
    question: Question, metric: Metric, measures: Derived, axes: Sequence[Axis]
) -> dict[Any, Figure]:
    """The figures of the metric whose rows these are, each with the value that is worked out."""
    base = figures(question, [measures.of], *axes)[measures.of.slug]
    values = measures.values(question, axes)
    return {
        key: replace(
            metric.figure(question, axes, key, Raw(values.get(key), figure.n), 0),
            coverage=figure.coverage,
        )
        for key, figure in base.items()
    }


def _added_up(question: Question, metric: Metric, axes: Sequence[Axis]) -> dict[Any, Figure] | None:
    """What adds up, out of its parts along one axis more if these were asked for already. An axis of
    time leaves out what is undated."""
    if not getattr(metric.measures, "adds_up", False) or len(axes) > 1:
        return None
    for key in metric.axes:
        axis = AXES[key]
        if axis in axes or not axis.is_partition or axis.time:
            continue
        for place, pair in enumerate(([*axes, axis], [axis, *axes])):
            parts = kept_figures(question).get(figure_key(metric, pair))
            if parts is None and not axes and not place:
                parts = _added_up(question, metric, pair)
            if parts is not None:
                groups: dict[Any, list[Figure]] = {} if axes else {WHOLE: []}
                for value, figure in parts.items():
                    groups.setdefault(value[place] if axes else WHOLE, []).append(figure)
                return {
                    key: _sum(question, metric, axes, key, some) for key, some in groups.items()
                }
    return None


def _sum(
    question: Question, metric: Metric, axes: Sequence[Axis], value: Any, parts: Sequence[Figure]
) -> Figure:
    known, population = (
        sum(getattr(figure.coverage, name) for figure in parts) for name in ("known", "population")
    )
    found = metric.figure(question, axes, value, metric.raw(_sum_of(parts)), 0)
    return replace(found, coverage=question.coverage(known=known, population=population))


def kept_figures(question: Question) -> dict[Hashable, dict[Any, Figure]]:
    """What was asked already, by the keys of metrics and axes."""
    return question.once("figures", dict)


def figure_key(metric: Metric, axes: Sequence[Axis]) -> Hashable:
    return metric.slug, *(axis.key for axis in axes)


def told_rows(question: Question, population: Population) -> Sequence[Any]:
    """The rows of a population that tells them, one by one; one query."""
    tell: Any = population.told
    return question.once(("told", population.key), lambda: tell(question))


def told_together(
    question: Question, population: Population, axes: Sequence[Axis] = ()
) -> Sequence[Any]:
    """The same with all that are alike told together, each with its values along the axes; one query."""
    tell: Any = population.told_together
    keys = tuple(axis.key for axis in axes)
    return question.once(("together", population.key, keys), lambda: tell(question, keys))


def _asked_told(
    question: Question, population: Population, metrics: Sequence[Metric], axes: Sequence[Axis]
) -> list[dict[Any, Figure]]:
    groups: dict[Any, list[Any]] = {} if axes else {WHOLE: []}
    for row in told_together(question, population, axes):
        groups.setdefault(row.axis_value if axes else WHOLE, []).append(row)
    found: list[dict[Any, Figure]] = []
    for each in metrics:
        assert isinstance(each.measures, Told)  # noqa: S101  # as its population says
        read = {value: each.measures.read(rows) for value, rows in groups.items()}
        found.append(
            {
                value: each.figure(question, axes, value, raw, 0)
                for value, raw in read.items()
                if raw.n or not axes
            }
        )
    return found


def _asked(
    question: Question, population: Population, metrics: Sequence[Metric], axes: Sequence[Axis]
) -> list[dict[Any, Figure]]:
    if population.told is not None:
        return _asked_told(question, population, metrics, axes)
    if axes and not axes[0].is_partition:
        return _unfolded(question, population, metrics, axes[0])
    columns = {
        f"m{number}_{name}": column
        for number, each in enumerate(metrics)
        for name, column in each.columns().items()
    }
    rows, undated = _grouped(question, population, metrics, axes, columns)
    found: list[dict[Any, Figure]] = []
    for number, each in enumerate(metrics):
        prefix = f"m{number}_"
        read: dict[Any, Figure] = {}
        for value in {**rows, **undated, **({} if axes else {WHOLE: None})}:
            row = rows.get(value)
            own = (
                {"n": 0, "part": 0, "known": 0, "found": None}
                if row is None
                else {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix)}
            )
            lost = undated.get(value, {}).get(f"{prefix}n", 0)
            if own["n"] or lost or not axes:
                read[value] = each.figure(question, axes, value, each.raw(own), lost)
        found.append(read)
    return found


def _unfolded(
    question: Question, population: Population, metrics: Sequence[Metric], by: Axis
) -> list[dict[Any, Figure]]:
    """Along an axis of which a row may have several values: each value has columns of its own."""
    values = [each.values_along(question, by) for each in metrics]
    columns = {
        f"m{number}_{place}_{name}": column
        for number, each in enumerate(metrics)
        for place, value in enumerate(values[number])
        for name, column in each.measured(by, value).columns().items()
    }
    key = tuple(tuple(some) for some in values)
    both = _grouped(question, population, metrics, (), columns, key) if columns else ({}, {})
    row, undated = (each.get(WHOLE, {}) for each in both)
    found: list[dict[Any, Figure]] = []
    for number, each in enumerate(metrics):
        read: dict[Any, Figure] = {}
        for place, value in enumerate(values[number]):
            prefix = f"m{number}_{place}_"
            own = {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix)}
            lost = undated.get(f"{prefix}n", 0)
            raw = each.raw(own or None, by, value)
            read[value] = each.figure(question, (by,), value, raw, lost)
        found.append(read)
    return found


def _sum_of(parts: Iterable[Figure]) -> dict[str, Any]:
    """What the figures of the parts were read from, added up."""
    found = list(parts)
    values = [figure.value for figure in found if figure.value is not None]
    return {
        "n": sum(figure.n for figure in found),
        "part": sum(figure.part or 0 for figure in found),
        "known": sum(figure.coverage.known for figure in found),
        "found": sum(values) if values else None,
    }


_Found = Mapping[Any, Mapping[str, Any]]


def _grouped(
    question: Question,
    population: Population,
    metrics: Sequence[Metric],
    axes: Sequence[Axis],
    columns: Mapping[str, Any],
    values: Hashable = (),
) -> tuple[_Found, _Found]:
    """What is counted along the axes, and how many are undated besides; one query, of people another
    one."""
    key = (population.key, *(each.slug for each in metrics), *(each.key for each in axes), values)
    loses, valued = _loses(question, population, axes), read_values(columns)
    learnt = dict(population.learns(question)) if population.learns else {}
    if not loses or population.kind == "person":
        dated = found_rows(
            question,
            ("figures", len(axes), *key),
            lambda asked: _counting(asked, population, population.find(asked), axes, columns),
            learnt=learnt,
            valued=valued,
        )
        people = _undated(question, population, axes, columns) if loses else ()
        return _by_axes(dated, axes), _by_axes(people, axes)

    def both(asked: Question) -> QuerySet[Any]:
        found = _counting(asked, population, population.find(asked), axes, columns, undated=False)
        return found.union(_undated(asked, population, axes, columns), all=True)

    rows = found_rows(
        question,
        ("figures", len(axes), *key),
        both,
        learnt={**learnt, "undated": True},
        valued=valued,
    )
    return (
        _by_axes([row for row in rows if not row["undated"]], axes),
        _by_axes([row for row in rows if row["undated"]], axes),
    )


def _loses(question: Question, population: Population, axes: Sequence[Axis]) -> bool:
    """Whether there are rows of which nobody knows when."""
    # What is undated falls into no month, and lowers the coverage of the whole alone.
    if population.undated is None or any(axis.time for axis in axes):
        return False
    return population.undated(question) is not None


def _undated(
    question: Question,
    population: Population,
    axes: Sequence[Axis],
    columns: Mapping[str, Any],
) -> QuerySet[Any]:
    """How many there are, in the columns of those that are dated; of any other number there is none."""
    rows: Any = population.undated and population.undated(question)
    counts = {name for name in columns if name.endswith("_n")}
    return _counting(question, population, rows, axes, columns, only=counts, undated=True)


def _by_axes(rows: Iterable[Mapping[str, Any]], axes: Sequence[Axis]) -> _Found:
    if len(axes) < 2:
        return {row["axis_value"]: dict(row) for row in rows}
    return {(row["axis_value"], row["column"]): dict(row) for row in rows}


def _counting(
    question: Question,
    population: Population,
    rows: QuerySet[Any],
    axes: Sequence[Axis],
    columns: Mapping[str, Any],
    *,
    only: Container[str] | None = None,
    undated: bool | None = None,
) -> QuerySet[Any]:
    """`only` are the columns in which there is something to count; `undated` is said of each group."""
    counts = {name: each for name, each in columns.items() if only is None or name in only}
    if read_values(counts):
        rows = population.valued(question, rows)
    rows, counted = lifted(rows, along := _along(question, population, axes), counts)
    if not axes:
        rows = rows.annotate(axis_value=Value(WHOLE))
    names = ["axis_value", *list(along)[1:]]
    if undated is not None:
        rows, names = rows.annotate(undated=Value(undated)), [*names, "undated"]
    grouped: Any = rows.order_by().values(*names)
    found: QuerySet[Any] = grouped.annotate(
        **{name: counted.get(name, Value(None, output_field=_ANY)) for name in columns}
    )
    return found


def _along(question: Question, population: Population, axes: Sequence[Axis]) -> dict[str, Any]:
    """What a row is along some axes, by the names under which it is asked for."""
    pairs = zip(("axis_value", "column"), axes, strict=False)
    return {name: population.axes[axis.key](question) for name, axis in pairs}


def read_values(columns: Mapping[str, Any]) -> bool:
    """Whether any of some aggregates is one of the rows' `value`: the rates that it needs are a question
    of their own."""
    return any(
        getattr(each, "name", "") == "value"
        for column in columns.values()
        for each in column.get_source_expressions()
    )
