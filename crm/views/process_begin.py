"""The beginning: what one did in the last three deals, and the stages that are found in it
(CHECKLIST C1, D9, E11). Nothing is kept until the last step; what was said goes along in the form.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from crm.queries.process import own_names
from pipeline.people import queries as people_queries
from pipeline.people.commands import first_run
from pipeline.process import commands
from pipeline.process.playbook import Importance
from pipeline.process.queries.in_force import current_version_ids, for_person
from pipeline.process.stage_suggestion import map_to_stages, suggest
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused

DEALS = 3
MOST_LINES = 30
OUTSIDE = "outside"


@dataclass(frozen=True, kw_only=True)
class DoneLine:
    """Something that was done in one of the deals, and where it belongs as far as is known."""

    name: str
    text: str
    place: str  # the number of a stage, "outside", or empty


@dataclass(frozen=True, kw_only=True)
class Recalled:
    number: int
    name: str
    text: str
    lines: list[DoneLine]


@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HtmxRequest) -> HttpResponse:
    said = request.POST
    recalled = [_recalled(said, number) for number in range(1, DEALS + 1)]
    any_line = any(deal.lines for deal in recalled)
    if request.method != "POST" or said.get("do") == "again" or not any_line:
        return _tell(request, recalled, empty=request.method == "POST" and not any_line)
    if said.get("do") == "keep":
        return _keep(request, recalled)
    if said.get("do") == "result":
        return _result(request, recalled)
    context = {"recalled": recalled, "stages": list(Stage), "outside": OUTSIDE}
    return render(request, page="crm/process/begin_map.html", context=context)


def _recalled(said: QueryDict, number: int) -> Recalled:
    # No form cleans what is typed here, and no database takes a NUL.
    text = said.get(f"did-{number}", "").replace("\0", "")[:6000]
    typed = [line.strip()[:160] for line in text.splitlines() if line.strip()][:MOST_LINES]
    lines = []
    for place, line in enumerate(typed):
        name = f"place-{number}-{place}"
        chosen = said.get(name)
        lines.append(
            DoneLine(name=name, text=line, place=_suggested(line) if chosen is None else chosen)
        )
    return Recalled(
        number=number, name=said.get(f"deal-{number}", "")[:200], text=text, lines=lines
    )


def _suggested(line: str) -> str:
    found = suggest(line)
    if found.outside:
        return OUTSIDE
    return str(found.stage.value) if found.stage else ""


def _tell(request: HtmxRequest, recalled: list[Recalled], *, empty: bool) -> HttpResponse:
    context = {
        "recalled": recalled,
        "empty": empty,
        "deals": own_names(request.user, most=20),
    }
    status = 422 if empty else 200
    return render(request, page="crm/process/begin.html", context=context, status=status)


def _placed(recalled: list[Recalled]) -> list[tuple[str, Stage]]:
    numbers = {str(stage.value): stage for stage in Stage}
    return [
        (line.text, numbers[line.place])
        for deal in recalled
        for line in deal.lines
        if line.place in numbers
    ]


def _result(request: HtmxRequest, recalled: list[Recalled], problem: str = "") -> HttpResponse:
    user = request.user
    team = user.team or user.organisation
    playbook = for_person(current_version_ids(team.pk), user.pk)
    found = map_to_stages(_placed(recalled), playbook)
    by_stage = {stage: [done for done in found if done.stage == stage] for stage in Stage}
    context: dict[str, Any] = {
        "recalled": recalled,
        "by_stage": by_stage,
        "playbook": playbook,
        "followed": sum(1 for stage in Stage if by_stage[stage]),
        "new": [done for done in found if done.step is None],
        "outside": [line for deal in recalled for line in deal.lines if line.place == OUTSIDE],
        "unclear": [line for deal in recalled for line in deal.lines if not line.place],
        "teams": _own_teams(request),
        "problem": problem,
    }
    return render(
        request,
        page="crm/process/begin_result.html",
        context=context,
        status=422 if problem else 200,
    )


def _own_teams(request: HtmxRequest) -> list[tuple[int, str]]:
    """The teams whose draft one may add to; for a salesperson none."""
    return people_queries.teams_to_change(request.user, most=100)


def _keep(request: HtmxRequest, recalled: list[Recalled]) -> HttpResponse:
    """Make steps of the chosen lines: of one's own, or in the draft of a team that one leads."""
    chosen = set(request.POST.getlist("keep"))
    wanted = [
        (text, stage)
        for text, stage in dict.fromkeys(_placed(recalled))
        if f"{stage.value} {text}" in chosen
    ]
    owner: Any = request.user
    text = request.POST.get("for", "")
    if text.isascii() and text.isdigit() and len(text) < 19:
        owner = people_queries.team_to_change(request.user, int(text)) or owner
    at = timezone.now()
    try:
        with transaction.atomic():
            for label, stage in wanted:
                layer = commands.layer_of(owner, by=request.user, at=at)
                commands.add_step(
                    layer,
                    stage=stage,
                    said={"label": label, "importance": Importance.EXPECTED},
                    by=request.user,
                    at=at,
                    reason=_("From the deals that we recalled.") if owner != request.user else "",
                )
    except Refused as refused:
        return _result(request, recalled, refused.message)
    except ValidationError as error:
        return _result(request, recalled, " ".join(error.messages))
    first_run.mark_stages_recalled(by=request.user, at=at)
    messages.success(
        request,
        ngettext("%(n)s step was added.", "%(n)s steps were added.", len(wanted))
        % {"n": len(wanted)},
    )
    of = "mine" if owner == request.user else owner.pk
    return HttpResponseRedirect(reverse("pipeline:process_layer", args=[of]))
