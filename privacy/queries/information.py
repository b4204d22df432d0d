"""Everything that is kept of a person of the other side (GDPR, Article 15)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from crm.models import Contact, Deal, DealChange, EvidenceFile, PartyChange
from pipeline.models import User
from privacy.queries import about, imports

# What of a row is how it is kept, and says nothing of the person.
_MACHINERY = frozenset(
    {"version", "version_ids", "holder", "holder_team", "mapped_from", "content"}
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Rows of one kind, by the name of what keeps them; each says its fields by name."""

    name: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Information:
    """`beyond` counts the records that are out of the reader's reach."""

    person: str
    sections: list[Section]
    files: list[EvidenceFile] = field(default_factory=list)
    beyond: int = 0


def of_whom(user: User, pk: int) -> Contact:
    """Raises Contact.DoesNotExist but for admins and who looks after the person."""
    found = Contact.objects.visible_to(user)
    own = found if user.scope.everything else found.filter(owner=user)
    return own.select_related("company", "owner", "batch", "changed_by").get(pk=pk)


def as_rows(contact: Contact) -> "models.QuerySet[Contact]":
    return Contact.objects.filter(pk=contact.pk)


def everything(user: User, contact: Contact) -> Information:
    sections = [_section(Contact, [contact])]
    beyond = 0
    for relation in about.relations():
        reach: Any = relation.model._default_manager
        rows = list(_with_names(reach.visible_to(user).filter(**{relation.field: contact})))
        beyond += relation.rows(contact).count() - len(rows)
        sections.append(_section(relation.model, rows, without=relation.field))
    deals = Deal.objects.visible_to(user).filter(pk__in=about.deals_of(contact).values("pk"))
    found = about.files_of(contact, about.identity_of(contact))
    files = [file for file in found if file.deal_id in set(deals.values_list("pk", flat=True))]
    sections += [
        _section(EvidenceFile, files),
        Section(name="history", rows=list(_history(user, contact, deals))),
        Section(name="origin", rows=list(_origin(contact))),
    ]
    return Information(
        person=contact.name,
        sections=[one for one in sections if one.rows],
        files=files,
        beyond=beyond + len(found) - len(files),
    )


def _section(model: type[models.Model], rows: Iterable[Any], *, without: str = "") -> Section:
    told = [_row(row, without=without) for row in rows]
    return Section(name=model._meta.model_name or "", rows=told)


def _with_names(rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
    fields = rows.model._meta.concrete_fields
    names = [one.name for one in fields if isinstance(one, models.ForeignKey)]
    told = rows.select_related(*names) if names else rows
    return told.order_by("pk")


def _row(row: Any, *, without: str = "") -> dict[str, Any]:
    """What is empty says nothing."""
    said: dict[str, Any] = {}
    for one in row._meta.concrete_fields:
        if one.name in _MACHINERY or one.name == without:
            continue
        value = getattr(row, one.name)
        if value not in (None, "", [], {}):
            said[one.name] = _told(value)
    return said


def _told(value: Any) -> Any:
    if isinstance(value, Deal):
        more = {"stage": value.stage, "outcome": value.outcome}
        return {"id": value.pk, "name": value.name, **more}
    return {"id": value.pk, "name": str(value)} if isinstance(value, models.Model) else value


def _history(
    user: User, contact: Contact, deals: "models.QuerySet[Deal]"
) -> Iterator[dict[str, Any]]:
    """What is told of the person in what happened to deals and companies, also by who turned out to be
    the same."""
    ids = {contact.pk, *about.merged_into(contact)}
    some = "|".join(map(str, sorted(ids)))
    here = Q(told__regex=rf'"id": ({some})[,}}]', told__contains='"kind": "contact"')
    tables: tuple[tuple[Any, Q], ...] = (
        (DealChange, Q(deal__in=deals)),
        (PartyChange, Q(company__isnull=False)),
    )
    for model, within in tables:
        rows = model.objects.visible_to(user).filter(within)
        rows = rows.annotate(told=Cast("data", models.TextField())).filter(here)
        for row in _with_names(rows):
            if _refers(row.data, ids):
                yield _row(row)


def _refers(data: Any, contacts: Collection[int]) -> bool:
    if isinstance(data, dict):
        is_it = data.get("kind") == "contact" and data.get("id") in contacts
        return is_it or any(_refers(value, contacts) for value in data.values())
    return isinstance(data, list) and any(_refers(value, contacts) for value in data)


def _origin(contact: Contact) -> Iterator[dict[str, Any]]:
    """By which files the person came in, and what is known of him or her there."""
    for row in imports.ledger_of(contact):
        yield {
            "system": row.system,
            "external_id": row.external_id,
            "file": row.batch.name,
            "at": row.batch.at,
        }
    if contact.batch is not None:
        yield {"file": contact.batch.name, "at": contact.batch.at}
