"""Which tables an export of everything takes along, and why some stay behind.

What is not named here goes along, so that a new record is in the next export by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Model

# By the model's label. The reasons stand in the manifest of each export, too.
STAYS = {
    "contenttypes.ContentType": "made anew by every database",
    "auth.Permission": "made anew by every database",
    "auth.Group": "not used",
    "auth.Group_permissions": "not used",
    "sessions.Session": "who is signed in here",
    "usersessions.UserSession": "who is signed in here",
    "account.EmailConfirmation": "a secret",
    "mfa.Authenticator": "a secret",
    "socialaccount.SocialApp": "a secret",
    "socialaccount.SocialToken": "a secret",
    "socialaccount.SocialAccount": "how people sign in here; the next sign-in makes it anew",
    "pipeline.Invitation": "a secret",
    "pipeline.SignInAttempt": "how this installation runs",
    "pipeline.IdempotencyKey": "how this installation runs",
    "pipeline.Heartbeat": "how this installation runs",
    "pipeline.Incident": "how this installation runs",
    "pipeline.OutboxRow": "how this installation runs",
    "crm.UndoableAct": "may be taken back for some minutes only, that deals were merged for 30 days",
    "crm.SearchEntry": "made anew from the records",
    "exchange.ImportJob": "files on their way in; what came in of them is among the records",
    "exchange.ImportFault": "files on their way in",
    "exchange.ImportChange": "what may be taken back of them; what changed is among the records",
    "exchange.WholeExport": "files on their way out",
}
# By the model's label: columns that stay here.
STAYING_COLUMNS = {"pipeline.User": {"password": "a secret"}}
# What stands in their place where an export is read: nobody's password.
FILLED = {"pipeline.User": {"password": UNUSABLE_PASSWORD_PREFIX}}
# By the model's label: the rows that are no one person's alone. The page gives only these, as to an
# admin every page does; whoever runs the database has all.
NOT_PRIVATE = {
    "crm.StepResult": "private_to_id IS NULL",
    "crm.EvidenceFile": (
        "NOT EXISTS (SELECT FROM crm_stepresult AS kept"
        " WHERE kept.file_id = crm_evidencefile.id AND kept.private_to_id IS NOT NULL)"
    ),
    "reports.FormTime": "false",
}


@dataclass(frozen=True, kw_only=True)
class ExportTable:
    """`columns` are as CSV has them; `contents` is the column whose bytes are a file each."""

    model: type[Model]
    columns: Sequence[str]
    contents: str

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        field: Any = self.model._meta.pk
        return str(field.column)

    def rows(self, *, private: bool) -> str:
        """A condition for the rows that go along."""
        return "true" if private else NOT_PRIVATE.get(self.model._meta.label, "true")

    @property
    def filled(self) -> dict[str, str]:
        return FILLED.get(self.model._meta.label, {})


def tables() -> list[ExportTable]:
    """Those that go along, each after those that it refers to where that can be."""
    found = {model: _table(model) for model in _models() if model._meta.label not in STAYS}
    return [found[model] for model in _in_order(found)]


def _models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def _table(model: type[Model]) -> ExportTable:
    stays = STAYING_COLUMNS.get(model._meta.label, {})
    columns: list[str] = []
    contents = ""
    for field in model._meta.local_concrete_fields:
        if isinstance(field, models.BinaryField):
            contents = field.column
        elif field.column not in stays and not field.generated:
            columns.append(field.column)
    return ExportTable(model=model, columns=columns, contents=contents)


def _in_order(found: dict[type[Model], ExportTable]) -> list[type[Model]]:
    """Depth first; where tables refer to each other in a circle, as they come."""
    ordered: dict[type[Model], None] = {}
    begun: set[type[Model]] = set()

    def put(model: type[Model]) -> None:
        if model in begun or model not in found:
            return
        begun.add(model)
        for other in references(model):
            put(other)
        ordered[model] = None

    for model in found:
        put(model)
    return list(ordered)


def references(model: type[Model]) -> list[type[Model]]:
    """What the rows of a model refer to."""
    related: Any = [field.related_model for field in model._meta.local_concrete_fields]
    return [found._meta.concrete_model for found in related if found is not None]
