"""The page of a company: facts, people, deals in sight, and what was said."""

from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import company as commands
from crm.forms.party import CompanyForm
from crm.models import Company, PartyKind, Relationship
from crm.queries import duplicates
from crm.queries import party as queries
from crm.target_fit import Target
from crm.views import party
from crm.views.party import PartyPage
from crm.views.party_merge import led_on
from crm.views.verbs import posted_data
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import number
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_GET
def page(request: HtmxRequest, pk: int) -> HttpResponse:
    """The page; for htmx each of its parts, to take the place of the one that is shown."""
    try:
        look = find(request, pk)
    except Http404:
        if on := led_on(request, PartyKind.COMPANY, pk):
            return on
        raise
    return party.page(request, look, partial(_page, request))


@require_GET
def timeline(request: HtmxRequest, pk: int) -> HttpResponse:
    """What is older than where the timeline was left off."""
    return party.timeline(request, find(request, pk), partial(_page, request))


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: int) -> HttpResponse:
    """The facts, edited where they stand."""
    look = find(request, pk)
    company = look.found.company
    if company is None or not look.found.may_edit:
        raise Http404
    form = CompanyForm(posted_data(request), user=request.user, of=company, auto_id="fact-%s")
    return party.edit(request, look, form, form.model_fields, partial(commands.edit, company))


@require_http_methods(["GET", "POST"])
def hand_over(request: HtmxRequest, pk: int) -> HttpResponse:
    return party.hand_over(request, find(request, pk))


@require_POST
def log(request: HtmxRequest, pk: int) -> HttpResponse:
    look = find(request, pk)
    return party.log(request, look, _with_whom(request, look))


@require_http_methods(["GET", "POST"])
def plan(request: HtmxRequest, pk: int) -> HttpResponse:
    return party.plan(request, find(request, pk))


@require_http_methods(["GET", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    """A company by itself; those that it may be already are shown, and never in the way."""
    form = CompanyForm(posted_data(request), user=request.user, auto_id="new-%s")
    shown = {"fields": form.model_fields, "found": _alike(request), "is_company": True}
    return party.new(request, form, shown, commands.create)


@require_GET
def same(request: HtmxRequest) -> HttpResponse:
    """Who is on record already, while a new company is typed."""
    context = {"found": _alike(request), "is_company": True}
    return render(request, page="crm/party/_alike.html", context=context)


def find(request: HtmxRequest, pk: int) -> PartyPage:
    return PartyPage(found_or_404(queries.company, request.user, pk), request.user)


def _page(request: HtmxRequest, look: PartyPage, before: Any = None) -> dict[str, Any]:
    company = look.found.company
    assert company is not None  # noqa: S101  # see `find`
    user = request.user
    people = queries.people(user, company)
    return {
        **look.parts(before=before),
        **look.composer([(person.id, person.name) for person in people]),
        "people": people,
        "people_more": len(people) >= queries.MOST,
        "subsidiaries": queries.subsidiaries(user, company),
        "same": duplicates.same_companies(company, user=user),
        "facts": _facts(company),
        "relationship": Relationship(company.relationship).label,
        "fit": _fit(company, user),
    }


def _fit(company: Company, user: User) -> tuple[str, str]:
    """Whether it is one of those whom the organisation wants, and what of it is asked in words."""
    target = Target.of(user.organisation)
    fit = target.fit_of(
        industry=company.industry, country=company.country, employees=company.employees
    )
    return (str(fit.label), fit.value) if fit else ("", "")


def _facts(company: Company) -> list[tuple[str, str]]:
    return [
        (_("Relationship"), str(Relationship(company.relationship).label)),
        (_("Industry"), company.industry),
        (_("Country"), company.country),
        (_("Employees"), "" if company.employees is None else number(company.employees)),
    ]


def _with_whom(request: HtmxRequest, look: PartyPage) -> list[tuple[int, str]]:
    company = look.found.company
    assert company is not None  # noqa: S101  # see `find`
    return [(person.id, person.name) for person in queries.people(request.user, company)]


def _alike(request: HtmxRequest) -> list[duplicates.Party]:
    said = request.POST if request.method == "POST" else request.GET
    found = duplicates.companies(said.get("name", ""), user=request.user, rows=duplicates.FEW)
    return list(duplicates.with_deals(found, user=request.user)) if found else []
