"""Bringing in a file by page: upload, columns, questions, the check, the load, and the way back; and
taking everything out."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.views.audit import EVERYTHING, STAYED_OUT
from crm.views.people import person_in_reach
from crm.views.settings import admins_only, settings_page
from exchange import queries
from exchange.commands import job as verbs
from exchange.commands import whole_export
from exchange.forms.answers import AnswersForm
from exchange.forms.columns import ColumnsForm
from exchange.forms.upload import TableForm, UploadForm, written_in
from exchange.imports import answers, error_file
from exchange.imports.waiting import waiting_files
from exchange.models import NOT_LOADED, ImportJob, ImportState
from exchange.presenters import change_lines, first_cards
from pipeline.audit.commands import record_export, record_whole_export
from pipeline.people.signing_in import check_confirmed, download_when_confirmed
from pipeline.requests import HtmxRequest
from salesprocess.lib import spreadsheet
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.quota import megabytes
from salesprocess.lib.refused import Refused
from salesprocess.lib.uploads import takes_file, upload_of

form_page = require_http_methods(["GET", "HEAD", "POST"])


@takes_file(lambda: settings.IMPORT_MOST_BYTES)
@form_page
def imports(request: HtmxRequest) -> HttpResponse:
    """The list of imports, and the form for one more."""
    if upload_of(request).too_large:  # by what it announces
        return _too_large(request)
    files = request.FILES if request.method == "POST" else None
    form = UploadForm(request.POST or None, files, by=request.user, initial=_asked_kind(request))
    if upload_of(request).too_large:  # now that it was read
        return _too_large(request)
    made: list[ImportJob] = []

    def run() -> None:
        file, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
        at = timezone.now()
        made.append(verbs.create(file, name=file.name, kind=kind, by=request.user, at=at))

    if attempt(form, run):
        return redirect("exchange:import", made[0].pk)
    return _list(request, form, status_of(form))


def _asked_kind(request: HttpRequest) -> dict[str, str]:
    return {"kind": request.GET.get("kind", "")[:10]}


def _too_large(request: HtmxRequest) -> HttpResponse:
    form = UploadForm(by=request.user, initial=_asked_kind(request))
    error = _("The file is larger than %(most)d MB. Split it, and bring in one part after another.")
    problem = error % {"most": settings.IMPORT_MOST_BYTES // 1_000_000}
    return _list(request, form, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem)


def _list(
    request: HtmxRequest, form: UploadForm, status: HTTPStatus, problem: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "problem": problem,
        "most_bytes": settings.IMPORT_MOST_BYTES,
        "stored": megabytes(queries.stored_bytes(request.user)[0]),
        "most_stored": megabytes(verbs.STORED.of_person),
        "jobs": queries.recent(request.user, at=timezone.now()),
    }
    return render(request, page="exchange/import/list.html", context=context, status=status)


@require_GET
def page(request: HtmxRequest, pk: int) -> HttpResponse:
    """One import as it stands; asks again by itself while a worker is at it."""
    job = _job(request, pk)
    asked = job.state == ImportState.MAPPING or "columns" in request.GET
    if asked and job.state in NOT_LOADED and not job.is_by_command:
        return _columns_page(request, job, None)
    return _page(request, job, AnswersForm(job=job, by=request.user))


@require_GET
def unfinished_imports_of(request: HtmxRequest, pk: int) -> HttpResponse:
    """What stays with somebody whose records are handed over: imports that are not finished."""
    person = person_in_reach(request, pk)
    count = queries.unfinished_of(person)
    return render(
        request,
        page="exchange/import/person.html",
        fragment="exchange/import/_person.html",
        context={"person": person, "count": count},
    )


@require_POST
def columns(request: HtmxRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    if "above" in request.POST:
        return _table(request, job)
    like = _said(job)
    form = ColumnsForm(request.POST, job=job, said=like)

    def run() -> None:
        at, system = timezone.now(), form.cleaned_data["system"]
        encoding = form.cleaned_data.get("encoding") or job.encoding
        if encoding != job.encoding or job.letters.get("is_asked"):
            verbs.read_again(job, encoding=encoding, by=request.user, at=at)
        verbs.name_columns(
            job,
            system=system,
            columns=form.columns(),
            like=like,
            otherwise=form.cleaned_data.get("otherwise", ""),
            steps=form.steps(),
            by=request.user,
            at=at,
        )

    if attempt(form, run):
        return redirect("exchange:import", pk)
    return _columns_page(request, job, form)


def _table(request: HtmxRequest, job: ImportJob) -> HttpResponse:
    """Look for the table in another place of the file."""
    form = TableForm(request.POST, job=job)

    def run() -> None:
        said = form.cleaned_data
        verbs.read_table_again(
            job,
            above=said["above"],
            sheet=said.get("sheet", ""),
            delimiter=said.get("delimiter", ""),
            by=request.user,
            at=timezone.now(),
        )

    if attempt(form, run):
        return redirect("exchange:import", job.pk)
    return _columns_page(request, job, None, table=form)


@require_POST
def answer(request: HtmxRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    form = AnswersForm(request.POST, job=job, by=request.user)

    def run() -> None:
        verbs.answer(
            job,
            formats=form.formats(),
            stages=form.stages(),
            values=form.values(),
            new=form.new(),
            update=form.update(),
            leave_empty=form.leave_empty(),
            by=request.user,
            at=timezone.now(),
        )

    if attempt(form, run):
        return redirect("exchange:import", pk)
    return _page(request, job, form, HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
def act(request: HtmxRequest, pk: int, verb: str) -> HttpResponse:
    """Load it, take it back, or discard it."""
    job = _job(request, pk)
    command = {"load": verbs.load, "undo": verbs.undo, "discard": verbs.discard}[verb]
    try:
        command(job, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    # Where workers take back what was made for it, its page says how far they are, and what stays.
    if verb == "discard" and job.state == ImportState.DISCARDED:
        return redirect("exchange:imports")
    return redirect("exchange:import", pk)


@require_POST
def check_again(request: HtmxRequest, pk: int) -> HttpResponse:
    """Have a file looked at again whose rows waited for what another has brought in."""
    job = _job(request, pk)
    try:
        job = verbs.check_again(job, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("exchange:import", job.pk)


@require_GET
@download_when_confirmed
def errors(request: HtmxRequest, pk: int) -> StreamingHttpResponse | HttpResponse:
    """The rows that stayed out, with the reasons, as a file that can be brought in again."""
    job = _job(request, pk)
    if job.is_by_command or not job.file or not queries.has_left_out(job):
        raise Http404
    left_out = queries.left_out_rows(job)
    by, at = request.user, timezone.now()
    try:
        record_export(left_out, owner="job__owner", what=STAYED_OUT, asked=str(pk), by=by, at=at)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("exchange:import", pk)
    lines = spreadsheet.csv_lines(error_file.rows(job), bom=True)
    return spreadsheet.csv_response(lines, name=f"stayed-out-{job.pk}")


def _job(request: HtmxRequest, pk: int) -> ImportJob:
    return found_or_404(queries.job, request.user, pk)


def _said(job: ImportJob) -> dict[str, Any]:
    """What was said about this file already, else what is suggested."""
    return job.answers if "columns" in job.answers else answers.suggested_columns(job)


def _columns_page(
    request: HtmxRequest, job: ImportJob, form: ColumnsForm | None, table: TableForm | None = None
) -> HttpResponse:
    said = _said(job)
    context = {
        "job": job,
        "form": form or ColumnsForm(job=job, said=said),
        "table": table or TableForm(job=job),
        "written": written_in(job),
        "like": said.get("like", ""),
        "new": said.get("new", []),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form or table else HTTPStatus.OK
    return render(request, page="exchange/import/columns.html", context=context, status=status)


def _page(
    request: HtmxRequest, job: ImportJob, form: AnswersForm, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    changes = queries.changes(job, after=_number(request, "changes"))
    context = {
        "job": job,
        "form": form,
        "states": ImportState,
        "faults": queries.faults(job, after=_number(request, "after")),
        "changes": changes,
        "change_lines": change_lines(job, changes.rows),
        "reasons": queries.reasons(job),
        "first": first_cards(job, _number(request, "cards")),
        "remarks": queries.remarks(job),
        "kept": queries.kept_lines(job, by=request.user),
        "waiting": waiting_files(job, by=request.user),
        "by_owner": job.owner_id == request.user.pk,
    }
    return render(
        request,
        page="exchange/import/page.html",
        fragment="exchange/import/_job.html",
        context=context,
        status=status,
    )


def _number(request: HttpRequest, name: str) -> int:
    said = request.GET.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0


# --- everything, out ---------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@admins_only
def whole_exports(request: HtmxRequest) -> HttpResponse:
    """Has everything written into one file, and says how far that is."""
    if request.method == "POST":
        check_confirmed(request)
        whole_export.ask(by=request.user, at=timezone.now())
        return redirect("exchange:whole_exports")
    lines = queries.whole_exports(request.user, at=timezone.now())
    context = {"lines": lines, "is_working": any(line.is_working for line in lines)}
    return settings_page(request, "export", "exchange/export.html", context)


@require_GET
@admins_only
@download_when_confirmed
def whole_export_file(request: HtmxRequest, pk: int) -> FileResponse:
    """The file, for whoever had it written, until its day is over."""
    at, user = timezone.now(), request.user
    found = found_or_404(queries.whole_export_to_take, user, pk, at)
    try:
        file = default_storage.open(found.file)
    except FileNotFoundError as error:
        raise Http404 from error
    record_whole_export(what=EVERYTHING, rows=found.rows, by=user, at=at)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"seven-{found.asked_at.date().isoformat()}.zip",
        headers={"Cache-Control": "no-store"},
    )
