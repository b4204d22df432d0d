"""Find and do: records by any part of a word, and where one was before one has typed anything."""

import re

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from crm.models import SearchKind
from crm.presenters.found import hit_groups, hit_line, nothing_found
from crm.presenters.viewer import Viewer
from crm.queries import search as queries
from crm.queries.search_words import LONGEST, parse
from crm.views.settings import LABELS, address_of
from pipeline.models import Role
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import number
from salesprocess.lib.htmx import render

# Of each group: what fits below the box, and what its page has room for.
FEW, MANY = 6, 12
# Where one was, which the browser says: so many fit.
MOST_RECENT = 8
_RECORD = re.compile(r"(company|contact|deal)-([0-9]{1,18})", re.ASCII)


@require_GET
def find(request: HtmxRequest) -> HttpResponse:
    """What the reader may see and has typed some of; for the box, before that, where he or she was."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    viewer = Viewer(request.user, at=timezone.now())
    each = FEW if request.htmx else MANY
    asked = parse(text)
    found = queries.find(text, reader=request.user, each=each)
    groups = hit_groups(viewer, found, text)
    count = sum(group.found for group in groups)
    return render(
        request,
        page="crm/search/page.html",
        fragment="crm/search/_found.html",
        context={
            "text": text,
            "groups": groups,
            "said": ngettext("%(n)s found", "%(n)s found", count) % {"n": number(count)},
            "more": count > len(found),
            "nothing": _none(text) if text and not groups else "",
            "can_be_named": asked.is_enough,
            "recent": [hit_line(viewer, row) for row in _recent(request)] if not text else [],
            "is_first": "first" in request.GET,
            "settings": _settings(request) if "first" in request.GET else [],
        },
    )


def _recent(request: HtmxRequest) -> list[queries.FoundRecord]:
    """What the browser says was opened last: it alone keeps that, so that nobody else can read it."""
    said = _RECORD.findall(request.GET.get("recent", "")[:400])
    records = [(SearchKind(kind), int(pk)) for kind, pk in said[:MOST_RECENT]]
    return queries.find_again(list(dict.fromkeys(records)), reader=request.user)


def _settings(request: HtmxRequest) -> list[tuple[str, str, str]]:
    """The pages of the settings by key, name and address, for whom they are there."""
    if request.user.role != Role.ADMIN:
        return []
    return [(key, str(label), address_of(key)) for key, label in LABELS.items()]


def _none(text: str) -> str:
    asked = parse(text)
    if not asked.is_enough:
        return _("Type two letters or more.")
    return nothing_found(text, is_short=asked.is_short)
