"""The verbs of a deal, and opening a new one."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import deal as commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_take_back
from crm.commands import deal_win as win_commands
from crm.commands import undo as undo_commands
from crm.forms.deal import (
    HandOverForm,
    MoveForm,
    ParkForm,
    ReasonForm,
    StopForm,
    UndoForm,
    WinForm,
)
from crm.forms.deal_field import DEAL_FIELDS
from crm.forms.fields import PressForm, VerbForm
from crm.forms.new_deal import NewDealForm
from crm.models import Deal
from crm.presenters.move import MoveEffect, move_effect
from crm.presenters.plans import Plan, plans
from crm.presenters.viewer import Viewer
from crm.queries import deal as deal_queries
from crm.queries import duplicates as queries
from crm.queries import gates
from crm.queries.standing import standing_of
from crm.signature import read_signature
from crm.views import quick_log
from crm.views.activity_undo import in_sheet
from crm.views.verbs import (
    REFUSED,
    Dialog,
    answer,
    do,
    editable_deal,
    form_of,
    home_of,
    now,
    opened_deal,
    posted_data,
    seen_version,
    stay,
)
from pipeline.models import User
from pipeline.process import moves
from pipeline.process.gates import Act, Verb
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment
from salesprocess.lib.idempotency import commits_in_pieces

ask_or_do = require_http_methods(["GET", "POST"])


@ask_or_do
def move(request: HtmxRequest, pk: int) -> HttpResponse:
    """To any stage: one step forward, or a step back or a jump with its reason."""
    return _move(request, pk, move_commands.move)


@require_POST
def advance(request: HtmxRequest, pk: int) -> HttpResponse:
    return _move(request, pk, move_commands.advance)


def _move(request: HtmxRequest, pk: int, command: Callable[..., None]) -> HttpResponse:
    deal = editable_deal(request, pk)
    here = Stage(deal.stage)
    asked = _stage(request.POST.get("to") or request.GET.get("to"))
    to = asked or Stage(min(here + 1, Stage.CLOSING))
    form = MoveForm(
        posted_data(request),
        files=request.FILES or None,
        user=request.user,
        deal=deal,
        initial={"to": to.value, "version": seen_version(request, deal)},
    )
    if not form.is_bound and to > here and deal.is_open:
        form.ask_for(gates.missing(deal, Act(verb=Verb.MOVE, from_stage=here, to=to)))
    ask = Dialog(
        template="crm/deal/_sheet_move.html",
        title=_("Move to %(stage)s") % {"stage": form.name_of(to)},
        said=_("Moved to %(stage)s.") % {"stage": form.name_of(to)},
        verb="move",
        context=lambda: {
            # A refused step forward may go anywhere when it is tried again.
            "sheet_action": f"{deal.get_absolute_url()}move/",
            "stage_now": here,
            "to": asked,
            "passed": moves.skipped_stages(here, to),
            "effect": _effect_of(deal, asked, request.user),
        },
    )
    return do(request, deal, form, ask, command)


def _effect_of(deal: Deal, to: Stage | None, user: User) -> MoveEffect | None:
    """What a move forward does; of one back, or of one whose stage is not chosen yet, nothing is said."""
    standing = standing_of(deal, user) if to is not None and to > deal.stage else None
    if to is None or standing is None:
        return None
    viewer, planned = Viewer(user, at=now()), _planned_on(deal, user)
    return move_effect(viewer, deal, to, standing=standing, plans=planned)


def _stage(text: str | None) -> Stage | None:
    return Stage(int(text)) if text in {str(stage.value) for stage in Stage} else None


@ask_or_do
def win(request: HtmxRequest, pk: int) -> HttpResponse:
    return _win(request, pk, win_commands.win)


@ask_or_do
def sell(request: HtmxRequest, pk: int) -> HttpResponse:
    """Won in one conversation, by way of every stage that is left."""
    return _win(request, pk, win_commands.sell_at_once)


def _win(request: HtmxRequest, pk: int, command: Callable[..., None]) -> HttpResponse:
    deal = editable_deal(request, pk)
    here, through = Stage(deal.stage), command is win_commands.sell_at_once
    form = WinForm(
        posted_data(request),
        files=request.FILES or None,
        user=request.user,
        deal=deal,
        at=now(),
        through=through,
        initial={"version": seen_version(request, deal)},
    )
    if not form.is_bound and deal.is_open:
        form.ask_for(gates.missing(deal, Act(verb=Verb.WIN, from_stage=here, to=Stage.CLOSING)))
    title = _("Sold at once: %(deal)s") if through else _("Won: %(deal)s")
    ask = Dialog(
        template="crm/deal/_sheet_win.html",
        title=title % {"deal": deal.name},
        said=_("Won."),
        verb="win",
        context={
            "passed": moves.skipped_stages(here, Stage.CLOSING),
            "ahead": [stage for stage in Stage if stage > here],
            "plans": _planned_on(deal, request.user),
        },
    )
    return answer(
        request, deal, form, ask, lambda: command(deal, **form.command_arguments(), by=request.user)
    )


def _planned_on(deal: Deal, user: User) -> list[Plan]:
    """What is planned on the deal, of which its win asks what becomes."""
    if not deal.next_kind:
        return []
    planned = deal_queries.planned_talks(deal.pk)
    return plans(Viewer(user, at=now()), planned, owner_id=deal.owner_id)


@ask_or_do
def stop(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    ask = Dialog(
        template="crm/deal/_sheet_stop.html",
        title=_("Stop: %(deal)s") % {"deal": deal.name},
        said=_("Stopped."),
        verb="stop",
    )
    return do(request, deal, form_of(request, deal, StopForm), ask, commands.stop)


@ask_or_do
def reopen(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    ask = Dialog(
        template="crm/deal/_sheet_reopen.html",
        title=_("Open again: %(deal)s") % {"deal": deal.name},
        said=_("Opened again."),
        verb="reopen",
        context={"stage_now": Stage(deal.stage)},
    )
    return do(request, deal, form_of(request, deal, ReasonForm), ask, commands.reopen)


@ask_or_do
def take_back(request: HtmxRequest, pk: int) -> HttpResponse:
    """Opened by mistake: gone, while nothing stands on it."""
    deal = editable_deal(request, pk)
    if deal.created_by_id != request.user.pk:
        raise Http404
    ask = Dialog(
        template="crm/deal/_sheet_take_back.html",
        title=_("Opened by mistake: %(deal)s") % {"deal": deal.name},
        done=lambda: _gone(request),
    )
    form = form_of(request, deal, VerbForm)
    return do(request, deal, form, ask, deal_take_back.take_back)


def _gone(request: HtmxRequest) -> HttpResponse:
    messages.success(request, _("Taken back."))
    return HttpResponse(headers={"HX-Redirect": reverse("crm:board")})


# The form of a field in the cell of a list.
CELL = "crm/deal/_cell_form.html"


def _is_in_cell(request: HtmxRequest) -> bool:
    return wants_fragment(request) and (request.POST.get("in") or request.GET.get("in")) == "cell"


@ask_or_do
def hand_over(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    in_cell = _is_in_cell(request)
    ask = Dialog(
        template=CELL if in_cell else "crm/deal/_sheet_hand_over.html",
        title=_("Hand over: %(deal)s") % {"deal": deal.name},
        said=lambda: _("Handed over to %(name)s.") % {"name": deal.owner},
        verb="hand_over",
        done=lambda: stay() if in_cell else _still_there(request, deal),
        context={"label": _("Owner")},
    )
    return do(request, deal, form_of(request, deal, HandOverForm), ask, commands.hand_over)


def _still_there(request: HtmxRequest, deal: Deal) -> HttpResponse:
    """Who gives a deal out of the own reach has no page to stay on."""
    home = home_of(request, deal)
    is_here = home == deal.get_absolute_url()
    return HttpResponse() if is_here else HttpResponse(headers={"HX-Redirect": home})


@ask_or_do
def park(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    form = form_of(request, deal, ParkForm, at=now())
    ask = Dialog(
        template="crm/deal/_sheet_park.html",
        title=_("Park: %(deal)s") % {"deal": deal.name},
        said=_("Taken up again.") if request.POST.get("wake") else _("Parked."),
        verb="wake" if request.POST.get("wake") else "park",
    )
    return do(request, deal, form, ask, commands.park)


@require_POST
def undo(request: HtmxRequest, pk: int) -> HttpResponse:
    """Take back what one has just done, whole: from the note that tells of it."""
    deal = found_or_404(deal_queries.to_undo, request.user, pk)
    form = UndoForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(template=REFUSED, title=_("Undo"), said=_("Undone."), done=stay)
    return in_sheet(do(request, deal, form, ask, undo_commands.undo))


@require_POST
def claim(request: HtmxRequest, pk: int) -> HttpResponse:
    """Take a deal out of the team's pool."""
    deal = found_or_404(deal_queries.claimable, request.user, pk)
    form = PressForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=_("Take: %(deal)s") % {"deal": deal.name},
        said=_("It is yours now."),
        verb="claim",
    )
    return answer(request, deal, form, ask, lambda: commands.claim(deal, by=request.user, at=now()))


@ask_or_do
def edit(request: HtmxRequest, pk: int, field: str) -> HttpResponse:
    """A field of the deal, edited where it stands."""
    if field not in DEAL_FIELDS:
        raise Http404
    deal = opened_deal(request, found_or_404(deal_queries.with_companies, request.user, pk))
    form = form_of(request, deal, DEAL_FIELDS[field])
    in_cell = _is_in_cell(request)
    # On the deal's own page it stands in the place of the field.
    in_place = not in_cell and wants_fragment(request) and request.htmx.target != "sheet"
    template = "crm/deal/_field_form.html" if in_place else "crm/deal/_sheet_field.html"
    ask = Dialog(
        template=CELL if in_cell else template,
        title=str(DEAL_FIELDS[field].label),
        said="" if in_place else _("Changed."),
        context={"field_name": field, "label": DEAL_FIELDS[field].label},
        done=stay if in_place or in_cell else HttpResponse,
        verb="" if in_place else "edit",
    )
    return do(request, deal, form, ask, commands.edit)


@ask_or_do
def open_deal(request: HtmxRequest) -> HttpResponse:
    """Quick create: one name is enough, and nothing that is on record already stops it. What is
    sold already is opened and won by the same form."""
    form = _new(request)
    made: list[Deal] = []

    def run() -> None:
        command = win_commands.sell_new if form.is_sold else commands.open
        made.append(command(**form.command_arguments(), by=request.user))

    if attempt(form, run):
        return _go_to(request, made[0])
    return render(
        request,
        page="components/sheet_page.html",
        fragment="crm/deal/_sheet_new.html",
        context={**_new_context(form), **_alike(request)},
        status=status_of(form),
    )


def _new_context(form: NewDealForm) -> dict[str, object]:
    return {
        "form": form,
        "sheet_action": reverse("crm:deal_open"),
        "sheet_template": "crm/deal/_sheet_new.html",
        "sheet_title": _("New deal"),
        "stages": list(Stage),
    }


# What a new deal may begin with: from the page of a company or a person, or typed so far.
_TYPED = (
    *("company_name", "person", "company", "value", "on"),
    *("source", "source_detail", "customer", "sold"),
)


def _new(request: HtmxRequest) -> NewDealForm:
    said = {name: request.GET[name] for name in (*_TYPED, "owner") if request.GET.get(name)}
    stage = _stage(request.GET.get("stage")) or Stage.LEAD_GENERATION
    initial = {"stage": stage.value, **said}
    form = NewDealForm(
        posted_data(request),
        files=request.FILES or None,
        user=request.user,
        at=now(),
        initial=initial,
    )
    if form.is_sold and not form.is_bound:
        form.ask_for_sale()
    return form


def _go_to(request: HtmxRequest, deal: Deal) -> HttpResponse:
    if not deal.is_open:
        messages.success(request, _("Won."))
    home = deal.get_absolute_url()
    if _was_dealt(deal, request):
        # By the rules of the pool that it came in by; it may be out of reach for who opened it.
        said = _("A rule of the team gave it to %(name)s.") % {"name": deal.owner}
        messages.success(request, said)
        home = home_of(request, deal)
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Redirect": home})
    return redirect(home)


def _was_dealt(deal: Deal, request: HtmxRequest) -> bool:
    pool = request.POST.get("owner", "").startswith("t")
    return pool and deal.owner_id is not None


@commits_in_pieces
@require_POST
def read_pasted(request: HtmxRequest) -> HttpResponse:
    """A new deal with what a pasted signature or mail says, to be looked at before it is saved; pasted
    into the quick log, a mail of somebody on record is logged.

    Asked for by POST, because what is pasted is longer than an address, and is about people.
    """
    pasted = request.POST.get("pasted", "").replace("\0", "")
    logged = quick_log.of_mail(request, pasted) if "log" in request.POST else None
    if logged is not None:
        return logged
    found = read_signature(pasted, country=request.user.organisation.country or "")
    phones = [*found.phones, ""]
    form = NewDealForm(
        user=request.user,
        at=now(),
        initial={
            "stage": Stage.LEAD_GENERATION.value,
            "person": found.name,
            "job_title": found.job_title,
            "company_name": found.company,
            "email": found.emails[0] if found.emails else "",
            "phone": phones[0],
            "other_phone": phones[1] if len(found.phones) > 1 else "",
            "name": found.subject,
        },
    )
    return render(
        request,
        page="components/sheet_page.html",
        fragment="crm/deal/_sheet_new.html",
        context={**_new_context(form), **_alike_of(request.user, form.initial), "pasted": found},
    )


@require_GET
def alike(request: HtmxRequest) -> HttpResponse:
    """Who is on record already, while a new deal is typed."""
    return render(
        request,
        page="crm/deal/_alike.html",
        context=_alike(request),
    )


def _alike(request: HtmxRequest) -> dict[str, object]:
    """Companies and people like those that were typed, and which of them was chosen."""
    said = request.POST if request.method == "POST" else request.GET
    return _alike_of(request.user, said)


def _alike_of(user: User, said: Mapping[str, Any]) -> dict[str, object]:
    found = queries.companies(said.get("company_name", ""), user=user, rows=queries.FEW)
    people = queries.contacts(
        said.get("person", ""),
        email=said.get("email", ""),
        phone=said.get("phone", ""),
        user=user,
        rows=queries.FEW,
    )
    return {
        "companies": queries.with_deals(found, user=user) if found else [],
        "people": people,
        "company": said.get("company", ""),
        "contact": said.get("contact", ""),
    }
