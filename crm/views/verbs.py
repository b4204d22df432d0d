"""How a verb is asked for and answered: alike for all of them, so that a view only says which.

GET shows the form in a sheet at the side of the page, or as a page of its own without a script.
POST does it: 200 with the event `deal-changed`, on which every part of a page that shows the deal
gets itself again; 422 with what is wrong; 409 with both versions, and all that was typed.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands.undo import undoable
from crm.forms.activity import PlannedForm
from crm.forms.fields import VerbForm
from crm.forms.gate import GateForm
from crm.models import Activity, Deal, UndoableAct
from crm.models.evidence import too_large
from crm.presenters import plans
from crm.presenters.viewer import Viewer
from crm.queries import deal as queries
from pipeline.audit.commands import record_opening
from pipeline.process.gates import Gap
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import current_path, render, trigger, wants_fragment
from salesprocess.lib.notes import note
from salesprocess.lib.refused import Refused, Stale
from salesprocess.lib.uploads import upload_of

F = TypeVar("F", bound=VerbForm)

# How the audit calls a deal that was opened.
DEAL = "deal_opened"
# The sheet that says why a press did nothing.
REFUSED = "crm/deal/_sheet_refused.html"


def undo_button(href: str, values: Mapping[str, Any], words: str) -> dict[str, Any]:
    """What takes back what was just done, as the note that tells of it needs it. Its hint leaves room
    for the key, which may be another one for whoever reads it (frontend/say.js)."""
    hint = _("%(undo)s with the key {key}.") % {"undo": words}
    return {"href": href, "values": dict(values), "words": words, "hint": hint}


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """What a verb looks like before it is done.

    `template` is what an htmx request gets; `title` that of the page which it becomes without a
    script. `said` tells afterwards what happened, by a function where it depends on what became of it;
    what has a `verb`, the word of the history, may be taken back from there.
    """

    template: str
    title: str
    said: str | Callable[[], str] = ""
    # What else the template needs; a function where finding it out costs queries.
    context: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    # What an htmx request gets once it is done; by default nothing, which closes the sheet.
    done: Callable[[], HttpResponse] = HttpResponse
    verb: str = ""
    # Which other deal it changes, once the form is known to say so.
    also: Callable[[], Deal] | None = None
    # Where the form that was sent has no room for what a gate asks: the form that has, and its sheet.
    gate: GateForm | None = None
    gap: Callable[[], HttpResponse] | None = None


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Somebody was faster: who, when, and (what, theirs, yours)."""

    who: str
    when: str
    rows: list[tuple[str, str, str]]


def editable_deal(request: HtmxRequest, pk: int) -> Deal:
    return opened_deal(request, found_or_404(queries.editable, request.user, pk))


def opened_deal(request: HtmxRequest, deal: Deal) -> Deal:
    """The deal, of which a sheet shows something: on record for its owner where that is somebody else."""
    if request.method == "GET":
        record_opening(deal.owner_id, what=DEAL, pk=deal.pk, by=request.user, at=now())
    return deal


def posted_data(request: HtmxRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def seen_version(request: HtmxRequest, deal: Deal) -> int:
    """The version that the page which asks has shown."""
    version = request.GET.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else deal.version


def form_of(request: HtmxRequest, deal: Deal, kind: type[F], **more: Any) -> F:
    """The form of a verb, as it is posted or as it begins; `more` is what its kind takes besides."""
    initial = {"version": seen_version(request, deal), **more.pop("initial", {})}
    return kind(posted_data(request), user=request.user, deal=deal, initial=initial, **more)


def do(
    request: HtmxRequest,
    deal: Deal,
    form: VerbForm,
    ask: Dialog,
    command: Callable[..., object],
    row: object = None,
) -> HttpResponse:
    """As `answer`, by the command that takes what the form says: of the deal, or of `row` in it."""
    subject = deal if row is None else row
    return answer(
        request,
        deal,
        form,
        ask,
        lambda: command(subject, **form.command_arguments(), by=request.user, at=now()),
    )


def answer(
    request: HtmxRequest, deal: Deal, form: VerbForm, ask: Dialog, run: Callable[[], object]
) -> HttpResponse:
    """Show the form, or do what it says by `run` and tell how that went."""
    acts: list[UndoableAct] = []
    return attempt(
        request,
        form,
        lambda: acts.extend(_run(request, ask, run)),
        show=partial(show, request, deal, form, ask),
        done=lambda: done(request, deal, ask, acts),
        refused=lambda wrong: _refused(request, deal, form, ask, wrong),
    )


def attempt(
    request: HtmxRequest,
    form: VerbForm,
    run: Callable[[], object],
    *,
    show: Callable[..., HttpResponse],
    done: Callable[[], HttpResponse],
    refused: Callable[[Refused | ValidationError], HttpResponse] | None = None,
) -> HttpResponse:
    """Show the form, or do what it says by `run`: 200; 422 with what is wrong, which `refused` may
    tell in its own way; 409 with what somebody else made of it.

    Raises VersionMissing (428) where the form has to say what its page has shown, and does not.
    """
    if not form.is_bound:
        return show()
    form.require_version()
    if _is_valid(request, form):
        try:
            run()
        except Stale as stale:
            conflict = _conflict(request, form, stale)
            return show(status=HTTPStatus.CONFLICT, conflict=conflict)
        except (Refused, ValidationError) as wrong:
            if refused is not None:
                return refused(wrong)
            form.refuse(wrong)
        except ObjectDoesNotExist as gone:
            # Handed over, claimed or removed by somebody else since the view looked it up.
            raise Http404 from gone
        else:
            return done()
    return show(status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _is_valid(request: HtmxRequest, form: VerbForm) -> bool:
    """Also where what was cut off is missing in the form, which may do without it."""
    if form.is_valid() and upload_of(request).too_large:
        form.add_error(None, too_large())
    return form.is_valid()


def _run(request: HtmxRequest, ask: Dialog, run: Callable[[], object]) -> list[UndoableAct]:
    """Do it; what it did, where that may be taken back."""
    if not ask.verb:
        run()
        return []
    with undoable(verb=ask.verb, by=request.user, at=now(), also=ask.also) as acts:
        run()
    return acts


def _refused(
    request: HtmxRequest, deal: Deal, form: VerbForm, ask: Dialog, wrong: Refused | ValidationError
) -> HttpResponse:
    gate = ask.gate
    # Once a gate has asked, its sheet is what is before the person's eyes.
    in_sheet = gate is not None and (isinstance(wrong, Gap) or bool(gate.asks))
    told = gate if gate is not None and in_sheet else form
    told.refuse(wrong)
    if in_sheet and ask.gap is not None:
        return ask.gap()
    return show(request, deal, form, ask, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def show(
    request: HtmxRequest,
    deal: Deal,
    form: VerbForm,
    ask: Dialog,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context = {
        "deal": deal,
        "form": form,
        "conflict": conflict,
        "sheet_title": ask.title,
        "sheet_template": ask.template,
        "sheet_action": request.path,
        "sheet_back": deal.get_absolute_url(),
        **(ask.context() if callable(ask.context) else ask.context),
    }
    response = render(
        request,
        page="components/sheet_page.html",
        fragment=ask.template,
        context=context,
        status=status,
    )
    if conflict is not None and ask.template == REFUSED:
        # Nothing was typed that could be sent again: the page shows what there is, to press anew.
        trigger(response, "deal-changed", {"id": deal.pk})
    return response


def done(
    request: HtmxRequest, deal: Deal, ask: Dialog, acts: Sequence[UndoableAct]
) -> HttpResponse:
    """Tell what was done in one quiet line, on this page or on the one that comes next."""
    undo = _take_back(deal, acts[0]) if acts else None
    if not wants_fragment(request):
        response: HttpResponse = redirect(home_of(request, deal))
    elif _stands_alone(request):
        response = HttpResponse(headers={"HX-Redirect": home_of(request, deal)})
    else:
        response = ask.done()
        # What is sent before the page shows it may stand on it (frontend/versions.js).
        trigger(response, "deal-changed", {"id": deal.pk, "version": deal.version})
    said = ask.said() if callable(ask.said) else ask.said
    if not said:
        return response
    if response.status_code == HTTPStatus.FOUND or "HX-Redirect" in response:
        note(request, said, undo)
        return response
    return trigger(response, "toast", {"text": said} | ({"undo": undo} if undo else {}))


def _take_back(deal: Deal, act: UndoableAct) -> dict[str, Any]:
    return undo_button(f"{deal.get_absolute_url()}undo/", {"act": act.pk}, _("Undo"))


def home_of(request: HtmxRequest, deal: Deal) -> str:
    """The page of the deal, or the board if the deal is no longer the person's to see."""
    if queries.is_visible(request.user, deal.pk):
        return deal.get_absolute_url()
    return reverse("crm:board")


def _stands_alone(request: HtmxRequest) -> bool:
    """Whether the form was a page of its own, on which nothing else could show what changed."""
    return urlsplit(current_path(request)).path == request.path


def stay() -> HttpResponse:
    """For a form that stands among the parts of a page: they all get themselves again."""
    return HttpResponse(headers={"HX-Reswap": "none"})


def _conflict(request: HtmxRequest, form: VerbForm, stale: Stale) -> Conflict:
    """What somebody made of it; the form keeps all, and stands on that from here."""
    record = stale.record
    viewer = Viewer(request.user, at=now())
    if isinstance(record, Activity):
        assert isinstance(form, PlannedForm)  # noqa: S101  # no other asks for a version of a plan
        rows = plans.versus(viewer, record, form.instead(record), str(form.becomes))
        changed = record.changed_at or record.created_at
    else:
        rows, changed = form.versus(record), record.changed_at
    form.rebase(stale.version)
    return Conflict(
        who=stale.by.name if stale.by else _("Somebody"),
        when=viewer.day_and_time(changed),
        rows=rows,
    )


def now() -> dt.datetime:
    return timezone.now()
