"""Saved reports: kept, opened, changed, deleted, and put on one's start."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline.requests import HtmxRequest
from reports.commands import saved_report as commands
from reports.forms.saved_report import SavedReportForm
from reports.models import SavedReport
from reports.pages.asked import gathered_in_time
from reports.pages.saved import OpenedReport, may_be_saved, opened, suggested_name
from reports.presenters.saved_reports import receiver_line, whose
from reports.queries import saved_reports as queries
from salesprocess.lib.attempt import CommandForm, attempt, status_of
from salesprocess.lib.format import full_moment
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment
from salesprocess.lib.refused import Refused


def tried(form: CommandForm, command: Callable[[], object]) -> bool:
    """As `attempt`; raises Http404 for what somebody else removed since it was looked up."""
    try:
        return attempt(form, command)
    except SavedReport.DoesNotExist as gone:
        raise Http404 from gone


def go(request: HtmxRequest, place: str) -> HttpResponse:
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Redirect": place})
    return HttpResponseRedirect(place)


def sheet(
    request: HtmxRequest, form: CommandForm, template: str, context: dict[str, Any]
) -> HttpResponse:
    return render(
        request,
        page="components/sheet_page.html",
        fragment=template,
        context={
            "form": form,
            "sheet_action": request.path,
            "sheet_template": template,
            "conflict": None,
            **context,
        },
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
def save(request: HtmxRequest) -> HttpResponse:
    """Keep a page of the reports with what is asked of it."""
    said = request.POST if request.method == "POST" else request.GET
    page, query = may_be_saved(said.get("page", ""), said.get("query", ""), request.user)
    if page is None:
        raise Http404
    at = timezone.now()
    posted = request.POST if request.method == "POST" else None
    initial = {} if posted else {"name": suggested_name(page, query, request.user, at=at)}
    form = SavedReportForm(posted, user=request.user, initial=initial)
    made: list[SavedReport] = []

    def run() -> None:
        facts = {"name": form.cleaned_data["name"], "team": form.cleaned_data.get("team")}
        record = commands.save(page=page.key, query=query, **facts, by=request.user, at=at)
        made.append(record)

    if tried(form, run):
        if form.cleaned_data["pin"]:
            _pin(request, made[0])
        return go(request, reverse("reports:saved_open", args=[made[0].pk]))
    context = {
        "record": None,
        "page_key": page.key,
        "query": query,
        "sheet_title": _("Save this report"),
        "sheet_back": reverse("reports:page", args=["ask"]),
    }
    return sheet(request, form, "reports/saved/_form.html", context)


@require_GET
def show(request: HtmxRequest, pk: int) -> HttpResponse:
    """All about a saved report: what it asks, who has it, and who gets it by mail."""
    record = found_or_404(queries.one, request.user, pk)
    return _page(request, opened(record, request.user))


@require_GET
def go_to(request: HtmxRequest, pk: int) -> HttpResponse:
    """Its page, in the reader's own reach; where that cannot be, why."""
    record = found_or_404(queries.one, request.user, pk)
    found = opened(record, request.user)
    if found.problem and not found.address:
        return _page(request, found, status=422)
    return redirect(found.address)


def _page(request: HtmxRequest, found: OpenedReport, *, status: int = 200) -> HttpResponse:
    record, reader = found.record, request.user
    rows = queries.receivers(record, at=timezone.now())
    own = next((row for row in rows if row.person_id == reader.pk and not row.ended_at), None)
    is_mine = record.owner_id == reader.pk or reader.scope.everything
    return render(
        request,
        page="reports/saved/page.html",
        context={
            "record": record,
            "found": found,
            "whose": whose(record, reader),
            "changed": full_moment(record.changed_at, reader.zone),
            "is_mine": is_mine,
            "is_pinned": getattr(record, "pinned", False),
            "receivers": [receiver_line(row, record, reader) for row in rows],
            "own": own,
        },
        status=status,
    )


@require_http_methods(["GET", "POST"])
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    """Rename a report of one's own, share it, or let it ask what its page asks by now."""
    record = found_or_404(queries.one_to_change, request.user, pk)
    said = request.POST if request.method == "POST" else request.GET
    page, query = may_be_saved(said.get("page", ""), said.get("query", ""), request.user)
    posted = request.POST if request.method == "POST" else None
    form = SavedReportForm(posted, user=request.user, of=record)

    def run() -> None:
        commands.change(
            record,
            name=form.cleaned_data["name"],
            team=form.cleaned_data.get("team", record.team),
            asked=(page.key, query) if page is not None else None,
            by=request.user,
            at=timezone.now(),
            version=form.cleaned_data["version"],
        )

    if tried(form, run):
        return go(request, reverse("reports:saved_open", args=[pk]))
    context = {
        "record": record,
        "page_key": page.key if page is not None else "",
        "query": query,
        "sheet_title": _("Change this report"),
        "sheet_back": reverse("reports:saved", args=[pk]),
    }
    if form.is_stale:
        now = found_or_404(queries.one_to_change, request.user, pk)
        context["conflict"] = {
            "who": now.changed_by.name if now.changed_by else _("Somebody"),
            "when": full_moment(now.changed_at, request.user.zone),
            "rows": form.versus(now),
        }
    return sheet(request, form, "reports/saved/_form.html", context)


@require_POST
def delete(request: HtmxRequest, pk: int) -> HttpResponse:
    record = found_or_404(queries.one_to_change, request.user, pk)
    found_or_404(lambda: commands.delete(record, by=request.user, at=timezone.now()))
    words = _("“%(name)s” is deleted. For 30 days it can be brought back from Deleted.")
    messages.success(request, words % {"name": record.name})
    return go(request, reverse("reports:page", args=["ask"]))


@require_POST
def pin(request: HtmxRequest, pk: int) -> HttpResponse:
    record = found_or_404(queries.one, request.user, pk)
    is_there = _pin(request, record)
    place = reverse("reports:overview") if is_there else reverse("reports:saved", args=[pk])
    return go(request, place)


def _pin(request: HtmxRequest, record: SavedReport) -> bool:
    try:
        found_or_404(lambda: commands.pin(record, by=request.user, at=timezone.now()))
    except Refused as refused:
        messages.error(request, refused.message)
        return False
    return True


@require_POST
def unpin(request: HtmxRequest, pk: int) -> HttpResponse:
    record = found_or_404(queries.one, request.user, pk)
    commands.unpin(record, by=request.user)
    return go(request, reverse("reports:overview"))


@require_GET
def pins(request: HtmxRequest) -> HttpResponse:
    """The reports on one's start: a part of the overview that it does not wait for."""
    context = {"pins": queries.pinned(request.user), "most": commands.MAX_PINS}
    return render(
        request,
        page="reports/saved/pins.html",
        fragment="reports/saved/_pins.html",
        context=context,
    )


@require_GET
def card(request: HtmxRequest, pk: int) -> HttpResponse:
    """A report on somebody's start, with its first number where that is one of a question."""
    record = found_or_404(queries.one, request.user, pk)
    found = opened(record, request.user)
    headline = None
    if found.report is not None and found.page is not None and not found.problem:
        with gathered_in_time():
            headline = found.page.headline(found.report)
    context = {"record": record, "found": found, "one": headline}
    return render(request, page="reports/saved/_card.html", context=context)
