"""What one has deleted, for an admin what anybody has, with the way back."""

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.commands import restore as commands
from crm.commands.deleted import KEPT
from crm.models import DeletedKind, DeletedRecord
from crm.queries import deleted as queries
from crm.shipped import shipped_name
from crm.views.settings import page_number
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import full_day, full_moment
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


class DeletedLine(NamedTuple):
    what: str
    name: str
    of: str
    at: str
    by: str
    until: str
    restore: str


@require_GET
def page(request: HtmxRequest) -> HttpResponse:
    number = page_number(request.GET)
    found, more = queries.kept(request.user, page=number)
    lines = [_line(one, request.user) for one in found]
    context = {"lines": lines, "page": number, "more": more}
    return render(request, page="crm/list/deleted.html", context=context)


@require_POST
def bring_back(request: HtmxRequest, pk: int) -> HttpResponse:
    record = found_or_404(queries.one, request.user, pk)
    try:
        commands.restore(record, by=request.user, at=timezone.now())
    except DeletedRecord.DoesNotExist:
        messages.error(request, _("It is back already."))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("“%(name)s” is back.") % {"name": _name(record)})
    return HttpResponseRedirect(reverse("crm:deleted"))


def _line(record: DeletedRecord, user: User) -> DeletedLine:
    return DeletedLine(
        what=str(DeletedKind(record.kind).label),
        name=_name(record),
        of=record.of,
        at=full_moment(record.at, user.zone),
        by="" if record.by_id == user.pk else record.by.name,
        until=full_day(queries.gone_on(record, user, kept_for=KEPT)),
        restore=reverse("crm:deleted_restore", args=[record.pk]),
    )


def _name(record: DeletedRecord) -> str:
    return shipped_name(record.name) if record.kind == DeletedKind.LIST_ROW else record.name
