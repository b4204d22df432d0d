"""How far the record can be trusted (METRICS K21)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Count, DateField, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition, Goal
from reports.judged import JUDGED, judged_of_own_team
from reports.kept_sql import found_rows
from reports.measures import Counted, FigureMeasure, Share
from reports.metric import metric
from reports.question import Question
from salesprocess.lib.derived import found_first

RULES = {
    "true_stage": Q(true_stage=True),
    "has_next": Q(has_next=True),
    "is_touched": Q(is_touched=True),
    "has_dates": Q(has_dates=True),
}


WHOLE_RECORD = Q()
for _each in RULES.values():
    WHOLE_RECORD &= _each


def _rule(name: object, text: object) -> Definition:
    return Definition(
        key="K21",
        goal=Goal.CONSISTENT,
        name=name,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        basis=_(
            "of the deals open at the end of the day asked for, now by default; their owner then"
        ),
        covers=_("every open deal can be judged"),
        source=_("the nine in ten of the method"),
    )


@metric(
    _rule(
        _("Consistency"),
        _(
            "The share of open deals whose record is whole today: a true stage, a next step, a recent "
            "touch, and from the proposal on a value and a closing date that has not passed. Below "
            "nine in ten a report is to be read with care."
        ),
    ),
    over=JUDGED,
)
def consistency() -> FigureMeasure:
    """Open deals that keep all four rules (METRICS K21)."""
    return Share(part=WHOLE_RECORD)


@metric(
    _rule(
        _("True stage"),
        _("The deal entered its stage, or was worked on, within the usual days of that stage."),
    ),
    over=JUDGED,
)
def rule_true_stage() -> FigureMeasure:
    """Moved or confirmed within the norm of its stage (METRICS K21, i)."""
    return Share(part=RULES["true_stage"])


@metric(
    _rule(_("What’s next"), _("Something is planned from today on, or the deal is parked.")),
    over=JUDGED,
)
def rule_next() -> FigureMeasure:
    """A next step that lies ahead (METRICS K21, ii; K16)."""
    return Share(part=RULES["has_next"])


@metric(
    _rule(
        _("Recent touch"),
        _("The other side was spoken to, written to or met within the usual days of the stage."),
    ),
    over=JUDGED,
)
def rule_touch() -> FigureMeasure:
    """The last touch within the norm of its stage (METRICS K21, iii)."""
    return Share(part=RULES["is_touched"])


@metric(
    _rule(
        _("Value and date"),
        _("From the proposal on, the deal has a value and a closing date that has not passed."),
    ),
    over=JUDGED,
)
def rule_dates() -> FigureMeasure:
    """Amount and close date from stage 5 on (METRICS K21, iv)."""
    return Share(part=RULES["has_dates"])


# What is missing, rule by rule, as the rest of each: for lists of what to repair.
_MISSING = Definition(
    key="K21",
    goal=Goal.CONSISTENT,
    name=_("To repair"),
    text=_("The open deals that do not keep a rule of consistency: what is missing, deal by deal."),
    basis=_("of the deals open at the end of the day asked for, now by default; their owner then"),
)


@metric(_MISSING, over=JUDGED)
def to_repair() -> FigureMeasure:
    """Open deals that break any rule (METRICS K21)."""
    return Counted(where=~WHOLE_RECORD)


@metric(_MISSING, over=JUDGED)
def stage_to_confirm() -> FigureMeasure:
    """Open deals whose stage nobody confirmed within its norm."""
    return Counted(where=~RULES["true_stage"])


@metric(_MISSING, over=JUDGED)
def nothing_planned() -> FigureMeasure:
    """Open deals without a next step."""
    return Counted(where=~RULES["has_next"])


@metric(_MISSING, over=JUDGED)
def no_recent_touch() -> FigureMeasure:
    """Open deals that heard nothing from us within the norm of their stage."""
    return Counted(where=~RULES["is_touched"])


@metric(_MISSING, over=JUDGED)
def date_passed() -> FigureMeasure:
    """Open deals from the proposal on without a value, or whose closing date has passed."""
    return Counted(where=~RULES["has_dates"])


# All of them, which one query answers.
EVERY = (
    consistency,
    rule_true_stage,
    rule_next,
    rule_touch,
    rule_dates,
    to_repair,
    stage_to_confirm,
    nothing_planned,
    no_recent_touch,
    date_passed,
)


def kept_on_days(question: Question, days: Sequence[dt.date]) -> dict[dt.date, tuple[int, int]]:
    """Of the deals that were open at the end of each day, how many had a whole record, and how many
    there were: what history tells (METRICS K21). One query."""
    each = [_kept_on(question, day) for day in days]
    found = {row["day"]: (row["whole"], row["n"]) for row in each[0].union(*each[1:], all=True)}
    return {day: found[day] for day in days if found.get(day, (0, 0))[1]}


def _kept_on(question: Question, day: dt.date) -> QuerySet[Any]:
    asked = replace(question, as_of=day)
    counted: QuerySet[Any] = (
        JUDGED.find(asked)
        .order_by()
        .annotate(day=Value(day, output_field=DateField()))
        .values("day")
        .annotate(n=Count("pk"), whole=Count("pk", filter=WHOLE_RECORD))
    )
    return counted


# So many people at least make a team of which all together something is told to one of them.
LEAST_OF_A_TEAM = 3


def kept_by_own_team(question: Question) -> Mapping[str, int] | None:
    """How many of the open deals of the reader's team keep each rule (`n` there are, `whole` keep
    all); None for a team of too few to tell of all without telling of each. One query."""

    def write(asked: Question) -> QuerySet[Any]:
        judged = found_first(judged_of_own_team(asked), "owner_then_id", *RULES)
        counted: QuerySet[Any] = (
            judged.annotate(told=Value(""))
            .values("told")
            .annotate(
                n=Count("pk"),
                people=Count("owner_then_id", distinct=True),
                whole=Count("pk", filter=WHOLE_RECORD),
                **{f"kept_{name}": Count("pk", filter=rule) for name, rule in RULES.items()},
            )
        )
        return counted

    key = ("own team", question.reader.team_id)
    found = next(iter(found_rows(question, key, write, valued=False)), None)
    return found if found and found["people"] >= LEAST_OF_A_TEAM else None
