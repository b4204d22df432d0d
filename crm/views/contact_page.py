"""The page of a person of the other side: facts, deals in sight, and what was said."""

from functools import partial
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import activity as activity_commands
from crm.commands import contact as commands
from crm.forms.activity import PlannedForm
from crm.forms.fields import PressForm
from crm.forms.party import ContactForm
from crm.models import Activity, Contact, PartyKind
from crm.queries import activity as activities
from crm.queries import duplicates
from crm.queries import party as queries
from crm.views import activity_undo, party
from crm.views.party import PartyDialog, PartyPage
from crm.views.party_merge import led_on
from crm.views.verbs import posted_data
from pipeline.audit.commands import record_opening
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import full_day
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.idempotency import may_come_late

# How the audit calls a contact that was opened.
CONTACT = "contact_opened"


@require_GET
def page(request: HtmxRequest, pk: int) -> HttpResponse:
    """The page; for htmx each of its parts, to take the place of the one that is shown."""
    try:
        look = _opened(request, PartyPage(queries.contact(request.user, pk), request.user))
    except Contact.DoesNotExist:
        return led_on(request, PartyKind.CONTACT, pk) or _erased(request, pk)
    return party.page(request, look, partial(_page, request))


@require_GET
def timeline(request: HtmxRequest, pk: int) -> HttpResponse:
    """What is older than where the timeline was left off."""
    return party.timeline(request, find(request, pk), partial(_page, request))


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: int) -> HttpResponse:
    """The facts, edited where they stand."""
    look = find(request, pk)
    contact = look.found.contact
    if contact is None or not look.found.may_edit:
        raise Http404
    points = queries.points(contact)
    form = ContactForm(
        posted_data(request), user=request.user, of=contact, points=points, auto_id="fact-%s"
    )
    return party.edit(request, look, form, FIELDS, partial(commands.edit, contact))


FIELDS = ("name", "job_title", "emails", "phones")


@require_http_methods(["GET", "POST"])
def hand_over(request: HtmxRequest, pk: int) -> HttpResponse:
    return party.hand_over(request, find(request, pk))


@require_POST
def log(request: HtmxRequest, pk: int) -> HttpResponse:
    return party.log(request, find(request, pk), [])


@require_http_methods(["GET", "POST"])
def plan(request: HtmxRequest, pk: int) -> HttpResponse:
    return party.plan(request, find(request, pk))


@require_http_methods(["GET", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    """A person by himself or herself, of a company on record or of none."""
    form = ContactForm(
        posted_data(request), user=request.user, auto_id="new-%s", initial=_asked_company(request)
    )
    shown = {"fields": FIELDS, "found": _alike(request), "is_company": False}
    return party.new(request, form, shown, commands.create)


@require_GET
def same(request: HtmxRequest) -> HttpResponse:
    """Who is on record already, while a new person is typed."""
    context = {"found": _alike(request), "is_company": False}
    return render(request, page="crm/party/_alike.html", context=context)


@may_come_late
@require_http_methods(["GET", "POST"])
def complete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Something planned with a company or a contact, without a deal, was done."""
    return party.complete(request, _planned(request, pk))


@require_POST
def cancel(request: HtmxRequest, pk: int) -> HttpResponse:
    activity = _planned(request, pk)
    form = PlannedForm(request.POST, user=request.user)
    ask = PartyDialog(
        template="crm/deal/_sheet_cancel.html",
        title=str(activity),
        back=party.address_of(activity),
        said=_("Cancelled."),
        done=HttpResponse,
        undo=activity_undo.undo_of_cancelled(activity, request.user, "touches"),
    )
    return party.answer(
        request,
        form,
        ask,
        lambda: activity_commands.cancel(
            activity, by=request.user, at=timezone.now(), version=form.cleaned_data["version"]
        ),
    )


@require_POST
def again(request: HtmxRequest, pk: int) -> HttpResponse:
    return _take_back(request, _planned(request, pk), activity_undo.plan_again, _("Planned again."))


@require_POST
def take_back(request: HtmxRequest, pk: int) -> HttpResponse:
    return _take_back(request, _planned(request, pk), activity_undo.take_back, _("Taken back."))


def _take_back(
    request: HtmxRequest, activity: Activity, command: activity_undo.Command, said: str
) -> HttpResponse:
    form = PressForm(request.POST, user=request.user)
    ask = PartyDialog(
        template="crm/party/_sheet_refused.html",
        title=str(activity),
        back=party.address_of(activity),
        said=said,
    )
    response = party.answer(
        request, form, ask, lambda: command(activity, by=request.user, at=timezone.now())
    )
    return activity_undo.in_sheet(response)


def _planned(request: HtmxRequest, pk: int) -> Activity:
    return found_or_404(activities.without_deal, request.user, pk)


def find(request: HtmxRequest, pk: int) -> PartyPage:
    """Found, and opened by what a form or a part of the page shows."""
    look = PartyPage(found_or_404(queries.contact, request.user, pk), request.user)
    return _opened(request, look) if request.method == "GET" else look


def _opened(request: HtmxRequest, look: PartyPage) -> PartyPage:
    """On record for the owner, where that is somebody else."""
    contact = look.found.contact
    if contact is not None:
        owner = contact.owner_id
        record_opening(owner, what=CONTACT, pk=contact.pk, by=request.user, at=look.at)
    return look


def _erased(request: HtmxRequest, pk: int) -> HttpResponse:
    """Where deals lead to who stood on them: that the person is gone, and since when."""
    day = found_or_404(queries.erased_on, request.user, pk)
    context = {"day": full_day(day)}
    return render(request, page="crm/contact/erased.html", context=context, status=HTTPStatus.GONE)


def _page(request: HtmxRequest, look: PartyPage, before: Any = None) -> dict[str, Any]:
    contact = look.found.contact
    assert contact is not None  # noqa: S101  # see `find`
    points = queries.points(contact)
    return {
        **look.parts(before=before),
        **look.composer([]),
        "points": [
            ("mail", point.typed, f"mailto:{point.typed}")
            if point.kind == "email"
            else ("phone", point.typed, f"tel:{''.join(point.typed.split())}")
            for point in points
        ],
        "same": queries.same_contacts(request.user, contact, points),
        "facts": [(_("Position"), contact.job_title)],
    }


def _asked_company(request: HtmxRequest) -> dict[str, str]:
    """The company from whose page one comes."""
    asked = request.GET.get("company", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        return {}
    company = queries.company_named(request.user, int(asked))
    return {"company": asked, "company_name": company.name} if company else {}


def _alike(request: HtmxRequest) -> list[duplicates.Party]:
    said = request.POST if request.method == "POST" else request.GET
    return duplicates.contacts(
        said.get("name", ""),
        email=said.get("emails", "").partition("\n")[0],
        phone=said.get("phones", "").partition("\n")[0],
        user=request.user,
        rows=duplicates.FEW,
    )
