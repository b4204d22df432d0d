"""What is to be sold in a deal."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import deal_line as commands
from crm.forms.fields import VerbForm
from crm.forms.line import AddLineForm, LineForm
from crm.queries import deal_records, duplicates
from crm.views.verbs import REFUSED, Dialog, do, editable_deal, form_of, stay
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    form = form_of(request, deal, AddLineForm)
    ask = Dialog(
        template="crm/deal/_sheet_line.html",
        title=_("Add a product: %(deal)s") % {"deal": deal.name},
        said=_("Added."),
        context=_product_choices(request),
    )
    return do(request, deal, form, ask, commands.add)


@require_http_methods(["GET", "POST"])
def change(request: HtmxRequest, pk: int, line: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.line, deal, line)
    form = form_of(request, deal, LineForm, line=row)
    ask = Dialog(
        template="crm/deal/_sheet_line.html",
        title=row.product.name,
        said=_("Changed."),
        context={"line": row},
    )
    return do(request, deal, form, ask, commands.change, row)


@require_POST
def remove(request: HtmxRequest, pk: int, line: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.line, deal, line)
    form = VerbForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=row.product.name,
        said=_("%(name)s is no longer on this deal.") % {"name": row.product.name},
        done=stay,
    )
    return do(request, deal, form, ask, commands.remove, row)


@require_GET
def pick(request: HtmxRequest) -> HttpResponse:
    """Products like the one that is typed."""
    return render(request, page="crm/deal/_pick_product.html", context=_product_choices(request))


def _product_choices(request: HtmxRequest) -> dict[str, object]:
    said = request.POST if request.method == "POST" else request.GET
    typed = said.get("product_name", "")
    return {
        "products": duplicates.products(typed, user=request.user),
        "chosen": said.get("product", ""),
        "enough": duplicates.is_enough(typed),
    }
