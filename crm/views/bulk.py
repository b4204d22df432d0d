"""One verb on what is ticked in a list, or on all that it shows."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from crm.commands import bulk as commands
from crm.commands.bulk import MAX_RECORDS, BulkResult
from crm.forms.deal import HandOverForm, ParkForm, StopForm, UndoManyForm
from crm.forms.fields import PressForm, VerbForm
from crm.forms.lead import FirstTouchForm
from crm.forms.party import OwnerForm
from crm.models import Company, Contact, Deal, ListKind
from crm.queries import lists as queries
from crm.views.activity_undo import in_sheet
from crm.views.lists import DEALS, ListQuestion
from crm.views.verbs import undo_button
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import number
from salesprocess.lib.htmx import render, trigger, wants_fragment
from salesprocess.lib.idempotency import commits_in_pieces
from salesprocess.lib.notes import note
from salesprocess.lib.refused import Refused

_ID = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class BulkVerb:
    """`template` is the inside of its form; `did` tells how many were done."""

    title: Any
    template: str
    form: Callable[..., VerbForm]
    run: Callable[..., list[BulkResult]]
    did: Callable[[int], str]
    button: Any
    tone: str = "btn-primary"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is ticked: its rows, where each has its page, and how many there are in words."""

    model: type[Deal] | type[Company] | type[Contact]
    page: str
    verbs: Mapping[str, BulkVerb]
    counted: Callable[[int], str]
    nameless: Any
    event: str
    undo: str


DEAL_VERBS: Mapping[str, BulkVerb] = {
    "accept": BulkVerb(
        title=gettext_lazy("Accept"),
        template="crm/list/_bulk_accept.html",
        form=lambda data, user: FirstTouchForm(data, user=user, at=timezone.now()),
        run=commands.accept,
        did=lambda n: ngettext("%(n)s lead accepted", "%(n)s leads accepted", n),
        button=gettext_lazy("Accept"),
    ),
    "claim": BulkVerb(
        title=gettext_lazy("Take out of the pool"),
        template="crm/list/_bulk_claim.html",
        form=lambda data, user: PressForm(data, user=user),
        run=commands.claim,
        did=lambda n: ngettext("%(n)s deal taken", "%(n)s deals taken", n),
        button=gettext_lazy("Take"),
    ),
    "deal-out": BulkVerb(
        title=gettext_lazy("Give out by the rules"),
        template="crm/list/_bulk_deal_out.html",
        form=lambda data, user: PressForm(data, user=user),
        run=commands.deal_out,
        did=lambda n: ngettext("%(n)s lead given out", "%(n)s leads given out", n),
        button=gettext_lazy("Give out"),
    ),
    "hand-over": BulkVerb(
        title=gettext_lazy("Hand over"),
        template="crm/list/_bulk_hand_over.html",
        form=lambda data, user: HandOverForm(data, user=user),
        run=commands.hand_over,
        did=lambda n: ngettext("%(n)s deal handed over", "%(n)s deals handed over", n),
        button=gettext_lazy("Hand over"),
    ),
    "park": BulkVerb(
        title=gettext_lazy("Park"),
        template="crm/list/_bulk_park.html",
        form=lambda data, user: ParkForm(data, user=user, at=timezone.now()),
        run=commands.park,
        did=lambda n: ngettext("%(n)s deal parked", "%(n)s deals parked", n),
        button=gettext_lazy("Park"),
    ),
    "stop": BulkVerb(
        title=gettext_lazy("Stop"),
        template="crm/list/_bulk_stop.html",
        form=lambda data, user: StopForm(data, user=user),
        run=commands.stop,
        did=lambda n: ngettext("%(n)s deal stopped", "%(n)s deals stopped", n),
        button=gettext_lazy("Stop"),
        tone="btn-danger",
    ),
}


def _hand_over(of: type[Company] | type[Contact], did: Callable[[int], str]) -> BulkVerb:
    return BulkVerb(
        title=gettext_lazy("Hand over"),
        template="crm/list/_bulk_hand_over.html",
        form=lambda data, user: OwnerForm(data, user=user),
        run=partial(commands.hand_over_parties, of=of),
        did=did,
        button=gettext_lazy("Hand over"),
    )


SUBJECTS: Mapping[str, Subject] = {
    ListKind.DEALS: Subject(
        model=Deal,
        page="/deals/",
        verbs=DEAL_VERBS,
        counted=lambda n: ngettext("%(n)s deal", "%(n)s deals", n),
        nameless=gettext_lazy("Deal %(id)s"),
        event="deal-changed",
        undo="crm:deal_bulk_undo",
    ),
    ListKind.COMPANIES: Subject(
        model=Company,
        page="/companies/",
        verbs={
            "hand-over": _hand_over(
                Company,
                lambda n: ngettext("%(n)s company handed over", "%(n)s companies handed over", n),
            )
        },
        counted=lambda n: ngettext("%(n)s company", "%(n)s companies", n),
        nameless=gettext_lazy("Company %(id)s"),
        event="party-changed",
        undo="crm:company_bulk_undo",
    ),
    ListKind.CONTACTS: Subject(
        model=Contact,
        page="/contacts/",
        verbs={
            "hand-over": _hand_over(
                Contact,
                lambda n: ngettext("%(n)s person handed over", "%(n)s people handed over", n),
            )
        },
        counted=lambda n: ngettext("%(n)s person", "%(n)s people", n),
        nameless=gettext_lazy("Person %(id)s"),
        event="party-changed",
        undo="crm:contact_bulk_undo",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a verb is for. `problem` says why there are none to do it to."""

    ids: Sequence[int]
    back: str
    problem: str = ""


@commits_in_pieces
@require_http_methods(["GET", "POST"])
def ask(request: HtmxRequest, verb: str, of: str = ListKind.DEALS) -> HttpResponse:
    """Ask how, for just those that were chosen; then do it, and tell what became of each."""
    subject = SUBJECTS[of]
    if verb not in subject.verbs:
        raise Http404
    said = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(said, request.user, ListKind(of))
    how = subject.verbs[verb]
    form = how.form(request.POST if request.method == "POST" else None, request.user)
    if chosen.problem or not form.is_valid():
        return _form(request, subject, how, form, chosen)
    return _done(request, subject, how, form, chosen)


def _done(
    request: HtmxRequest, subject: Subject, verb: BulkVerb, form: VerbForm, chosen: Chosen
) -> HttpResponse:
    how = {name: value for name, value in form.command_arguments().items() if name != "version"}
    at = timezone.now()
    results = verb.run(chosen.ids, **how, by=request.user, at=at)
    done = sum(not result.refused for result in results)
    said = verb.did(done) % {"n": number(done)}
    undo = undo_many(subject.undo, at) if done else None
    return _told(request, subject, verb.title, chosen.back, results, said=said, undo=undo)


@commits_in_pieces
@require_POST
def undo(request: HtmxRequest, of: str) -> HttpResponse:
    """Take back, from the note that tells of it, what one has just done to records of a kind."""
    subject, back = SUBJECTS[of], reverse(f"crm:{of}")
    form = UndoManyForm(request.POST, user=request.user)
    if not form.is_valid():
        raise BadRequest("no instant")
    try:
        results = commands.undo(
            form.cleaned_data["at"], of=subject.model, by=request.user, at=timezone.now()
        )
    except Refused as refused:
        context = {"problem": refused.message, "sheet_title": _("Undo"), "sheet_back": back}
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return in_sheet(_answer(request, "crm/list/_bulk_form.html", context, status))
    done = sum(not result.refused for result in results)
    some = _("%(n)s undone.") % {"n": number(done)}
    said = _("Undone.") if done == len(results) else some
    response = _told(request, subject, _("Undo"), back, results, said=said)
    return reswap(retarget(response, "#sheet"), "innerHTML") if response.content else response


def undo_many(address: str, at: dt.datetime) -> dict[str, Any]:
    """What takes back all that was done at one instant, as the note that tells of it needs it."""
    return undo_button(reverse(address), {"at": at.isoformat()}, _("Undo"))


def _told(
    request: HtmxRequest,
    subject: Subject,
    title: Any,
    back: str,
    results: list[BulkResult],
    *,
    said: str,
    undo: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """What became of them: one quiet line; and in the sheet each that was left as it is, and why."""
    refused = [result for result in results if result.refused]
    done = len(results) - len(refused)
    alone = not wants_fragment(request)
    if not refused and alone:
        note(request, said, undo)
        return redirect(back)
    context = {
        "did": said,
        "done": done,
        "refused": refused,
        "undo": undo if alone else None,
        "subject": subject,
        "sheet_title": title,
        "sheet_back": back,
    }
    if alone and undo:
        context["sheet_action"] = undo["href"]
    response = HttpResponse()
    if refused:
        response = _answer(request, "crm/list/_bulk_results.html", context)
    if not done:
        return response
    trigger(response, subject.event)
    if refused and undo is None:
        return response  # the sheet says it
    return trigger(response, "toast", {"text": said} | ({"undo": undo} if undo else {}))


def _form(
    request: HtmxRequest, subject: Subject, verb: BulkVerb, form: VerbForm, chosen: Chosen
) -> HttpResponse:
    seen, editable = queries.in_reach(subject.model, chosen.ids, user=request.user)
    bad = request.method == "POST"
    return _answer(
        request,
        "crm/list/_bulk_form.html",
        {
            "form": form,
            "verb_template": verb.template,
            "button": verb.button,
            "tone": verb.tone,
            "ids": ",".join(map(str, chosen.ids)),
            "counted": subject.counted(seen) % {"n": number(seen)},
            "closed_to_me": seen - editable,
            "problem": chosen.problem,
            "sheet_title": verb.title,
            "sheet_back": chosen.back,
            "sheet_action": request.path,
        },
        status=HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK,
    )


def _answer(
    request: HtmxRequest,
    template: str,
    context: dict[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    return render(
        request,
        page="components/sheet_page.html",
        fragment=template,
        context={**context, "sheet_template": template},
        status=status,
    )


def _chosen(said: QueryDict, user: User, kind: ListKind) -> Chosen:
    """The ticked ones, the ids that the sheet has shown, or all that a list's address finds.

    The sheet carries ids, not the address: what is done is what was counted, even if the list
    has changed since.
    """
    if kind == ListKind.DEALS and said.get("list") in DEALS:
        kind = ListKind(str(said["list"]))
    back = reverse(f"crm:{kind}")
    if "all" in said:
        asked = ListQuestion(kind, QueryDict(said.get("query", "")), user)
        ids = queries.ids(asked.rows, most=MAX_RECORDS + 1)
        problem = " ".join(asked.problems)
        back = asked.address()
    else:
        typed = said.get("ids", "").split(",") if "ids" in said else said.getlist("id")
        ids = [int(text) for text in typed if _ID.fullmatch(text)]
        problem = ""
    if len(ids) > MAX_RECORDS:
        problem = _("That are more than %(n)s at once: narrow the list first.") % {
            "n": number(MAX_RECORDS)
        }
    elif not ids and not problem:
        problem = _("Nothing is ticked. Tick some in the list first.")
    return Chosen(ids=[] if problem else ids, back=back, problem=problem)
