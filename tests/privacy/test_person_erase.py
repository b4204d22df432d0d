"""Nothing of an erased person is left, wherever the models can keep something; and no figure moves."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.test import Client

from crm.commands import party_merge
from crm.erased import ERASED_TEXT
from crm.events import DealPersonChanged, PersonInRole
from crm.models import (
    Activity,
    Concern,
    Contact,
    Deal,
    DealChange,
    DeletedRecord,
    EvidenceFile,
    ImportedRow,
    PartyChange,
    PartyMerge,
    ProcessNote,
    SavedView,
    StageVisit,
    StepResult,
    UndoableAct,
)
from exchange.models import ImportChange, ImportJob
from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import Batch, IdempotencyKey
from pipeline.process.stages import Stage
from privacy.commands import erasure
from privacy.queries import about
from reports.commands import saved_report
from salesprocess.lib.events import RecordRef, event_columns
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.crm.event_samples import PETRA, samples
from tests.factories import NOW, make_company, make_contact, make_deal, won_deal

NAME, EMAIL, PHONE = "Quorra Zyxwell", "quorra@canary.test", "+43 664 9988776"
SAID = "kwertz"
# Of words that others wrote, in each way in which a name can stand there.
MENTION = f"x\n{NAME}, {NAME.upper()}; Zyxwell, Quorra <{EMAIL}> {PHONE}"
# Tables of which no row is about a customer, or that others look after.
CANARIES = ("quorra", "zyxwell", "canary.test", "9988776", SAID)
# What is kept of one's own people, the process and the machine.


@pytest.fixture
def person(one_of_each: Cast) -> Contact:
    """Somebody to whom everything that the models know refers, with words in every place."""
    ana = one_of_each.ana
    contact = make_contact(
        by=ana,
        name=NAME,
        job_title=SAID,
        emails=[EMAIL],
        phones=[PHONE],
        company=make_company(by=ana),
    )
    won_deal(by=ana, contact=contact)
    contact.changes.create(at=NOW, kind="talk_body", data={"old": SAID}, reason=SAID)
    UndoableAct.objects.create(contact=contact, by=ana, at=NOW, verb="hand over", version=1)
    for relation in about.relations():
        if not relation.rows(contact).exists():
            row = relation.model._base_manager.first()
            assert row is not None, f"make a {relation.model.__name__} in `one_of_each`"
            # An act is on one record.
            other = {"deal": None, "company": None} if relation.model is UndoableAct else {}
            told = {**other, relation.field: contact}
            relation.model._base_manager.filter(pk=row.pk).update(**told)
        fields = about.sayings_of(relation)
        relation.rows(contact).update(**{one.name: _value(one, SAID) for one in fields})
    _mention_everywhere(contact)
    _history(contact)
    _left_behind(contact, by=ana)
    return contact


def _value(field: Any, words: str) -> Any:
    if isinstance(field, models.JSONField):
        return {"told": [words], words: 1}
    return words[: field.max_length]


def _mention_everywhere(contact: Contact) -> None:
    ProcessNote.objects.update(answer="Yes.", answered_at=NOW)
    related = {relation.model for relation in about.relations()}
    for model, fields in about.searched():
        rows = model._base_manager.all()
        assert rows.exists(), f"make a {model.__name__} in `one_of_each`"
        if model in related:
            fields = [one for one in fields if (model, one.name) in about.OURS]
        for field in fields:
            if isinstance(field, models.JSONField):
                rows.update(**{field.name: {"told": [MENTION], MENTION: 1}})
            elif (field.max_length or 1000) >= len(MENTION) and not field.unique:
                rows.update(**{field.name: MENTION})


def _history(contact: Contact) -> None:
    """A row of each kind that there is, as if it were about the person."""
    deal = Deal.objects.get(needs__said_by=contact)
    assert Concern.objects.filter(raised_by=contact, deal=deal).exists()
    assert Activity.objects.filter(contact=contact, deal=deal).exists()
    assert StepResult.objects.filter(contact=contact, deal=deal).exists()
    company = make_company(by=contact.owner or contact.changed_by, name="Sur SL")  # type: ignore[arg-type]
    for event in samples():
        columns = event_columns(event)
        told = json.dumps(columns["data"])
        ref = {"kind": "contact", "id": contact.pk, "name": "Was called otherwise"}
        told = told.replace(f'"id": {PETRA.id}, "name": "{PETRA.name}"', json.dumps(ref)[20:-1])
        data = json.loads(told)
        said = _with_words(event.kind, data)
        DealChange.objects.create(deal=deal, at=NOW, kind=event.kind, data=said, reason=MENTION)
        PartyChange.objects.create(
            company=company, at=NOW, kind=event.kind, data=data | {"more": MENTION}, reason=MENTION
        )


def _with_words(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    whole = kind in ("need", "concern_words", "talk_body")
    person = (
        kind.startswith(("need", "concern", "talk_", "taken_back")) and kind != "concern_response"
    )
    said = {}
    for key, value in data.items():
        is_text = isinstance(value, str)
        if (is_text and person and key in ("about", "words", "body", "subject", "said")) or (
            is_text and whole and key in ("old", "new")
        ):
            said[key] = SAID
        else:
            said[key] = value
    return said | {"more": MENTION}


def _left_behind(contact: Contact, *, by: Any) -> None:
    """What is kept beside the records themselves."""
    deal = about.deals_of(contact).first()
    assert deal is not None
    StageVisit.objects.filter(deal=deal, left_how=None)
    batch = Batch.objects.create(kind="import", name=MENTION, by=by, at=NOW)
    ledger = {"system": "paper", "kind": "contacts", "created": True, "batch": batch}
    ImportedRow.objects.create(external_id=EMAIL, record_id=contact.pk, **ledger)
    stored = default_storage.save(
        "imports/canary.csv", ContentFile(f"name;mail\n{NAME};{EMAIL}\n".encode())
    )
    job = ImportJob.objects.create(
        owner=by, kind="contacts", name="people.csv", size=1, columns=[], file=stored, state="done",
        encoding="utf-8", sample=[[NAME]], created_at=NOW, changed_at=NOW,
    )  # fmt: skip
    # Of another file, which is not about the person by name.
    job.pk, job.name, job.file, job.sample, job.batch = None, "calls.csv", "", [], batch
    job.save()
    said = Activity.objects.filter(contact=contact).earliest("pk")
    ImportChange.objects.create(
        job=job, line=2, kind="activities", record_id=said.pk, name=SAID, field="body", was=SAID,
        now=SAID, is_ours=False, applied=True, mark="",
    )  # fmt: skip
    SavedView.objects.create(
        kind="contacts", name="Hers", query="q=Quorra+Zyxwell", owner=by, changed_at=NOW
    )
    saved_report.save(name=f"Deals of {NAME}", page="wins", query="", by=by, at=NOW)
    AuditEntry.objects.create(
        at=NOW, by=by, kind="export", what="contacts", asked="q=quorra%40canary.test"
    )
    row = json.dumps({"contact_id": contact.pk, "body": SAID})
    UndoableAct.objects.create(
        deal=deal, by=by, at=NOW, verb="log", version=1, rows=[["t", 1, None, row]]
    )
    DeletedRecord.objects.create(
        kind="activity", name=SAID, at=NOW, by=by, rows=[["crm_activity", json.loads(row)]]
    )
    IdempotencyKey.objects.create(
        user=by, key="k2", digest=b"2", at=NOW, status=200, body=MENTION.encode()
    )
    EvidenceFile.objects.create(
        deal=deal, name="a.txt", size=1, content=MENTION.encode(), at=NOW, by=by
    )


def everything() -> Iterator[tuple[str, str]]:
    """Each column that can hold words, and what stands in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c"
            " JOIN pg_class ON relname = c.table_name AND relkind = 'r'"
            " WHERE c.table_schema = 'public'"
            " AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY', 'bytea')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT string_agg(t."{column}"::text, chr(10)) FROM {table} AS t')  # noqa: S608
            ((held,),) = cursor.fetchall()
            yield f"{table}.{column}", (held or "").lower()


def left(canaries: tuple[str, ...] = CANARIES) -> dict[str, list[str]]:
    hexes = {one: one.encode().hex() for one in canaries}
    found = {
        where: [one for one in canaries if one in held or hexes[one] in held]
        for where, held in everything()
    }
    return {where: ones for where, ones in found.items() if ones}


def counted() -> list[Any]:
    """What figures are made of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(t) FROM crm_dealfacts t ORDER BY 1")
        facts = cursor.fetchall()
        cursor.execute("SELECT to_jsonb(t) - 'reason' FROM crm_stagevisit t ORDER BY id")
        visits = cursor.fetchall()
        words = "'name', 'version', 'source_detail', 'closing_note', 'kept_version_ids'"
        cursor.execute(f"SELECT to_jsonb(t) - ARRAY[{words}] FROM crm_deal t ORDER BY id")  # noqa: S608
        deals = cursor.fetchall()
        cursor.execute("SELECT kind, at, by_id, deal_id FROM crm_dealchange ORDER BY id")
        changes = cursor.fetchall()
        cursor.execute("SELECT deal_id, contact_id, role FROM crm_dealcontact ORDER BY id")
        return [*facts, *visits, *deals, *changes, *cursor.fetchall()]


def test_nothing_of_somebody_erased_is_left(
    one_of_each: Cast,
    person: Contact,
    django_capture_on_commit_callbacks: Any,
):
    assert len(left()) > 40
    stored = ImportJob.objects.get(name="people.csv").file.name
    assert default_storage.exists(stored)
    before = counted()

    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(person, by=one_of_each.adele, at=NOW)

    assert left() == {}
    assert counted() == before
    assert not default_storage.exists(stored)


def test_whoever_turned_out_to_be_the_person_is_forgotten_with_it(cast: Cast):
    """However often in turn, and by names of one word, too, which are not looked for in texts."""
    stays, between, first = (
        make_contact(by=cast.ana, name=name, owner=cast.ana)
        for name in ("Hans Meier", NAME, "Kwertz")
    )
    deal = make_deal(by=cast.ana, name=f"For {NAME}")
    job = ImportJob.objects.create(
        owner=cast.ana, kind="contacts", name="old.csv", size=1, columns=[], state="done",
        created_at=NOW, changed_at=NOW,
    )  # fmt: skip
    for person in (between, first):
        event = DealPersonChanged(new=PersonInRole(person=RecordRef.to(person), role="decides"))
        DealChange.objects.create(deal=deal, at=NOW, **event_columns(event))
        job.changes.create(
            line=1, kind="contacts", record_id=person.pk, name=person.name, field="name",
            was="x", now=person.name, is_ours=False, applied=True, mark="m",
        )  # fmt: skip
    party_merge.merge(first, into=between, by=cast.ana, at=NOW)
    party_merge.merge(between, into=stays, by=cast.ana, at=NOW)
    assert len(left()) > 3

    erasure.erase(stays, by=cast.adele, at=NOW)
    assert left() == {}
    assert not PartyMerge.objects.exists()
    assert not job.changes.exists()


def test_everybody_finds_that_somebody_is_gone_and_nobody_who(
    one_of_each: Cast,
    client: Client,
    django_capture_on_commit_callbacks: Any,
):
    ana, adele = one_of_each.ana, one_of_each.adele
    contact = make_contact(by=ana, name=NAME, emails=[EMAIL], owner=ana)
    deal = make_deal(by=ana, contact=contact, name=f"{NAME}: pump", stage=Stage.PROSPECTING)
    client.force_login(ana)
    page = f"/contacts/{contact.pk}/"
    assert client.get(f"{page}erase/").status_code == 404
    client.force_login(adele)
    asked = client.get(f"{page}erase/").content.decode()
    assert EMAIL in asked
    assert client.post(f"{page}erase/", {"name": "Quorra", "seen": "1"}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(f"{page}erase/", {"name": f"{NAME} ", "seen": contact.version})
    assert done.status_code == 302

    assert client.get(page).status_code == 410
    for where in ("/contacts/", "/search/?q=quorra", "/search/?q=erased", "/settings/audit/"):
        assert "zyxwell" not in client.get(where).content.decode().lower(), where
    assert "Erased person" not in client.get("/contacts/").content.decode()
    shown = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "Erased person" in shown
    assert f'<option value="{contact.pk}">' not in shown
    assert f"{ERASED_TEXT}: pump" in shown
    taken = b"".join(client.get("/settings/audit.jsonl")).decode().lower()
    assert "zyxwell" not in taken
    assert AuditEntry.objects.get(kind=AuditKind.ERASURE).by == adele
    adele.language = "de"
    adele.save()
    assert "Gelöschte Person" in client.get(f"/deals/{deal.pk}/").content.decode()


def test_what_others_share_stays_with_them(cast: Cast):
    first = make_contact(by=cast.ana, name=NAME, emails=[EMAIL], phones=[PHONE])
    second = make_contact(by=cast.ana, name=NAME.upper(), emails=[EMAIL])
    deal = make_deal(by=cast.ana, name=f"For {NAME}", source_detail=f"{EMAIL}, {PHONE}")

    erasure.erase(first, by=cast.adele, at=NOW)
    deal.refresh_from_db()
    assert (deal.name, deal.source_detail) == (f"For {NAME}", f"{EMAIL}, {ERASED_TEXT}")
    assert second.points.count() == 1

    erasure.erase(second, by=cast.adele, at=NOW)
    deal.refresh_from_db()
    assert (deal.name, deal.source_detail) == (
        f"For {ERASED_TEXT}",
        f"{ERASED_TEXT}, {ERASED_TEXT}",
    )


def test_nobody_is_erased_who_is_about_to_come_in_again(cast: Cast):
    contact = make_contact(by=cast.ana, name=NAME, emails=[EMAIL])
    stored = default_storage.save("imports/waiting.csv", ContentFile(f"a\n{EMAIL}\n".encode()))
    job = ImportJob.objects.create(
        owner=cast.ana, kind="contacts", name="old.csv", size=1, columns=[], file=stored,
        encoding="utf-8", created_at=NOW, changed_at=NOW,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"old\.csv"):
        erasure.erase(contact, by=cast.adele, at=NOW)
    with pytest.raises(Refused, match="admin"):
        erasure.erase(contact, by=cast.mona, at=NOW)
    default_storage.delete(job.file.name)


def test_information_has_all_that_is_kept_within_reach(
    one_of_each: Cast, person: Contact, client: Client
):
    Contact.objects.filter(pk=person.pk).update(owner=one_of_each.ana)
    for reader, complete in ((one_of_each.adele, True), (one_of_each.ana, False)):
        if not complete:
            Deal.objects.filter(deal_contacts__contact=person).update(
                owner=one_of_each.carl, team=one_of_each.south
            )
        client.force_login(reader)
        answer = client.get(f"/contacts/{person.pk}/information/")
        bundle = zipfile.ZipFile(io.BytesIO(answer.content))
        said = json.loads(bundle.read("information.json"))
        assert said["complete"] is complete
        held = {relation.model._meta.model_name for relation in about.relations()}
        missing = held - set(said)
        assert missing == set() if complete else missing
        assert NAME in bundle.read("information.html").decode()
    client.force_login(one_of_each.carl)
    assert client.get(f"/contacts/{person.pk}/information/").status_code == 404
    assert AuditEntry.objects.filter(what="contact", asked=str(person.pk)).count() == 2
