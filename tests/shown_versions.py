"""The version that a form says its page has shown: what a test posts says it, too, without asking for
the page first. Whoever tests what comes of an older one, or of none, says so."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import OperationalError, connection, models
from django.test import Client
from django.urls import Resolver404, ResolverMatch, resolve

from crm.models import Activity, Company, Contact, Deal, LeadRule, SavedView, StepResult
from crm.queries.reference import REFERENCE_LISTS
from pipeline.models import Layer, Team, User
from pipeline.people.queries import latest_change
from reports.models import DayNote, SavedReport

_OF: dict[str, type[models.Model]] = {
    "deals": Deal,
    "activities": Activity,
    "touches": Activity,
    "companies": Company,
    "contacts": Contact,
    "views": SavedView,
}


def shown(client: Client, path: str) -> dict[str, int | None]:
    """The fields that say it, as they stand in the database."""
    path = urlsplit(path).path
    try:
        at = resolve(path)
    except Resolver404:
        return {}
    place, pk = path.split("/")[1], at.kwargs.get("pk")
    if place == "process" and "of" in at.kwargs:
        return {"seen": _revision(client, at.kwargs["of"])}
    if place in ("people", "profile") or (place == "settings" and pk is None):
        return {"seen": _latest_change(client, path, pk)}
    model = _model_of(at.view_name) or _OF.get(place)
    if place == "settings" and at.kwargs.get("kind") in REFERENCE_LISTS:
        model = REFERENCE_LISTS[at.kwargs["kind"]].model
    if model is None or pk is None or pk >= 2**63:
        return {}
    version = model._default_manager.filter(pk=pk).values_list("version", flat=True).first()
    return {"version": version, "seen": version} | _step(at)


def _model_of(view: str) -> type[models.Model] | None:
    """Of several records below one place, the one that a view is about."""
    of = {
        "reports:day_note": DayNote,
        "reports:saved": SavedReport,
        "day:lead_rule": LeadRule,
        "day:later": Activity,
        "day:lead": Deal,
    }
    return next((model for name, model in of.items() if view.startswith(name)), None)


def _step(at: ResolverMatch) -> dict[str, int | None]:
    if at.view_name not in ("crm:step_answer", "crm:step_undo"):
        return {}
    said = {"deal": at.kwargs["pk"], "stage": at.kwargs["number"], "key": at.kwargs["key"]}
    # What is private comes first: the same name above is another step.
    rows = StepResult.objects.filter(replaced_at=None, **said).order_by("private_to")
    found = rows.values_list("pk", flat=True).first()
    return {"seen": found or 0}


def _reader(client: Client) -> User | None:
    # Of a stranger there is no session, and who asks for it would make one.
    signed_in = settings.SESSION_COOKIE_NAME in client.cookies
    pk = client.session.get("_auth_user_id") if signed_in else None
    return User.objects.filter(pk=pk).first() if pk else None


def _revision(client: Client, of: int | str) -> int:
    whose: dict[str, Any] = {"user": _reader(client)} if of == "mine" else {"team_id": of}
    found = Layer.objects.filter(**whose).values_list("revision", flat=True).first()
    return found or 0


def _latest_change(client: Client, path: str, pk: int | None) -> int | None:
    subject: User | Team | None
    if path.startswith("/settings/"):
        subject = Team.objects.filter(parent=None).first()
    elif pk and path.startswith("/people/teams/"):
        subject = Team.objects.filter(pk=pk).first()
    else:
        subject = User.objects.filter(pk=pk).first() if pk else _reader(client)
    return latest_change(subject) if subject else None


def saying_what_is_shown(post: Callable[..., Any]) -> Callable[..., Any]:
    """`Client.post`, with the version that the page of the address would show, unless one is said."""

    def said(client: Client, path: str, data: Any = None, *args: Any, **options: Any) -> Any:
        if (data is None or isinstance(data, dict)) and not {"version", "seen"} & set(data or {}):
            log = connection.queries_log
            before = len(log)
            try:
                found = shown(client, path)
            except OperationalError:  # the database is away, which is what such a test is about
                found = {}
            known = {name: value for name, value in found.items() if value is not None}
            # Who counts what a page asks does not mean this.
            while len(log) > before:
                log.pop()
            data = known | (data or {})
        return post(client, path, data, *args, **options)

    return said
