"""What happened on the days of a chart: what people noted, and what pins itself, read from the records
in which it is kept."""

import datetime as dt
import enum
from collections.abc import Collection
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, Count, DateField, F, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, TruncDate

from crm.events import PriceChanged
from crm.models import Rate, Setting, SettingChange
from pipeline.models import PeopleChange, User, Version
from pipeline.people.events import AccessChanged, Joined
from reports.models import DayNote
from reports.question import Question


class PinKind(enum.Enum):
    NOTE = "note"
    VERSION = "version"
    PRICES = "prices"
    JOINED = "joined"
    LEFT = "left"
    RATES = "rates"


class Pin(NamedTuple):
    """`text` is the note, the name of who came or went, the team whose process it is, the currencies;
    `number` the version's number, or how many prices; `team` that of a note."""

    kind: PinKind
    on: dt.date
    text: str
    number: int
    team: str


def pins(question: Question, first: dt.date, last: dt.date) -> list[Pin]:
    """Those of the days from the first to the last, in their order; one query. Of the teams that are
    asked about, with those above them; people only in the reader's reach."""
    days = (first, last)
    parts = [
        _notes(question, days),
        _versions(question, days),
        _prices(question, days),
        *_people(question, days),
        _rates(days),
    ]
    rows = parts[0].union(*parts[1:], all=True)
    found = [Pin(PinKind(kind), *rest) for kind, *rest in rows]
    order = list(PinKind)
    return sorted(found, key=lambda pin: (pin.on, order.index(pin.kind), pin.text))


Days = tuple[dt.date, dt.date]


def _row(
    rows: QuerySet[Any], kind: PinKind, *, on: Any, text: Any, count: Any = 0, team: Any = ""
) -> Any:
    """The rows as a union needs them."""
    return (
        rows.order_by()
        .annotate(
            pin_kind=Value(kind.value, output_field=CharField()),
            pin_on=Cast(on, DateField()),
            pin_text=Cast(text, CharField()),
            pin_count=count if hasattr(count, "resolve_expression") else Value(count),
            pin_team=Cast(
                team if hasattr(team, "resolve_expression") else Value(team), CharField()
            ),
        )
        .values_list("pin_kind", "pin_on", "pin_text", "pin_count", "pin_team")
    )


def _concerned(question: Question) -> Collection[int] | None:
    """The teams asked about with all above them; None for whatever is in reach."""
    if question.teams is None and question.person is None:
        return None
    parents = question.reader.process_now.teams
    found = {team for team in question.team_ids if team is not None}
    for team in list(found):
        above: int | None = team
        while above is not None:
            found.add(above)
            above = parents[above][0] if above in parents else None
    return found


def _of_teams(question: Question, path: str) -> Q:
    teams = _concerned(question)
    return Q() if teams is None else Q(**{f"{path}_id__in": sorted(teams)})


def _notes(question: Question, days: Days) -> Any:
    notes = DayNote.objects.visible_to(question.reader).standing()
    notes = notes.filter(_of_teams(question, "team"), on__range=days)
    return _row(notes, PinKind.NOTE, on=F("on"), text=F("words"), team=F("team__name"))


def _versions(question: Question, days: Days) -> Any:
    """The framework as it was shipped is no news."""
    versions = Version.objects.visible_to(question.reader).filter(
        _of_teams(question, "layer__team"),
        layer__team__isnull=False,
        published_by__isnull=False,
        published_at__gte=_begin(question, days[0]),
        published_at__lt=_begin(question, days[1] + dt.timedelta(days=1)),
    )
    day = TruncDate("published_at", tzinfo=question.period.zone)
    text = F("layer__team__name")
    return _row(versions, PinKind.VERSION, on=day, text=text, count=F("number"))


def _prices(question: Question, days: Days) -> Any:
    """Prices are common knowledge; who changed them is not told."""
    changes = SettingChange.objects.filter(
        setting=Setting.PRODUCT,
        kind=PriceChanged.kind,
        at__gte=_begin(question, days[0]),
        at__lt=_begin(question, days[1] + dt.timedelta(days=1)),
    )
    by_day: Any = (
        changes.order_by()
        .annotate(day=TruncDate("at", tzinfo=question.period.zone))
        .values("day")
        .annotate(n=Count("record_id", distinct=True))
    )
    return _row(by_day, PinKind.PRICES, on=F("day"), text=Value(""), count=F("n"))


def _people(question: Question, days: Days) -> list[Any]:
    reader = question.reader
    people = User.objects.whose_records_are_visible_to(reader).exclude(pk=reader.pk)
    if question.person is not None:
        people = people.filter(pk=question.person)
    if question.teams is not None:
        people = people.filter(team_id__in=sorted(question.teams))
    if question.left_out is not None:
        people = people.exclude(batch_id=question.left_out)
    zone = question.period.zone
    changes = PeopleChange.objects.filter(person__in=people)
    joined = changes.filter(kind=Joined.kind, person__hired_on=None)
    left = changes.filter(kind=AccessChanged.kind).annotate(new=KT("data__new")).filter(new="false")
    within = {
        "at__gte": _begin(question, days[0]),
        "at__lt": _begin(question, days[1] + dt.timedelta(days=1)),
    }
    day = TruncDate("at", tzinfo=zone)
    return [
        _row(people.filter(hired_on__range=days), PinKind.JOINED, on=F("hired_on"), text=F("name")),
        _row(joined.filter(**within), PinKind.JOINED, on=day, text=F("person__name")),
        _row(left.filter(**within), PinKind.LEFT, on=day, text=F("person__name")),
    ]


def _rates(days: Days) -> Any:
    by_day: Any = (
        Rate.objects.filter(on__range=days)
        .order_by()
        .values("on")
        .annotate(currencies=Coalesce(StringAgg("currency", ", ", order_by="currency"), Value("")))
    )
    return _row(by_day, PinKind.RATES, on=F("on"), text=F("currencies"))


def _begin(question: Question, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=question.period.zone)
