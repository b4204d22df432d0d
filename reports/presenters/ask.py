"""What one may ask of the figures: which of them, broken down by what, counted how, shown how. Only what
means something together is offered, and nothing else is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from reports.axis import Axis
from reports.figures import Definition, Unit
from reports.metric import AXES, METRICS, Metric
from reports.presenters.report import Report

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What is asked where the address says nothing.
FIRST_METRIC, FIRST_AXIS = "closed_win_rate", "source"
NUMBER, BARS, LINE, MATRIX, TABLE = "number", "bars", "line", "matrix", "table"
SHOWS: Mapping[str, StrOrPromise] = {
    NUMBER: gettext_lazy("Number"),
    BARS: gettext_lazy("Bars"),
    LINE: gettext_lazy("Line"),
    MATRIX: gettext_lazy("Matrix"),
    TABLE: gettext_lazy("Table"),
}
# By what a figure is about, as its K-number says; what is of none of these comes last.
_TOPICS: Sequence[tuple[StrOrPromise, frozenset[str]]] = (
    (gettext_lazy("Won and stopped"), frozenset({"K4", "K24", "K25", "K27"})),
    (gettext_lazy("Pipeline"), frozenset({"K7", "K8", "K9", "K12", "K13", "K14", "K15", "K16"})),
    (gettext_lazy("Stages"), frozenset({"K1", "K2", "K3"})),
    (gettext_lazy("Time"), frozenset({"K5", "K6"})),
    (gettext_lazy("Leads and sources"), frozenset({"K17", "K18"})),
    (gettext_lazy("Activity"), frozenset({"K19", "K22"})),
    (gettext_lazy("Objections"), frozenset({"K26"})),
    (gettext_lazy("Process"), frozenset({"K20"})),
    (gettext_lazy("Consistency"), frozenset({"K21"})),
)
# The same question by another day or another beginning: one measure with several bases.
_BASES: Sequence[tuple[StrOrPromise, Mapping[str, StrOrPromise]]] = (
    (
        gettext_lazy("Win rate"),
        {
            "closed_win_rate": gettext_lazy("day of closing"),
            "created_win_rate": gettext_lazy("day it began"),
            "won_within": gettext_lazy("day it entered a stage"),
        },
    ),
    (
        gettext_lazy("Won value"),
        {
            "won_value": gettext_lazy("day of closing"),
            "won_of_leads_value": gettext_lazy("day it began"),
        },
    ),
    (
        gettext_lazy("Went on to the next stage"),
        {
            "flow_conversion": gettext_lazy("visits that ended"),
            "cohort_conversion": gettext_lazy("first entries, within the usual time"),
            "strict_conversion": gettext_lazy("deals that passed every stage"),
        },
    ),
    (
        gettext_lazy("Time in stage"),
        {
            "median_days": gettext_lazy("visits that ended"),
            "lasting_days": gettext_lazy("visits, open ones as well"),
            "latest_days": gettext_lazy("the last visit of a deal"),
            "cumulative_days": gettext_lazy("all visits of a deal together"),
        },
    ),
    (
        gettext_lazy("Sales cycle, won"),
        {
            "cycle_won": gettext_lazy("from the first record"),
            "cycle_won_from_talk": gettext_lazy("from the first talk"),
            "cycle_won_from_prospecting": gettext_lazy("from the second stage"),
        },
    ),
    (
        gettext_lazy("Sales cycle, stopped"),
        {
            "cycle_lost": gettext_lazy("from the first record"),
            "cycle_lost_from_talk": gettext_lazy("from the first talk"),
        },
    ),
)
# Where one definition has several figures: what each of them is called.
_LABELS: Mapping[str, StrOrPromise] = {
    "activities": gettext_lazy("Activities"),
    "conversations": gettext_lazy("Conversations"),
    "to_repair": gettext_lazy("To repair"),
    "stage_to_confirm": gettext_lazy("To repair: stage to confirm"),
    "nothing_planned": gettext_lazy("To repair: nothing planned"),
    "no_recent_touch": gettext_lazy("To repair: silent"),
    "date_passed": gettext_lazy("To repair: value or date"),
    "won": gettext_lazy("Won deals"),
    "average_won_value": gettext_lazy("Average won value"),
    "median_won_value": gettext_lazy("Median won value"),
    "stopped_deals": gettext_lazy("Stopped deals"),
    "stopped_value": gettext_lazy("Value of stopped deals"),
    "p75_days": gettext_lazy("Time in stage, 3 of 4"),
    "p90_days": gettext_lazy("Time in stage, 9 of 10"),
    "open_deals": gettext_lazy("Open deals"),
    "open_value": gettext_lazy("Value of open deals"),
    "qualified_deals": gettext_lazy("Open deals from stage 3 on"),
    "qualified_value": gettext_lazy("Value of open deals from stage 3 on"),
    "due_deals": gettext_lazy("Open deals due this quarter"),
    "due_value": gettext_lazy("Value of open deals due this quarter"),
    "stopped_after_warning": gettext_lazy("Stopped after a warning"),
    "stopped_without_warning": gettext_lazy("Stopped without a warning"),
    "pushes": gettext_lazy("Pushes of close dates"),
    "push_days": gettext_lazy("Days that close dates were pushed"),
    "slipped": gettext_lazy("Slipped, of the deals"),
    "slipped_value": gettext_lazy("Slipped, of the value"),
    "entered": gettext_lazy("Entered a stage"),
    "advanced": gettext_lazy("Entered and moved forward"),
    "moved_back": gettext_lazy("Entered and moved back"),
    "stopped_there": gettext_lazy("Entered and stopped"),
    "won_there": gettext_lazy("Entered and won"),
    "still_there": gettext_lazy("Entered and still there"),
    "won_front_loaded": gettext_lazy("Won, raised by us first"),
    "won_not_front_loaded": gettext_lazy("Won, raised by them"),
    "won_after_early_offer": gettext_lazy("Won after an early offer"),
    "won_after_timely_offer": gettext_lazy("Won after a timely offer"),
}
# Parts of other figures, which say nothing alone.
_PARTS = frozenset(
    {
        *("share_of_usual", "shortest_usual", "longest_usual", "stood", "came_in", "changed"),
        *("ended_median", "ended_p75", "ended_of_usual"),
        *("ended_shortest_usual", "ended_longest_usual"),
        *("cohort_young", "cohort_left_behind", "worth_of_a_point"),
    }
)
# Of each pair the one says the other.
_NESTED = (
    frozenset({"stage", "phase"}),
    frozenset({"cause", "cause_kind"}),
    frozenset({"customer", "existing_customer"}),
)


def may_be_asked(metric: Metric) -> bool:
    return metric.slug not in _PARTS and metric.population.key != "moved_due"


def askable_metrics() -> list[Metric]:
    return [metric for metric in METRICS.values() if may_be_asked(metric)]


def measure_label(metric: Metric) -> str:
    """What a figure is called where one may choose it: no two are called the same."""
    for label, bases in _BASES:
        if metric.slug in bases:
            return str(label)
    return _own_label(metric)


def _own_label(metric: Metric) -> str:
    if metric.slug in _LABELS:
        return str(_LABELS[metric.slug])
    name = str(metric.definition.name)
    if metric.population.key == "moved" and metric.unit is Unit.MONEY:
        return _("Pipeline: %(change)s") % {"change": name}
    is_alone = _names_of_figures(get_language() or "en")[name] == 1
    return name if is_alone else f"{name} · {metric.slug.replace('_', ' ')}"


@cache
def _names_of_figures(_language: str) -> Counter[str]:
    """How many figures have each name in a language, which is the present one; they are the same for
    ever, and to say all of them for each one is what the page of a question took longest for."""
    return Counter(str(each.definition.name) for each in askable_metrics())


def bases_of(metric: Metric) -> Mapping[str, StrOrPromise]:
    """The ways of counting the same, by the slug of each; none where there is only one."""
    return next((bases for _label, bases in _BASES if metric.slug in bases), {})


def measure_of(metric: Metric) -> str:
    """The slug by which a measure is chosen: that of its first basis."""
    return next(iter(bases_of(metric)), metric.slug)


def axes_of(metric: Metric) -> list[Axis]:
    """By what a figure may be broken down."""
    return [axis for key, axis in AXES.items() if key in metric.axes]


def axes_across(metric: Metric, by: Axis | None) -> list[Axis]:
    """By what else it may be, once it is broken down by one axis."""
    if by is None or not by.is_partition:
        return []
    return [axis for axis in axes_of(metric) if not why_not_across(by, axis)]


def why_not_across(by: Axis, across: Axis) -> str:
    """Why two axes together mean nothing; empty where they do."""
    said = {"one": by.label, "other": across.label}
    if by is across:
        return _("Twice by “%(one)s” says no more than once.") % said
    if not (by.is_partition and across.is_partition):
        return _("“%(one)s” goes with nothing else: a deal counts several times along it.") % {
            "one": across.label if by.is_partition else by.label
        }
    if (by.time and across.time) or {by.key, across.key} in _NESTED:
        return _("Of “%(one)s” and “%(other)s” one says the other already.") % said
    return ""


def why_not_shown(show: str, by: Axis | None, across: Axis | None) -> str:
    """Why an answer cannot be shown so; empty where it can."""
    if show == BARS and (by is None or across is not None):
        return _("Bars need one thing that it is broken down by.")
    if show == LINE and (by is None or across is not None or not by.time):
        return _("A line needs weeks, months or quarters, and nothing else.")
    if show == MATRIX and across is None:
        return _("A matrix needs two things that it is broken down by.")
    return ""


def shows_for(by: Axis | None, across: Axis | None) -> list[str]:
    """The ways in which an answer can be shown, the best one first."""
    if across is not None:
        best = MATRIX
    elif by is not None:
        best = LINE if by.time else BARS
    else:
        best = NUMBER
    return [best, *(key for key in SHOWS if key != best and not why_not_shown(key, by, across))]


@dataclass(frozen=True, kw_only=True)
class AskedFigure:
    metric: Metric
    by: Axis | None
    across: Axis | None
    show: str


def asked_figure(report: Report) -> AskedFigure | str:
    """What an address asks for; or in words, why that means nothing."""
    said = report.more
    slug = said.get("metric", FIRST_METRIC)
    metric = METRICS.get(slug)
    if metric is None or not may_be_asked(metric):
        words = _("There is no figure “%(name)s”, or not any more: choose another one.")
        return words % {"name": slug}
    by_key = said.get("by", "" if "metric" in said else FIRST_AXIS)
    found: list[Axis | None] = []
    for key in (by_key, said.get("across", "")):
        axis = AXES.get(key)
        if key and axis is None:
            words = _(
                "Nothing is broken down by “%(name)s”, or not any more: choose something else."
            )
            return words % {"name": key}
        if axis is not None and key not in metric.axes:
            words = _("“%(figure)s” cannot be broken down by “%(axis)s”.")
            return words % {"figure": measure_label(metric), "axis": axis.label}
        found.append(axis)
    return _shown(metric, found[0], found[1], said.get("show", ""))


def _shown(metric: Metric, by: Axis | None, across: Axis | None, show: str) -> AskedFigure | str:
    if across is not None and by is None:
        by, across = across, None
    if by is not None and across is not None and (why := why_not_across(by, across)):
        return why
    if show and show not in SHOWS:
        return _("Nothing is shown as “%(name)s”.") % {"name": show}
    if show and (why := why_not_shown(show, by, across)):
        return why
    return AskedFigure(metric=metric, by=by, across=across, show=show or shows_for(by, across)[0])


# The sentence ------------------------------------------------------------------------------------

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class AskSentence:
    """The question as a sentence whose words can be chosen: the choices of each, and the one that
    holds. `was` is the figure that is asked for so far."""

    topics: Sequence[tuple[str, Choices]]
    measure: str
    bases: Choices
    basis: str
    axes: Choices
    by: str
    others: Choices
    across: str
    was: str
    definition: Definition


def sentence_of(report: Report) -> AskSentence:
    """Of what is asked; where that means nothing, of as much of it as does."""
    asked = asked_figure(report)
    if isinstance(asked, str):
        metric = METRICS.get(report.more.get("metric", FIRST_METRIC))
        if metric is None or not may_be_asked(metric):
            metric = METRICS[FIRST_METRIC]
        by = AXES.get(report.more.get("by", ""))
        by = by if by is not None and by.key in metric.axes else None
        asked = AskedFigure(metric=metric, by=by, across=None, show=NUMBER)
    metric = asked.metric
    return AskSentence(
        topics=_topics(),
        measure=measure_of(metric),
        bases=[(slug, str(words)) for slug, words in bases_of(metric).items()],
        basis=metric.slug,
        axes=[(axis.key, str(axis.label)) for axis in axes_of(metric)],
        by=asked.by.key if asked.by else "",
        others=[(axis.key, str(axis.label)) for axis in axes_across(metric, asked.by)],
        across=asked.across.key if asked.across else "",
        was=metric.slug,
        definition=metric.definition,
    )


def _topics() -> list[tuple[str, Choices]]:
    left = {
        slug: (METRICS[slug].definition.key, measure_label(METRICS[slug]))
        for slug in dict.fromkeys(measure_of(each) for each in askable_metrics())
    }
    found: list[tuple[str, Choices]] = []
    for topic, keys in _TOPICS:
        chosen = [(slug, label) for slug, (key, label) in left.items() if key in keys]
        found.append((str(topic), sorted(chosen, key=lambda one: one[1].casefold())))
        left = {slug: one for slug, one in left.items() if slug not in dict(chosen)}
    rest = [(slug, label) for slug, (_key, label) in left.items()]
    found.append((_("More"), sorted(rest, key=lambda one: one[1].casefold())))
    return [(topic, chosen) for topic, chosen in found if chosen]


def reworded(said: Mapping[str, str]) -> dict[str, str | None]:
    """What an address says once words of the sentence were chosen anew: what goes no more with them
    is left out. `said` has the words, and `was` the figure that was asked for before."""
    was = METRICS.get(said.get("was", ""))
    slug = said.get("metric", FIRST_METRIC)
    if was is not None and slug == measure_of(was):
        slug = said.get("basis") or was.slug
    metric = METRICS.get(slug)
    if metric is None or not may_be_asked(metric):
        return {"metric": slug, "by": None, "across": None, "show": None}
    by, across = (AXES.get(said.get(name, "")) for name in ("by", "across"))
    by = by if by is not None and by.key in metric.axes else None
    if across is not None and across not in axes_across(metric, by):
        across = None
    show = said.get("show", "")
    fits = bool(show) and show in shows_for(by, across)
    return {
        "metric": slug,
        "by": by.key if by else None,
        "across": across.key if across else None,
        "show": show if fits else None,
    }


def title_of(asked: AskedFigure) -> str:
    """What is asked, as the title of its answer: `Win rate (day of closing) · Source × Stage`."""
    figure = measure_label(asked.metric)
    if basis := bases_of(asked.metric).get(asked.metric.slug):
        figure = f"{figure} ({basis})"
    axes = [str(axis.label) for axis in (asked.by, asked.across) if axis is not None]
    return " · ".join(filter(None, (figure, " × ".join(axes))))
