"""Looking back at a deal that ended."""

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.commands import retrospective as commands
from crm.forms.retrospective import RetrospectiveForm
from crm.queries import deal_records
from crm.views.verbs import Dialog, do, editable_deal, form_of
from pipeline.requests import HtmxRequest


@require_http_methods(["GET", "POST"])
def write(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    if deal.is_open or commands.is_duplicate(deal):
        raise Http404
    found = deal_records.retrospective(deal)
    form = form_of(request, deal, RetrospectiveForm, found=found)
    ask = Dialog(
        template="crm/deal/records/_sheet_retrospective.html",
        title=_("Looking back: %(deal)s") % {"deal": deal.name},
        said=_("Kept."),
        context={"may_decline": found is None or found.declined},
        verb="look_back",
    )
    return do(request, deal, form, ask, commands.write)
