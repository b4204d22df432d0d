"""The day and the board on paper, and what was written there on its way back."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm.commands.undo import undoable
from crm.commands.writers.activity import About
from crm.models import ActivityResult, UndoableAct
from crm.presenters.viewer import Viewer
from crm.views.activity import log_or_close
from crm.views.verbs import now
from day.commands.paper import try_out
from day.forms.paper import PaperForm
from day.presenters.paper import PaperLook, ReadLine, board_sheet, day_sheet, read_lines
from day.queries.paper import own_board
from day.views.day_page import DayPage
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


@require_GET
def day(request: HtmxRequest) -> HttpResponse:
    """All of today, as My Day ranks it."""
    page = DayPage(request.user, show="today")
    lines = day_sheet(page.viewer, page.found, page.queue)
    context = {"lines": lines, "today": page.viewer.date(page.viewer.today)}
    return render(request, page="day/paper/day.html", context=context)


@require_GET
def board(request: HtmxRequest) -> HttpResponse:
    """The own open deals, stage by stage."""
    viewer = Viewer(request.user, at=now())
    stages = board_sheet(viewer, own_board(request.user))
    context = {"stages": stages, "today": viewer.date(viewer.today)}
    return render(request, page="day/paper/board.html", context=context)


class LoggedLine(NamedTuple):
    """A line that is logged by now, and by what it can be taken back."""

    text: str
    title: str
    undo: str
    act: int


@require_http_methods(["GET", "POST"])
def back(request: HtmxRequest) -> HttpResponse:
    """What was written beside the codes: read and shown, then kept as it was shown.

    A line with something wrong is not kept, and stays to be put right.
    """
    viewer = Viewer(request.user, at=now())
    if request.method == "GET":
        return _show(request, PaperForm(today=viewer.today))
    form = PaperForm(request.POST, today=viewer.today)
    if not form.is_valid():
        return _show(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    said = form.cleaned_data
    lines = list(read_lines(request.user, said["lines"], at=viewer.at, on=said["on"]))
    seen = _digest(lines, said["on"].isoformat())
    if "keep" not in request.POST or request.POST.get("seen") != seen:
        for line in lines:
            _judge(line, lambda line=line: try_out(lambda: _log(line)))
        # Nothing is kept yet.
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _show(request, form, lines=lines, seen=seen, status=status)
    kept = [one for line in lines if (one := _keep(request, line))]
    left = [line for line in lines if line.wrong]
    fresh = PaperForm(today=viewer.today)
    fresh.initial.update(lines="\n".join(line.text for line in left), on=said["on"])
    return _show(request, fresh, lines=left, kept=kept)


def _show(
    request: HtmxRequest,
    form: PaperForm,
    *,
    lines: Sequence[ReadLine] = (),
    kept: Sequence[LoggedLine] = (),
    seen: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    good = sum(not line.wrong for line in lines)
    context = {"form": form, "lines": lines, "kept": kept, "seen": seen, "good": good}
    return render(request, page="day/paper/back.html", context=context, status=status)


def _digest(lines: Sequence[ReadLine], on: str) -> str:
    """What is shown of all of them: what is kept is what was seen."""
    shown = repr((on, [line.shown for line in lines]))
    return hashlib.sha256(shown.encode()).hexdigest()[:24]


def _judge(line: ReadLine, run: Any) -> bool:
    """Run it, unless something is wrong already; whether it was done, else `wrong` says why not."""
    if line.wrong:
        return False
    try:
        run()
    except Refused as refused:
        line.wrong = refused.message
    except ValidationError as wrong:
        line.wrong = " ".join(wrong.messages)
    return not line.wrong


def _keep(request: HtmxRequest, line: ReadLine) -> LoggedLine | None:
    acts: list[UndoableAct] = []

    def run() -> None:
        with undoable(verb="log", by=request.user, at=now()) as kept:
            _log(line)
        acts.extend(kept)

    if not _judge(line, run):
        return None
    look = line.look
    assert look is not None  # noqa: S101  # nothing is wrong with it
    undo = f"{look.deal.get_absolute_url()}undo/" if look.deal is not None and acts else ""
    return LoggedLine(line.text, look.title, undo, acts[0].pk if acts else 0)


def _log(line: ReadLine) -> None:
    look = line.look
    assert look is not None  # noqa: S101  # nothing is wrong with it
    form = look.form(bound=True)
    if not form.is_valid():
        raise Refused(form.all_errors())
    given: dict[str, Any] = {}
    if look.deal is not None:
        given["from_stage"] = form.cleaned_data["from_stage"]
    elif look.result == ActivityResult.MOVED_FORWARD:
        raise Refused(_("There is no deal that could move forward."))
    log_or_close(form, _about(look, form.cleaned_data), by=look.user, at=look.at, **given)


def _about(look: PaperLook, said: dict[str, Any]) -> About:
    if look.deal is not None:
        return About(deal=look.deal, contact=said["contact"])
    company, contact = look.about()
    return About(company=company, contact=contact)
