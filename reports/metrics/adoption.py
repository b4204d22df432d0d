"""Whether it is used, seen by the work that is recorded, never by who signs in (METRICS K22)."""

from django.db.models import DateField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Trunc
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition, Goal, Unit
from reports.measures import Different, FigureMeasure, Middle, Share
from reports.metric import metric
from reports.work_populations import DONE, SELLERS

# What was planned before is recorded when it is ticked: when that was is not kept.
TOLD_AFTERWARDS = Q(created_at__gte=F("done_at"))


@metric(
    Definition(
        key="K22",
        goal=Goal.USEFUL,
        name=_("At work in it"),
        text=_(
            "Of the people who sell, the share of whom anything is on record that they did in the last "
            "seven days of the period: a talk, a mail, a task, or a deal moved. Signing in and looking at "
            "pages are not counted."
        ),
        basis=_("the last seven days of the period; the present team"),
        formula=_("recorded anything ÷ people who sell"),
        covers=_("people who have joined: of the others nothing can be known"),
        source="crmbeat",
    ),
    over=SELLERS,
)
def at_work() -> FigureMeasure:
    """Who recorded anything within a week (METRICS K22, weekly active seller)."""
    return Share(part=Q(is_at_work=True))


@metric(
    Definition(
        key="K22",
        goal=Goal.USEFUL,
        name=_("Days with a record"),
        text=_("On how many days of the period anything was recorded that was done on that day."),
        basis=_("by the moment at which it was done; who did it"),
        covers=_("all that was recorded; what was not recorded is not known"),
    ),
    over=DONE,
)
def days_with_a_record() -> FigureMeasure:
    """Days with at least one recorded act (METRICS K22, day coverage)."""
    # Days of the reader's own clock.
    return Different(of=Trunc("done_at", "day", output_field=DateField()))


@metric(
    Definition(
        key="K22",
        goal=Goal.USEFUL,
        name=_("From event to record"),
        text=_(
            "The hours between what was done and its record, for half of what was recorded "
            "afterwards. What had been planned and was ticked is not in it."
        ),
        basis=_("by the moment at which it was done; who did it"),
        covers=_("what was recorded after it was done"),
    ),
    over=DONE,
)
def hours_to_record() -> FigureMeasure:
    """Half of what is told afterwards is told within so many hours (METRICS K22)."""
    # A measure of time gives days; of 24 times as much, hours.
    late = ExpressionWrapper(
        (F("created_at") - F("done_at")) * Value(24), output_field=DurationField()
    )
    return Middle(of=late, where=TOLD_AFTERWARDS, unit=Unit.HOURS)
