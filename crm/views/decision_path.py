"""How they decide."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.commands import decision_path as commands
from crm.forms.decision_path import DecisionPathForm
from crm.queries import deal_records
from crm.views.verbs import Dialog, do, editable_deal, form_of
from pipeline.requests import HtmxRequest


@require_http_methods(["GET", "POST"])
def write(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    form = form_of(request, deal, DecisionPathForm, path=deal_records.decision_path(deal))
    ask = Dialog(
        template="crm/deal/records/_sheet_path.html",
        title=_("Decision path: %(deal)s") % {"deal": deal.name},
        said=_("Written down."),
    )
    return do(request, deal, form, ask, commands.write)
