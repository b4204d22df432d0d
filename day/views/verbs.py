"""What is done from My Day: logged, laid aside, put in another place, kept free."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.commands import activity as commands
from crm.commands.undo import undoable
from crm.commands.writers.activity import About, Next
from crm.models import ActivityKind, UndoableAct
from crm.models.due import midnight
from crm.views.activity import ask_gap, gate_of, log_or_close
from crm.views.verbs import attempt
from day.commands import arrange
from day.forms.day import DayLogForm, LaterForm, PlaceForm, ProtectForm
from day.presenters.day import later_picks
from day.presenters.queue import QueueItem
from day.queries.opened import DaySubject, subject_of
from day.style import proposed_hours
from day.views.day_page import DayPage, JustDone, drawn
from pipeline.process.gates import Gap
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt as try_form
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, trigger, wants_fragment
from salesprocess.lib.idempotency import may_come_late
from salesprocess.lib.refused import Refused


@may_come_late
@require_POST
def done(request: HtmxRequest, kind: str, pk: int) -> HttpResponse:
    """How it went, what comes next, and the next row: one gesture."""
    key = f"{kind}-{pk}"
    day = DayPage.asked(request)
    subject = found_or_404(subject_of, request.user, key)
    item = day.item(key)
    follower = _after(day, key)
    form = _form_of(request, day, subject, item)
    gate = gate_of(request, subject.deal) if subject.deal is not None else None
    if gate is not None and gate.is_bound and subject.deal is not None and not gate.is_valid():
        return ask_gap(request, subject.deal, gate)
    acts: list[UndoableAct] = []

    def run() -> None:
        about = About(deal=subject.deal, company=subject.company, contact=subject.contact)
        given: dict[str, Any] = {"from_stage": form.cleaned_data["from_stage"]}
        if gate is not None:
            given |= gate.gated()
        with undoable(
            verb="complete" if subject.act else "log", by=request.user, at=day.at
        ) as kept:
            log_or_close(form, about, by=request.user, at=day.at, **given)
        acts.extend(kept)

    def refused(wrong: Refused | ValidationError) -> HttpResponse:
        if isinstance(wrong, Gap) and gate is not None and subject.deal is not None:
            gate.refuse(wrong)
            return ask_gap(request, subject.deal, gate)
        form.refuse(wrong)
        return _again(request, day, key, form)

    return attempt(
        request,
        form,
        run,
        show=lambda **_how: _again(request, day, key, form),
        done=lambda: _logged(request, day, subject, item, acts, follower),
        refused=refused,
    )


def _form_of(
    request: HtmxRequest, day: DayPage, subject: DaySubject, item: QueueItem | None
) -> DayLogForm:
    return DayLogForm(
        request.POST,
        user=request.user,
        deal=subject.deal,
        at=day.at,
        auto_id=f"{item.key if item else subject.key}-%s",
    )


def _after(day: DayPage, key: str) -> str | None:
    """What comes after something in the queue, to be opened next."""
    keys = [item.key for item in day.queue.items if item.verb == "log" or item.key == key]
    place = keys.index(key) + 1 if key in keys else 0
    return keys[place] if place < len(keys) else None


def _again(request: HtmxRequest, day: DayPage, key: str, form: DayLogForm) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return drawn(request, day, status=status, opened=key, form=form)


def _logged(
    request: HtmxRequest,
    day: DayPage,
    subject: DaySubject,
    item: QueueItem | None,
    acts: list[UndoableAct],
    follower: str | None,
) -> HttpResponse:
    fresh = DayPage(request.user, show=day.show, focus=day.focus)
    if not wants_fragment(request):
        return redirect(
            f"{fresh.address}{'&' if '?' in fresh.address else '?'}open={follower or ''}"
        )
    if request.htmx.target == "sheet":
        # From the sheet of a gate; the row that it came from is not there any more.
        return HttpResponse(headers={"HX-Redirect": fresh.address})
    title = item.title if item is not None else _("Logged.")
    said = _said(title, subject, acts, seconds=_seconds(request))
    return drawn(request, fresh, opened=follower, said=said)


def _said(
    text: str, subject: DaySubject, acts: list[UndoableAct], *, seconds: int | None = None
) -> JustDone:
    if subject.deal is None or not acts:
        return JustDone(text=text, seconds=seconds)
    href = f"{subject.deal.get_absolute_url()}undo/"
    return JustDone(text=text, href=href, act=acts[0].pk, seconds=seconds)


def _seconds(request: HtmxRequest) -> int | None:
    """From opening to saving, as the browser counted: told to the reader alone, and not kept."""
    said = request.POST.get("seconds", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else None


@require_http_methods(["GET", "POST"])
def later(request: HtmxRequest, kind: str, pk: int) -> HttpResponse:
    """When else, or why not today. What is planned is planned anew; a deal without what's next gets
    it for then (G13); what else asks for somebody is laid aside, and comes back by itself."""
    key = f"{kind}-{pk}"
    day = DayPage.asked(request)
    subject = found_or_404(subject_of, request.user, key)
    posted = request.POST if request.method == "POST" else None
    form = LaterForm(posted, user=request.user, at=day.at, of=subject.act)
    # A plan is changed; what is only laid aside stays as it is.
    form.needs_version = subject.act is not None
    item = day.item(key)
    put_off = _PutOff()

    def run() -> None:
        _put_off(subject, form, put_off)

    def show(**_how: Any) -> HttpResponse:
        context = {
            "key": key,
            "title": item.title if item is not None else "",
            "form": form,
            "picks": later_picks(day.viewer, form),
            "address": day.address,
            "show": day.show,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(
            request,
            page="day/later.html",
            fragment="day/_later.html",
            context=context,
            status=status,
        )

    def finish() -> HttpResponse:
        fresh = DayPage(request.user, show=day.show, focus=day.focus)
        if not wants_fragment(request):
            return redirect(fresh.address)
        words = _("%(what)s: later") % {"what": item.title if item is not None else ""}
        said = _said(words, subject, put_off.acts)
        if put_off.aside:
            said = JustDone(text=words, href=f"/day/wake/{put_off.aside}/")
        return drawn(request, fresh, said=said)

    return attempt(request, form, run, show=show, done=finish)


@dataclass
class _PutOff:
    """What was planned anew, else the number of what was laid aside."""

    acts: list[UndoableAct] = field(default_factory=list)
    aside: int = 0


def _put_off(subject: DaySubject, form: LaterForm, made: _PutOff) -> None:
    user, at, zone = form.user, form.at, form.user.zone
    due, why = form.due(), form.not_today()
    if due is not None and why is None:
        if subject.act is not None:
            version = form.cleaned_data["version"]
            with undoable(verb="postpone", by=user, at=at) as made.acts:
                commands.postpone(subject.act, to=due, by=user, at=at, version=version)
            return
        if subject.is_unplanned:
            call = Next(kind=ActivityKind.CALL, due_on=due.on, due_at=due.at)
            with undoable(verb="plan", by=user, at=at) as made.acts:
                commands.plan(About(deal=subject.deal), next=call, by=user, at=at)
            return
        until = due.at or midnight(due.day(zone), zone)
    else:
        # A reason asks for no date: the next working day.
        until = midnight(user.organisation.working_hours.day_after(form.today), zone)
    made.aside = arrange.snooze(user, subject.key, until=until, why=why, at=at).pk


@require_POST
def wake(request: HtmxRequest, pk: int) -> HttpResponse:
    found_or_404(arrange.wake, request.user, pk)
    return _changed(request)


@require_POST
def place(request: HtmxRequest, kind: str, pk: int) -> HttpResponse:
    """Put it where the reader wants it, for today."""
    day = DayPage.asked(request)
    key = found_or_404(subject_of, request.user, f"{kind}-{pk}").key
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=HTTPStatus.UNPROCESSABLE_ENTITY)
    where = form.cleaned_data["place"]
    if where is None:
        arrange.put_back(request.user, key, on=day.viewer.today)
    else:
        arrange.put(request.user, key, place=where, on=day.viewer.today)
    return _changed(request)


@require_POST
def protect(request: HtmxRequest) -> HttpResponse:
    """Keep hours free: those of the form, or as they are proposed for one's style."""
    if request.POST.get("as") == "proposed":
        hours = request.user.organisation.working_hours
        arrange.protect_all(request.user, proposed_hours(request.user.style, hours))
        return _changed(request)
    form = ProtectForm(request.POST)
    if try_form(form, lambda: arrange.protect(request.user, **form.cleaned_data)):
        return _changed(request)
    day = DayPage.asked(request)
    response = drawn(request, day, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return trigger(response, "toast", {"text": form.all_errors(), "tone": "bad"})


@require_POST
def unprotect(request: HtmxRequest, pk: int) -> HttpResponse:
    found_or_404(arrange.unprotect, request.user, pk)
    return _changed(request)


def _changed(request: HtmxRequest) -> HttpResponse:
    day = DayPage.asked(request)
    return drawn(request, day) if wants_fragment(request) else redirect(day.address)
