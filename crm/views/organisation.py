"""What is set for the whole organisation: itself, who owns the process, from when on a report is
reliable. Each is a form of its own on a page of its own."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from crm.commands import organisation as currency_commands
from crm.forms.organisation import (
    OrganisationForm,
    ProcessOwnerForm,
    SecondFactorForm,
    TargetCustomerForm,
    ThresholdsForm,
)
from crm.queries import settings as changes
from crm.views.setting_changes import tell
from crm.views.settings import admins_only, settings_page
from pipeline.people import queries as people_queries
from pipeline.people.commands import organisation as commands
from pipeline.people.signing_in import check_confirmed
from pipeline.people.views.posted import posted_data
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import SeenForm, attempt, status_of

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@admins_only
def organisation(request: HtmxRequest) -> HttpResponse:
    root = request.user.organisation
    form = OrganisationForm(posted_data(request), root=root, initial=_seen(request))

    def run() -> None:
        """Both or neither: the currency is a change of its own."""
        at, seen, by = timezone.now(), form.cleaned_data["seen"], request.user
        with transaction.atomic():
            commands.change(by=by, at=at, seen=seen, **form.model_values())
            if "currency" in form.changed_data:
                currency_commands.change_currency(form.cleaned_data["currency"], by=by, at=at)

    context = {
        "zones": people_queries.time_zones(),
        "about": gettext_lazy("What counts for everybody"),
        "say": "",
    }
    return _form_page(request, "organisation", form, run, context)


@form_page
@admins_only
def process_owner(request: HtmxRequest) -> HttpResponse:
    form = ProcessOwnerForm(
        posted_data(request), root=request.user.organisation, initial=_seen(request)
    )
    context = {
        "about": gettext_lazy("Who answers what does not fit"),
        "say": gettext_lazy(
            "A question about the process goes to whoever leads the team; what no leader of a team "
            "takes, comes here."
        ),
    }
    return _form_page(request, "process-owner", form, _change(request, form), context)


@form_page
@admins_only
def thresholds(request: HtmxRequest) -> HttpResponse:
    form = ThresholdsForm(
        posted_data(request), root=request.user.organisation, initial=_seen(request)
    )
    context = {"about": gettext_lazy("When a figure can be relied on"), "say": ""}
    return _form_page(request, "thresholds", form, _change(request, form), context)


@form_page
@admins_only
def target_customer(request: HtmxRequest) -> HttpResponse:
    form = TargetCustomerForm(
        posted_data(request), root=request.user.organisation, initial=_seen(request)
    )
    context = {
        "about": gettext_lazy("Whom one could contact about a sale"),
        "say": gettext_lazy(
            "Think of your best customers: what do they have in common? Leads and companies say from "
            "then on whether they fit; nobody is kept from selling to others. What is empty is not asked."
        ),
    }
    return _form_page(request, "target-customer", form, _change(request, form), context)


@form_page
@admins_only
def sign_in(request: HtmxRequest) -> HttpResponse:
    form = SecondFactorForm(
        posted_data(request), root=request.user.organisation, initial=_seen(request)
    )
    change = _change(request, form)

    def run() -> None:
        check_confirmed(request)
        change()

    context = {"about": gettext_lazy("How safely people come in"), "say": ""}
    return _form_page(request, "sign-in", form, run, context)


def _change(
    request: HtmxRequest,
    form: ProcessOwnerForm | TargetCustomerForm | ThresholdsForm | SecondFactorForm,
) -> Callable[[], None]:
    def run() -> None:
        seen = form.cleaned_data["seen"]
        commands.change(by=request.user, at=timezone.now(), seen=seen, **form.model_values())

    return run


def _seen(request: HtmxRequest) -> dict[str, int]:
    return {"seen": people_queries.latest_change(request.user.organisation)}


def _form_page(
    request: HtmxRequest,
    here: str,
    form: SeenForm,
    run: Callable[[], None],
    context: dict[str, Any],
) -> HttpResponse:
    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse(f"crm:settings_{here.replace('-', '_')}"))
    last = changes.latest(request.user, changes.ORGANISATION)
    shown = {"form": form, "zones": [], **context, "last": tell(last, user=request.user)}
    page = "crm/settings/form.html"
    return settings_page(request, here, page, shown, status=status_of(form))
