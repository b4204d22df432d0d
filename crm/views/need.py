"""The needs of a deal."""

from functools import partial

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.commands import need as commands
from crm.forms.fields import VerbForm
from crm.forms.need import NeedForm
from crm.queries import deal_records
from crm.views.verbs import REFUSED, Dialog, do, editable_deal, form_of, now, stay
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404

SHEET = "crm/deal/records/_sheet_need.html"


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    form = form_of(request, deal, NeedForm)
    ask = Dialog(
        template=SHEET, title=_("A need: %(deal)s") % {"deal": deal.name}, said=_("Written down.")
    )
    return do(request, deal, form, ask, commands.add)


@require_http_methods(["GET", "POST"])
def change(request: HtmxRequest, pk: int, need: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.need, deal, need)
    form = form_of(request, deal, NeedForm, need=row)
    ask = Dialog(
        template=SHEET,
        title=_("A need: %(deal)s") % {"deal": deal.name},
        said=_("Changed."),
        context={"need": row},
    )
    return do(request, deal, form, ask, commands.change, row)


@require_POST
def confirm(request: HtmxRequest, pk: int, need: int) -> HttpResponse:
    """The customer said yes, that is it: today."""
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.need, deal, need)
    form = VerbForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=row.words,
        said=_("Confirmed today."),
        done=stay,
    )
    today = now().astimezone(request.user.zone).date()
    return do(request, deal, form, ask, partial(commands.confirm, on=today), row)


@require_POST
def drop(request: HtmxRequest, pk: int, need: int) -> HttpResponse:
    """It turned out to be none; or, pressed on one that was dropped, it is one after all."""
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.need, deal, need)
    form = VerbForm(request.POST, user=request.user, deal=deal)
    command, said = commands.drop, _("Dropped. It stays on record.")
    if row.dropped_at is not None:
        command, said = commands.take_up, _("Taken up again.")
    ask = Dialog(template=REFUSED, title=row.words, said=said, done=stay)
    return do(request, deal, form, ask, command, row)
