"""The way to what is planned next on a deal, from where the deal is shown but not its plan: a list, the
board, the find box."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from crm.presenters.cards import path_of
from crm.queries import deal as queries
from crm.views.verbs import editable_deal
from pipeline.requests import HtmxRequest


@require_GET
def done(request: HtmxRequest, pk: int) -> HttpResponse:
    """What came of it and what comes next; where nothing is planned, what comes next."""
    return _to_plan(request, pk, "complete")


@require_GET
def later(request: HtmxRequest, pk: int) -> HttpResponse:
    return _to_plan(request, pk, "postpone")


def _to_plan(request: HtmxRequest, pk: int, verb: str) -> HttpResponse:
    deal = editable_deal(request, pk)
    planned = queries.planned_talks(deal.pk)
    if not planned:
        return redirect("crm:activity_plan", deal.pk)
    return redirect(f"{path_of(planned[0].id, deal.pk)}{verb}/")
