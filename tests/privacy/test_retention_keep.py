"""Rules of retention: whom they meet, the notice, what is then done, and that it is all noted."""

import datetime as dt

import pytest
import time_machine
from django.test import Client

from crm.models import Contact, SettingChange
from pipeline.audit.commands import record_sign_in, record_view
from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.process.stages import Stage
from privacy import tasks
from privacy.commands import retention as commands
from privacy.models import ErasureNotice, Kept, RetentionRule
from privacy.queries import retention as queries
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW, make_contact, make_deal, plan_call, stopped_deal, won_deal

LONG_AGO = NOW - dt.timedelta(days=400)


@pytest.fixture
def people(cast: Cast) -> dict[str, Contact]:
    """Everybody unchanged for long; with some something has been since, or is to be."""
    ana = cast.ana
    names = ("silent", "open", "won", "lead", "planned", "talked", "changed")
    found = {name: make_contact(by=ana, name=f"{name} Person") for name in names}
    make_deal(by=ana, contact=found["open"])
    won_deal(by=ana, contact=found["won"])
    lead = stopped_deal(by=ana, contact=found["lead"])
    type(lead).objects.filter(pk=lead.pk).update(closed_at=LONG_AGO, touched_at=LONG_AGO)
    plan_call(make_deal(by=ana), by=ana, due_at=NOW).__class__.objects.update(
        contact=found["planned"]
    )
    Contact.objects.exclude(pk=found["changed"].pk).update(changed_at=LONG_AGO)
    return found


def listed() -> set[str]:
    return set(ErasureNotice.objects.values_list("contact__name", flat=True))


def test_it_lists_first_and_erases_when_the_notice_has_stood(
    cast: Cast, people: dict[str, Contact], clock: time_machine.Traveller
):
    commands.set_rules({Kept.CONTACTS: 12}, by=cast.adele, at=NOW)
    assert listed() == {"silent Person", "lead Person", "talked Person"}
    kept = ErasureNotice.objects.get(contact=people["lead"])
    commands.keep(kept, by=cast.adele, at=NOW)
    Contact.objects.filter(pk=people["talked"].pk).update(changed_at=NOW)

    clock.move_to(NOW + commands.NOTICE - dt.timedelta(days=1))
    tasks.keep_to_rules()
    assert listed() == {"silent Person", "lead Person"}
    assert not Contact.objects.filter(erased_at__isnull=False).exists()

    clock.move_to(NOW + commands.NOTICE)
    tasks.keep_to_rules()
    tasks.keep_to_rules()
    assert list(Contact.objects.filter(erased_at__isnull=False)) == [people["silent"]]
    entry = AuditEntry.objects.get(kind=AuditKind.ERASURE)
    assert (entry.by, entry.asked) == (cast.adele, str(people["silent"].pk))
    commands.let_go(kept, by=cast.adele, at=NOW + commands.NOTICE)
    assert ErasureNotice.objects.get().due_on == (NOW + 2 * commands.NOTICE).date()


def test_leads_that_came_to_nothing_have_a_rule_of_their_own(
    cast: Cast, people: dict[str, Contact]
):
    assert people["lead"].deals.get().stage <= Stage.PROSPECTING
    commands.set_rules({Kept.STOPPED_LEADS: 12}, by=cast.adele, at=NOW)
    assert listed() == {"lead Person"}
    commands.set_rules({Kept.STOPPED_LEADS: None}, by=cast.adele, at=NOW)
    assert listed() == set()


def test_old_entries_of_the_audit_go_and_that_is_entered(cast: Cast):
    record_sign_in(cast.ana, at=NOW - dt.timedelta(days=90))
    record_sign_in(cast.ana, at=NOW - dt.timedelta(days=1))
    for days in (90, 1):
        at = NOW - dt.timedelta(days=days)
        record_view([cast.ana.pk], what="deals", asked="", rows=1, by=cast.mona, at=at)
    commands.set_rules({Kept.SIGN_INS: 2, Kept.TAKEN_FILES: 2}, by=cast.adele, at=NOW)
    tasks.keep_to_rules()
    for kind in (AuditKind.SIGN_IN, AuditKind.VIEW):
        assert AuditEntry.objects.filter(kind=kind).count() == 1
    assert [one.rows for one in AuditEntry.objects.filter(kind=AuditKind.ERASURE)] == [1, 1]


def test_a_month_before_is_a_day_that_there_is():
    last = dt.datetime(2028, 3, 31, tzinfo=dt.UTC)
    assert queries.months_before(last, 1).date() == dt.date(2028, 2, 29)
    assert queries.months_before(last, 15).date() == dt.date(2026, 12, 31)


def test_admins_make_the_rules_and_see_who_is_due(
    cast: Cast, people: dict[str, Contact], client: Client
):
    with pytest.raises(Refused):
        commands.set_rules({Kept.CONTACTS: 1}, by=cast.mona, at=NOW)
    client.force_login(cast.mona)
    assert client.get("/retention/").status_code == 404
    client.force_login(cast.adele)
    assert client.post("/retention/", {"contacts": "0", "seen": "0"}).status_code == 422
    assert client.post("/retention/", {"contacts": "12", "seen": "0"}).status_code == 302
    assert RetentionRule.objects.get().months == 12
    page = client.get("/retention/").content.decode()
    assert "3 people are due on" in page
    assert "silent Person" in page
    assert client.post("/retention/", {"contacts": "24", "seen": "0"}).status_code == 409
    with pytest.raises(Stale):
        commands.set_rules({Kept.CONTACTS: 24}, by=cast.adele, at=NOW, seen=0)
    assert SettingChange.objects.get(setting="retention").data == {"new": 12}
    assert "Retention" in client.get("/settings/changes/").content.decode()
    notice = ErasureNotice.objects.get(contact=people["silent"])
    client.post(f"/retention/{notice.pk}/keep/")
    assert "kept by Adele Winter" in client.get("/retention/").content.decode()
    client.post(f"/retention/{notice.pk}/let-go/")
    assert "kept by" not in client.get("/retention/").content.decode()
