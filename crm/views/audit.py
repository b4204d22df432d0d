"""Who signed in, and who took records away in a file or looked at many: for admins all of it, for each
person what concerns him or her."""

import datetime as dt
from collections.abc import Mapping
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
from crm.views.board import BOARD
from crm.views.contact_page import CONTACT
from crm.views.people import HOLDINGS
from crm.views.settings import admins_only, page_number, settings_page
from crm.views.verbs import DEAL
from pipeline.audit import queries
from pipeline.audit.commands import record_export
from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import PeopleChange, User
from pipeline.people.signing_in import download_when_confirmed
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import day, full_moment, number
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused

# How the audit calls the file that the privacy app gives of one person.
INFORMATION = "contact"
# And those that are no list: the price list, what stayed out of an import, the audit itself.
PRICES, STAYED_OUT, AUDIT = "prices", "stayed_out", "audit"
# And everything, which belongs to all.
EVERYTHING = "everything"
OTHERS = {
    INFORMATION: gettext_lazy("What is kept of a person"),
    PRICES: gettext_lazy("Prices"),
    STAYED_OUT: gettext_lazy("Rows that stayed out of an import"),
    AUDIT: gettext_lazy("The audit"),
    EVERYTHING: gettext_lazy("Everything"),
}
# And those lists that no export gives.
SHOWN = {
    BOARD: gettext_lazy("The board"),
    HOLDINGS: gettext_lazy("What a person owns, to hand over"),
}
# And single records, with their pages.
OPENED = {
    DEAL: (gettext_lazy("Single deals"), gettext_lazy("Opened a deal"), "crm:deal"),
    CONTACT: (gettext_lazy("Single contacts"), gettext_lazy("Opened a contact"), "crm:contact"),
}
# What the page can be narrowed to.
NARROWED = {
    "files": (gettext_lazy("Files"), (AuditKind.EXPORT, AuditKind.EXPORT_REFUSED)),
    "lists": (gettext_lazy("What was looked at"), (AuditKind.VIEW,)),
    "sign-ins": (gettext_lazy("Sign-ins"), (AuditKind.SIGN_IN,)),
    "erasures": (gettext_lazy("Erasures"), (AuditKind.ERASURE,)),
}
# So many of those whose records they were are named.
NAMED = 3
HISTORY = (PeopleChange, SettingChange, PartyChange, DealChange)


class AuditLine(NamedTuple):
    """`whose` names those whose records they were; `href` shows the rows as they are now, to whoever
    reads."""

    who: str
    did: str
    at: str
    href: str
    whose: str = ""


class LookLine(NamedTuple):
    who: str
    what: str
    days: str
    last: str


@require_GET
@admins_only
def audit(request: HtmxRequest) -> HttpResponse:
    page, of = page_number(request.GET), request.GET.get("of", "")
    _label, kinds = NARROWED.get(of, ("", ()))
    found, more = queries.entries(request.user, kinds=kinds, page=page)
    names = queries.names_of(found, most=NAMED)
    context = {
        "lines": [_line(one, request.user)._replace(whose=_whose(one, names)) for one in found],
        "choices": [("", _("All")), *((key, label) for key, (label, _of) in NARROWED.items())],
        "of": of if of in NARROWED else "",
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
    """Who took records of one's own away, and who looked at lists of them."""
    user, at = request.user, timezone.now()
    looks = queries.looks_at(user.pk, reader=user, at=at)
    context = {
        "lines": [_line(one, user) for one in queries.files_with_records_of(user)],
        "looks": [_look_line(look, today=at.astimezone(user.zone).date()) for look in looks],
    }
    return render(request, page="crm/list/taken.html", context=context)


def _look_line(look: queries.Look, *, today: dt.date) -> LookLine:
    words = ngettext("on %(n)s day", "on %(n)s days", look.days)
    return LookLine(
        who=look.name,
        what=_called(look.what),
        days=words % {"n": number(look.days)},
        last=day(look.last, today),
    )


def _whose(entry: AuditEntry, names: Mapping[int, str]) -> str:
    """`Ana Ruiz, Ben Okoro and 2 others`; whoever is no longer there counts among the others."""
    said = [names[pk] for pk in entry.owner_ids[:NAMED] if pk in names]
    if others := len(entry.owner_ids) - len(said):
        words = ngettext("%(n)s other", "%(n)s others", others)
        said.append(words % {"n": number(others)})
    return ", ".join(said)


def _line(entry: AuditEntry, user: User) -> AuditLine:
    did = str(AuditKind(entry.kind).label)
    if entry.kind == AuditKind.ERASURE and entry.what == "audit":
        old = ngettext("%(n)s old entry", "%(n)s old entries", entry.rows)
        did = _("By the rules of retention: %(what)s gone") % {
            "what": old % {"n": number(entry.rows)}
        }
    elif entry.kind == AuditKind.ERASURE:
        did = _("Erased a person: number %(number)s") % {"number": entry.asked}
    elif entry.what in OPENED:
        did = str(OPENED[entry.what][1])
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
    if what in OTHERS or what in SHOWN:
        return str(OTHERS.get(what) or SHOWN[what])
    if what in OPENED:
        return str(OPENED[what][0])
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
    if entry.what in OPENED:
        return reverse(OPENED[entry.what][2], args=[entry.asked])
    if entry.what == BOARD:
        return f"{reverse('crm:board')}?{entry.asked}"
    if entry.what == HOLDINGS:
        return reverse("crm:person_hand_over", args=[entry.asked])
    if entry.what in ListKind.values:
        return f"{reverse(f'crm:{entry.what}')}?{entry.asked}"
    told = told_of(entry.what)
    return f"{told[1]}?{entry.asked}" if told and told[1] else ""
