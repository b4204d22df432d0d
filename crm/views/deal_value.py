"""What a deal is worth, taken over from where it is said otherwise."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.commands import deal_value as commands
from crm.forms.deal import TakeOverForm
from crm.views.activity_undo import in_sheet
from crm.views.verbs import REFUSED, Dialog, do, editable_deal, stay
from pipeline.requests import HtmxRequest


@require_POST
def take_over(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    form = TakeOverForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=_("Value"),
        said=_("The deal’s value was changed."),
        verb="value",
        done=stay,
    )
    return in_sheet(do(request, deal, form, ask, commands.take_over))
