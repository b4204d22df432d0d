"""The offers of a deal."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm.commands import offer as commands
from crm.forms.offer import MOST_LINES, OfferForm, WithdrawForm
from crm.models import Deal, Offer, OfferKind
from crm.queries import deal_records
from crm.queries import offer as queries
from crm.queries.deal_process import playbook_of
from crm.queries.facts import facts
from crm.views.verbs import (
    Dialog,
    answer,
    do,
    editable_deal,
    form_of,
    now,
    posted_data,
    seen_version,
)
from pipeline.process.gates import Act, Verb, blocking_findings, judge
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import money, unambiguous
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
def make(request: HtmxRequest, pk: int) -> HttpResponse:
    """The first offer, or the next revision; by word or from the price list in two presses."""
    deal = editable_deal(request, pk)
    asked = request.GET.get("kind", "")
    form = OfferForm(
        posted_data(request),
        user=request.user,
        deal=deal,
        at=now(),
        last=queries.current(deal.pk),
        kind=OfferKind(asked) if asked in OfferKind else OfferKind.WRITTEN,
        initial={"version": seen_version(request, deal)},
    )
    ask = Dialog(
        template="crm/deal/records/_sheet_offer.html",
        title=_("Offer: %(deal)s") % {"deal": deal.name},
        said=_("The offer is on record."),
        context=lambda: _judged(deal),
    )
    return answer(
        request,
        deal,
        form,
        ask,
        lambda: commands.make(deal, **form.command_arguments(), by=request.user, at=form.at),
    )


@require_GET
def line(request: HtmxRequest, pk: int) -> HttpResponse:
    """One more line for the form."""
    deal = editable_deal(request, pk)
    number = request.GET.get("n", "")
    form = OfferForm(user=request.user, deal=deal, at=now())
    # Beyond the most that a form takes it would not be read.
    counted = min(int(number), MOST_LINES) if number.isdecimal() and len(number) < 4 else 0
    return render(
        request,
        page="crm/deal/records/_more_lines.html",
        context={
            "row_added": form.empty_line(counted),
            "next_line": counted + 1,
            "deal": deal,
        },
    )


@require_http_methods(["GET", "POST"])
def revision(request: HtmxRequest, pk: int, offer: int) -> HttpResponse:
    """What a revision said; and to withdraw it."""
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.offer, deal, offer)
    form = form_of(request, deal, WithdrawForm)
    ask = Dialog(
        template="crm/deal/records/_sheet_revision.html",
        title=_("Offer %(n)s: %(deal)s") % {"n": row.revision, "deal": deal.name},
        said=_("Withdrawn."),
        context=lambda: _revision(row),
    )
    return do(request, deal, form, ask, commands.withdraw, row)


def _judged(deal: Deal) -> dict[str, object]:
    """What is missing for an offer (G5), and whether the organisation wants to know why."""
    here, playbook = Stage(deal.stage), playbook_of(deal)
    missing = judge(facts(deal), playbook, Act(verb=Verb.OFFER, from_stage=here, to=here))
    return {"missing": missing, "asks_why": bool(blocking_findings(missing, playbook))}


def _revision(offer: Offer) -> dict[str, object]:
    lines, to = deal_records.lines_and_recipients(offer)
    return {
        "offer": offer,
        "lines": [
            {
                "what": line.product.name if line.product else line.what,
                "quantity": unambiguous(line.quantity.normalize()),
                "price": money(line.unit_price, offer.currency),
                "need": line.need.words if line.need else "",
            }
            for line in lines
        ],
        "to": to,
    }
