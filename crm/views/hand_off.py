"""Handing a won deal to those who deliver."""

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.commands import hand_off as commands
from crm.forms.hand_off import HandOffForm
from crm.queries import deal_records
from crm.views.verbs import Dialog, do, editable_deal, form_of
from pipeline.process.stages import Outcome
from pipeline.requests import HtmxRequest


@require_http_methods(["GET", "POST"])
def write(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    if deal.outcome != Outcome.WON:
        raise Http404
    form = form_of(request, deal, HandOffForm, hand_off=deal_records.hand_off(deal))
    ask = Dialog(
        template="crm/deal/records/_sheet_hand_off.html",
        title=_("Hand-off: %(deal)s") % {"deal": deal.name},
        said=_("Handed to delivery."),
    )
    return do(request, deal, form, ask, commands.write)
