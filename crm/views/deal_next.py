"""The way to what is planned next on a deal, from where the deal is shown but not its plan: a list, the
board, the find box."""

import datetime as dt

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.commands import activity as commands
from crm.commands.writers.activity import About, Next
from crm.forms.deadline import DeadlineForm
from crm.models import ActivityKind, Deal
from crm.models.due import Due
from crm.presenters.cards import path_of
from crm.presenters.viewer import Viewer
from crm.queries import activity as activities
from crm.queries import deal as queries
from crm.queries.deadlines import Deadline
from crm.views.verbs import REFUSED, Dialog, answer, editable_deal, now
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.refused import require_version


@require_GET
def done(request: HtmxRequest, pk: int) -> HttpResponse:
    """What came of it and what comes next; where nothing is planned, what comes next."""
    return _to_plan(request, pk, "complete")


@require_GET
def later(request: HtmxRequest, pk: int) -> HttpResponse:
    return _to_plan(request, pk, "postpone")


def _to_plan(request: HtmxRequest, pk: int, verb: str) -> HttpResponse:
    deal = editable_deal(request, pk)
    planned = queries.planned_talks(deal.pk)
    if not planned:
        return redirect("crm:activity_plan", deal.pk)
    return redirect(f"{path_of(planned[0].id, deal.pk)}{verb}/")


@require_POST
def due(request: HtmxRequest, pk: int) -> HttpResponse:
    """What is next, put on another day as on the board of deadlines; an hour that it has stays. Where
    nothing is planned, a call is."""
    deal = editable_deal(request, pk)
    at = now()
    form = DeadlineForm(request.POST, user=request.user, deal=deal)
    viewer = Viewer(request.user, at=at)
    ask = Dialog(
        template=REFUSED,
        title=_("What’s next: %(deal)s") % {"deal": deal.name},
        said=lambda: _("What’s next: %(day)s.") % {"day": viewer.date(day())},
        verb="postpone" if deal.next_kind else "plan",
    )

    def day() -> dt.date:
        hours = request.user.organisation.working_hours
        chosen: Deadline = form.cleaned_data["to"]
        return chosen.day(viewer.today, hours)

    def run() -> None:
        require_version(deal, form.cleaned_data["version"])
        _put_on(deal, day(), by=request.user, at=at)

    return answer(request, deal, form, ask, run)


def _put_on(deal: Deal, day: dt.date, *, by: User, at: dt.datetime) -> None:
    planned = queries.planned_talks(deal.pk)
    if not planned:
        call = Next(kind=ActivityKind.CALL, due_on=day, due_at=None)
        commands.plan(About(deal=deal), next=call, by=by, at=at)
        return
    first = activities.to_change(by, planned[0].id)
    to = Due(on=day)
    if first.due_at is not None:
        hour = first.due_at.astimezone(by.zone).time()
        moment = dt.datetime.combine(day, hour, tzinfo=by.zone)
        # An hour that has passed would be late again.
        to = Due(at=moment) if moment > at else to
    commands.postpone(first, to=to, by=by, at=at)
