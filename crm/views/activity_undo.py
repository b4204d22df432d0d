"""What a note offers to take back of what was done to something planned."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from crm.commands import activity_undo
from crm.forms.activity import DoneForm
from crm.models import Activity
from crm.queries.activity import has_steps
from crm.views.verbs import undo_button
from pipeline.models import User

Command = Callable[..., object]
UndoButton = Callable[[], dict[str, Any] | None]
plan_again, take_back = activity_undo.plan_again, activity_undo.take_back


def undo_of_cancelled(activity: Activity, user: User, path: str) -> UndoButton:
    """Only where the same person may have it planned again. `path` is where its verbs are."""

    def button() -> dict[str, Any] | None:
        if activity.owner_id != user.pk and not user.scope.may_assign_to(activity.owner_id):
            return None
        return undo_button(f"/{path}/{activity.pk}/again/", {}, _("Undo"))

    return button


def undo_of_done(activity: Activity, user: User, form: DoneForm, path: str) -> UndoButton:
    """Only without words, a result or a step that was done by it; and of what was one's own to do."""
    own = activity.owner_id == user.pk

    def button() -> dict[str, Any] | None:
        said = activity.body or activity.result or form.planned() is not None
        if not own or said or has_steps(activity):
            return None
        return undo_button(f"/{path}/{activity.pk}/take-back/", {}, _("Undo"))

    return button


def in_sheet(response: HttpResponse) -> HttpResponse:
    """Why not has no place where it was sent from."""
    if response.status_code in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
        return reswap(retarget(response, "#sheet"), "innerHTML")
    return response
