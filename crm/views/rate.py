"""Currencies and rates: what is in use, what it is worth, and since when."""

from http import HTTPStatus
from typing import Any

from babel.numbers import get_currency_name
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.commands import rate as commands
from crm.forms.rate import RateForm
from crm.models import Rate, Setting
from crm.queries import settings as changes
from crm.queries.rate import currencies_in_use, rate_to_change
from crm.views.setting_changes import tell
from crm.views.settings import OLD_DAYS, admins_only, settings_page
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt
from salesprocess.lib.format import day, locale
from salesprocess.lib.format import rate as rate_text
from salesprocess.lib.found import found_or_404
from salesprocess.lib.refused import Refused

# How many days of a currency are listed.
LISTED = 60


@require_GET
@admins_only
def rates(request: HtmxRequest) -> HttpResponse:
    """`?set=CHF` opens the form in that row, `?days=CHF` what was entered before, `?add=1` a new one."""
    form = None
    if "set" in request.GET or "add" in request.GET:
        start = {"currency": request.GET.get("set", ""), "on": _today(request)}
        form = RateForm(initial=start)
    return _page(request, form=form)


@require_POST
@admins_only
def enter(request: HtmxRequest) -> HttpResponse:
    form = RateForm(request.POST)
    made: list[Rate] = []

    def run() -> None:
        how = {"by": request.user, "at": timezone.now(), **form.cleaned_data}
        made.append(commands.set_rate(**how))

    if attempt(form, run):
        (rate,) = made
        words = {"currency": rate.currency, "day": day(rate.on, _today(request))}
        messages.success(request, _("%(currency)s has a rate from %(day)s.") % words)
        return HttpResponseRedirect(f"{reverse('crm:settings_rates')}#c-{rate.currency}")
    return _page(request, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
@admins_only
def remove(request: HtmxRequest, pk: int) -> HttpResponse:
    rate = found_or_404(rate_to_change, request.user, pk)
    try:
        commands.remove_rate(rate, by=request.user, at=timezone.now())
    except (Refused, Rate.DoesNotExist) as error:
        messages.error(request, getattr(error, "message", _("It is gone already.")))
    else:
        messages.success(request, _("Removed."))
    href = reverse("crm:settings_rates")
    return HttpResponseRedirect(f"{href}?days={rate.currency}#c-{rate.currency}")


def _page(
    request: HtmxRequest, *, form: RateForm | None, status: int = HTTPStatus.OK
) -> HttpResponse:
    user = request.user
    found = currencies_in_use(user, at=timezone.now())
    open_code = str(form["currency"].value() or "").upper() if form else ""
    context: dict[str, Any] = {
        "currencies": found,
        "own": user.organisation.currency,
        "form": form,
        "open_code": open_code if open_code in {one.code for one in found} else "",
        "days_of": request.GET.get("days", ""),
        "listed": LISTED,
        "name_of": _name_of,
        "rate_text": rate_text,
        "today": _today(request),
        "old_days": OLD_DAYS,
        "last": tell(changes.latest(user, Setting.RATE), user=user),
    }
    return settings_page(request, "rates", "crm/settings/rates.html", context, status=status)


def _today(request: HtmxRequest) -> Any:
    return timezone.now().astimezone(request.user.organisation.zone).date()


def _name_of(code: str) -> str:
    return str(get_currency_name(code, locale=locale()))
