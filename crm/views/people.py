"""What the people pages show of records: how many each person carries, and handing them over."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from crm.commands import bulk
from crm.forms.people import HandOverAllForm
from crm.models import Company, Contact
from crm.queries import people as queries
from pipeline.audit.commands import record_view
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import number
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render

# So many rows on one page; what is left is offered again afterwards.
MOST = 200
# How the audit calls what a person owns, as it is listed to be handed over.
HOLDINGS = "holdings"


@require_GET
def open_deals(request: HtmxRequest) -> HttpResponse:
    """Numbers for the tree of teams, or (`?person=`) the sentence on a person's own page."""
    asked = request.GET.get("person", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        person = person_in_reach(request, int(asked))
        load = queries.load_of(person, by=request.user)
        context = {"what": _told(load), "person": person}
        return render(request, page="crm/people/_load.html", context=context)
    loads = queries.loads(request.user)
    left = [(load, _told(load)) for load in loads if load.has_left]
    return render(
        request,
        page="crm/people/loads.html",
        fragment="crm/people/_loads.html",
        context={"loads": loads, "left": left},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HtmxRequest, pk: int) -> HttpResponse:
    """Give what a person owns, those that are ticked, to somebody else."""
    person = person_in_reach(request, pk)
    data = request.POST if request.method == "POST" else None
    form = HandOverAllForm(data, by=request.user, owner=person)
    results = _hand_over(form.cleaned_data, by=request.user) if form.is_valid() else []
    user = request.user
    deals = queries.open_deals_of(person, by=user, most=MOST)
    parties = [
        ("companies", _("Companies"), *queries.companies_of(person, by=user, most=MOST)),
        ("contacts", _("Contacts"), *queries.contacts_of(person, by=user, most=MOST)),
        ("plans", _("Planned otherwise"), *queries.plans_of(person, by=user, most=MOST)),
    ]
    shown = len(deals[0]) + sum(len(kept) for _kind, _title, kept, _all in parties)
    record_view(
        [person.pk] if shown else [],
        what=HOLDINGS,
        asked=str(person.pk),
        rows=shown,
        by=user,
        at=timezone.now(),
    )
    context = {
        "person": person,
        "form": form,
        "results": results,
        "deals": deals,
        "parties": parties,
        "other_holdings": queries.other_holdings(person, by=user),
    }
    bad = form.is_bound and not form.is_valid()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
    return render(request, page="crm/people/hand_over.html", context=context, status=status)


def _hand_over(said: dict[str, Any], *, by: User) -> list[tuple[str, bulk.BulkResult]]:
    """What became of each, with the address of its page."""
    how = {"to": said["to"], "by": by, "at": timezone.now(), "reason": said["reason"]}
    deals = bulk.hand_over(said["deals"][:MOST], **how)
    companies = bulk.hand_over_parties(said["companies"][:MOST], of=Company, **how)
    contacts = bulk.hand_over_parties(said["contacts"][:MOST], of=Contact, **how)
    places = ((deals, "deals"), (companies, "companies"), (contacts, "contacts"))
    results = [(f"/{place}/{each.id}/", each) for found, place in places for each in found]
    del how["reason"]
    # A plan has no page of its own.
    return results + [("", each) for each in bulk.hand_over_plans(said["plans"][:MOST], **how)]


def _told(load: queries.Load) -> str:
    """`3 open deals, 1 company`; empty for nothing."""
    counted = (
        (load.count, ngettext("%(n)s open deal", "%(n)s open deals", load.count)),
        (load.companies, ngettext("%(n)s company", "%(n)s companies", load.companies)),
        (load.contacts, ngettext("%(n)s contact", "%(n)s contacts", load.contacts)),
        (load.plans, ngettext("%(n)s plan", "%(n)s plans", load.plans)),
    )
    return ", ".join(words % {"n": number(count)} for count, words in counted if count)


def person_in_reach(request: HtmxRequest, pk: int) -> User:
    """Somebody whose records the reader may see; raises Http404 for anybody else."""
    if not request.user.is_active:
        raise Http404
    return found_or_404(queries.in_reach, request.user, pk)
