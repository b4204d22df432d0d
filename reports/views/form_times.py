"""How long the reader types in forms: what the browser counts comes here, and can be forgotten."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pipeline.requests import HtmxRequest
from reports.commands import form_times as commands
from reports.forms import FormTimeForm
from reports.models import FormKind

# What a form is about, by the name of the address that it is sent to: the first that is in it.
_WORDS: tuple[tuple[FormKind, tuple[str, ...]], ...] = (
    (FormKind.STEPS, ("step_",)),
    (FormKind.TALKS, ("_log", "_plan", "touch_", "activity_")),
    (FormKind.NEW, ("deal_open", "company_new", "contact_new")),
    (
        FormKind.MOVES,
        ("_move", "_advance", "_win", "_sell", "_stop", "_park", "_reopen", "_hand_over", "_claim"),
    ),
    (
        FormKind.RECORDS,
        (
            *("_edit", "need", "offer", "concern", "verdict", "decision_path", "hand_off"),
            *("closing_attempt", "deal_contact", "deal_line", "deal_value"),
        ),
    ),
)


def kind_of(path: str) -> FormKind:
    """What the form is about that is sent to an address."""
    try:
        at = resolve(path)
    except Resolver404:
        return FormKind.OTHER
    if at.app_name != "crm":
        return FormKind.OTHER
    name = at.url_name or ""
    found = (kind for kind, words in _WORDS if any(word in name for word in words))
    return next(found, FormKind.OTHER)


@require_POST
def count(request: HtmxRequest) -> HttpResponse:
    """Sent by the browser beside a form, which does not wait for it."""
    form = FormTimeForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=HTTPStatus.UNPROCESSABLE_ENTITY)
    said = form.cleaned_data
    commands.count(
        request.user, kind=kind_of(said["path"]), seconds=said["seconds"], at=timezone.now()
    )
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_POST
def forget(request: HtmxRequest) -> HttpResponse:
    commands.forget(request.user)
    messages.success(request, _("Deleted."))
    return redirect(f"{reverse('reports:page', args=['consistency'])}#panel-forms")
