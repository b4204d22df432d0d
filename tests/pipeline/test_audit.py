"""Who took records away in a file or looked at many, and who signed in: on record, for whom it
concerns, for good."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from crm.commands import deal as deal_commands
from crm.models import Deal, EvidenceFile, StepResult, StepState
from pipeline.audit.commands import record_opening, record_sign_in, record_view
from pipeline.audit.models import AuditKind
from pipeline.models import AuditEntry
from tests.conftest import Cast
from tests.factories import NOW, make_contact, make_deal

pytestmark = pytest.mark.django_db


@pytest.fixture
def deals(cast: Cast) -> None:
    for name in ("Pump", "Belt"):
        make_deal(by=cast.ana, name=name)
    make_deal(by=cast.ben, name="Valve")


def taken(person: Any, address: str = "/lists/leads.csv?q=") -> int:
    client = Client()
    client.force_login(person)
    answer: Any = client.get(address)
    if answer.streaming:
        b"".join(answer.streaming_content)
    status: int = answer.status_code
    return status


@pytest.mark.usefixtures("deals")
def test_it_notes_each_file_with_whose_records_went(cast: Cast, client: Client):
    assert taken(cast.mona, "/lists/leads.csv?sort=name") == 200

    entry = AuditEntry.objects.get()
    assert (entry.by, entry.kind, entry.what) == (cast.mona, AuditKind.EXPORT, "leads")
    assert (entry.rows, entry.asked) == (3, "sort=name")
    assert entry.owner_ids == sorted([cast.ana.pk, cast.ben.pk])


@pytest.mark.usefixtures("deals")
def test_a_file_of_a_report_is_one_too(cast: Cast):
    address = "/reports/rows/entered/export/?span=year&by=stage&of=1"
    assert taken(cast.mona, address) == 200
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.rows) == ("entered", 3)
    # By the metric's name, with the way to its rows.
    client = Client()
    client.force_login(cast.adele)
    page = client.get("/settings/audit/").content.decode()
    assert "Deals that entered, 3 rows" in page
    assert 'href="/reports/rows/entered/?span=year' in page


@pytest.mark.usefixtures("deals")
def test_each_person_sees_who_took_his_or_her_records(cast: Cast, client: Client):
    taken(cast.mona)
    taken(cast.ben)
    for person, seen in ((cast.ana, "Mona"), (cast.ben, "Mona"), (cast.carl, None)):
        client.force_login(person)
        html = client.get("/profile/taken/").content.decode()
        assert ("3 rows" in html) is (seen is not None)
        assert ("Nobody else took any." in html) is (seen is None)
        assert not AuditEntry.objects.editable_by(person).exists()
    # What one took oneself is no news.
    assert AuditEntry.objects.visible_to(cast.carl).count() == 0


@pytest.mark.usefixtures("deals")
def test_a_day_has_an_end_for_each_role(cast: Cast, client: Client, settings: Any):
    settings.EXPORT_ROWS_A_DAY = {"salesperson": 3, "manager": 0, "admin": 0}
    assert taken(cast.ana) == 200
    client.force_login(cast.ana)
    refused = client.get("/lists/leads.csv")
    assert refused.status_code == 422
    assert "more than 3 rows in files today" in refused.content.decode()
    report = client.get("/reports/rows/entered/export/?span=year&by=stage&of=1", follow=True)
    assert "more than 3 rows in files today" in report.content.decode()
    for _again in range(3):
        assert taken(cast.mona) == 200
    kinds = AuditEntry.objects.filter(by=cast.ana).values_list("kind", flat=True).order_by("pk")
    assert list(kinds) == [AuditKind.EXPORT, *[AuditKind.EXPORT_REFUSED] * 2]


def test_it_notes_who_signs_in(cast: Cast, client: Client, caplog: pytest.LogCaptureFixture):
    said = {"login": "ana@seven.test", "password": "right horse"}
    assert client.post("/accounts/login/", {**said, "password": "wrong"}).status_code == 200
    assert client.post("/accounts/login/", said).status_code == 302
    assert AuditEntry.objects.get().kind == AuditKind.SIGN_IN
    # And that somebody failed to, but nothing of what was typed.
    assert "A wrong password from 127.0.0.1" in caplog.text
    assert "ana@" not in caplog.text


def test_nobody_changes_it(cast: Cast):
    record_sign_in(cast.ana, at=NOW)
    for change in (
        lambda: AuditEntry.objects.update(rows=1),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
            change()


@pytest.mark.usefixtures("deals")
def test_admins_see_all_of_it_and_take_it_along(cast: Cast, client: Client):
    deal_commands.edit(Deal.objects.get(name="Pump"), by=cast.ana, at=NOW, name="Pump 2")
    taken(cast.mona)
    client.force_login(cast.adele)
    html = client.get("/settings/audit/").content.decode()
    assert "Mona" in html
    assert "3 rows" in html
    answer: Any = client.get("/settings/audit.jsonl")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert {"auditentry", "dealchange"} <= {line["table"] for line in lines}
    [file, itself] = [line for line in lines if line["table"] == "auditentry"]
    assert (file["by_name"], file["rows"]) == (cast.mona.name, 3)
    assert (itself["by_name"], itself["what"]) == (cast.adele.name, "audit")
    client.force_login(cast.mona)
    assert client.get("/settings/audit.jsonl").status_code == 404


# Looking at many ---------------------------------------------------------------------------------


def opened(person: Any, *addresses: str) -> None:
    client = Client()
    client.force_login(person)
    for address in addresses:
        assert client.get(address).status_code == 200, address


def looks() -> list[tuple[str, str, list[int]]]:
    found = AuditEntry.objects.filter(kind=AuditKind.VIEW).order_by("pk")
    return [(one.by.name, one.what, one.owner_ids) for one in found]


@pytest.mark.usefixtures("deals")
def test_who_opens_a_list_of_whose_records_is_noted_once_a_day(cast: Cast, clock: Any):
    ana, ben, mona = cast.ana.pk, cast.ben.pk, cast.mona.name
    opened(cast.ana, "/leads/list/", "/board/", "/contacts/")
    assert looks() == [], "what is one's own is no look"
    opened(cast.mona, f"/leads/list/?person={ana}")
    assert looks() == [(mona, "leads", [ana])]
    opened(cast.mona, *["/leads/list/?sort=name"] * 3)
    assert looks()[1:] == [(mona, "leads", [ben])], "those who were not seen before on this day"
    opened(cast.mona, "/deals/", "/board/", "/board/", f"/people/{ana}/hand-over/")
    both = sorted([ana, ben])
    assert looks()[2:] == [
        (mona, "deals", both),
        (mona, "board", both),
        (mona, "holdings", [ana]),
    ]
    clock.shift(24 * 60 * 60)
    opened(cast.mona, "/leads/list/")
    assert looks()[5:] == [(mona, "leads", both)]
    last = AuditEntry.objects.filter(what="leads").latest("pk")
    assert (last.rows, last.asked) == (3, "")


@pytest.mark.usefixtures("deals")
def test_each_person_and_the_admins_see_who_opened_lists(cast: Cast, client: Client, clock: Any):
    opened(cast.mona, "/leads/list/", f"/reports/people/{cast.ana.pk}/")
    client.force_login(cast.ana)
    html = client.get("/profile/taken/").content.decode()
    for told in ("Mona Reyes", "Leads", "Report on one person", "on 1 day"):
        assert told in html
    client.force_login(cast.carl)
    assert "Nobody else did." in client.get("/profile/taken/").content.decode()

    client.force_login(cast.adele)
    html = client.get("/settings/audit/?of=lists").content.decode()
    assert "Looked at a list: Leads, 3 rows" in html
    assert "records of Ana Ruiz, Ben Okoro" in html
    assert "Looked at" not in client.get("/settings/audit/?of=files").content.decode()
    answer: Any = client.get("/settings/audit.jsonl")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    [look] = [line for line in lines if line.get("what") == "leads"]
    assert (look["kind"], look["by_name"]) == ("view", cast.mona.name)
    assert look["owner_ids"] == sorted([cast.ana.pk, cast.ben.pk])


@pytest.mark.usefixtures("deals")
def test_a_list_that_was_seen_today_costs_one_statement_that_writes_nothing(
    cast: Cast, django_assert_num_queries: Any
):
    said: Any = {"what": "leads", "asked": "", "rows": 2, "by": cast.mona, "at": NOW}
    record_view([cast.ana.pk], **said)
    with django_assert_num_queries(1):
        record_view([cast.ana.pk, cast.mona.pk, None], **said)
    with django_assert_num_queries(0):
        record_view([cast.mona.pk, None], **said)
    assert len(looks()) == 1


def test_who_opens_a_deal_or_contact_of_somebody_else_is_noted_once_a_day(
    cast: Cast, client: Client, clock: Any
):
    deal, other = make_deal(by=cast.ana, name="Pump"), make_deal(by=cast.ana, name="Belt")
    pool = make_deal(by=cast.ana, name="Valve", owner=None, team=cast.ana.team)
    person = make_contact(by=cast.ana, owner=cast.ana)
    page, ana, mona = f"/deals/{deal.pk}/", [cast.ana.pk], cast.mona.name
    opened(cast.ana, page, f"/contacts/{person.pk}/")
    opened(cast.mona, f"/deals/{pool.pk}/")
    assert looks() == [], "one's own, and what is nobody's, is none"

    opened(cast.mona, page, page, f"{page}timeline/", f"{page}stages/2/")
    assert looks() == [(mona, "deal_opened", ana)]
    client.force_login(cast.mona)
    client.get(f"/deals/{other.pk}/peek/", headers={"HX-Request": "true"})
    opened(cast.carl, f"/contacts/{person.pk}/", f"/contacts/{person.pk}/timeline/")
    clock.shift(24 * 60 * 60)
    opened(cast.mona, page)
    assert looks()[1:] == [
        (mona, "deal_opened", ana),
        (cast.carl.name, "contact_opened", ana),
        (mona, "deal_opened", ana),
    ]
    asked = AuditEntry.objects.filter(what="deal_opened").order_by("pk")
    assert [one.asked for one in asked] == [str(deal.pk), str(other.pk), str(deal.pk)]

    client.force_login(cast.ana)
    html = client.get("/profile/taken/").content.decode()
    for told in ("Single deals", "on 2 days", "Single contacts", cast.carl.name):
        assert told in html
    client.force_login(cast.adele)
    html = client.get("/settings/audit/?of=lists").content.decode()
    assert "Opened a deal" in html
    assert f'href="{page}"' in html


def test_what_is_read_of_a_record_beside_its_page_opens_it_too(cast: Cast):
    made = [make_deal(by=cast.ana, name=f"Line {n}") for n in range(4)]
    shown, chosen, edited, proven = made
    proof = EvidenceFile.objects.create(
        deal=proven, name="plan.txt", size=1, content=b"1", at=NOW, by=cast.ana
    )
    step: Any = {"stage": 1, "key": "plan", "label": "Plan", "state": StepState.DONE}
    StepResult.objects.create(deal=proven, file=proof, at=NOW, **step)
    person = make_contact(by=cast.ana, owner=cast.ana)
    client = Client()
    client.force_login(cast.mona)
    client.get(f"/leads/{shown.pk}/", headers={"HX-Request": "true"})
    opened(
        cast.mona,
        f"/leads/?lead={chosen.pk}",
        f"/deals/{edited.pk}/edit/value/",
        f"/deals/{proven.pk}/files/{proof.pk}/",
        f"/contacts/{person.pk}/edit/",
    )
    asked = AuditEntry.objects.filter(what__endswith="_opened").order_by("pk")
    assert [one.asked for one in asked] == [str(one.pk) for one in (*made, person)]
    assert {tuple(one.owner_ids) for one in asked} == {(cast.ana.pk,)}


def test_whoever_has_a_record_by_now_is_told_too(cast: Cast):
    deal = make_deal(by=cast.ana, name="Pump")
    page = f"/deals/{deal.pk}/"
    opened(cast.mona, page)
    Deal.objects.filter(pk=deal.pk).update(owner=cast.ben)
    opened(cast.mona, page, page)
    mona = cast.mona.name
    assert looks() == [
        (mona, "deal_opened", [cast.ana.pk]),
        (mona, "deal_opened", [cast.ben.pk]),
    ]


def test_one_that_was_opened_today_costs_one_statement_that_writes_nothing(
    cast: Cast, django_assert_num_queries: Any
):
    said: Any = {"what": "deal_opened", "by": cast.mona, "at": NOW}
    record_opening(cast.ana.pk, pk=1, **said)
    with django_assert_num_queries(1):
        record_opening(cast.ana.pk, pk=1, **said)
    with django_assert_num_queries(0):
        record_opening(cast.mona.pk, pk=1, **said)
        record_opening(None, pk=1, **said)
    assert len(looks()) == 1
