"""A person of the other side is erased: what is left is that there was somebody.

What the figures of the organisation count stays: deals and their visits, values, days, who did what
when, and in which role somebody stood on a deal. Everything that says who that was goes, wherever it
stands, and so does what was said by and about the person.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.models import Case, F, Func, JSONField, Q, TextField, URLField, Value, When
from django.db.models.functions import Cast, Left
from django.utils.translation import gettext as _

from crm.commands import search
from crm.erased import ERASED_PERSON, ERASED_TEXT
from crm.models import (
    Activity,
    Contact,
    Deal,
    DeletedRecord,
    EvidenceFile,
    ImportedRow,
    PartyKind,
    PartyMerge,
    SavedView,
    SearchKind,
    UndoableAct,
)
from exchange.commands.job import forget_file
from exchange.models import ImportChange
from pipeline.idempotency import commands as idempotency
from pipeline.models import User
from privacy.identity import NEVER, Identity
from privacy.models import ErasureNotice
from privacy.queries import about, imports
from reports.models import SavedReport
from salesprocess.lib.refused import Refused, require_version
from salesprocess.lib.time_limits import within


def erase(contact: Contact, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Erase a person, for good: there is no undo.

    Raises Refused for whoever is no admin, and while a file is being brought in that names the person,
    who would come in again with it; Stale if `version` is not the present one; Contact.DoesNotExist
    if it was done already.
    """
    if not User.objects.get(pk=by.pk).scope.everything:
        raise Refused(_("Only an admin erases a person."))
    with within("task"):
        row = Contact.objects.filter(erased_at=None).select_for_update(of=("self",))
        found = row.get(pk=contact.pk)
        require_version(found, version)
        erase_for_good(found, by=by, at=at)


def erase_for_good(row: Contact, *, by: User, at: dt.datetime) -> None:
    """Part of commands that hold the contact, locked."""
    identity = about.identity_of(row)
    ids = [row.pk, *about.merged_into(row)]
    jobs = imports.jobs_about(row, identity)
    for job in jobs:
        if imports.is_under_way(job):
            raise Refused(
                _(
                    "“%(file)s” is being brought in, and this person is in it: load it or discard it "
                    "first."
                )
                % {"file": job.name}
            )
    _empty_files(about.files_of(row, identity))
    _take_sayings(row)
    for job in jobs:
        forget_file(job)
        job.save()
    _forget_rows(row, identity, ids, at=at)
    for pk in ids:
        _forget_history(pk, identity, by=by, at=at)
    deals = _take_words(identity)
    _forget_person(row, by=by, at=at)
    search.remove(SearchKind.CONTACT, [row.pk])
    search.index(SearchKind.DEAL, deals)


def _empty_files(files: Iterable[EvidenceFile]) -> None:
    """That a step was proved by a file stays."""
    EvidenceFile.objects.filter(pk__in=[file.pk for file in files]).update(
        name=ERASED_TEXT, content=b"", content_type="", size=0
    )


def _take_sayings(row: Contact) -> None:
    """What the records that refer to the person say by words; what is empty stays so, so that no gate
    and no figure finds less than before."""
    for relation in about.relations():
        fields = about.sayings_of(relation)
        if not fields:
            continue
        said = {field.name: _gone(field) for field in fields}
        relation.rows(row).update(**said, **_counted(relation.model))
    about.deals_of(row).update(version=F("version") + 1)


def _gone(field: "models.Field[Any, Any]") -> Any:
    if isinstance(field, JSONField):
        nothing, said = Value(None, JSONField()), Value(ERASED_TEXT, JSONField())
        return Case(When(**{f"{field.name}__isnull": True, "then": nothing}), default=said)
    mark = "" if isinstance(field, URLField) else ERASED_TEXT
    return Case(When(**{field.name: "", "then": Value("")}), default=Value(mark))


def _counted(model: type[models.Model]) -> dict[str, Any]:
    """Whoever has it open is told that it is another one by now."""
    has_version = any(field.name == "version" for field in model._meta.concrete_fields)
    return {"version": F("version") + 1} if has_version else {}


def _forget_rows(row: Contact, identity: Identity, ids: list[int], *, at: dt.datetime) -> None:
    """What is of no use without the person, whom `ids` refer to."""
    exact = identity.exact
    ImportedRow.objects.filter(
        Q(kind=imports.CONTACTS, record_id=row.pk) | Q(external_id__iregex=exact)
    ).delete()
    merges = PartyMerge.objects.filter(kind=PartyKind.CONTACT)
    merges.filter(Q(into_id__in=ids) | Q(gone_id__in=ids)).delete()
    ImportChange.objects.filter(kind=imports.CONTACTS, record_id__in=ids).delete()
    said = Activity.objects.filter(contact=row).values("pk")
    ImportChange.objects.filter(kind=imports.ACTIVITIES, record_id__in=said).delete()
    for kept in (SavedView, SavedReport):
        kept._base_manager.filter(Q(name__iregex=exact) | Q(query__iregex=exact)).delete()
    refers, says = Q(told__regex=_reference_to(ids)), Q(told__iregex=identity.found)
    for model, condition in ((UndoableAct, refers | says), (DeletedRecord, refers)):
        model._base_manager.annotate(told=Cast("rows", TextField())).filter(condition).delete()
    idempotency.forget_answers()
    ErasureNotice.objects.filter(contact=row).delete()
    Activity.objects.planned().filter(contact=row, deal=None).update(cancelled_at=at)


def _reference_to(ids: list[int]) -> str:
    """A row of another table that is kept as JSON, or as its text in JSON."""
    columns = {f"{relation.field}_id" for relation in about.relations()}
    return rf'({"|".join(sorted(columns))})\\?": ({"|".join(map(str, ids))})[,}}]'


def _forget_history(pk: int, identity: Identity, *, by: User, at: dt.datetime) -> None:
    """`pk` is by which history refers to the person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seven_forget_person(%s, %s, %s, %s, %s, %s)",
            [
                pk,
                identity.names_pattern,
                identity.addresses_pattern,
                identity.found,
                by.pk,
                at,
            ],
        )


def _take_words(identity: Identity) -> list[int]:
    """A name and addresses out of all that others have written; the deals that it changed."""
    if identity.found == NEVER:
        return []
    deals = list(Deal.objects.filter(name__iregex=identity.exact).values_list("pk", flat=True))
    for model, fields in about.searched():
        holds = Q()
        said: dict[str, Any] = {}
        rows = model._base_manager.all()
        for field in fields:
            if isinstance(field, JSONField):
                rows = rows.annotate(**{f"{field.name}_told": Cast(field.name, TextField())})
                holds |= Q(**{f"{field.name}_told__iregex": identity.found})
            else:
                holds |= Q(**{f"{field.name}__iregex": identity.exact})
            said[field.name] = _without_words(field, identity)
        rows.filter(holds).update(**said, **_counted(model))
    return deals


def _without_words(field: "models.Field[Any, Any]", identity: Identity) -> Any:
    patterns = [
        Value(identity.names_pattern, TextField()),
        Value(identity.addresses_pattern, TextField()),
    ]
    if isinstance(field, JSONField):
        return Func(
            F(field.name),
            Value(0),
            *patterns,
            function="seven_without_person",
            output_field=JSONField(),
        )
    told = Func(F(field.name), *patterns, function="seven_without_words", output_field=TextField())
    return Left(told, field.max_length) if field.max_length else told


def _forget_person(row: Contact, *, by: User, at: dt.datetime) -> None:
    row.points.all().delete()
    row.name, row.job_title = ERASED_PERSON, ""
    row.company = row.owner = None
    row.version += 1
    row.changed_at, row.changed_by, row.erased_at = at, by, at
    row.save()
