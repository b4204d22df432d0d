"""The people of the other side, as a deal sees them."""

from functools import partial

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import deal as commands
from crm.forms.contact import AddContactForm, RoleForm
from crm.forms.fields import VerbForm
from crm.models import DealRole
from crm.queries import deal_records, duplicates
from crm.views.verbs import REFUSED, Dialog, answer, do, editable_deal, now, posted_data, stay
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    form = AddContactForm(posted_data(request), user=request.user, deal=deal)
    ask = Dialog(
        template="crm/deal/_sheet_person.html",
        title=_("Add a person: %(deal)s") % {"deal": deal.name},
        said=_("Added."),
        context=_alike(request),
    )

    def run() -> None:
        who = form.who()
        assert who is not None  # noqa: S101  # AddContactForm asks for it
        role = DealRole(form.cleaned_data["role"])
        commands.set_contact(deal, contact=who, role=role, by=request.user, at=now())

    return answer(request, deal, form, ask, run)


@require_POST
def role(request: HtmxRequest, pk: int, contact: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    person = found_or_404(deal_records.person, deal, contact)
    form = RoleForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(template=REFUSED, title=person.name, done=stay)
    return do(request, deal, form, ask, partial(commands.set_contact, contact=person))


@require_POST
def remove(request: HtmxRequest, pk: int, contact: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    person = found_or_404(deal_records.person, deal, contact)
    form = VerbForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=person.name,
        said=_("%(name)s is no longer on this deal.") % {"name": person.name},
        done=stay,
    )
    return do(request, deal, form, ask, partial(commands.remove_contact, contact=person))


@require_GET
def pick(request: HtmxRequest) -> HttpResponse:
    """People like the one that is typed, to be picked instead."""
    return render(request, page="crm/deal/_pick_contact.html", context=_alike(request))


def _alike(request: HtmxRequest) -> dict[str, object]:
    said = request.POST if request.method == "POST" else request.GET
    people = duplicates.contacts(
        said.get("person", ""),
        email=said.get("email", ""),
        phone=said.get("phone", ""),
        user=request.user,
    )
    return {"people": people, "contact": said.get("contact", "")}
