"""Asking for the agreement."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.commands import closing_attempt as commands
from crm.forms.closing_attempt import AttemptForm
from crm.models import Reply
from crm.views.verbs import Dialog, do, editable_deal, form_of
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import wants_fragment


@require_http_methods(["GET", "POST"])
def log(request: HtmxRequest, pk: int) -> HttpResponse:
    """What they said when we asked. A yes goes on to the sheet of winning."""
    deal = editable_deal(request, pk)
    form = form_of(request, deal, AttemptForm, initial={"reply": request.GET.get("reply", "")})
    win = f"{deal.get_absolute_url()}win/"
    said_yes = request.POST.get("reply") == Reply.YES

    def go_on() -> HttpResponse:
        if not said_yes:
            return HttpResponse()
        context = {"address": win}
        return HttpResponse(render_to_string("crm/deal/records/_go_on.html", context, request))

    in_place = request.htmx.target == "attempt-form"
    ask = Dialog(
        template=f"crm/deal/records/{'_attempt' if in_place else '_sheet_attempt'}.html",
        title=_("We asked for the agreement: %(deal)s") % {"deal": deal.name},
        said=_("Written down."),
        done=go_on,
    )
    answered = do(request, deal, form, ask, commands.log)
    if said_yes and answered.status_code == 302 and not wants_fragment(request):
        return redirect(win)
    return answered
