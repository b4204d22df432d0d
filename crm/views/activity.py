"""What was done on a deal, and what comes next."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.commands import activity as commands
from crm.commands.activity import About
from crm.forms.activity import ChangeForm, DoneForm, LogForm, PlanForm, PostponeForm
from crm.forms.fields import VerbForm
from crm.models import Activity, ActivityKind, Deal
from crm.queries.deal import Talk
from crm.views import deal_page
from crm.views.telling import Teller
from crm.views.verbs import Ask, answer, editable_deal, now, posted, stay
from salesprocess.htmx import HtmxRequest

ask_or_do = require_http_methods(["GET", "POST"])


@require_POST
def log(request: HtmxRequest, pk: int) -> HttpResponse:
    """The composer: what was done, what came of it and what comes next, in one gesture."""
    deal = editable_deal(request, pk)
    at = now()
    form = LogForm(request.POST, user=request.user, deal=deal, at=at, auto_id="log-%s")
    ask = Ask(
        template="crm/deal/_composer.html",
        title=_("Log: %(deal)s") % {"deal": deal.name},
        said=_("Logged."),
        context=lambda: deal_page.find(request, pk).composer(form),
        done=lambda: deal_page.fresh_composer(request, deal),
    )

    def run() -> None:
        said = form.cleaned_data
        commands.log(
            About(deal=deal, contact=said["contact"]),
            kind=ActivityKind(said["kind"]),
            body=said["body"],
            result=form.came_of_it(),
            next=form.planned(),
            from_stage=said["from_stage"],
            by=request.user,
            at=at,
        )

    return answer(request, deal, form, ask, run)


@ask_or_do
def plan(request: HtmxRequest, pk: int) -> HttpResponse:
    """What's next, on a deal that has nothing planned or not enough."""
    deal = editable_deal(request, pk)
    at = now()
    form = PlanForm(posted(request), user=request.user, deal=deal, at=at, auto_id="plan-%s")
    ask = Ask(
        template="crm/deal/_next_plan.html",
        title=_("What’s next: %(deal)s") % {"deal": deal.name},
        said=_("Planned."),
        done=stay,
    )

    def run() -> None:
        planned = form.planned()
        assert planned is not None  # noqa: S101  # PlanForm asks for it
        commands.plan(About(deal=deal), next=planned, by=request.user, at=at)

    return answer(request, deal, form, ask, run)


@ask_or_do
def complete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Done, with what came of it and what comes next."""
    activity, deal = _editable(request, pk)
    at = now()
    form = DoneForm(
        posted(request),
        user=request.user,
        deal=deal,
        at=at,
        auto_id="done-%s",
        initial={"next_kind": activity.kind},
    )
    return answer(
        request,
        deal,
        form,
        _ask(request, activity, deal, "crm/deal/_next_done.html", said=_("Done.")),
        lambda: commands.complete(
            activity,
            result=form.came_of_it(),
            body=form.cleaned_data["body"],
            next=form.planned(),
            from_stage=form.cleaned_data["from_stage"],
            by=request.user,
            at=at,
        ),
    )


@ask_or_do
def postpone(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, deal = _editable(request, pk)
    at = now()
    form = PostponeForm(posted(request), user=request.user, deal=deal, at=at, auto_id="later-%s")

    def run() -> None:
        due = form.due()
        assert due is not None  # noqa: S101  # PostponeForm asks for it
        commands.postpone(activity, due_at=due[0], all_day=due[1], by=request.user, at=at)

    ask = _ask(request, activity, deal, "crm/deal/_next_later.html", said=_("Postponed."))
    return answer(request, deal, form, ask, run)


@ask_or_do
def change(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, deal = _editable(request, pk)
    at = now()
    form = ChangeForm(
        posted(request),
        user=request.user,
        deal=deal,
        at=at,
        activity=activity,
        auto_id="change-%s",
    )

    def run() -> None:
        said = form.planned()
        assert said is not None  # noqa: S101  # ChangeForm asks for it
        commands.change(
            activity,
            kind=said.kind,
            subject=said.subject,
            due_at=said.due_at,
            all_day=said.all_day,
            by=request.user,
            at=at,
        )

    ask = _ask(request, activity, deal, "crm/deal/_next_change.html", said=_("Changed."))
    return answer(request, deal, form, ask, run)


@require_POST
def cancel(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, deal = _editable(request, pk)
    form = VerbForm(request.POST, user=request.user, deal=deal)
    ask = Ask(
        template="crm/deal/_sheet_refused.html",
        title=str(activity),
        said=_("Cancelled."),
        done=stay,
    )
    return answer(
        request,
        deal,
        form,
        ask,
        lambda: commands.cancel(activity, by=request.user, at=now()),
    )


def _editable(request: HtmxRequest, pk: int) -> tuple[Activity, Deal]:
    """What may be changed, on a deal that may be; those without a deal have no page yet."""
    activities = Activity.objects.editable_by(request.user).filter(deal__isnull=False)
    activity = get_object_or_404(activities.select_related("deal", "contact", "owner"), pk=pk)
    assert activity.deal is not None  # noqa: S101  # see the filter
    return activity, activity.deal


def _ask(request: HtmxRequest, activity: Activity, deal: Deal, template: str, *, said: str) -> Ask:
    (plan,) = Teller(request.user, at=now()).plans([Talk.of(activity)], owner_id=deal.owner_id)
    return Ask(template=template, title=plan.title, said=said, context={"plan": plan}, done=stay)
