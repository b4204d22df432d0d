"""How far each person's record is kept, and with it what may be said of him or her (CHECKLIST D14,
E8, E10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.axes import PERSON
from reports.figures import MIN_ROWS, Coverage, Figure
from reports.metric import Metric, figures
from reports.metrics import consistency
from reports.presenters.multiples import RuleGap
from reports.presenters.panels import at_percent
from reports.presenters.report import Report
from salesprocess.lib.format import percent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Each rule with its short name and the list of what does not keep it.
RULES: Sequence[tuple[Metric, StrOrPromise, Metric]] = (
    (consistency.rule_true_stage, gettext_lazy("True stage"), consistency.stage_to_confirm),
    (consistency.rule_next, gettext_lazy("What’s next planned"), consistency.nothing_planned),
    (consistency.rule_touch, gettext_lazy("Last talk recorded"), consistency.no_recent_touch),
    (consistency.rule_dates, gettext_lazy("Value and date"), consistency.date_passed),
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Of one person: the whole, each rule, and the lists of what is missing, by their slugs."""

    figures: Mapping[str, Figure]
    coverage: Coverage

    @property
    def whole(self) -> Figure:
        return self.figures[consistency.consistency.slug]

    @property
    def is_behind(self) -> bool:
        """Something is open and too little of it is kept: nothing is concluded from the rest. Of
        nothing open nothing can be missing."""
        return self.whole.n > 0 and not self.coverage.is_reliable

    @property
    def words(self) -> str:
        if not self.whole.n:
            return _("no open deal")
        return _("%(share)s complete") % {
            "share": percent(self.coverage.share or 0, self.coverage.population)
        }


def standing_of(report: Report, person: int) -> Standing:
    """Of somebody asked about, by the id; one query for all of them."""
    question = report.question
    if question.person is not None:
        # The stamp of the page asks just this.
        own = {metric.slug: metric.whole(question) for metric in consistency.EVERY}
    else:
        found = figures(question, consistency.EVERY, PERSON)
        own = {
            metric.slug: found[metric.slug].get(person)
            or metric.of_nothing(question, PERSON, person)
            for metric in consistency.EVERY
        }
    whole = own[consistency.consistency.slug]
    return Standing(
        figures=own, coverage=question.coverage(known=whole.part or 0, population=whole.n)
    )


def gaps_of(report: Report, standing: Standing) -> list[RuleGap]:
    """What is missing, rule by rule."""
    return [_gap(report, standing, rule, name, missing) for rule, name, missing in RULES]


def _gap(
    report: Report, standing: Standing, rule: Metric, name: StrOrPromise, missing: Metric
) -> RuleGap:
    kept, open_gaps = standing.figures[rule.slug], standing.figures[missing.slug]
    said = (
        ngettext("%(n)s deal to repair", "%(n)s deals to repair", open_gaps.n) % {"n": open_gaps.n}
        if open_gaps.n
        else _("all kept")
    )
    return RuleGap(
        name=name,
        share=percent(kept.value or 0, kept.n),
        width=at_percent(kept.value or 0, 1),
        text=said,
        href=report.rows(open_gaps) if open_gaps.n else "",
        is_kept=not open_gaps.n,
    )


def kept_words(figure: Figure) -> str:
    """A share of a rule in words, which decide; its shade repeats them."""
    return rate_words(figure.part or 0, figure.n)[0]


def kept_shade(figure: Figure) -> int:
    """0 holds or too few, 1 some gaps, 2 many."""
    return rate_words(figure.part or 0, figure.n)[1]


def rate_words(part: int, n: int) -> tuple[str, int]:
    """What a rule is kept to, in words and as a shade."""
    if n < MIN_ROWS:
        return _("too few"), 0
    share = part / n
    word = _("holds") if share >= HOLDS else _("some gaps") if share >= GAPS else _("many gaps")
    return f"{percent(share, n)} {word}", 0 if share >= HOLDS else 1 if share >= GAPS else 2


HOLDS, GAPS = 0.9, 0.8
