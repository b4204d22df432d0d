"""What was done on a deal, and what comes next."""

import datetime as dt
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from crm.commands import activity as commands
from crm.commands.writers.activity import About
from crm.forms.activity import (
    KINDS,
    ChangeForm,
    DoneForm,
    LogForm,
    PlanForm,
    PlannedForm,
    PostponeForm,
)
from crm.forms.gate import GateForm
from crm.models import Activity, ActivityKind, Deal
from crm.models.activity import is_attempt
from crm.presenters.cards import path_of
from crm.presenters.plans import plans
from crm.presenters.viewer import Viewer
from crm.proposal import DealStanding, progress_in, steps_between
from crm.queries import activity as activities
from crm.queries.deal import Talk
from crm.queries.facts import facts
from crm.queries.standing import standing_of
from crm.views import activity_undo, deal_page
from crm.views.verbs import Dialog, answer, editable_deal, now, opened_deal, posted_data, show, stay
from pipeline.models import User
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import quoted
from salesprocess.lib.found import found_or_404
from salesprocess.lib.idempotency import may_come_late

ask_or_do = require_http_methods(["GET", "POST"])


@may_come_late
@require_POST
def log(request: HtmxRequest, pk: int) -> HttpResponse:
    """The composer: what was done, what came of it and what comes next, in one gesture."""
    deal = editable_deal(request, pk)
    at = now()
    form = LogForm(request.POST, user=request.user, deal=deal, at=at, auto_id="log-%s")
    gate = gate_of(request, deal)
    effect = LogEffect(deal, request.user)
    ask = Dialog(
        template="crm/deal/_composer.html",
        title=_("Log: %(deal)s") % {"deal": deal.name},
        said=lambda: effect.said(form.cleaned_data["kind"], form.cleaned_data["result"]),
        verb="log",
        context=lambda: deal_page.find(request, pk).composer(form),
        done=lambda: (
            _after_gap(request, deal) or deal_page.fresh_composer(request, deal, effect.after)
        ),
        gate=gate,
        gap=lambda: ask_gap(request, deal, gate),
    )
    if not gate.is_valid():
        return ask_gap(request, deal, gate)

    def run() -> None:
        said = form.cleaned_data
        about = About(deal=deal, contact=said["contact"])
        given = {"from_stage": said["from_stage"], **gate.gated()}
        log_or_close(form, about, by=request.user, at=at, **given)

    return answer(request, deal, form, ask, run)


class LogEffect:
    """What logging does to the steps of its deal: as it stood `before`, and as it stands now."""

    def __init__(self, deal: Deal, user: User, before: DealStanding | None = None) -> None:
        self.deal, self.user = deal, user
        self.before = before or standing_of(deal, user)

    @cached_property
    def after(self) -> DealStanding | None:
        before = self.before
        if before is None or not self.deal.is_open:
            return None
        if self.deal.stage != before.stage:
            return standing_of(self.deal, self.user)
        return replace(before, facts=facts(self.deal))

    def said(self, kind: str, result: str | None) -> str:
        """What was logged, and which step it moved."""
        logged = _("Logged as an attempt.") if is_attempt(kind, result) else _("Logged.")
        before, after = self.before, self.after
        if before is None or after is None:
            return logged
        if after.stage != before.stage:
            moved = _("Moved to %(stage)s.") % {"stage": after.stage.label}
            return f"{logged} {moved}"
        labels = [quoted(step.label) for step in steps_between(before, after)]
        if not labels:
            return logged
        settled, expected = progress_in(after)
        done = _("Step done: %(steps)s (%(n)s of %(all)s).") % {
            "steps": ", ".join(labels),
            "n": settled,
            "all": expected,
        }
        return f"{logged} {done}"


def log_or_close(
    form: LogForm, about: About, *, by: User, at: dt.datetime, **given: Any
) -> Activity:
    """Record what the composer says: as something new, or as the plan that was ticked."""
    said = form.cleaned_data
    given |= {
        "body": said["body"],
        "result": form.came_of_it(),
        "done_at": form.done_at(),
        "next": form.planned(),
        "nothing_next": form.nothing_next(),
    }
    plan = form.closed()
    if plan is None:
        return commands.log(about, kind=ActivityKind(said["kind"]), by=by, at=at, **given)
    commands.complete(plan, contact=about.contact, by=by, at=at, **given)
    return plan


def gate_of(request: HtmxRequest, deal: Deal) -> GateForm:
    """What gates asked for when this was sent the first time; mostly nothing."""
    return GateForm(posted_data(request), files=request.FILES or None, user=request.user, deal=deal)


def ask_gap(request: HtmxRequest, deal: Deal, gate: GateForm) -> HttpResponse:
    """The sheet with what is missing before the deal can move forward, and all that was written."""
    here = Stage(deal.stage)
    own = {"csrfmiddlewaretoken", "asks", "go_offered", *gate.fields} - {"version"}
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in own
        for value in values
    ]
    to = Stage(min(here + 1, Stage.CLOSING))
    ask = Dialog(
        template="crm/deal/_sheet_gap.html",
        title=_("Move to %(stage)s") % {"stage": gate.name_of(to)},
        context={"kept": kept, "stage_now": here, "to": to},
    )
    response = show(request, deal, gate, ask, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return reswap(retarget(response, "#sheet"), "innerHTML")


def _after_gap(request: HtmxRequest, deal: Deal) -> HttpResponse | None:
    """The sheet cannot give the form back from which it came: the page begins anew."""
    if request.htmx.target != "sheet" or "asks" not in request.POST:
        return None
    return HttpResponse(headers={"HX-Redirect": deal.get_absolute_url()})


@ask_or_do
def plan(request: HtmxRequest, pk: int) -> HttpResponse:
    """What's next, on a deal that has nothing planned or not enough."""
    deal = editable_deal(request, pk)
    at = now()
    form = PlanForm(posted_data(request), user=request.user, deal=deal, at=at, auto_id="plan-%s")
    in_sheet = request.htmx.target == "sheet"
    ask = Dialog(
        template="crm/activity/_sheet_plan.html" if in_sheet else "crm/deal/_next_plan.html",
        title=_("What’s next: %(deal)s") % {"deal": deal.name},
        said=_("Planned."),
        verb="plan",
        done=HttpResponse if in_sheet else stay,
    )

    def run() -> None:
        planned = form.planned()
        assert planned is not None  # noqa: S101  # PlanForm asks for it
        commands.plan(About(deal=deal), next=planned, by=request.user, at=at)

    return answer(request, deal, form, ask, run)


@may_come_late
@ask_or_do
def complete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Done, with what came of it and what comes next."""
    activity, deal = _editable(request, pk)
    at = now()
    form = DoneForm(
        posted_data(request),
        user=request.user,
        deal=deal,
        at=at,
        auto_id="done-%s",
        initial={"next_kind": activity.kind},
        of=activity,
    )
    gate = gate_of(request, deal)
    if gate.is_bound and not gate.is_valid():
        return ask_gap(request, deal, gate)
    # From a list or the page of a party it is a sheet, on the deal's own it stands in the strip.
    in_sheet = request.htmx.target == "sheet"
    template = "crm/activity/_sheet_done.html" if in_sheet else "crm/deal/_next_done.html"
    ask = _ask(request, activity, deal, template, said=_("Done."))
    ask = replace(
        ask,
        done=lambda: _after_gap(request, deal) or (HttpResponse() if in_sheet else stay()),
        gate=gate,
        gap=lambda: ask_gap(request, deal, gate),
        verb="complete",
    )
    return answer(
        request,
        deal,
        form,
        ask,
        lambda: commands.complete(
            activity,
            result=form.came_of_it(),
            body=form.cleaned_data["body"],
            done_at=form.done_at(),
            next=form.planned(),
            from_stage=form.cleaned_data["from_stage"],
            by=request.user,
            at=at,
            version=form.cleaned_data["version"],
            **gate.gated(),
        ),
    )


@ask_or_do
def postpone(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, deal = _editable(request, pk)
    at = now()
    form = PostponeForm(
        posted_data(request), user=request.user, deal=deal, at=at, auto_id="later-%s", of=activity
    )

    def run() -> None:
        due = form.due()
        assert due is not None  # noqa: S101  # PostponeForm asks for it
        commands.postpone(
            activity,
            to=due,
            by=request.user,
            at=at,
            version=form.cleaned_data["version"],
        )

    in_sheet = request.htmx.target == "sheet"
    template = "crm/activity/_sheet_later.html" if in_sheet else "crm/deal/_next_later.html"
    ask = _ask(request, activity, deal, template, said=_("Postponed."))
    ask = replace(ask, verb="postpone", done=HttpResponse if in_sheet else stay)
    return answer(request, deal, form, ask, run)


@ask_or_do
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, deal = _editable(request, pk)
    at = now()
    form = ChangeForm(
        posted_data(request),
        user=request.user,
        deal=deal,
        at=at,
        of=activity,
        auto_id="change-%s",
    )

    def run() -> None:
        said = form.planned()
        assert said is not None  # noqa: S101  # ChangeForm asks for it
        commands.change(
            activity,
            to=said,
            by=request.user,
            at=at,
            version=form.cleaned_data["version"],
        )

    ask = _ask(request, activity, deal, "crm/deal/_next_change.html", said=_("Changed."))
    ask = replace(ask, verb="change_plan")
    return answer(request, deal, form, ask, run)


@require_POST
def cancel(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, deal = _editable(request, pk)
    form = PlannedForm(request.POST, user=request.user, deal=deal)
    in_sheet = request.htmx.target == "sheet"
    ask = Dialog(
        template="crm/deal/_sheet_cancel.html",
        title=str(activity),
        said=_("Cancelled."),
        done=HttpResponse if in_sheet else stay,
        verb="cancel",
    )
    response = answer(
        request,
        deal,
        form,
        ask,
        lambda: commands.cancel(
            activity, by=request.user, at=now(), version=form.cleaned_data["version"]
        ),
    )
    if response.status_code == HTTPStatus.OK or in_sheet:
        return response
    # The strip from which it was sent has no place for why not.
    return activity_undo.in_sheet(response)


def _editable(request: HtmxRequest, pk: int) -> tuple[Activity, Deal]:
    """What may be changed, on a deal that may be; those without a deal have no page yet."""
    activity = found_or_404(activities.to_change, request.user, pk)
    assert activity.deal is not None  # noqa: S101  # as it was asked for
    return activity, opened_deal(request, activity.deal)


def _ask(
    request: HtmxRequest, activity: Activity, deal: Deal, template: str, *, said: str
) -> Dialog:
    (plan,) = plans(Viewer(request.user, at=now()), [Talk.of(activity)], owner_id=deal.owner_id)
    path = path_of(activity.pk, deal.pk)
    context = {"plan": plan, "activity": activity, "kinds": KINDS, "path": path}
    return Dialog(template=template, title=plan.title, said=said, context=context, done=stay)
