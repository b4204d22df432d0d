"""What is kept of somebody, handed out; and the person erased."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm.views.settings import admins_only
from pipeline.audit.commands import record_export
from pipeline.people.signing_in import check_confirmed, download_when_confirmed
from pipeline.people.views.posted import posted_data
from pipeline.requests import HtmxRequest
from privacy.commands import erasure as commands
from privacy.forms import ErasureForm
from privacy.presenters import erasure as told
from privacy.presenters import information as handed_out
from privacy.queries import erasure as queries
from privacy.queries import information as held
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
@admins_only
def erase(request: HtmxRequest, pk: int) -> HttpResponse:
    """Says what goes and what stays; then it is done, for good."""
    contact = found_or_404(queries.to_erase, request.user, pk)
    form = ErasureForm(posted_data(request), wanted=contact.name, initial={"seen": contact.version})

    def run() -> None:
        check_confirmed(request)
        commands.erase(
            contact, by=request.user, at=timezone.now(), version=form.cleaned_data["seen"]
        )

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Erased. The audit says when, and by whom; not whom."))
        return HttpResponseRedirect(reverse("crm:contacts"))
    look = queries.outlook(request.user, contact)
    context = {"form": form, "look": look, "goes": told.goes(look), "stays": told.stays(look)}
    return render(request, page="privacy/erase.html", context=context, status=status_of(form))


@require_GET
@download_when_confirmed
def information(request: HtmxRequest, pk: int) -> HttpResponse:
    """Everything that is kept of the person within the reader's reach, as a page and as data."""
    contact = found_or_404(held.of_whom, request.user, pk)
    at = timezone.now()
    record_export(
        held.as_rows(contact), owner="owner", what="contact", asked=str(pk), by=request.user, at=at
    )
    packed = handed_out.packed(held.everything(request.user, contact), user=request.user, at=at)
    name = f"information-{pk}-{at.date().isoformat()}.zip"
    return HttpResponse(
        packed,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
