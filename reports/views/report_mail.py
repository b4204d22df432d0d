"""Who gets a saved report by mail, and the link by which a mail is stopped without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline.models import User
from pipeline.requests import HtmxRequest
from reports.commands import report_mail as commands
from reports.forms.saved_report import ReportMailForm
from reports.mail import read_token, written
from reports.models import ReportSubscription, SavedReport
from reports.queries import saved_reports as queries
from reports.rhythm import Rhythm
from reports.views.saved import go, sheet, tried
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
def mail(request: HtmxRequest, pk: int) -> HttpResponse:
    """Get a report by mail oneself, or at another time."""
    record = found_or_404(queries.one, request.user, pk)
    row = queries.subscription_of(record, request.user)
    form = ReportMailForm(request.POST if request.method == "POST" else None, row=row)
    if tried(form, lambda: _subscribe(request, record, form, person=request.user)):
        return go(request, reverse("reports:saved", args=[pk]))
    return _sheet(request, record, form, title=_("Get it by mail"))


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest, pk: int) -> HttpResponse:
    """Let somebody else who has the report get it by mail."""
    record = found_or_404(queries.one_to_change, request.user, pk)
    posted = request.POST if request.method == "POST" else None
    form = ReportMailForm(posted, people=queries.may_receive(record))
    if tried(form, lambda: _subscribe(request, record, form, person=form.cleaned_data["person"])):
        return go(request, reverse("reports:saved", args=[pk]))
    return _sheet(request, record, form, title=_("Add a person"))


def _subscribe(
    request: HtmxRequest, record: SavedReport, form: ReportMailForm, *, person: User
) -> None:
    commands.subscribe(
        record,
        person=person,
        rhythm=Rhythm(form.cleaned_data["rhythm"]),
        weekday=form.cleaned_data["weekday"],
        hour=form.cleaned_data["hour"],
        by=request.user,
        at=timezone.now(),
    )


def _sheet(
    request: HtmxRequest, record: SavedReport, form: ReportMailForm, *, title: str
) -> HttpResponse:
    back = reverse("reports:saved", args=[record.pk])
    context = {"record": record, "sheet_title": title, "sheet_back": back}
    return sheet(request, form, "reports/saved/_mail_form.html", context)


@require_POST
def stop(request: HtmxRequest, pk: int) -> HttpResponse:
    """No more mails of it, for oneself or for whom one had put on it."""
    row = found_or_404(queries.subscription_to_stop, request.user, pk)
    found_or_404(lambda: commands.stop(row, by=request.user, at=timezone.now()))
    return go(request, reverse("reports:saved", args=[row.report_id]))


@require_GET
def look(request: HtmxRequest, pk: int) -> HttpResponse:
    """The mail as it would come at this moment."""
    record = found_or_404(queries.one, request.user, pk)
    row = queries.subscription_of(record, request.user) or ReportSubscription(
        report=record, person=request.user, rhythm=Rhythm.WEEKLY, weekday=0, hour=7
    )
    return HttpResponse(written(row, record, request.user, at=timezone.now()).html)


@csrf_exempt
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Stop a mail by its own link. Looking changes nothing, since mail programs look before people
    do; a mail program that stops it for its reader posts here without a cookie (RFC 8058), so that
    nothing but the signed link says whose mail it is."""
    pk = read_token(token)
    if pk is None:
        raise Http404
    is_done = request.method == "POST" and commands.stop_by_link(pk, at=timezone.now())
    context = {"is_done": is_done, "action": request.path}
    response = render(request, page="reports/saved/stop.html", context=context)
    response["Referrer-Policy"] = "no-referrer"
    return response
