"""What was logged, put right or taken away by who logged it."""

import datetime as dt
from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.commands import activity_correct as commands
from crm.forms.activity import CorrectForm, PlannedForm
from crm.forms.fields import VerbForm
from crm.models import Activity
from crm.queries import activity as activities
from crm.views import activity_undo, party, verbs
from crm.views.verbs import posted_data
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.refused import Refused


@require_http_methods(["GET", "POST"])
def correct(request: HtmxRequest, pk: int) -> HttpResponse:
    activity, at = _own(request, pk), timezone.now()
    form = CorrectForm(
        posted_data(request), of=activity, user=request.user, at=at, auto_id="correct-%s"
    )
    return _answer(
        request,
        activity,
        form,
        template="crm/activity/_sheet_correct.html",
        said=_("Corrected."),
        may_remove=_may_remove(activity, at),
        run=lambda: commands.correct(activity, **form.command_arguments(), by=request.user, at=at),
    )


@require_POST
def remove(request: HtmxRequest, pk: int) -> HttpResponse:
    activity = _own(request, pk)
    form = PlannedForm(request.POST, user=request.user)
    response = _answer(
        request,
        activity,
        form,
        template=f"crm/{'deal' if activity.deal_id else 'party'}/_sheet_refused.html",
        said=_("Removed. A line in the history says so."),
        may_remove=False,
        run=lambda: commands.remove(
            activity, **form.command_arguments(), by=request.user, at=timezone.now()
        ),
    )
    return activity_undo.in_sheet(response)


def _own(request: HtmxRequest, pk: int) -> Activity:
    """What was done by the person who asks, and is still in reach."""
    return found_or_404(activities.own_done, request.user, pk)


def _may_remove(activity: Activity, at: dt.datetime) -> bool:
    try:
        commands.require_removable(activity, at=at)
    except Refused:
        return False
    return True


def _answer(
    request: HtmxRequest,
    activity: Activity,
    form: VerbForm,
    *,
    template: str,
    said: str,
    may_remove: bool,
    run: Callable[[], object],
) -> HttpResponse:
    """On a deal's page, or on that of a party, which hear of it by events of their own."""
    title = _("Correct: %(what)s") % {"what": activity}
    context = {"activity": activity, "may_remove": may_remove, "at": timezone.now()}
    if activity.deal is not None:
        ask = verbs.Dialog(template=template, title=title, said=said, context=context)
        return verbs.answer(request, activity.deal, form, ask, run)
    back = party.address_of(activity)
    beside = party.PartyDialog(
        template=template, title=title, back=back, said=said, context=context, done=HttpResponse
    )
    return party.answer(request, form, beside, run)
