"""The sentence in which one asks: a word of it is chosen anew."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from pipeline.requests import HtmxRequest
from reports.presenters.ask import reworded

_WORDS = frozenset({"metric", "basis", "by", "across", "show", "was"})


@require_GET
def reword(request: HtmxRequest) -> HttpResponse:
    """Go to the address of the question as it is now, without what goes no more with the word that was
    chosen: months, say, for a figure that has none."""
    said = {name: str(value) for name, value in request.GET.items() if value}
    kept = {name: value for name, value in said.items() if name not in _WORDS}
    words = {name: value for name, value in reworded(said).items() if value}
    return redirect(f"{reverse('reports:page', args=['ask'])}?{urlencode(kept | words)}")
