"""Exactly the rows of a list, as a file for a spreadsheet."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from http import HTTPStatus
from operator import itemgetter
from typing import Any, NamedTuple

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from crm.models import ActivityKind, ActivityResult, ListKind, PointKind, Relationship
from crm.presenters.viewer import Viewer
from crm.queries import lists as queries
from crm.queries.list_fields import first_point, open_deals
from crm.shipped import shipped_name
from crm.views.lists import DEALS, ListQuestion
from pipeline.audit.commands import record_export
from pipeline.models import User
from pipeline.people.signing_in import download_when_confirmed
from pipeline.process.stages import Initiator, Outcome, Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib import spreadsheet
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


class ExportColumn(NamedTuple):
    """A column of the file: its head, where the value comes from, and how it is written.

    `value` is a field, several of them, or what makes a subquery for a scope; `of` is the column of
    the list that shows it, if one does.
    """

    label: Any
    value: Any
    write: Callable[[Viewer, Any], Any] = lambda _viewer, value: value
    of: str = ""


def _instant(viewer: Viewer, moment: dt.datetime | None) -> dt.datetime | None:
    """Where the viewer is, to the minute: what a spreadsheet understands as a time."""
    if moment is None:
        return None
    return moment.astimezone(viewer.zone).replace(second=0, microsecond=0, tzinfo=None)


def _due(viewer: Viewer, when: tuple[dt.date | None, dt.datetime | None]) -> dt.date | None:
    """A bare day as a day, whoever reads; an hour where the viewer is."""
    on, moment = when
    return on or _instant(viewer, moment)


def _cents(_viewer: Viewer, value: Decimal | None) -> Decimal | None:
    """As it adds up on the page; nothing where nobody knows it, which is not zero."""
    return None if value is None else value.quantize(Decimal("0.01"))


def _label(choices: Any) -> Callable[[Viewer, Any], str]:
    return lambda _viewer, value: str(choices(value).label) if value else ""


def _shown(_viewer: Viewer, name: str | None) -> str:
    return shipped_name(name)


def _stage(_viewer: Viewer, stage: int | None) -> str:
    """As it is called everywhere, whatever the viewer calls it: a file goes to others."""
    return str(Stage(stage).universal) if stage else ""


_DEALS = (
    ExportColumn(gettext_lazy("Id"), "pk", of="name"),
    ExportColumn(gettext_lazy("Name"), "name", of="name"),
    ExportColumn(gettext_lazy("Company"), "company__name", of="name"),
    ExportColumn(gettext_lazy("Stage number"), "stage"),
    ExportColumn(gettext_lazy("Stage"), "stage", _stage, of="stage"),
    ExportColumn(gettext_lazy("In stage since"), "stage_entered_at", _instant, of="since"),
    ExportColumn(gettext_lazy("Outcome"), "outcome", _label(Outcome)),
    ExportColumn(gettext_lazy("Value"), "amount", of="value"),
    ExportColumn(gettext_lazy("Currency"), "currency", of="value"),
    ExportColumn(gettext_lazy("Value in the organisation’s currency"), "value", _cents),
    ExportColumn(gettext_lazy("Expected to close on"), "expected_close_on", of="closes"),
    ExportColumn(gettext_lazy("What’s next"), "next_kind", _label(ActivityKind), of="next"),
    ExportColumn(gettext_lazy("Next at"), ("next_on", "next_at"), _due, of="next"),
    ExportColumn(gettext_lazy("Parked until"), "parked_until"),
    ExportColumn(gettext_lazy("Last touch"), "touched_at", _instant),
    ExportColumn(gettext_lazy("Owner"), "owner__name", of="owner"),
    ExportColumn(gettext_lazy("Team"), "team__name"),
    ExportColumn(gettext_lazy("Source"), "source__name", _shown, of="source"),
    ExportColumn(gettext_lazy("Source detail"), "source_detail"),
    ExportColumn(gettext_lazy("Customer it came from"), "source_company__name"),
    ExportColumn(gettext_lazy("Opened at"), "created_at", _instant),
    ExportColumn(gettext_lazy("Changed at"), "changed_at", _instant, of="changed"),
    ExportColumn(gettext_lazy("Closed at"), "closed_at", _instant),
    ExportColumn(gettext_lazy("Who stopped it"), "initiator", _label(Initiator)),
    ExportColumn(gettext_lazy("Cause"), "cause__name", _shown),
)
_COMPANIES = (
    ExportColumn(gettext_lazy("Id"), "pk"),
    ExportColumn(gettext_lazy("Name"), "name"),
    ExportColumn(gettext_lazy("Relationship"), "relationship", _label(Relationship)),
    ExportColumn(gettext_lazy("Open deals"), open_deals, lambda _viewer, count: count or 0),
    ExportColumn(gettext_lazy("Parent company"), "parent__name"),
    ExportColumn(gettext_lazy("Industry"), "industry"),
    ExportColumn(gettext_lazy("Country"), "country"),
    ExportColumn(gettext_lazy("Employees"), "employees"),
    ExportColumn(gettext_lazy("Website"), "website"),
    ExportColumn(gettext_lazy("Owner"), "owner__name"),
    ExportColumn(gettext_lazy("On record since"), "created_at", _instant),
)
_CONTACTS = (
    ExportColumn(gettext_lazy("Id"), "pk"),
    ExportColumn(gettext_lazy("Name"), "name"),
    ExportColumn(gettext_lazy("Position"), "job_title"),
    ExportColumn(gettext_lazy("Company"), "company__name"),
    ExportColumn(gettext_lazy("E-mail"), lambda _scope: first_point(PointKind.EMAIL)),
    ExportColumn(gettext_lazy("Phone"), lambda _scope: first_point(PointKind.PHONE)),
    ExportColumn(gettext_lazy("Owner"), "owner__name"),
    ExportColumn(gettext_lazy("On record since"), "created_at", _instant),
)
_ACTIVITIES = (
    ExportColumn(gettext_lazy("Id"), "pk"),
    ExportColumn(gettext_lazy("Kind"), "kind", _label(ActivityKind)),
    ExportColumn(gettext_lazy("Subject"), "subject"),
    ExportColumn(gettext_lazy("Text"), "body"),
    ExportColumn(gettext_lazy("Deal"), "deal__name"),
    ExportColumn(gettext_lazy("Company"), "company__name"),
    ExportColumn(gettext_lazy("Contact"), "contact__name"),
    ExportColumn(gettext_lazy("Stage"), "stage", _stage),
    ExportColumn(gettext_lazy("Person"), "owner__name"),
    ExportColumn(gettext_lazy("Due at"), ("due_on", "due_at"), _due),
    ExportColumn(gettext_lazy("Done at"), "done_at", _instant),
    ExportColumn(gettext_lazy("Cancelled at"), "cancelled_at", _instant),
    ExportColumn(gettext_lazy("Result"), "result", _label(ActivityResult)),
)
PARTS: dict[ListKind, Sequence[ExportColumn]] = {
    **dict.fromkeys(DEALS, _DEALS),
    ListKind.COMPANIES: _COMPANIES,
    ListKind.CONTACTS: _CONTACTS,
    ListKind.ACTIVITIES: _ACTIVITIES,
}


@require_GET
@download_when_confirmed
def export(request: HtmxRequest, kind: str) -> HttpResponseBase:
    """The list of an address as a file (`spreadsheet.file_response` says of which kind), with all
    columns, or with `columns=shown` those of the list."""
    if kind not in ListKind.values:
        raise Http404
    asked = ListQuestion(ListKind(kind), request.GET, request.user)
    if asked.problems:
        return _refused(request, asked)
    try:
        record_export(
            asked.rows,
            owner="owner",
            what=kind,
            asked=request.GET.urlencode(),
            by=request.user,
            at=timezone.now(),
        )
        rows = _rows(asked, request.user, only_shown=request.GET.get("columns") == "shown")
        name = f"{kind}-{asked.viewer.today.isoformat()}"
        return spreadsheet.file_response(rows, query=request.GET, name=name)
    except Refused as refusal:
        asked.problems.append(refusal.message)
        return _refused(request, asked)


def _rows(asked: ListQuestion, user: User, *, only_shown: bool) -> Iterator[Sequence[Any]]:
    parts = PARTS[asked.kind]
    if only_shown and asked.kind in DEALS:
        # What the rows stand together by stands in the heads of the groups there.
        group = [asked.look.group] if asked.look.group else []
        shown = {"name", *group, *(column.sort for column in asked.table.columns)}
        parts = [part for part in parts if part.of in shown]
    yield [str(part.label) for part in parts]
    # A column may read a value that another one reads, too; a query takes each only once.
    fields = [part.value(user.scope) if callable(part.value) else part.value for part in parts]
    names = [name for field in fields for name in _names(field)]
    plain = list(dict.fromkeys(names))
    asks = [*plain, *(field for field in fields if not _names(field))]
    takes = [_taker(field, asks) for field in fields]
    for row in queries.each(asked.rows, asked.ordering, asks):
        yield [part.write(asked.viewer, take(row)) for part, take in zip(parts, takes, strict=True)]


def _names(field: Any) -> Sequence[str]:
    """The names in a column's value; none in a subquery."""
    if isinstance(field, tuple):
        return field
    return (field,) if isinstance(field, str) else ()


def _taker(field: Any, asks: Sequence[Any]) -> Callable[[tuple[Any, ...]], Any]:
    """What takes the value of a column out of a row of what is asked for."""
    if isinstance(field, tuple):
        return itemgetter(*map(asks.index, field))
    return itemgetter(asks.index(field))


def _refused(request: HtmxRequest, asked: ListQuestion) -> HttpResponse:
    """Rather no file than one with more in it than was asked for."""
    return render(
        request,
        page="crm/list/page.html",
        context={**asked.head(), **asked.body()},
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )
