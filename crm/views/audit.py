"""Who signed in and who took records away in a file: for admins all of it, for each person what
concerns him or her."""

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from crm.exported import told_of
from crm.models import DealChange, ListKind, PartyChange, SettingChange
from crm.views.settings import admins_only, page_number, settings_page
from pipeline.audit import queries
from pipeline.audit.commands import record_export
from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import PeopleChange, User
from pipeline.people.signing_in import download_when_confirmed
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import full_moment, number
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused

# How the audit calls the file that the privacy app gives of one person.
INFORMATION = "contact"
# And those that are no list: the price list, what stayed out of an import, the audit itself.
PRICES, STAYED_OUT, AUDIT = "prices", "stayed_out", "audit"
OTHERS = {
    INFORMATION: gettext_lazy("What is kept of a person"),
    PRICES: gettext_lazy("Prices"),
    STAYED_OUT: gettext_lazy("Rows that stayed out of an import"),
    AUDIT: gettext_lazy("The audit"),
}
HISTORY = (PeopleChange, SettingChange, PartyChange, DealChange)


class AuditLine(NamedTuple):
    """`href` shows the rows as they are now, to whoever reads."""

    who: str
    did: str
    at: str
    href: str


@require_GET
@admins_only
def audit(request: HtmxRequest) -> HttpResponse:
    page = page_number(request.GET)
    found, more = queries.entries(request.user, page=page)
    context = {
        "lines": [_line(one, request.user) for one in found],
        "page": page,
        "more": more,
    }
    return settings_page(request, "audit", "crm/settings/audit.html", context)


@require_GET
@admins_only
@download_when_confirmed
def audit_file(request: HtmxRequest) -> StreamingHttpResponse | HttpResponse:
    """All of it with every change of a record, as lines of JSON."""
    at, user = timezone.now(), request.user
    try:
        record_export(queries.all_of_it(user), owner=None, what=AUDIT, asked="", by=user, at=at)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("crm:settings_audit")
    name = f"audit-{at.date().isoformat()}.jsonl"
    return StreamingHttpResponse(
        queries.lines(HISTORY),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_GET
def mine(request: HtmxRequest) -> HttpResponse:
    """Who took records of one's own away."""
    found = queries.of_records_of(request.user)
    lines = [_line(one, request.user) for one in found]
    return render(request, page="crm/list/taken.html", context={"lines": lines})


def _line(entry: AuditEntry, user: User) -> AuditLine:
    did = str(AuditKind(entry.kind).label)
    if entry.kind == AuditKind.ERASURE and entry.what == "audit":
        old = ngettext("%(n)s old entry", "%(n)s old entries", entry.rows)
        did = _("By the rules of retention: %(what)s gone") % {
            "what": old % {"n": number(entry.rows)}
        }
    elif entry.kind == AuditKind.ERASURE:
        did = _("Erased a person: number %(number)s") % {"number": entry.asked}
    elif entry.what:
        rows = ngettext("%(n)s row", "%(n)s rows", entry.rows) % {"n": number(entry.rows)}
        did = f"{did}: {_called(entry.what)}, {rows}"
    return AuditLine(
        who=entry.by.name,
        did=did,
        at=full_moment(entry.at, user.zone),
        href=_href(entry),
    )


def _called(what: str) -> str:
    if what in OTHERS:
        return str(OTHERS[what])
    if what in ListKind.values:
        return str(ListKind(what).label)
    told = told_of(what)
    return str(told[0]) if told else _("Report")


def _href(entry: AuditEntry) -> str:
    if entry.kind == AuditKind.ERASURE:
        return ""
    if entry.what == INFORMATION:
        return reverse("crm:contact", args=[entry.asked])
    if entry.what in OTHERS:
        return ""
    if entry.what in ListKind.values:
        return f"{reverse(f'crm:{entry.what}')}?{entry.asked}"
    told = told_of(entry.what)
    return f"{told[1]}?{entry.asked}" if told else ""
