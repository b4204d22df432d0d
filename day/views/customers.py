"""Existing customers: who is due for a touch, and what could be the next piece of business."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.commands import touch_plan as commands
from crm.presenters.viewer import Viewer
from crm.touch_rhythm import RHYTHMS
from day.forms.customers import NONE, RhythmForm, TouchOnForm
from day.presenters.customers import brought_lines, customer_line, every, repeat_share
from day.queries import customers as queries
from day.queries.customers import FIRST, CustomerPlace, Customers, Shown, Whose
from day.style import day_style
from pipeline.audit.commands import record_view
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt
from salesprocess.lib.format import money
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_GET
def page(request: HtmxRequest) -> HttpResponse:
    look = CustomersPage(request)
    response = render(request, page="day/customers/page.html", context=look.context())
    record_view(
        [row.owner_id for row in look.rows],
        what="customers",
        asked=request.GET.urlencode(),
        rows=len(look.rows),
        by=request.user,
        at=look.viewer.at,
    )
    return response


class CustomersPage:
    """One person's look at the customers of some people, as an address puts it."""

    def __init__(self, request: HtmxRequest) -> None:
        self.user = request.user
        self.viewer = Viewer(request.user, at=timezone.now())
        whose, shown = request.GET.get("whose", ""), request.GET.get("show", "")
        self.whose = Whose(whose) if whose in set(Whose) else Whose.MINE
        usual = Shown.DUE if day_style(request.user.style).begins_with_due else Shown.ALL
        # Other people's are no list of one's own to work through.
        usual = usual if self.whose == Whose.MINE else Shown.ALL
        self.shown = Shown(shown) if shown in set(Shown) else usual
        self.after = _place(request.GET.get("after", ""))
        opened = request.GET.get("open", "")
        self.opened = int(opened) if opened.isdecimal() and len(opened) < 19 else 0
        viewer = self.viewer
        self.customers = Customers(request.user, self.whose, at=viewer.at, today=viewer.today)
        self.rows, self.next = self.customers.page(self.shown, after=self.after)

    def address(self, **asked: object) -> str:
        said = {"whose": self.whose, "show": self.shown, **asked}
        return f"{reverse('day:customers')}?{urlencode(said)}"

    def context(self) -> dict[str, Any]:
        counts, won = self.customers.counts()
        lacks = queries.not_bought(self.user, [row.id for row in self.rows])
        again = queries.repeat_share(self.user, self.whose, at=self.viewer.at)
        words = {
            Shown.ALL: (_("All"), ""),
            Shown.DUE: (_("Touch due"), "clock"),
            Shown.DORMANT: (_("Dormant"), "moon"),
            Shown.NO_PLAN: (_("Not decided"), "circle-dashed"),
            Shown.HAND_OFF: (_("Hand-off to write"), "note"),
        }
        scope = self.user.scope
        whose = [(Whose.MINE, _("Mine"))]
        if scope.everything or scope.managed_team_ids:
            whose.append((Whose.TEAM, _("My team")))
        whose.append((Whose.ALL, _("All")))
        return {
            "whose": [(self._whose(one), word, one == self.whose) for one, word in whose],
            "chips": [
                (self.address(show=one), word, icon, counts[one], one == self.shown)
                for one, (word, icon) in words.items()
            ],
            "count": counts[Shown.ALL],
            "won": money(won, self.viewer.currency) if won else "",
            "again": repeat_share(again, person=self.user.pk if self.whose == Whose.MINE else None),
            "lines": [
                (customer_line(self.viewer, row, lacks[row.id]), self._toggle(row.id))
                for row in self.rows
            ],
            "opened": self._opened(lacks),
            "next": self.address(after=f"{self.next.on.isoformat()},{self.next.id}")
            if self.next
            else "",
            "start": self.address() if self.after != FIRST else "",
            "here_path": self.address(),
        }

    def _whose(self, whose: Whose) -> str:
        return f"{reverse('day:customers')}?{urlencode({'whose': whose})}"

    def _toggle(self, pk: int) -> str:
        """Where the row leads: it opens, and once it is open to the company."""
        if pk == self.opened:
            return reverse("crm:company", args=[pk])
        after = {} if self.after == FIRST else {"after": f"{self.after.on},{self.after.id}"}
        return f"{self.address(open=pk, **after)}#customer-{pk}"

    def _opened(self, lacks: Any) -> dict[str, Any]:
        """What the open row says more; nothing while none is."""
        row = next((one for one in self.rows if one.id == self.opened), None)
        if row is None:
            return {}
        return {
            "id": row.id,
            "rhythms": [*((str(one), every(one)) for one in RHYTHMS), (NONE, _("None"))],
            "rhythm": str(row.months or (NONE if row.plan_version else "")),
            "lacks": lacks[row.id],
            "referrals": brought_lines(self.viewer, queries.referrals(self.user, row.id)),
            "may_edit": row.owner_id in (None, self.user.pk)
            or self.user.scope.everything
            or row.owner_id in self.user.scope.owner_ids,
        }


def _place(text: str) -> CustomerPlace:
    on, _comma, pk = text.partition(",")
    try:
        return CustomerPlace(dt.date.fromisoformat(on), int(pk)) if text else FIRST
    except ValueError:
        return FIRST


@require_POST
def rhythm(request: HtmxRequest, pk: int) -> HttpResponse:
    """How often a customer is to be touched, or that it is not."""
    company = found_or_404(queries.to_change, request.user, pk)
    form = RhythmForm(request.POST)

    def run() -> None:
        seen = form.cleaned_data["seen"]
        at = timezone.now()
        commands.decide(company, months=form.chosen(), by=request.user, at=at, version=seen)

    if not attempt(form, run):
        messages.error(request, form.all_errors())
    return _back(pk)


@require_POST
def touch(request: HtmxRequest, pk: int) -> HttpResponse:
    """Plan the next touch on a day."""
    company = found_or_404(queries.to_change, request.user, pk)
    at = timezone.now()
    form = TouchOnForm(request.POST, today=at.astimezone(request.user.zone).date())

    def run() -> None:
        commands.plan_touch(company, on=form.cleaned_data["on"], by=request.user, at=at)

    if attempt(form, run):
        messages.success(request, _("Planned."))
    else:
        messages.error(request, form.all_errors())
    return _back(pk)


def _back(pk: int) -> HttpResponse:
    return redirect(f"{reverse('day:customers')}?show=all&open={pk}#customer-{pk}")
