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
    ConcernCategory,
    DecidedBy,
    Method,
    Product,
    Reply,
    Source,
    StageVisit,
    StopCause,
)
from pipeline.models import SellingStyle, Step, Team, User, Version
from pipeline.process.framework import translated_text
from pipeline.process.gates import Reason
from pipeline.process.moves import LeftHow
from pipeline.process.playbook import Fact
from pipeline.process.stages import Initiator, Phase, Stage
from reports.axis import Axis
from reports.metric import axis
from reports.question import Question, quarter_name
from salesprocess.lib.format import format_day

Names = Callable[[Question, Collection[Any]], Mapping[Any, str]]


def _rows(model: Any) -> Names:
    """The names of rows of a table, as their reader reads them. One query for those not known yet."""

    def names(question: Question, keys: Collection[Any]) -> Mapping[Any, str]:
        known: dict[Any, str] = question.once_for_all(("names", model), dict)
        if missing := set(keys) - set(known):
            rows = model.objects.filter(pk__in=missing).only("name")
            known.update({row.pk: str(row) for row in rows})
        return known

    return names


def _choices(choices: Any) -> Names:
    return lambda _question, keys: {key: str(choices(key).label) for key in keys}


def _one_of(choices: Any) -> Callable[[str], str]:
    return lambda text: str(choices(text).value)


def _quarters(question: Question, keys: Collection[Any]) -> Mapping[Any, str]:
    return {key: quarter_name(key, first_month=question.first_month) for key in keys}


def _named_by(words: Mapping[str, Any]) -> Names:
    return lambda _question, keys: {key: str(words[key]) for key in keys}


def _key_of(words: Mapping[str, Any]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


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


def versions_of(question: Question, playbooks: Collection[str]) -> Mapping[str, list[int]]:
    """The ids of the versions that were in force together, from the organisation down, by the playbook
    that they make. One query for those not known yet."""
    known: dict[str, list[int]] = question.once_for_all(("names", "playbook"), dict)
    if unknown := set(playbooks) - set(known):
        rows = StageVisit.objects.filter(playbook__in=unknown)
        rows = rows.order_by("playbook").distinct("playbook")
        known.update(rows.values_list("playbook", "version_ids"))
    return {key: known[key] for key in playbooks if key in known}


def _versions(question: Question, keys: Collection[Any]) -> Mapping[Any, str]:
    """What was in force, from the organisation down: `Austral GmbH 3 · North 2`."""
    found = versions_of(question, keys)
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
# From where a deal came back: the stage of the visit before.
CAME_FROM = axis(
    Axis(
        key="came_from",
        label=_("Came back from"),
        read=_stage,
        names=lambda _question, keys: {key: str(Stage(key).label) for key in keys},
        every=[stage.value for stage in Stage],
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
LEFT_HOW = axis(
    Axis(
        key="left_how",
        label=_("How it was left"),
        read=_one_of(LeftHow),
        names=_choices(LeftHow),
        every=[how.value for how in LeftHow],
    )
)
REPLY = axis(
    Axis(
        key="reply",
        label=_("Their reply"),
        read=_one_of(Reply),
        names=_choices(Reply),
        every=[reply.value for reply in Reply],
    )
)
# What the other side was concerned about: a deal may meet several kinds of it.
CONCERN = axis(
    Axis(
        key="concern",
        label=_("Kind of concern"),
        read=_one_of(ConcernCategory),
        names=_choices(ConcernCategory),
        every=[kind.value for kind in ConcernCategory],
        is_partition=False,
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
# What people say decided a deal that ended, looking back at it (CHECKLIST C26).
DECIDED_BY = axis(
    Axis(
        key="decided_by",
        label=_("What decided it"),
        read=_one_of(DecidedBy),
        names=_choices(DecidedBy),
        every=[each.value for each in DecidedBy],
    )
)
DECIDED_IN = axis(
    Axis(
        key="decided_in",
        label=_("Stage that decided it"),
        read=_stage,
        names=lambda _question, keys: {key: str(Stage(key).label) for key in keys},
        every=[stage.value for stage in Stage],
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
_NEXT_WORDS = {
    "overdue": _("Overdue"),
    "today": _("Today"),
    "ahead": _("Later"),
    "nothing": _("Nothing planned"),
}
NEXT_STATE = axis(
    Axis(
        key="next_state",
        label=_("What’s next"),
        read=_key_of(_NEXT_WORDS),
        names=_named_by(_NEXT_WORDS),
        every=list(_NEXT_WORDS),
    )
)
_WARNING_WORDS = {
    "silent": _("Silent"),
    "ghosted": _("Two tries or more without a talk"),
    "overdue": _("Closing date passed"),
    "few_people": _("Fewer than two people"),
    "no_decider": _("Nobody who decides"),
    "no_price": _("No price yet"),
    "concern": _("Concern open for long"),
    "stalled": _("Stalled"),
}
# A deal may warn of several things, and most warn of none.
WARNING = axis(
    Axis(
        key="warning",
        label=_("Warning"),
        read=_key_of(_WARNING_WORDS),
        names=_named_by(_WARNING_WORDS),
        every=list(_WARNING_WORDS),
        is_partition=False,
    )
)


def _asked_for(_question: Question, keys: Collection[Any]) -> Mapping[str, str]:
    """The names of facts and of steps, these by the layer that adds them. One query for steps."""
    places = {key: key.split("-", 2) for key in keys}
    names = {
        k: str(Fact(name).label) for k, (_stage, kind, name) in places.items() if kind == "fact"
    }
    steps = {name for _stage, kind, name in places.values() if kind == "step"}
    found = Step.objects.filter(key__in=steps, adds=True) if steps else Step.objects.none()
    labels = {
        f"{stage}-step-{key}": translated_text(label)
        for stage, key, label in found.order_by("layer").values_list("stage", "key", "label")
    }
    # A step that is gone is called by what is left of it.
    gone = {k: name.replace("-", " ").capitalize() for k, (_stage, _kind, name) in places.items()}
    return gone | labels | names


def _place(text: str) -> str:
    stage, kind, name = text.split("-", 2)
    Stage(int(stage))
    if kind == "fact":
        Fact(name)
    elif kind != "step" or not 0 < len(name) <= 60 or "\0" in name:
        raise ValueError(text)
    return text


STEP = axis(Axis(key="step", label=_("Step"), read=_place, names=_asked_for))
# What gates ask for: facts of the records, and steps. A deal may move on without several at once.
ASKED_FOR = axis(
    Axis(
        key="asked_for",
        label=_("What was missing"),
        read=_place,
        names=_asked_for,
        is_partition=False,
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
QUARTER = axis(Axis(key="quarter", label=_("Quarter"), read=_day, names=_quarters, time="quarter"))
WEEK = axis(Axis(key="week", label=_("Week"), read=_day, names=_written("d MMM y"), time="week"))
TIMES = (WEEK, MONTH, QUARTER)
