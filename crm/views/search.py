from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from crm.models import SearchKind
from crm.queries.search import MAX_HITS, search
from crm.queries.search_words import LONGEST, parse
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render

PICTURES = {
    SearchKind.COMPANY: "building",
    SearchKind.CONTACT: "user",
    SearchKind.DEAL: "layout-kanban",
}
PLACES = {
    SearchKind.COMPANY: "/companies/",
    SearchKind.CONTACT: "/contacts/",
    SearchKind.DEAL: "/deals/",
}
# What fits below the box while one types.
FEW = 8


@dataclass(frozen=True, kw_only=True)
class HitLine:
    title: str
    hint: str
    kind: str
    picture: str
    href: str
    is_current: bool
    is_sample: bool


@require_GET
def find(request: HtmxRequest) -> HttpResponse:
    """Companies, people and deals that the reader may see, by any part of a word."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    most = FEW if request.htmx else MAX_HITS
    found = search(text, reader=request.user, most=most + 1)
    hits = [
        HitLine(
            title=entry.title,
            hint=entry.hint,
            kind=str(SearchKind(entry.kind).label),
            picture=PICTURES[SearchKind(entry.kind)],
            href=f"{PLACES[SearchKind(entry.kind)]}{entry.record_id}/",
            is_current=entry.current,
            is_sample=entry.is_sample,
        )
        for entry in found[:most]
    ]
    return render(
        request,
        page="crm/search/page.html",
        fragment="crm/search/_hits.html",
        context={
            "text": text,
            "hits": hits,
            "more": len(found) > most,
            "too_short": not parse(text).is_enough,
            "is_short": parse(text).is_short,
        },
    )
