"""Along what figures are broken down."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.models import (
    ActivityKind,
    CauseKind,
    Company,
    Method,
    Product,
    Source,
    StageVisit,
    StopCause,
)
from pipeline.models import SellingStyle, Team, User, Version
from pipeline.process.gates import Reason
from pipeline.process.stages import Initiator, Phase, Stage
from reports.metric import Axis, axis
from reports.question import Question
from salesprocess.lib.format import format_day

Names = Callable[[Question, Collection[Any]], Mapping[Any, str]]


def _rows(model: Any) -> Names:
    """The names of rows of a table, as their reader reads them. One query for those not known yet."""

    def names(question: Question, keys: Collection[Any]) -> Mapping[Any, str]:
        known: dict[Any, str] = question.once_for_all(("names", model), dict)
        if missing := set(keys) - set(known):
            known.update({row.pk: str(row) for row in model.objects.filter(pk__in=missing)})
        return known

    return names


def _choices(choices: Any) -> Names:
    return lambda _question, keys: {key: str(choices(key).label) for key in keys}


def _one_of(choices: Any) -> Callable[[str], str]:
    return lambda text: str(choices(text).value)


def _stage(text: str) -> int:
    return Stage(int(text)).value


def _id(text: str) -> int:
    found = int(text)
    if not 0 < found < 2**63:
        raise ValueError(text)
    return found


def _text(text: str) -> str:
    if not 0 < len(text) <= 40 or "\0" in text:
        raise ValueError(text)
    return text


def _versions(question: Question, keys: Collection[Any]) -> Mapping[Any, str]:
    """What was in force, from the organisation down: `Austral GmbH 3 · North 2`."""
    known: dict[str, list[int]] = question.once_for_all(("names", "playbook"), dict)
    if unknown := set(keys) - set(known):
        rows = StageVisit.objects.filter(playbook__in=unknown)
        rows = rows.order_by("playbook").distinct("playbook")
        known.update(rows.values_list("playbook", "version_ids"))
    found = {key: known[key] for key in keys if key in known}
    names: dict[Any, str] = question.once_for_all(("names", Version), dict)
    if missing := {pk for ids in found.values() for pk in ids} - set(names):
        versions = Version.objects.filter(pk__in=missing).select_related("layer__team")
        names.update({each.pk: f"{each.layer.team} {each.number}" for each in versions})
    return {key: " · ".join(names[pk] for pk in ids) for key, ids in found.items()}


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _written(pattern: str) -> Names:
    return lambda _question, keys: {
        key: format_day(key, pattern, get_language() or "en") for key in keys
    }


STAGE = axis(
    Axis(
        key="stage",
        label=_("Stage"),
        read=_stage,
        names=lambda _question, keys: {key: str(Stage(key).label) for key in keys},
        every=[stage.value for stage in Stage],
    )
)
# What is done without a stage lies outside the two phases (CHECKLIST B11).
PHASE = axis(
    Axis(
        key="phase",
        label=_("Phase"),
        read=_one_of(Phase),
        names=_choices(Phase),
        every=[phase.value for phase in Phase],
    )
)
# The stages that a deal came to or beyond: one that is in the fifth counts in five of them.
REACHED = axis(
    Axis(
        key="reached",
        label=_("Stage reached"),
        read=_stage,
        names=lambda _question, keys: {key: str(Stage(key).label) for key in keys},
        every=[stage.value for stage in Stage],
        is_partition=False,
    )
)
PERSON = axis(Axis(key="person", label=_("Person"), read=_id, names=_rows(User)))
TEAM = axis(Axis(key="team", label=_("Team"), read=_id, names=_rows(Team)))
SOURCE = axis(Axis(key="source", label=_("Source"), read=_id, names=_rows(Source)))
METHOD = axis(Axis(key="method", label=_("Prospecting method"), read=_id, names=_rows(Method)))
# Of a deal with several products, the first of its lines: so that the parts add up.
PRODUCT = axis(Axis(key="product", label=_("First product"), read=_id, names=_rows(Product)))
CUSTOMER = axis(Axis(key="customer", label=_("Company"), read=_id, names=_rows(Company)))
# Whom a deal came from, where its source is an existing customer; the others have none.
EXISTING_CUSTOMER = axis(
    Axis(key="existing_customer", label=_("Existing customer"), read=_id, names=_rows(Company))
)
CAUSE = axis(Axis(key="cause", label=_("Cause"), read=_id, names=_rows(StopCause)))
CAUSE_KIND = axis(
    Axis(
        key="cause_kind",
        label=_("Kind of cause"),
        read=_one_of(CauseKind),
        names=_choices(CauseKind),
        every=[kind.value for kind in CauseKind],
    )
)
INITIATOR = axis(
    Axis(
        key="initiator",
        label=_("Who stopped it"),
        read=_one_of(Initiator),
        names=_choices(Initiator),
        every=[each.value for each in Initiator],
    )
)
STYLE = axis(
    Axis(
        key="style",
        label=_("Selling style"),
        read=_one_of(SellingStyle),
        names=_choices(SellingStyle),
        every=[style.value for style in SellingStyle],
    )
)
REASON = axis(
    Axis(
        key="reason",
        label=_("Reason"),
        read=_one_of(Reason),
        names=_choices(Reason),
        every=[value for value, _words in Reason.choosable()],
    )
)
ACTIVITY_KIND = axis(
    Axis(
        key="activity_kind",
        label=_("Kind of activity"),
        read=_one_of(ActivityKind),
        names=_choices(ActivityKind),
        every=[kind.value for kind in ActivityKind],
    )
)
VERSION = axis(Axis(key="version", label=_("Version of the process"), read=_text, names=_versions))


def _happened(_question: Question, keys: Collection[Any]) -> Mapping[str, str]:
    """What became of a promise: the month in which the deal was won, or how it is now."""
    words = {"open": _("Open"), "stopped": _("Stopped")}
    return {
        key: str(words[key])
        if key in words
        else format_day(dt.date.fromisoformat(key), "MMM y", get_language() or "en")
        for key in keys
    }


def _month_or_word(text: str) -> str:
    if text not in ("open", "stopped"):
        dt.date.fromisoformat(text)
    return text


HAPPENED = axis(
    Axis(key="happened", label=_("What happened"), read=_month_or_word, names=_happened)
)
MONTH = axis(Axis(key="month", label=_("Month"), read=_day, names=_written("MMM y"), time="month"))
QUARTER = axis(
    Axis(key="quarter", label=_("Quarter"), read=_day, names=_written("MMM y"), time="quarter")
)
WEEK = axis(Axis(key="week", label=_("Week"), read=_day, names=_written("d MMM y"), time="week"))
TIMES = (WEEK, MONTH, QUARTER)
