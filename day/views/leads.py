"""The lead inbox: new leads at the left, the one in hand at the right, each sorted by a key."""

import datetime as dt
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import deal_merge, lead
from crm.forms.lead import AcceptLeadForm, SameForm
from crm.models import Deal, SearchKind
from crm.presenters.viewer import Viewer
from crm.queries import duplicates
from crm.queries.search import search
from crm.views.verbs import (
    Dialog,
    do,
    editable_deal,
    now,
    opened_deal,
    posted_data,
    seen_version,
    stay,
)
from day.presenters.leads import AIM_HOURS, clock, duration, fit_words, lead_line, said_lines
from day.queries import leads as queries
from day.queries.leads import FIRST, LeadPlace, LeadTab
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.dates import parse_instant
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment

ask_or_do = require_http_methods(["GET", "POST"])
_FOUND = 10


@require_GET
def inbox(request: HtmxRequest) -> HttpResponse:
    look = LeadInbox(request)
    return render(
        request,
        page="day/leads/page.html",
        fragment="day/leads/_inbox.html",
        context={**look.parts(), **look.preview()},
    )


@require_GET
def preview(request: HtmxRequest, pk: int) -> HttpResponse:
    """The lead in hand, while one goes through the list."""
    deal = found_or_404(queries.to_sort, request.user, pk)
    look = LeadInbox(request)
    if not wants_fragment(request):
        return redirect(look.address(lead=pk))
    return render(
        request,
        page="day/leads/_preview.html",
        context={"tab": look.tab, **look.shown(deal)},
    )


class LeadInbox:
    """One person's look at a tab of the inbox, as an address puts it."""

    def __init__(self, request: HtmxRequest) -> None:
        self.request = request
        self.user = request.user
        self.viewer = Viewer(request.user, at=now())
        self.hours = request.user.organisation.working_hours
        asked = request.GET.get("tab", "")
        self.tab = LeadTab(asked) if asked in set(LeadTab) else LeadTab.MINE
        self.chosen = request.GET.get("lead", "")
        self.after = _place(request.GET.get("after", ""))
        self.rows, self.next = queries.page(
            request.user, self.tab, today=self.viewer.today, after=self.after
        )

    def address(self, **asked: object) -> str:
        return f"{reverse('day:leads')}?{urlencode({'tab': self.tab, **asked})}"

    def parts(self) -> dict[str, Any]:
        """The list with its tabs. Two queries, and mostly none for what is usual."""
        counts = queries.counts(self.user, today=self.viewer.today)
        usual = queries.usual_answer(self.user, at=self.viewer.at)
        return {
            "tab": self.tab,
            "tabs": [
                (LeadTab.MINE, _("Mine"), counts.mine),
                (LeadTab.POOL, _("Team pool"), counts.pool),
                (LeadTab.SNOOZED, _("Snoozed"), counts.snoozed),
            ],
            "lines": [lead_line(self.viewer, row, self.hours) for row in self.rows],
            "to_sort": counts.mine + counts.pool,
            "snoozed": counts.snoozed,
            "returns": self.viewer.date(counts.returns_on) if counts.returns_on else "",
            "usual": "" if usual is None else duration(round(usual * 60)),
            "aim": AIM_HOURS,
            "next": self.address(after=f"{self.next.at.isoformat()},{self.next.id}")
            if self.next
            else "",
            "start": self.address() if self.after != FIRST else "",
            "bulk_verbs": self._bulk_verbs(),
        }

    def _bulk_verbs(self) -> list[tuple[str, str, str]]:
        """What can be done with the ticked ones: verb, words and icon."""
        own = [
            ("hand-over", _("Assign…"), "user-share"),
            ("park", _("Snooze…"), "moon"),
            ("stop", _("Decline…"), "x"),
        ]
        scope = self.user.scope
        if self.tab != LeadTab.POOL:
            return [("accept", _("Accept…"), "check"), *own]
        pool = [("accept", _("Accept…"), "check"), ("claim", _("Take"), "hand-grab")]
        if not (scope.everything or scope.managed_team_ids):
            return pool
        return [*pool, ("deal-out", _("By the rules"), "users"), *own]

    def preview(self) -> dict[str, Any]:
        """The lead that the address names, while it is to be sorted; else the first of the list."""
        ids = [row.id for row in self.rows]
        wanted = int(self.chosen) if self.chosen.isdecimal() and len(self.chosen) < 19 else 0
        for pk in filter(None, [wanted, *ids[:1]]):
            try:
                return self.shown(queries.to_sort(self.user, pk))
            except Deal.DoesNotExist:
                continue  # it was sorted meanwhile
        return self.shown(None)

    def shown(self, deal: Deal | None) -> dict[str, Any]:
        """What the preview says of a lead. Three queries."""
        if deal is None:
            return {"lead": None}
        opened_deal(self.request, deal)
        people = queries.people(deal)
        form = self.accept_form(None, deal)
        if not people:
            form.ask_for_person()
        return {
            "lead": deal,
            "person": people[0] if people else None,
            "people": people,
            "said": said_lines(self.viewer, queries.said(deal)),
            "same": queries.same_deals(self.user, deal),
            "clock": clock(
                self.viewer,
                self.hours,
                came_at=deal.created_at,
                touched_at=deal.touched_at,
                parked_until=deal.parked_until,
            ),
            "came": self.viewer.day_and_time(deal.created_at),
            "fit": fit_words(self.viewer, deal.company),
            "may_edit": vars(deal)["may_edit"],
            "files_count": vars(deal)["files_count"] or 0,
            **self.accepting(form, deal),
        }

    def accept_form(self, data: Any, deal: Deal, files: Any = None) -> AcceptLeadForm:
        return AcceptLeadForm(
            data,
            files=files,
            user=self.user,
            deal=deal,
            at=self.viewer.at,
            auto_id="first-%s",
            initial={"version": deal.version},
        )

    def accepting(self, form: AcceptLeadForm, deal: Deal) -> dict[str, Any]:
        """What the strip that asks for the first touch needs."""
        return {
            "form": form,
            "deal": deal,
            "picks": [
                (moment.isoformat(), self._words(moment), key)
                for moment, key in zip(form.proposed, "tm", strict=True)
            ],
            "stage_to": Stage.PROSPECTING,
        }

    def _words(self, moment: dt.datetime) -> str:
        day = moment.date()
        time = self.viewer.time(moment)
        if day == self.viewer.today:
            return _("Today %(time)s") % {"time": time}
        if day == self.viewer.today + dt.timedelta(days=1):
            return _("Tomorrow %(time)s") % {"time": time}
        return f"{self.viewer.date(day)}, {time}"


def _place(text: str) -> LeadPlace:
    at, _comma, pk = text.partition(",")
    try:
        return LeadPlace(parse_instant(at), int(pk)) if text else FIRST
    except ValueError:
        return FIRST


@require_POST
def accept(request: HtmxRequest, pk: int) -> HttpResponse:
    """Take a lead up: the first touch is planned, and it moves to prospecting."""
    look = LeadInbox(request)
    deal = found_or_404(queries.to_sort, request.user, pk)
    form = look.accept_form(request.POST, deal, request.FILES or None)
    ask = Dialog(
        template="day/leads/_accept.html",
        title=_("Accept: %(lead)s") % {"lead": deal.name},
        said=_("Accepted: the first touch is planned."),
        verb="accept",
        context=lambda: look.accepting(form, deal),
        done=stay,
        gate=form,
    )
    return do(request, deal, form, ask, lead.accept)


@ask_or_do
def same(request: HtmxRequest, pk: int) -> HttpResponse:
    """Which deal a lead, or any open deal, is the same as; what is known of it goes there."""
    deal = editable_deal(request, pk)
    initial = {"version": seen_version(request, deal)}
    form = SameForm(posted_data(request), user=request.user, deal=deal, initial=initial)
    ask = Dialog(
        template="day/leads/_sheet_same.html",
        title=_("Same as: %(lead)s") % {"lead": deal.name},
        said=_("Merged: what was known of it is with the deal now."),
        verb="same_as",
        also=lambda: form.cleaned_data["into"],
        context=partial(_candidates, request, deal, form),
    )
    return do(request, deal, form, ask, deal_merge.merge)


def _candidates(request: HtmxRequest, deal: Deal, form: SameForm) -> dict[str, Any]:
    """What it may be the same as, or what was searched for."""
    typed = (request.GET.get("q") or request.POST.get("q") or "")[:100]
    if duplicates.is_enough(typed):
        hits = search(typed, reader=request.user, most=_FOUND, kinds=[SearchKind.DEAL])
        found = queries.found_deals(request.user, deal, [hit.record_id for hit in hits])
    else:
        found = queries.same_deals(request.user, deal)
    into = form.chosen(request.GET.get("into", ""))
    return {
        "candidates": found,
        "q": typed,
        "searched": duplicates.is_enough(typed),
        "into": into,
        "compared": form.compared(into) if into else [],
    }
