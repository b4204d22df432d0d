"""The verdict on a deal, from both sides."""

import datetime as dt

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from crm.commands import verdict as commands
from crm.forms.verdict import VerdictForm
from crm.models import Deal, Ruling
from crm.queries import deal_records
from crm.views.verbs import Dialog, answer, editable_deal, form_of, now
from pipeline.requests import HtmxRequest


@require_http_methods(["GET", "POST"])
def give(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    last = deal_records.last_verdict(deal)
    sides = ("ours", "ours_why", "theirs", "theirs_why") if last else ()
    initial = {name: getattr(last, name) for name in sides}
    form = form_of(request, deal, VerdictForm, initial=initial)
    at = now()
    ask = Dialog(
        template="crm/deal/records/_sheet_verdict.html",
        title=_("Do both sides want to proceed? %(deal)s") % {"deal": deal.name},
        said=_said(request.POST.get("ruling", ""), deal, at),
    )
    return answer(
        request,
        deal,
        form,
        ask,
        lambda: commands.give(deal, **form.command_arguments(), by=request.user, at=at),
    )


def _said(ruling: str, deal: Deal, at: dt.datetime) -> str:
    """An early no is a good result, and told as one (CHECKLIST F12)."""
    if ruling == Ruling.DISQUALIFIED:
        days = (at - deal.created_at).days
        words = ngettext(
            "Well judged: disqualified after %(n)s day. That is time for others, and no loss.",
            "Well judged: disqualified after %(n)s days. That is time for others, and no loss.",
            days,
        )
        return words % {"n": days}
    if ruling == Ruling.NOT_YET:
        return _("Parked until you ask again.")
    return _("Qualified, on both sides.")
