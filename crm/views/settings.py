"""The frame of the settings: for admins only, with a menu that says the state of each page."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple, TypeVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.queries import settings as queries
from crm.queries.rate import Currency, currencies_in_use
from crm.target_fit import Target
from pipeline.models import Role, User
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import number, percent
from salesprocess.lib.htmx import render

Response = TypeVar("Response", bound=HttpResponseBase)
# From how many days on a rate is called old.
OLD_DAYS = 7


def admins_only(view: Callable[..., Response]) -> Callable[..., Response]:
    """To anybody else the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        if request.user.role != Role.ADMIN:  # type: ignore[union-attr]  # behind the sign-in
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


class SettingsMenuItem(NamedTuple):
    """A line of the menu; `tone` is warn where something is to do."""

    key: str
    label: str
    href: str
    state: str
    tone: str = ""


LABELS = {
    "organisation": gettext_lazy("Organisation"),
    "products": gettext_lazy("Products"),
    "sources": gettext_lazy("Sources"),
    "methods": gettext_lazy("Methods"),
    "stop-causes": gettext_lazy("Stop causes"),
    "rates": gettext_lazy("Currencies and rates"),
    "process-owner": gettext_lazy("Process owner"),
    "target-customer": gettext_lazy("Whom we want"),
    "thresholds": gettext_lazy("Thresholds"),
    "sign-in": gettext_lazy("Sign-in"),
    "retention": gettext_lazy("Retention"),
    "changes": gettext_lazy("All changes"),
    "export": gettext_lazy("Take everything along"),
    "audit": gettext_lazy("Files, lists and sign-ins"),
    "operations": gettext_lazy("Operations"),
}


def settings_page(
    request: HtmxRequest, here: str, page: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the settings inside its frame."""
    context = {
        **context,
        "menu": _menu(request.user, at=timezone.now()),
        "here_in_settings": here,
        "title": LABELS[here],
        "organisation": request.user.organisation,
    }
    return render(request, page=page, context=context, status=status)


def page_number(query: Mapping[str, str]) -> int:
    """The page that an address asks for; the first where it asks for none that could be."""
    page = query.get("page", "1")
    return max(int(page) if page.isdecimal() and len(page) < 7 else 1, 1)


@admins_only
def start(request: HtmxRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("crm:settings_list", args=["products"]))


def _menu(user: User, *, at: dt.datetime) -> list[tuple[str, list[SettingsMenuItem]]]:
    counts = queries.counts()
    root = user.organisation
    rates, tone = rates_state(currencies_in_use(user, at=at), own=root.currency)
    owner = root.process_owner
    lists = [
        SettingsMenuItem(key, str(LABELS[key]), address_of(key), number(count))
        for key, count in counts.items()
    ]

    def entry(key: str, state: str, tone: str = "") -> SettingsMenuItem:
        return SettingsMenuItem(key, str(LABELS[key]), address_of(key), state, tone)

    return [
        (
            _("Your organisation"),
            [entry("organisation", root.name), *lists, entry("rates", rates, tone)],
        ),
        (
            _("How it works"),
            [
                entry("process-owner", *_owner_state(owner)),
                entry("target-customer", "" if Target.of(root) else _("not said")),
                entry("thresholds", percent((root.reliable_from or 90) / 100)),
                entry("sign-in", root.get_second_factor_for_display()),
                entry("retention", ""),
            ],
        ),
        (_("What was changed"), [entry("changes", ""), entry("audit", "")]),
        (_("In and out"), [entry("export", "")]),
        (_("How it runs"), [entry("operations", "")]),
        (
            _("To begin with"),
            [SettingsMenuItem("start", _("First steps"), reverse("crm:first_run"), "")],
        ),
    ]


def address_of(key: str) -> str:
    """Where a page of the settings is."""
    if key in _LISTS:
        return reverse("crm:settings_list", args=[key])
    if key in _ABOVE:
        return reverse(_ABOVE[key])
    return reverse(f"crm:settings_{key.replace('-', '_')}")


# The pages of apps above.
_ABOVE = {"retention": "privacy:retention", "export": "exchange:whole_exports"}
_LISTS = {"products", "sources", "methods", "stop-causes"}


def _owner_state(owner: User | None) -> tuple[str, str]:
    if owner is None:
        return _("nobody"), ""
    if not owner.is_active:
        return _("%(name)s has left") % {"name": owner.name}, "warn"
    return owner.name.split()[0], ""


def rates_state(currencies: list[Currency], *, own: str) -> tuple[str, str]:
    """In words how the rates stand, and a tone."""
    missing = [one.code for one in currencies if one.is_missing]
    if missing:
        return _("%(codes)s without a rate") % {"codes": ", ".join(missing)}, "warn"
    ages = [one.days_old for one in currencies if one.rate is not None and one.use.now]
    if not ages:
        return own, ""
    days = max(ages)
    if days == 0:
        return _("of today"), "ok"
    words = ngettext("%(n)s day old", "%(n)s days old", days) % {"n": number(days)}
    return words, "warn" if days > OLD_DAYS else ""
