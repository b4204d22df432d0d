"""How deals move through the stages (METRICS K1, K2 and K3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Max, Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from pipeline.process.moves import LeftHow
from pipeline.process.stages import Stage
from reports.figures import MIN_ROWS, Definition, Goal, Unit
from reports.flow_populations import COHORTS, FIRST_ENTRIES, FORWARD
from reports.measures import Counted, Different, FigureMeasure, Raw, Share, averaged
from reports.metric import metric
from reports.populations import ENTRIES, EXITS, RETURNS, STOOD

_ENTRIES = Definition(
    key="K1",
    goal=Goal.STUCK,
    name=_("Deals that entered"),
    text=_(
        "Visits to the stage that began in the period. They add up: advanced, moved back, stopped, "
        "won and still there. Visits whose date is unknown cannot be placed and lower the coverage."
    ),
    basis=_("by the day of entry; owner and team at entry"),
    formula=_("entered = advanced + moved back + stopped + won + still there"),
    covers=_("visits whose day of entry is known"),
)


@metric(_ENTRIES, over=ENTRIES)
def entered() -> FigureMeasure:
    """Visits that began in the period (METRICS K1)."""
    return Counted()


@metric(
    Definition(
        key="K1",
        goal=Goal.STUCK,
        name=_("Different deals that entered"),
        text=_(
            "How many deals came to the stage in the period, each once however often it came: the "
            "entries beside it count every visit."
        ),
        basis=_("by the day of entry; owner and team at entry"),
        covers=_("visits whose day of entry is known"),
    ),
    over=ENTRIES,
)
def deals_entering() -> FigureMeasure:
    """Distinct deals among the entries (METRICS K1, deals entering)."""
    return Different(of="deal")


@metric(_ENTRIES, over=ENTRIES)
def advanced() -> FigureMeasure:
    """Of them, those that went on to a later stage."""
    return Counted(where=Q(left_how=LeftHow.ADVANCED))


@metric(_ENTRIES, over=ENTRIES)
def moved_back() -> FigureMeasure:
    """Of them, those that went back to an earlier stage."""
    return Counted(where=Q(left_how=LeftHow.BACK))


@metric(_ENTRIES, over=ENTRIES)
def stopped_there() -> FigureMeasure:
    """Of them, those in which the deal was stopped."""
    return Counted(where=Q(left_how=LeftHow.STOPPED))


@metric(_ENTRIES, over=ENTRIES)
def won_there() -> FigureMeasure:
    """Of them, those in which the deal was won."""
    return Counted(where=Q(left_how=LeftHow.WON))


@metric(_ENTRIES, over=ENTRIES)
def still_there() -> FigureMeasure:
    """Of them, those that go on."""
    return Counted(where=Q(left_how=None))


# The ways on from an entry: they add up to `entered`.
WAYS = (advanced, moved_back, stopped_there, won_there, still_there)


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Went on, of those that left"),
        text=_(
            "Of the visits that began in the period and are over, the share that went on to a later "
            "stage or were won. Those still there are not in it."
        ),
        basis=_("by the day of entry; owner and team at entry"),
        formula=_("(advanced + won) ÷ (entered − still there)"),
        covers=_("visits whose day of entry is known"),
    ),
    over=ENTRIES,
)
def went_on() -> FigureMeasure:
    """Which share of the visits that began and are over went forward (METRICS K3, activity)."""
    return Share(part=FORWARD, among=Q(left_how__isnull=False))


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Went on (flow)"),
        text=_(
            "Of the visits that ended in the period, the share that went on to a later stage or were "
            "won. Good for the week; a deal that comes back counts each time."
        ),
        basis=_("by the day on which the visit ended; owner and team at entry"),
        formula=_("(advanced + won) ÷ ended"),
        covers=_("visits whose day of leaving is known"),
    ),
    over=EXITS,
)
def flow_conversion() -> FigureMeasure:
    """Which share of the visits that ended went forward (METRICS K3b)."""
    return Share(part=FORWARD)


@metric(
    Definition(
        key="K1",
        goal=Goal.PIPELINE,
        name=_("In the stage"),
        text=_("Visits that went on at the end of the day asked for: the height of a band."),
        basis=_("at the end of the day asked for; owner and team at entry"),
    ),
    over=STOOD,
)
def stood() -> FigureMeasure:
    """The stock of a stage at the end of a day (METRICS, *still* there)."""
    return Counted()


@metric(
    Definition(
        key="K1",
        goal=Goal.PIPELINE,
        name=_("Newly qualified"),
        text=_("Visits to stage 3 that began in the period."),
        basis=_("by the day of entry; owner and team at entry"),
        covers=_("visits whose day of entry is known"),
    ),
    over=ENTRIES,
)
def newly_qualified() -> FigureMeasure:
    """Entries to qualification (METRICS K1)."""
    return Counted(where=Q(stage=Stage.QUALIFICATION))


# Cohorts: the deals that first came to a stage ------------------------------------------------------


@metric(
    Definition(
        key="K20",
        goal=Goal.FIT,
        name=_("Came back"),
        text=_(
            "Visits that began in the period with a deal’s return to a stage, by the stage from which it "
            "came back: moved back, or opened again where it had stopped. Where many come back to one "
            "stage, something was missing when they left it."
        ),
        basis=_("by the day on which the deal came back; owner and team at entry"),
        covers=_("returns whose day is known"),
    ),
    over=RETURNS,
)
def came_back() -> FigureMeasure:
    """Returns to a stage, by where from (METRICS K20, backward; CHECKLIST C22)."""
    return Counted()


_COHORT_BASIS = _("by the day on which the deal first came to the stage; owner and team at entry")
_FIRSTS = _("first entries whose day is known")


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Went on in time (cohort)"),
        text=_(
            "Of the deals that first came to the stage in the period, the share that reached a later "
            "stage, or was won, within the days that nine in ten took in the year before. Deals that "
            "are younger than that and still open may yet: until they are settled it looks low."
        ),
        basis=_COHORT_BASIS,
        formula=_("went on within N days ÷ first entries"),
        covers=_FIRSTS,
        source=_("Affinity, by date added; Varicent"),
    ),
    over=COHORTS,
)
def cohort_conversion() -> FigureMeasure:
    """Which share of the deals that first came went on within N days (METRICS K3a)."""
    return Share(part=Q(in_time=True))


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Maturity of the cohort"),
        text=_(
            "The share of first entries that are older than the days given to go on, or whose deal is "
            "closed: what they come to is settled."
        ),
        basis=_COHORT_BASIS,
        formula=_("(older than N days, or closed) ÷ first entries"),
        covers=_FIRSTS,
    ),
    over=COHORTS,
)
def cohort_maturity() -> FigureMeasure:
    """Which share of a cohort is settled (METRICS K3a)."""
    return Share(part=Q(is_settled=True))


_COHORT_PART = Definition(
    key="K3",
    goal=Goal.STUCK,
    name=_("First entries"),
    text=_(
        "The deals that first came to the stage in the period: they went on in time, did not, or are "
        "still young."
    ),
    basis=_COHORT_BASIS,
    formula=_("first entries = went on in time + did not + still young"),
    covers=_FIRSTS,
)


@metric(_COHORT_PART, over=COHORTS)
def cohort_young() -> FigureMeasure:
    """First entries that have not gone on and may yet do so in time."""
    return Counted(where=Q(in_time=False, is_settled=False))


@metric(_COHORT_PART, over=COHORTS)
def cohort_left_behind() -> FigureMeasure:
    """First entries that did not go on in time."""
    return Counted(where=Q(in_time=False, is_settled=True))


# What one point more is worth -----------------------------------------------------------------------

_WENT_ON = Q(went_on_at__isnull=False)
_DECIDED = _WENT_ON & Q(came_to__isnull=False)
_WON_LATER = _DECIDED & Q(came_to="won")
DAYS_OF_A_QUARTER = Decimal("91.3125")


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Won, of those that went on"),
        text=_(
            "Of the deals that first came to the stage in the period, went on from it and are closed, "
            "the share that was won."
        ),
        basis=_COHORT_BASIS,
        formula=_("won ÷ (went on and closed)"),
        covers=_FIRSTS,
    ),
    over=FIRST_ENTRIES,
)
def won_after_going_on() -> FigureMeasure:
    """How often going on from a stage ended in a win (METRICS K3)."""
    return Share(part=_WON_LATER, among=_DECIDED)


@metric(
    Definition(
        key="K27",
        goal=Goal.STUCK,
        name=_("Average won value, of those that went on"),
        text=_("The mean value of the deals that came to the stage in the period and were won."),
        basis=_COHORT_BASIS,
        covers=_("won deals whose value is known"),
    ),
    over=FIRST_ENTRIES,
)
def value_after_going_on() -> FigureMeasure:
    """What a deal that went on from a stage and was won is worth on average (METRICS K27)."""
    return averaged(where=_WON_LATER)


@dataclass(frozen=True, kw_only=True)
class WorthOfAPoint:
    """What one more of every hundred first entries going on would bring in a quarter: entries in a
    quarter × 0.01 × won of those that went on × average won value. Unknown while fewer than MIN_ROWS
    went on and are closed, or are won with a known value: the rate, or the mean, would be chance."""

    where: Q = field(default_factory=Q)
    unit: Unit = Unit.MONEY

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk", filter=self.where),
            "decided": Count("pk", filter=self.where & _DECIDED),
            "won": Count("pk", filter=self.where & _WON_LATER),
            "valued": Count("value", filter=self.where & _WON_LATER),
            "average": Avg("value", filter=self.where & _WON_LATER),
            "first": Min("entered_at", filter=self.where),
            "until": Max("counted_until", filter=self.where),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        n = row["n"]
        if min(row.get("decided", 0), row.get("valued", 0)) < MIN_ROWS:
            return Raw(None, n)
        days = max(Decimal((row["until"] - row["first"]).total_seconds()) / 86400, Decimal(1))
        a_quarter = n * DAYS_OF_A_QUARTER / days
        rate = Decimal(row["won"]) / row["decided"]
        return Raw(a_quarter / 100 * rate * row["average"], n)

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.where)


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Worth of one point"),
        text=_(
            "What it would bring in a quarter if of a hundred deals that come to the stage one more "
            "went on, and fared like those that do now. It is an estimate from the period, from its "
            "first entry on, and says nothing of how to get there."
        ),
        basis=_COHORT_BASIS,
        formula=_(
            "first entries a quarter × 1/100 × won of those that went on × average won value"
        ),
        covers=_FIRSTS,
    ),
    over=FIRST_ENTRIES,
    axes=("stage", "team", "person", "source"),
)
def worth_of_a_point() -> FigureMeasure:
    """What one point of conversion at a stage is worth a quarter (sensitivity of K3)."""
    return WorthOfAPoint()
