"""What the pages on imports show: the list, the rows that stayed out, what an undo has left; and what
that of the exports of everything shows."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Func,
    Max,
    Min,
    OuterRef,
    Q,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from crm.models import Activity, Deal
from exchange.models import (
    VISITS,
    ExportState,
    ImportChange,
    ImportFaultQuerySet,
    ImportJob,
    ImportKind,
    WholeExport,
)
from pipeline.models import User
from salesprocess.lib.format import clock, day, full_moment
from salesprocess.lib.quota import megabytes

_RECENT = 50
_RECENT_EXPORTS = 10
# As `words_of` has it.
WORDS = (
    *("owner", "team", "source", "method", "product", "stop_cause", "currency", "parent"),
    "relationship",
)
_WORDS_OF = {
    ImportKind.ACTIVITIES: (
        *("owner", "kind", "status", "result"),
        *("deal", "company", "contact", "about"),
    ),
    ImportKind.LINES: ("product", "company"),
    ImportKind.HISTORY: ("company",),
    ImportKind.OFFERS: ("company",),
    ImportKind.ROLES: ("role", "company"),
}
_WORDS, _REASONS = 60, 20
FAULTS_ON_A_PAGE = 50
# Of the records that an undo lists, those that are not for everybody to see.
_SCOPED: dict[str, type[Deal] | type[Activity]] = {
    str(model._meta.verbose_name): model for model in (Deal, Activity)
}


@dataclass(frozen=True, kw_only=True)
class ImportJobRow:
    id: int
    name: str
    kind: str
    state: str
    is_working: bool
    is_waiting: bool
    owner: str
    when: str
    came_in: int | None
    stayed_out: int | None


def recent(user: User, *, at: dt.datetime) -> list[ImportJobRow]:
    """The latest imports that `user` may see, the newest first."""
    zone = user.zone
    today = at.astimezone(zone).date()
    jobs = ImportJob.objects.visible_to(user).select_related("owner").order_by("-pk")
    return [
        ImportJobRow(
            id=job.pk,
            name=job.name,
            kind=job.get_kind_display(),
            state=job.get_state_display(),
            is_working=job.is_working,
            is_waiting=job.state in ("mapping", "asking", "checked", "stuck"),
            owner=job.owner.name if job.owner and job.owner_id != user.pk else "",
            when=f"{day(job.created_at.astimezone(zone).date(), today)} {clock(job.created_at, zone)}",
            came_in=_came_in(job) if job.batch_id else None,
            stayed_out=job.counts.get("refused") if job.batch_id else None,
        )
        for job in jobs[:_RECENT]
    ]


def _came_in(job: ImportJob) -> int:
    """Rows that made a record, were found to be one, or changed one, as the check counts what comes in."""
    return sum(job.counts.get(state, 0) for state in ("new", "matched", "changed"))


@dataclass(frozen=True, kw_only=True)
class FaultLine:
    """`file` is named where there are several."""

    file: str
    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Faults:
    """`next` is the line after which the next page begins; None on the last."""

    rows: list[FaultLine]
    total: int
    after: int
    next: int | None


def faults(job: ImportJob, *, after: int) -> Faults:
    """A page of the rows that stay out, by line; `job` is one that the reader may see."""
    if not job.counts.get("refused"):
        return Faults(rows=[], total=0, after=0, next=None)
    return _page(job, job.faults.filter(comes_in=False), after=after)


def remarks(job: ImportJob) -> Faults:
    """The first rows that come in without something that they say."""
    if not job.counts:
        return Faults(rows=[], total=0, after=0, next=None)
    return _page(job, job.faults.filter(comes_in=True), after=0)


def _page(job: ImportJob, faults: ImportFaultQuerySet, *, after: int) -> Faults:
    rows = list(
        faults.filter(line__gt=after).order_by("table", "line", "pk")[: FAULTS_ON_A_PAGE + 1]
    )
    if more := len(rows) > FAULTS_ON_A_PAGE:
        # A row's reasons stand together.
        whole = [row for row in rows if (row.table, row.line) != (rows[-1].table, rows[-1].line)]
        rows = whole or rows[:FAULTS_ON_A_PAGE]
    names = [Path(each["file"]).name for each in job.answers.get("tables", ())]
    found = [
        FaultLine(
            file=names[row.table] if names else "",
            line=row.line,
            column=row.column,
            value=row.cell or row.value,
            reason=row.reason,
        )
        for row in rows
    ]
    lines = faults.values("table", "line").distinct()
    total = lines.count() if more or after else len({(row.table, row.line) for row in rows})
    # Several files have no common order of lines: the command's report has all of them.
    following = found[-1].line if more and not names else None
    return Faults(rows=found, total=total, after=after, next=following)


CHANGES_ON_A_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class ChangedField:
    """A field of records on file of which the file says something else: in how many rows, and in how
    many of them somebody changed it here since."""

    name: str
    rows: int
    ours: int


def changed_fields(job: ImportJob) -> list[ChangedField]:
    """By how many rows each has."""
    if not job.counts.get("differs"):
        return []
    ours = Count("pk", filter=Q(is_ours=True))
    changes = job.changes.all()
    if job.kind == ImportKind.HISTORY:
        changes = changes.exclude(field=VISITS)
    rows = changes.values("field").annotate(rows=Count("pk"), ours=ours)
    return [
        ChangedField(
            name="stage" if row["field"] == VISITS else row["field"],
            rows=row["rows"],
            ours=row["ours"],
        )
        for row in rows.order_by("-rows", "field")
    ]


@dataclass(frozen=True, kw_only=True)
class ImportChangesPage:
    """`next` is the id after which the next page begins; None on the last."""

    rows: list[ImportChange]
    after: int
    next: int | None


def changes(job: ImportJob, *, after: int) -> ImportChangesPage:
    """A page of what a file changes on record, or would; what somebody changed here since comes first."""
    is_of_deals = job.kind == ImportKind.HISTORY and job.counts.get("new")
    if not (job.counts.get("differs") or job.counts.get("changed") or is_of_deals):
        return ImportChangesPage(rows=[], after=0, next=None)
    found = list(job.changes.order_by("-is_ours", "pk")[after : after + CHANGES_ON_A_PAGE + 1])
    more = len(found) > CHANGES_ON_A_PAGE
    return ImportChangesPage(
        rows=found[:CHANGES_ON_A_PAGE],
        after=after,
        next=after + CHANGES_ON_A_PAGE if more else None,
    )


@dataclass(frozen=True, kw_only=True)
class KeptLine:
    kind: str
    name: str
    why: str


def kept_lines(job: ImportJob, *, by: User) -> list[KeptLine]:
    """What an undo has left. The name of a deal or an activity is told to those who may see it now."""
    seen = set()
    for of, model in _SCOPED.items():
        if ids := [pk for kind, pk, _name, _why in job.kept if kind == of]:
            found = model.objects.visible_to(by).filter(pk__in=ids)
            seen |= {(of, pk) for pk in found.values_list("pk", flat=True)}
    return [
        KeptLine(kind=kind, name=name if kind not in _SCOPED or (kind, pk) in seen else "", why=why)
        for kind, pk, name, why in job.kept
    ]


def job(user: User, pk: int) -> ImportJob:
    """Raises ImportJob.DoesNotExist."""
    return ImportJob.objects.visible_to(user).select_related("owner").get(pk=pk)


def unfinished_of(person: User) -> int:
    """How many files of somebody are not finished; `person` is one whose records the reader may see.

    The one exception from `ImportJob.visible_to`: who hands over what somebody leaves has to know
    that these stay behind. A manager learns how many there are, and nothing else of them.
    """
    return ImportJob.objects.unfinished().filter(owner=person).count()


def stored_bytes(person: User) -> tuple[int, int]:
    """How much the files take up that are there to be imported: those of `person`, and everybody's.
    One query."""
    same = ImportJob.objects.filter(file=OuterRef("file"), pk__lt=OuterRef("pk"))
    sums = (
        ImportJob.objects.exclude(file="")
        .exclude(Exists(same))
        .aggregate(
            own=Sum("size", filter=Q(owner=person), default=0), everybodys=Sum("size", default=0)
        )
    )
    return sums["own"], sums["everybodys"]


def words_of(job: ImportJob) -> tuple[str, ...]:
    """The fields of a file whose words stand for records or entries of lists that are ours."""
    if job.kind == ImportKind.ANSWERS:
        return ("company", *job.readings.get("worded", ()))
    return _WORDS_OF.get(ImportKind(job.kind), WORDS)


def unknown_words(job: ImportJob) -> dict[str, dict[str, int]]:
    """What stands in the way of rows of a checked file: words that are none of ours, by field, with how
    many rows have each, the most frequent first."""
    if job.is_by_command or not job.counts.get("refused"):
        return {}
    columns = job.answers.get("columns", {})
    answering = columns.get("answers", ())
    field_of = {
        field if field in answering else columns[field][0]: field
        for field in words_of(job)
        if field in columns or field in answering
    }
    rows = (
        left_out(job).filter(column__in=field_of).exclude(value="").values_list("column", "value")
    )
    found: dict[str, dict[str, int]] = {}
    for column, word, count in rows.annotate(count=Count("pk")).order_by("-count", "value")[
        :_WORDS
    ]:
        found.setdefault(field_of[column], {})[word] = count
    return found


@dataclass(frozen=True, kw_only=True)
class FaultGroup:
    """Rows that stay out for one reason: how many, the first of them, what some of them say, and whether
    they could come in without that."""

    words: str
    column: str
    rows: int
    line: int
    values: list[str]
    may_be_empty: bool


def reasons(job: ImportJob) -> list[FaultGroup]:
    """Why rows stay out, the most frequent reason first."""
    if not job.counts.get("refused"):
        return []
    apart = Case(
        When(value="", then=F("reason")),
        default=Func("reason", "value", Value("…"), function="replace"),
        output_field=TextField(),
    )
    shown = Coalesce(NullIf("cell", Value("")), "value")
    groups = (
        left_out(job)
        .annotate(words=apart)
        .values("column", "words", "may_be_empty")
        .annotate(rows=Count("pk"), first=Min("line"), low=Min(shown), high=Max(shown))
        .order_by("-rows", "first")[:_REASONS]
    )
    return [
        FaultGroup(
            words=group["words"],
            column=group["column"],
            rows=group["rows"],
            line=group["first"],
            may_be_empty=group["may_be_empty"],
            values=list(dict.fromkeys(filter(None, (group["low"], group["high"])))),
        )
        for group in groups
    ]


def has_left_out(job: ImportJob) -> bool:
    """Whether rows of the file stay out."""
    return left_out(job).exists()


def left_out_rows(job: ImportJob) -> ImportFaultQuerySet:
    """The rows that stay out, each once, whatever is wrong with it."""
    found = left_out(job)
    same = found.filter(table=OuterRef("table"), line=OuterRef("line"), pk__lt=OuterRef("pk"))
    return found.filter(~Exists(same))


def left_out(job: ImportJob) -> ImportFaultQuerySet:
    """Why rows of the file stay out: as many as there are reasons."""
    return job.faults.filter(comes_in=False)


@dataclass(frozen=True, kw_only=True)
class WholeExportLine:
    """`until` is told while the file can be taken."""

    id: int
    state: str
    is_working: bool
    is_failed: bool
    asked: str
    until: str
    rows: int
    done: int
    size: str


def whole_exports(user: User, *, at: dt.datetime) -> list[WholeExportLine]:
    """The latest exports of everything that this person asked for, the newest first."""
    found = WholeExport.objects.visible_to(user).order_by("-pk")
    return [
        WholeExportLine(
            id=row.pk,
            state=str(_state_of(row, at).label),
            is_working=row.is_working,
            is_failed=row.state == ExportState.FAILED,
            asked=full_moment(row.asked_at, user.zone),
            until=_until(row, user, at),
            rows=row.rows,
            done=row.done,
            size=megabytes(row.size) if row.size else "",
        )
        for row in found[:_RECENT_EXPORTS]
    ]


def whole_export_to_take(user: User, pk: int, at: dt.datetime) -> WholeExport:
    """Raises WholeExport.DoesNotExist where it is not ready, another person's, or its day is over."""
    rows = WholeExport.objects.visible_to(user).filter(state=ExportState.DONE, expires_at__gt=at)
    return rows.get(pk=pk)


def _state_of(row: WholeExport, at: dt.datetime) -> ExportState:
    over = row.state == ExportState.DONE and row.expires_at is not None and row.expires_at <= at
    return ExportState.GONE if over else ExportState(row.state)


def _until(row: WholeExport, user: User, at: dt.datetime) -> str:
    if row.expires_at is None or _state_of(row, at) != ExportState.DONE:
        return ""
    return full_moment(row.expires_at, user.zone)
