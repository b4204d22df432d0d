"""Where something is kept about a person of the other side: what the models say of it.

A new record that refers to a contact is found here by itself, and so is a new table with texts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from crm import models as crm
from crm.models import (
    Company,
    Contact,
    ContactPoint,
    Deal,
    EvidenceFile,
    PartyKind,
    PartyMerge,
    SearchEntry,
)
from crm.models.letters import Fold
from exchange.models import ImportMapping
from pipeline.models import Batch, IdempotencyKey, OutboxRow, User
from privacy.identity import MIN_ADDRESS, Identity, is_telling
from privacy.models import ErasureNotice
from reports.models import DayNote

# Of records that refer to a person, what is not said by or about him or her: how a company decides,
# what we said and gave, what a step is called. A name in it goes as anywhere else.
OURS = frozenset(
    {
        (crm.DecisionPath, "steps"),
        (crm.DecisionPath, "criteria"),
        (crm.Concern, "response"),
        (crm.Concern, "concession"),
        (crm.StepResult, "key"),
        (crm.StepResult, "label"),
        (crm.StepResult, "mapped_from"),
        (crm.StepResult, "version_ids"),
    }
)
# What goes or stays as a whole, each in a way of its own (`privacy.commands.erasure`).
_BY_ITSELF = frozenset(
    {
        *(Contact, ContactPoint, SearchEntry, crm.PartyChange, crm.DealChange, crm.SettingChange),
        *(crm.Judgement, crm.StageVisit, crm.ImportedRow, crm.SavedView, crm.UndoableAct),
        ErasureNotice,
    }
)
# Whose names are their own: a firm may be called as its owner is.
_OWN_NAMES = frozenset({(Company, "name"), (Company, "website"), (ImportMapping, "name")})
# Lists and words of the organisation, not of a customer.
_LISTS = frozenset(
    {crm.Source, crm.Method, crm.StopCause, crm.Product, crm.Rate, crm.LeadRule, crm.LeadAssignment}
)
_OLD_NAMES = """
    SELECT DISTINCT ref ->> 'name'
    FROM {table} AS t, jsonb_path_query(
        t.data, '$.** ? (@.kind == "contact" && @.id == $id)', jsonb_build_object('id', %(id)s)
    ) AS ref
    WHERE t.data::text ~ %(found)s
"""


@dataclass(frozen=True)
class Relation:
    """Rows of a model that refer to a contact, by which field."""

    model: type[models.Model]
    field: str

    def rows(self, contact: Contact) -> "models.QuerySet[Any]":
        return self.model._base_manager.filter(**{self.field: contact.pk})


def relations() -> list[Relation]:
    """Also those that a contact does not know by a name of its own."""
    found: list[Any] = list(Contact._meta.get_fields(include_hidden=True))
    return [
        Relation(rel.related_model, rel.field.name)
        for rel in found
        if rel.auto_created and not rel.concrete and isinstance(rel.field, models.ForeignKey)
    ]


def texts_of(model: type[models.Model]) -> Iterator["models.Field[Any, Any]"]:
    """The fields in which words can stand."""
    for field in model._meta.concrete_fields:
        if isinstance(field, models.FileField) or field.choices or field.primary_key:
            continue
        if isinstance(field, models.CharField | models.TextField | models.JSONField):
            yield field


def sayings_of(relation: Relation) -> list["models.Field[Any, Any]"]:
    """What goes whole from a record that refers to the person."""
    if relation.model in _BY_ITSELF:
        return []
    return [field for field in texts_of(relation.model) if (relation.model, field.name) not in OURS]


def searched() -> Iterator[tuple[type[models.Model], list["models.Field[Any, Any]"]]]:
    """The tables in which others may have written of a person, and the fields of each. Of what lies
    below deals, those that take in words from outside."""
    own = (apps.get_app_config("crm"), apps.get_app_config("exchange"))
    found: list[type[models.Model]] = [model for app in own for model in app.get_models()]
    below: tuple[type[models.Model], ...] = (Batch, DayNote, IdempotencyKey, OutboxRow)
    for model in [*(one for one in found if not one._meta.proxy), *below]:
        if model in _BY_ITSELF or model in _LISTS:
            continue
        if fields := [one for one in texts_of(model) if (model, one.name) not in _OWN_NAMES]:
            yield model, fields


def identity_of(contact: Contact) -> Identity:
    """By what the person can be found in texts. What somebody else shares, or is called, is left out:
    it would be taken from that one, too."""
    names = [
        name for name in names_of(contact) if is_telling(name) and not namesakes(contact, name)
    ]
    told = _own_points(contact)
    addresses = {text for point in told for text in (point.value, point.typed)}
    long = [one for one in addresses if len(one) >= MIN_ADDRESS]
    return Identity(names=_longest_first(names), addresses=_longest_first(long))


def names_of(contact: Contact) -> list[str]:
    """What the person is and was called, as history knows it."""
    merged = merged_into(contact)
    found = {contact.name, *merged.values()}
    with connection.cursor() as cursor:
        for model in (crm.DealChange, crm.PartyChange):
            asked = _OLD_NAMES.format(table=model._meta.db_table)
            for pk in (contact.pk, *merged):
                cursor.execute(asked, {"id": pk, "found": f'"id": {pk}[,}}]'})
                found |= {name for (name,) in cursor.fetchall() if name}
    return sorted(found)


def merged_into(contact: Contact) -> dict[int, str]:
    """Those that turned out to be this person, however often in turn: their names by their ids, by
    which history still refers to them."""
    merges = PartyMerge.objects.filter(kind=PartyKind.CONTACT, undone_at=None)
    found: dict[int, str] = {}
    some = [contact.pk]
    while some:
        into = merges.filter(into_id__in=some).exclude(gone_id__in=found)
        more = dict(into.order_by("pk").values_list("gone_id", "name"))
        found |= more
        some = list(more)
    return found


def namesakes(contact: Contact, name: str) -> list[str]:
    """Others who are called so, on our side or the other, and companies."""
    others = [
        Contact.objects.filter(erased_at=None).exclude(pk=contact.pk),
        Company.objects.all(),
        User.objects.all(),
    ]
    asked: list[models.QuerySet[Any]] = [*others]
    folded = [rows.annotate(folded=Fold("name")) for rows in asked]
    same = [rows.filter(folded=Fold(models.Value(name))) for rows in folded]
    return [called for rows in same for called in rows.values_list("name", flat=True)[:1]]


def _own_points(contact: Contact) -> list[ContactPoint]:
    """The addresses and numbers that nobody else has."""
    others = ContactPoint.objects.exclude(contact=contact).values("value")
    ours = User.objects.exclude(email=None).values("email")
    return list(contact.points.exclude(value__in=others).exclude(value__in=ours))


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def deals_of(contact: Contact) -> "models.QuerySet[Deal]":
    """The deals on which the person stands, or on which something refers to him or her."""
    known = models.Q()
    for relation in relations():
        if any(field.name == "deal" for field in relation.model._meta.concrete_fields):
            known |= models.Q(pk__in=relation.rows(contact).values("deal"))
    return Deal.objects.filter(known)


def files_of(contact: Contact, identity: Identity) -> list[EvidenceFile]:
    """The files of the person's deals that are about him or her: they prove a step of which the
    person is a part, are called so, or have a name or an address in their text. Without contents."""
    files = EvidenceFile.objects.filter(deal__in=deals_of(contact))
    files = files.select_related("deal").order_by("pk")
    proves = models.Q(step_results__contact=contact)
    words = [text.encode() for text in (*identity.names, *identity.addresses)]
    inside = models.Q()
    for number, word in enumerate(words):
        files = files.annotate(**{f"at_{number}": _Position(models.Value(word), "content")})
        inside |= models.Q(**{f"at_{number}__gt": 0})
    told = proves | models.Q(name__iregex=identity.exact) | inside
    return list(files.filter(told).distinct().defer("content"))


class _Position(models.Func):
    """Where bytes stand in others; 0 where they do not."""

    template = "position(%(expressions)s)"
    arg_joiner = " IN "
    arity = 2
    output_field = models.IntegerField()


def other_files(contact: Contact, files: Iterable[EvidenceFile]) -> list[EvidenceFile]:
    """The files of the person's deals that are not among `files`. Without contents."""
    left = EvidenceFile.objects.filter(deal__in=deals_of(contact))
    left = left.exclude(pk__in=[file.pk for file in files]).select_related("deal")
    return list(left.defer("content").order_by("pk"))
