"""The essence of a deal at the side of a list or of the board: what it is, what is next, what was last."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from crm.presenters.deal_fields import pushes
from crm.presenters.plans import ICONS, talk_title
from crm.queries.progress import progress_of
from crm.views import deal_page
from pipeline.process.stages import Outcome, Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import money
from salesprocess.lib.htmx import render, wants_fragment

# So many of the latest talks say where it stands.
LAST = 3


@require_GET
def peek(request: HtmxRequest, pk: int) -> HttpResponse:
    """The panel; without a script there is no side to show it at, and so it is the deal's page."""
    if not wants_fragment(request):
        return redirect("crm:deal", deal_page.find(request, pk).deal.pk)
    look = deal_page.opened(request, pk)
    deal, viewer = look.deal, look.viewer
    here = Stage(deal.stage)
    progress = progress_of([pk]).get(pk) if deal.is_open else None
    parked = deal.parked_until if deal.is_parked(viewer.today) else None
    return render(
        request,
        page="crm/deal/_peek.html",
        context={
            "deal": deal,
            "stage": here,
            "stage_name": viewer.stage_names[here],
            "outcome": Outcome(deal.outcome),
            "value": money(deal.amount, deal.currency),
            "closes": viewer.date(deal.expected_close_on),
            "is_past": deal.expected_close_on is not None and deal.expected_close_on < viewer.today,
            "pushes": pushes(deal),
            "closed": viewer.short_day(deal.closed_at),
            "parked": viewer.date(parked),
            "progress": progress,
            "plans": look.plans,
            "talks": [
                (
                    ICONS[talk.kind],
                    talk_title(viewer, talk),
                    viewer.short_day(talk.done_at),
                    talk.body,
                )
                for talk in look.activities[1][:LAST]
            ],
        },
    )
