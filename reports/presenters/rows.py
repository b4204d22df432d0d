"""The rows behind a number: which columns they have, on a page and in a file.

A new kind of row is a `CountedRows` here; its populations name it and the columns that they show.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import DecimalField, Func
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import ActivityKind, ActivityResult, Reply, StepState
from crm.models.letters import Fold
from crm.shipped import shipped_name
from pipeline.models import SellingStyle, User
from pipeline.process.gates import Reason
from pipeline.process.moves import LeftHow
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Stage
from reports.movements import MOVEMENT_PATHS, movement_of
from reports.presenters.changes import changes_of
from reports.question import Question
from salesprocess.lib.format import day, money, number
from salesprocess.lib.keyset import SortKey, by_day, by_instant, by_number, by_text

DAY = 86400


@dataclass(frozen=True, kw_only=True)
class RowsReader:
    """Who reads the rows, when: days are those of the report's zone."""

    question: Question
    at: dt.datetime

    @property
    def reader(self) -> User:
        return self.question.reader

    def day_of(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.question.period.zone).date()

    @property
    def today(self) -> dt.date:
        return self.day_of(self.at)


class Written(NamedTuple):
    """What a column says of a row: on the page, and in a file. `late`: it took longer than its norm."""

    text: str
    raw: Any = None
    late: bool = False


Write = Callable[..., Written]


@dataclass(frozen=True, kw_only=True)
class RowColumn:
    """`reads` are the paths whose values `write` is given, after the reader. `down` says that the
    first press of its head orders downwards."""

    label: Any
    reads: tuple[str, ...]
    write: Write
    order: SortKey | None = None
    down: bool = False
    numeric: bool = False


@dataclass(frozen=True, kw_only=True)
class CountedRows:
    """`deal` is the path to the deal, `owner` to whose row it is. Rows that are `of_people` are of no
    deal."""

    deal: str
    owner: str
    columns: Mapping[str, RowColumn]
    of_people: bool = False

    def path(self, name: str) -> str:
        return f"{self.deal}{name}"

    @property
    def deal_paths(self) -> tuple[str, str, str]:
        """Id and name of the deal, or of the person, and the batch that it came with."""
        return self.path("pk"), self.path("name"), self.path("batch_id")


class VisitLength(Func):
    """How long a visit that is over took, in seconds."""

    template = "extract(epoch FROM %(expressions)s)"
    arg_joiner = " - "
    output_field = DecimalField()


def _text(_reader: RowsReader, value: str | None) -> Written:
    return Written(value or "", value)


def _owner(_reader: RowsReader, value: str | None) -> Written:
    return Written(value or _("pool"), value)


def _shipped(_reader: RowsReader, value: str | None) -> Written:
    return Written(shipped_name(value), shipped_name(value))


def _stage(_reader: RowsReader, value: int | None) -> Written:
    if value is None:
        return Written("")
    return Written(f"{value} {Stage(value).short}", str(Stage(value).universal))


def _moment(reader: RowsReader, at: dt.datetime | None) -> Written:
    if at is None:
        return Written("")
    zone = reader.question.period.zone
    return Written(
        day(reader.day_of(at), reader.today), at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    )


def _day(reader: RowsReader, on: dt.date | None) -> Written:
    return Written(day(on, reader.today) if on else "", on)


def _value(_reader: RowsReader, amount: Decimal | None, currency: str, value: Any) -> Written:
    return Written(money(amount, currency), value)


def _taken(
    reader: RowsReader,
    entered_at: dt.datetime | None,
    left_at: dt.datetime | None,
    stage: int,
    team_id: int,
) -> Written:
    """The days of a visit, against the norm of its team."""
    if entered_at is None:
        return Written("")
    days = Decimal(((left_at or reader.at) - entered_at).total_seconds()) / DAY
    norm = norms_for(reader.reader).of(stage, team_id)
    taken = days.quantize(Decimal("0.1"))
    return Written(f"{number(taken)} / {norm}", taken, late=taken > norm)


def _since(reader: RowsReader, entered_at: dt.datetime | None, stage: int, team_id: int) -> Written:
    """How many days a deal had been in its stage on the day asked for, against the norm."""
    if entered_at is None:
        return Written(_("no date"))
    until = reader.question.as_of or reader.today
    days = (until - reader.day_of(entered_at)).days
    norm = norms_for(reader.reader).of(stage, team_id)
    return Written(f"{number(days)} / {norm}", days, late=days > norm)


def _how(_reader: RowsReader, left_how: str | None) -> Written:
    label = str(LeftHow(left_how).label) if left_how else _("Still there")
    return Written(label, label)


def _steps(_reader: RowsReader, done: int, expected: int) -> Written:
    said = {"part": number(done), "n": number(expected)}
    return Written(_("%(part)s of %(n)s") % said, done)


def _count(_reader: RowsReader, count: int) -> Written:
    return Written(number(count), count)


def _kind(_reader: RowsReader, kind: str) -> Written:
    label = str(ActivityKind(kind).label)
    return Written(label, label)


def _result(_reader: RowsReader, result: str) -> Written:
    label = str(ActivityResult(result).label) if result else ""
    return Written(label, label)


def _reason(_reader: RowsReader, reason: str) -> Written:
    label = str(Reason(reason).label) if reason else ""
    return Written(label, label)


def _state(_reader: RowsReader, state: str) -> Written:
    label = _("Done") if state == StepState.DONE else _("Set aside")
    return Written(label, label)


def _style(_reader: RowsReader, style: str) -> Written:
    label = str(SellingStyle(style).label)
    return Written(label, label)


def _of_deal(deal: str) -> dict[str, RowColumn]:
    """The columns that rows of a deal share."""
    return {
        "deal": RowColumn(
            label=gettext_lazy("Deal"),
            reads=(f"{deal}name",),
            write=_text,
            order=by_text(Fold(f"{deal}name")),
        ),
        "company": RowColumn(
            label=gettext_lazy("Company"),
            reads=(f"{deal}company__name",),
            write=_text,
            order=by_text(Fold(f"{deal}company__name")),
        ),
        "owner": RowColumn(
            label=gettext_lazy("Owner"),
            reads=(f"{deal}owner__name",),
            write=_owner,
            order=by_text(Fold(f"{deal}owner__name")),
        ),
        "stage": RowColumn(
            label=gettext_lazy("Stage"),
            reads=(f"{deal}stage",),
            write=_stage,
            order=by_number(f"{deal}stage", never_null=True),
        ),
        "source": RowColumn(
            label=gettext_lazy("Source"),
            reads=(f"{deal}source__name",),
            write=_shipped,
            order=by_text(Fold(f"{deal}source__name")),
        ),
        "began": RowColumn(
            label=gettext_lazy("Began"),
            reads=("began_at",),
            write=_moment,
            order=by_instant("began_at"),
            down=True,
        ),
        "closed": RowColumn(
            label=gettext_lazy("Closed"),
            reads=(f"{deal}closed_at",),
            write=_moment,
            order=by_instant(f"{deal}closed_at"),
            down=True,
        ),
        "cause": RowColumn(
            label=gettext_lazy("Cause"),
            reads=(f"{deal}cause__name",),
            write=_shipped,
            order=by_text(Fold(f"{deal}cause__name")),
        ),
        "value": RowColumn(
            label=gettext_lazy("Value"),
            reads=(f"{deal}amount", f"{deal}currency", "value"),
            write=_value,
            order=by_number("value"),
            down=True,
            numeric=True,
        ),
    }


_VISIT = {
    "entry_owner": RowColumn(
        label=gettext_lazy("Owner when it entered"),
        reads=("entry_owner__name",),
        write=_owner,
        order=by_text(Fold("entry_owner__name")),
    ),
    "entered": RowColumn(
        label=gettext_lazy("Entered"),
        reads=("entered_at",),
        write=_moment,
        order=by_instant("entered_at"),
        down=True,
    ),
    "left": RowColumn(
        label=gettext_lazy("Left"),
        reads=("left_at",),
        write=_moment,
        order=by_instant("left_at"),
        down=True,
    ),
    "days": RowColumn(
        label=gettext_lazy("Days"),
        reads=("entered_at", "left_at", "stage", "entry_team_id"),
        write=_taken,
        order=by_number(VisitLength("left_at", "entered_at")),
        down=True,
        numeric=True,
    ),
    "came_from": RowColumn(
        label=gettext_lazy("Came back from"),
        reads=("came_from",),
        write=_stage,
        order=by_number("came_from"),
    ),
    "came_to": RowColumn(
        label=gettext_lazy("Into stage"),
        reads=("stage",),
        write=_stage,
        order=by_number("stage", never_null=True),
    ),
    "why": RowColumn(label=gettext_lazy("Why"), reads=("reason",), write=_text),
    "how": RowColumn(
        label=gettext_lazy("How"), reads=("left_how",), write=_how, order=by_text("left_how")
    ),
    "steps": RowColumn(
        label=gettext_lazy("Steps done"),
        reads=("steps_done", "steps_expected"),
        write=_steps,
        order=by_number("steps_done", never_null=True),
        numeric=True,
    ),
}

_OPEN_DEAL = {
    "owner": RowColumn(
        label=gettext_lazy("Owner"), reads=("owner_then_name",), write=_owner, order=None
    ),
    "stage": RowColumn(
        label=gettext_lazy("Stage"),
        reads=("stage_then",),
        write=_stage,
        order=by_number("stage_then"),
    ),
    "since": RowColumn(
        label=gettext_lazy("In stage"),
        reads=("entered_then", "stage_then", "team_then_id"),
        write=_since,
        order=by_instant("entered_then"),
        numeric=True,
    ),
    "closes": RowColumn(
        label=gettext_lazy("Closes"),
        reads=("closes_then",),
        write=_day,
        order=by_day("closes_then"),
    ),
    "effort": RowColumn(
        label=gettext_lazy("Activities"),
        reads=("effort",),
        write=_count,
        order=by_number("effort", never_null=True),
        down=True,
        numeric=True,
    ),
    "value": RowColumn(
        label=gettext_lazy("Value"),
        reads=("amount_then", "currency_then", "value"),
        write=_value,
        order=by_number("value"),
        down=True,
        numeric=True,
    ),
}

_ACTIVITY = {
    "activity": RowColumn(
        label=gettext_lazy("Activity"), reads=("kind",), write=_kind, order=by_text("kind")
    ),
    "owner": RowColumn(
        label=gettext_lazy("Done by"),
        reads=("owner__name",),
        write=_owner,
        order=by_text(Fold("owner__name")),
    ),
    "company": RowColumn(
        label=gettext_lazy("Company"),
        reads=("company__name",),
        write=_text,
        order=by_text(Fold("company__name")),
    ),
    "stage": RowColumn(
        label=gettext_lazy("For stage"), reads=("stage",), write=_stage, order=by_number("stage")
    ),
    "done": RowColumn(
        label=gettext_lazy("Done"),
        reads=("done_at",),
        write=_moment,
        order=by_instant("done_at"),
        down=True,
    ),
    "result": RowColumn(
        label=gettext_lazy("Result"), reads=("result",), write=_result, order=by_text("result")
    ),
}


def _changed(reader: RowsReader, *values: Any) -> Written:
    """What became of a deal: `Forward · Up €7,800`, with nothing where it stayed as it was."""
    row = dict(zip(MOVEMENT_PATHS, values, strict=True))
    changes = changes_of(movement_of(row), currency=reader.reader.organisation.currency)
    words = " · ".join(change.text for change in changes)
    return Written(words, words)


_MOVED_DEAL = {
    **_OPEN_DEAL,
    "changed": RowColumn(
        label=gettext_lazy("What changed"), reads=MOVEMENT_PATHS, write=_changed, order=None
    ),
    "stage": RowColumn(
        label=gettext_lazy("Stage"),
        reads=("stage_then",),
        write=_stage,
        order=by_number("stage_then"),
    ),
    "was_stage": RowColumn(
        label=gettext_lazy("Stage before"),
        reads=("stage_was",),
        write=_stage,
        order=by_number("stage_was"),
    ),
    "was_closes": RowColumn(
        label=gettext_lazy("Closes, before"),
        reads=("closes_was",),
        write=_day,
        order=by_day("closes_was"),
    ),
    "was_value": RowColumn(
        label=gettext_lazy("Value before"),
        reads=("amount_was", "currency_was", "value_was"),
        write=_value,
        order=by_number("value_was"),
        down=True,
        numeric=True,
    ),
}
_BY_WHOM = {
    "at": RowColumn(
        label=gettext_lazy("When"),
        reads=("at",),
        write=_moment,
        order=by_instant("at"),
        down=True,
    ),
    "by": RowColumn(
        label=gettext_lazy("By"),
        reads=("by__name",),
        write=_text,
        order=by_text(Fold("by__name")),
    ),
}
_JUDGEMENT = {
    "to": RowColumn(
        label=gettext_lazy("Into stage"), reads=("to",), write=_stage, order=by_number("to")
    ),
    "reason": RowColumn(
        label=gettext_lazy("Reason"), reads=("reason",), write=_reason, order=by_text("reason")
    ),
    "words": RowColumn(label=gettext_lazy("In words"), reads=("words",), write=_text),
    **_BY_WHOM,
}
_STEP = {
    "step": RowColumn(
        label=gettext_lazy("Step"), reads=("label",), write=_text, order=by_text(Fold("label"))
    ),
    "stage": RowColumn(
        label=gettext_lazy("Stage"), reads=("stage",), write=_stage, order=by_number("stage")
    ),
    "state": RowColumn(
        label=gettext_lazy("State"), reads=("state",), write=_state, order=by_text("state")
    ),
    **_BY_WHOM,
}


def _reply(_reader: RowsReader, reply: str) -> Written:
    label = str(Reply(reply).label)
    return Written(label, label)


_ATTEMPT = {
    "asked": RowColumn(label=gettext_lazy("How we asked"), reads=("asked",), write=_text),
    "reply": RowColumn(
        label=gettext_lazy("Their reply"), reads=("reply",), write=_reply, order=by_text("reply")
    ),
    "why": RowColumn(label=gettext_lazy("Their reason"), reads=("why",), write=_text),
    **_BY_WHOM,
}
_PUSH = {
    "was_closes": RowColumn(
        label=gettext_lazy("Closes, before"),
        reads=("closed_before",),
        write=_day,
        order=by_day("closed_before"),
    ),
    "closes": RowColumn(
        label=gettext_lazy("Closes"),
        reads=("closes_since",),
        write=_day,
        order=by_day("closes_since"),
    ),
    **_BY_WHOM,
}

_PERSON = {
    "person": RowColumn(
        label=gettext_lazy("Person"), reads=("name",), write=_text, order=by_text(Fold("name"))
    ),
    "team": RowColumn(
        label=gettext_lazy("Team"),
        reads=("team__name",),
        write=_text,
        order=by_text(Fold("team__name")),
    ),
    "style": RowColumn(
        label=gettext_lazy("Selling style"), reads=("style",), write=_style, order=by_text("style")
    ),
    "last_done": RowColumn(
        label=gettext_lazy("Last record"),
        reads=("last_done",),
        write=_moment,
        order=by_instant("last_done"),
        down=True,
    ),
}

# Every kind of row by its name; `Population.kind` names one.
ROW_KINDS: dict[str, CountedRows] = {
    "deal": CountedRows(deal="", owner="owner", columns=_of_deal("")),
    "open_deal": CountedRows(deal="", owner="owner", columns={**_of_deal(""), **_OPEN_DEAL}),
    "moved_deal": CountedRows(deal="", owner="owner", columns={**_of_deal(""), **_MOVED_DEAL}),
    "visit": CountedRows(
        deal="deal__", owner="entry_owner", columns={**_of_deal("deal__"), **_VISIT}
    ),
    "judgement": CountedRows(
        deal="deal__", owner="deal__owner", columns={**_of_deal("deal__"), **_JUDGEMENT}
    ),
    "step": CountedRows(
        deal="deal__", owner="deal__owner", columns={**_of_deal("deal__"), **_STEP}
    ),
    "push": CountedRows(
        deal="deal__", owner="deal__owner", columns={**_of_deal("deal__"), **_PUSH}
    ),
    "attempt": CountedRows(
        deal="deal__", owner="deal__owner", columns={**_of_deal("deal__"), **_ATTEMPT}
    ),
    "person": CountedRows(deal="", owner="whose", columns=_PERSON, of_people=True),
    "activity": CountedRows(
        deal="deal__", owner="owner", columns={**_of_deal("deal__"), **_ACTIVITY}
    ),
}


def columns_of(kind: str, keys: Sequence[str]) -> dict[str, RowColumn]:
    """The columns that a population shows, in its order."""
    return {key: ROW_KINDS[kind].columns[key] for key in keys}
