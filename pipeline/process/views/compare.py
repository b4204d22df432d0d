"""Levels side by side, and the process as somebody else gets it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline.models import User
from pipeline.people import queries as people_queries
from pipeline.process.layer_diff import consistency
from pipeline.process.layer_steps import compare_playbooks
from pipeline.process.playbook import Playbook
from pipeline.process.queries import in_force
from pipeline.process.queries.health import common_share
from pipeline.process.queries.page import LayerPage, LayerTree, layer_tree
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_GET
def compare(request: HtmxRequest) -> HttpResponse:
    """The framework beside one team or two: what is in force, and why it differs."""
    found = layer_tree()
    teams = _asked_teams(request, found)
    books = [in_force.of_versions(found.version_ids(pk)) for pk in teams]
    rows = compare_playbooks(books)
    context = {
        "tree": found,
        "teams": [(pk, found.names[pk]) for pk in found.names if pk != found.root_id],
        "asked": teams[1:],
        "root": found.names[found.root_id],
        "names": [found.names[pk] for pk in teams[1:]],
        "books": books,
        "rows": rows,
        "stages": list(Stage),
        "every": request.GET.get("all") == "on",
        "summary": [_summary(found, pk, book) for pk, book in zip(teams, books, strict=True)][1:],
    }
    return render(request, page="pipeline/process/compare.html", context=context)


def _summary(found: LayerTree, pk: int, book: Playbook) -> dict[str, Any]:
    common = consistency(book)
    return {
        "name": found.names[pk],
        "differing": common.differing,
        "total": common.total,
        "common": common_share(common),
    }


def _asked_teams(request: HtmxRequest, found: LayerTree) -> list[int]:
    """The framework, and the teams of the address; without any the reader's own."""
    asked = [_team(request.GET.get(name, ""), found) for name in ("b", "c")]
    teams = [pk for pk in dict.fromkeys(asked) if pk is not None and pk != found.root_id]
    own = request.user.team_id
    if not teams and own and own != found.root_id:
        teams = [own]
    return [found.root_id, *teams]


def _team(text: str, found: LayerTree) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number and int(text) in found.names else None


@require_GET
def preview(request: HtmxRequest) -> HttpResponse:
    """Exactly the list that a person gets for a deal that begins a stage today; or that a team does.

    What somebody has for himself or herself is shown to nobody else, so that the list of a
    colleague is the one of his or her team, and says so.
    """
    found = layer_tree()
    person = _person(request)
    team = _team(request.GET.get("team", ""), found)
    if person is not None:
        team = person.team_id
    team_id = team or request.user.team_id or found.root_id
    ids = found.version_ids(team_id)
    mine = person is not None and person.pk == request.user.pk
    draft = LayerPage(request.user, team_id)
    as_draft = bool(draft.pending) and request.GET.get("draft") == "on"
    if as_draft:
        book = draft.playbook
    elif mine:
        book = in_force.for_person(ids, request.user.pk)
    else:
        book = in_force.of_versions(ids)
    context = {
        "book": book,
        "stages": list(Stage),
        "person": person,
        "mine": mine and not as_draft,
        "draft": as_draft,
        "has_draft": bool(draft.pending),
        "team": found.names[team_id],
        "team_id": team_id,
        "teams": list(found.names.items()),
        "people": people_queries.seen_by(request.user, most=500),
        "today": timezone.now().astimezone(request.user.zone).date(),
    }
    return render(request, page="pipeline/process/preview.html", context=context)


def _person(request: HtmxRequest) -> User | None:
    text = request.GET.get("person", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return found_or_404(people_queries.active_in_reach, request.user, int(text))
