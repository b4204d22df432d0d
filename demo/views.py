"""The two verbs of the first steps that bring sample data, and take it away again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.queries import first_run as queries
from crm.views.first_run import admin_of, some_of
from demo import sample
from pipeline.requests import HtmxRequest
from salesprocess.lib.refused import Refused


@require_POST
def add_sample(request: HtmxRequest) -> HttpResponse:
    """Add the sample data; as it was, if it was taken away only just."""
    user, now = admin_of(request), timezone.now()
    before = queries.first_run_state(user, at=now).taken_away
    try:
        sample.add(by=user, at=before.at if before else now)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The sample data is in. Look around: everything works."))
    return redirect("crm:first_run")


@require_POST
def take_sample_away(request: HtmxRequest) -> HttpResponse:
    user = admin_of(request)
    try:
        undone = sample.take_away(by=user, at=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("crm:first_run")
    said = _("The sample data is gone.")
    if undone.kept:
        said += " " + ngettext(
            "%(n)s record stays, because it was changed or is used: %(names)s.",
            "%(n)s records stay, because they were changed or are used: %(names)s.",
            len(undone.kept),
        ) % {"n": len(undone.kept), "names": some_of([kept.name for kept in undone.kept])}
    messages.success(request, said)
    return redirect("crm:first_run")
