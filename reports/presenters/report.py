"""One reader's report: the question, the addresses of everything on its page, and its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from markupsafe import Markup

from reports.figures import MIN_ROWS, Figure, FigureCell, Period, Unit
from reports.metric import AXES, Metric
from reports.presenters.panels import Headline, PanelChoice, TableCell, Trend
from reports.queries.totals import worth_of
from reports.question import Question
from salesprocess.lib.chance import differ
from salesprocess.lib.format import money, money_short, number, percent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Report:
    """`path` is the page's own address, `asked` the parts of it that say what is asked, `more` the
    others, by which a page's boxes are switched."""

    question: Question
    path: str
    asked: Mapping[str, str]
    more: Mapping[str, str]

    @property
    def currency(self) -> str:
        return self.question.reader.organisation.currency

    def address(self, path: str = "", **changed: object) -> str:
        """This page, or another one, with the same question and some of it changed; None takes a
        part out. What switches boxes goes along on the same page only."""
        kept = {**self.asked, **({} if path else self.more)}
        said = {name: str(value) for name, value in (kept | changed).items() if value is not None}
        if not said:
            return path or self.path
        # A page has hundreds of them. What `urlencode` writes has nothing in it but the ampersands that a
        # template would write out, and in an attribute before a name they need not be.
        return Markup(f"{path or self.path}?{urlencode(said)}")  # noqa: S704

    def about(self, period: Period) -> Report:
        """The same report about another time, for the addresses of what it counts."""
        asked = {name: value for name, value in self.asked.items() if not name.startswith("since")}
        asked |= {"span": "custom", "start": f"{period.start_on}", "end": f"{period.end_on}"}
        return replace(self, asked=asked)

    def rows(self, at: Figure | FigureCell | None, *, part: bool = False) -> str:
        """The address of the rows that a number counts."""
        cell = at.cell if isinstance(at, Figure) else at
        if cell is None:
            return ""
        said: dict[str, object] = {}
        if cell.by:
            said |= {"by": cell.by, "of": AXES[cell.by].text(cell.key)}
        if cell.across:
            said |= {"across": cell.across, "in": AXES[cell.across].text(cell.column)}
        if part or cell.part:
            said["part"] = "1"
        path = reverse("reports:rows", args=[cell.metric])
        return self.address(path, **said)

    def rows_of(self, metric: Metric) -> str:
        """The address of all the rows that a metric counts."""
        return self.rows(FigureCell(metric=metric.slug))

    def chosen(
        self, name: str, choices: Mapping[str, StrOrPromise]
    ) -> tuple[str, list[PanelChoice]]:
        """What a switch of a box says, and all that it may say; the first one by default."""
        first = next(iter(choices))
        found = self.more.get(name, first)
        found = found if found in choices else first
        return found, [
            PanelChoice(
                label=label,
                href=self.address("", **{name: None if key == first else key}),
                is_current=key == found,
            )
            for key, label in choices.items()
        ]

    def worth_note(self, metric: Metric) -> str:
        """Which amounts behind a metric have no rate, and which one of an earlier day. One query."""
        question = self.question
        rows = metric.rows(question, FigureCell(metric=metric.slug))
        worth = worth_of(metric.population.valued(question, rows))
        rates = question.rates
        told = (worth.without_rate(rates), rates.earlier(worth.foreign))
        return " · ".join(filter(None, told))

    # Words ---------------------------------------------------------------------------------------

    def text(self, figure: Figure, *, short: bool = False) -> str:
        """A figure's value as people read it; what is unknown says so."""
        return value_text(
            figure.value, figure.unit, n=figure.n, currency=self.currency, short=short
        )

    def headline(
        self,
        figure: Figure,
        *,
        title: StrOrPromise = "",
        text: str = "",
        part: bool = False,
        short: bool = False,
        was: Figure | None = None,
        more: Sequence[str] = (),
        trend: Trend | None = None,
    ) -> Headline:
        """A figure as a large number: of how many, where it lies 9 times in 10, what it `was` in the
        period before, and what more is said. `part` shows the numerator of a rate in its place."""
        counted = of_words(figure) if figure.part is not None else f"n {number(figure.n)}"
        value = number(figure.part or 0) if part else self.text(figure, short=short)
        return Headline(
            title=title or figure.definition.name,
            text=text or value,
            definition=figure.definition,
            href=self.rows(figure, part=part) if (figure.part if part else figure.n) else "",
            tone="young" if is_young(figure) and not part else "",
            lines=[*more, counted, between_words(figure), self.was_words(figure, was, short=short)],
            trend=trend,
        )

    def was_words(self, figure: Figure | None, was: Figure | None, *, short: bool = False) -> str:
        """What a figure was in the period before; of a rate, whether that is more than chance."""
        if was is None or not was.n:
            return ""
        said = {"value": self.text(was, short=short), "n": of_words(was)}
        if was.part is None:
            return _("%(value)s in the period before") % said
        if figure is not None and is_beyond_chance(figure, was):
            return _("%(value)s in the period before, %(n)s: more than chance") % said
        return _("%(value)s in the period before, %(n)s") % said

    def n_cell(self, figure: Figure) -> TableCell:
        """How many rows a figure counts, with the way to them."""
        return TableCell(
            text=number(figure.n), raw=figure.n, href=self.rows(figure) if figure.n else ""
        )

    def cell(self, figure: Figure, *, with_n: bool = False, part: bool = False) -> TableCell:
        """A figure in a table, with the way to its rows; a count of something else than its rows opens
        none, which would be more than it says."""
        is_of_rows = figure.unit is not Unit.COUNT or part or figure.value == figure.n
        return TableCell(
            text=self.text(figure),
            raw=figure.value,
            href=self.rows(figure, part=part) if figure.n and is_of_rows else "",
            note=of_words(figure)
            if figure.part is not None
            else f"n {number(figure.n)}"
            if with_n
            else "",
            tone="young" if is_young(figure) else "",
        )


def is_young(figure: Figure) -> bool:
    """Whether a figure stands back: of too few rows to say it. A count says itself."""
    return figure.is_small_sample and figure.unit is not Unit.COUNT


def value_text(
    value: Any, unit: Unit, *, n: int = 0, currency: str = "", short: bool = False
) -> str:
    if value is None:
        return _("unknown")
    match unit:
        case Unit.SHARE:
            return percent(value, n)
        case Unit.MONEY:
            return (money_short if short else money)(_whole(value), currency)
        case Unit.MONEY_A_DAY:
            return _("%(money)s a day") % {"money": money_short(_whole(value), currency)}
        case Unit.DAYS:
            return _("%(n)s d") % {"n": number(value)}
        case Unit.TIMES:
            return _("%(n)s times") % {"n": number(round(Decimal(value), 1))}
        case Unit.HOURS:
            return _("%(n)s h") % {"n": number(value)}
        case _:
            return number(round(value, 1) if isinstance(value, Decimal) else value)


def _whole(value: Any) -> Decimal:
    return Decimal(value).quantize(Decimal(1))


def of_words(figure: Figure) -> str:
    """`12 of 32`: what a rate counts, and of how many."""
    return _("%(part)s of %(n)s") % {"part": number(figure.part or 0), "n": number(figure.n)}


def between_words(figure: Figure) -> str:
    """`between 25 and 52%`: where a rate lies 9 times in 10; nothing for too few."""
    found = figure.interval
    if found is None or figure.is_small_sample:
        return ""
    low, high = (percent(share) for share in found)
    return _("between %(low)s and %(high)s") % {"low": low, "high": high}


def can_be_compared(one: Figure, other: Figure) -> bool:
    """Whether there are enough rows of two rates to say anything of their difference."""
    return min(one.n, other.n) >= MIN_ROWS and one.part is not None and other.part is not None


def is_beyond_chance(one: Figure, other: Figure) -> bool:
    """Whether two rates differ by more than chance makes: of enough rows, and their intervals part."""
    if not can_be_compared(one, other) or one.part is None or other.part is None:
        return False
    return differ(one.part, one.n, other.part, other.n)


def compared(report: Report, one: Figure, other: Figure, *, apart: str, alike: str) -> str:
    """Two rates in a sentence: `apart` says both where they differ beyond chance, `alike` where they
    do not, unless they are of too few. Both have the places `%(one)s` and `%(other)s`."""
    rates = {"one": report.text(one), "other": report.text(other)}
    if is_beyond_chance(one, other):
        return apart % rates
    return unless_too_few(alike % rates, (one.n, other.n))


def unless_too_few(
    words: str, counts: Iterable[int], *, groups: int = 2, enough: int = MIN_ROWS
) -> str:
    """`words`, which say that nothing stands out, or what is usual, where it could have been seen: at
    least so many `groups`, of which these are the counts, have `enough` rows. Else that they are too
    few to tell, and how many the last of so many has. Nothing where there is one group alone, and
    nothing to set beside it."""
    known = sorted(filter(None, counts), reverse=True)
    if not known:
        return ""
    n = known[min(groups, len(known)) - 1]
    if n < enough:
        return too_few_words(n, enough=enough)
    return words if len(known) >= groups else ""


def too_few_words(n: int, *, enough: int = MIN_ROWS) -> str:
    said = {"n": number(n), "enough": number(enough)}
    return _("Too few to tell: n %(n)s where it takes %(enough)s.") % said
