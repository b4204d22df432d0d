"""Files as other systems write them: filled in as they probably are, the same by page and by command."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from crm.models import Company, Contact, ContactPoint, Deal
from exchange.commands import job as verbs
from exchange.imports import answers, guessing
from exchange.models import ImportJob
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.exchange.uploads import answer, by_command, loaded, uploaded, worked
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def as_suggested(user: User, content: str | bytes, *, kind: str = "deals") -> ImportJob:
    """A file of which somebody takes every suggestion."""
    job = uploaded(user, content, kind=kind)
    if job.letters["is_asked"]:
        verbs.read_again(job, encoding=job.letters["samples"][0][0], by=user, at=NOW)
    columns = answers.suggested_columns(job)["columns"]
    verbs.name_columns(job, system="theirs", columns=columns, like={}, by=user, at=NOW)
    if worked(job).state == "asking":
        assert answer(user, job).status_code == 302
        worked(job)
    assert job.state == "checked"
    return loaded(user, job)


def deals() -> list[tuple[Any, ...]]:
    return [
        (deal.name, deal.stage, deal.outcome, deal.amount and str(deal.amount))
        for deal in Deal.objects.exclude(name="old").order_by("name")
    ]


def same_by_command(folder: Path, job: ImportJob, content: str | bytes) -> None:
    """The deals that the page brought in come in by the command, too."""
    expected, refused = deals(), {fault.line for fault in job.faults.all()}
    Deal.objects.update(name="old")
    stages = answers.mapping_of(job).content["deals"]["stages"]
    values = job.answers.get("values")
    columns = job.answers["columns"]
    result = by_command(folder / "in", content, columns, stages=stages, values=values)
    assert deals() == expected
    assert {fault.line for fault in result.faults} == refused


HUBSPOT = (
    '\ufeff"Record ID","Deal Name","Deal Stage","Pipeline","Amount","Currency","Close Date",'
    '"Create Date","Deal owner","Associated Company","Associated Company IDs","Closed Lost Reason"\r\n'
    '"7001","Rollout","Appointment Scheduled (Sales Pipeline)","Sales Pipeline","12500.50","EUR",'
    '"2027-03-31 17:00","2026-01-15 09:12","Ana Ruiz","Norte SA (norte.example)","9001",""\r\n'
    '"7002","Renewal","Closed Won (Sales Pipeline)","Sales Pipeline","9000","EUR",'
    '"2026-02-20 12:30","2026-02-01 08:00","Ana Ruiz","Norte SA (norte.example)","9001",""\r\n'
    '"7003","Line","Closed Lost (Sales Pipeline)","Sales Pipeline","","","2026-02-11 12:30",'
    '"2026-02-03 08:00","Ana Ruiz","Sur SA","9002","Price"\r\n'
    '"7004","Late","Decision Maker Bought-In (Sales Pipeline)","Sales Pipeline","1","EUR","",'
    '"2026-02-03 08:00","Ana Ruiz","Sur SA","9002",""\r\n'
)


def test_deals_of_hubspot(cast: Cast, tmp_path: Path):
    job = as_suggested(cast.ana, HUBSPOT)
    assert job.counts["refused"] == 0
    assert deals() == [
        ("Late", 6, "open", "1.00"),
        ("Line", 3, "stopped", None),
        ("Renewal", 7, "won", "9000.00"),
        ("Rollout", 2, "open", "12500.50"),
    ]
    assert {company.name for company in Company.objects.all()} == {"Norte SA", "Sur SA"}
    line = Deal.objects.select_related("cause").get(name="Line")
    assert line.cause
    assert (line.cause.key, line.initiator) == ("price", "customer")
    assert Deal.objects.get(name="Rollout").expected_close_on == dt.date(2027, 3, 31)
    same_by_command(tmp_path, job, HUBSPOT)


WAYS = (
    '\ufeff"Record ID","Deal Name","Deal Stage","Close Date","Create Date",'
    '"Date entered ""Appointment Scheduled (Sales Pipeline)""",'
    '"Date entered ""Contract Sent (Sales Pipeline)""","Date entered ""Closed Won (Sales Pipeline)""",'
    '"Date entered current stage"\r\n'
    '"1","Rollout","Contract Sent (Sales Pipeline)","","2026-01-15 09:12","2026-01-20 09:00",'
    '"2026-02-10 10:00","","2026-02-10 10:00"\r\n'
    '"2","Renewal","Closed Won (Sales Pipeline)","","2026-01-15 09:12","2026-01-20 09:00",'
    '"2026-02-10 10:00","2026-02-12 08:00",""\r\n'
    '"3","Line","Closed Lost (Sales Pipeline)","2026-02-11 12:30","2026-01-15 09:12","2026-01-20 09:00",'
    '"","",""\r\n'
    '"4","Gap","Contract Sent (Sales Pipeline)","","2026-01-15 09:12","2026-01-20 09:00","","",""\r\n'
    '"5","Old","Contract Sent (Sales Pipeline)","","2026-01-15 09:12","","","",""\r\n'
)


def test_the_way_of_deals_of_hubspot(cast: Cast, tmp_path: Path):
    def ways() -> dict[str, list[tuple[int, str | None, str | None]]]:
        return {
            deal.name: [
                (
                    visit.stage,
                    f"{visit.entered_at:%d.%m.}" if visit.entered_at else None,
                    visit.left_how,
                )
                for visit in deal.visits.order_by("sequence")
            ]
            for deal in Deal.objects.exclude(name="old")
        }

    job = as_suggested(cast.ana, WAYS)
    expected = {
        "Rollout": [(2, "20.01.", "advanced"), (7, "10.02.", None)],
        "Renewal": [(2, "20.01.", "advanced"), (7, "10.02.", "won")],
        # Where it was when it stopped is what its way says, rather than a guess.
        "Line": [(2, "20.01.", "stopped")],
        "Gap": [(7, None, None)],
        "Old": [(7, None, None)],
    }
    assert ways() == expected
    assert Deal.objects.get(name="Renewal").closed_at == dt.datetime(2026, 2, 12, 7, tzinfo=dt.UTC)
    assert [(fault.line, fault.comes_in) for fault in job.faults.all()] == [(5, True)]
    same_by_command(tmp_path, job, WAYS)
    assert ways() == expected


PEOPLE = (
    '\ufeff"Record ID","First Name","Last Name","Email","Additional email addresses","Phone Number",'
    '"Mobile Phone Number","Contact owner","Associated Company","Associated Company IDs"\r\n'
    '"8001","Ada","Vogt","ada@norte.example","ada2@norte.example;a3@norte.example",'
    '"+43 1 5551234","\'+43 660 1234567","Ana Ruiz","Norte SA (norte.example)","9001"\r\n'
    '"8002","Ben","Ko","","","01/5551234-12","","","Norte SA (norte.example)","9001"\r\n'
    '"8003","","","cid@sur.example","","","","","","9002"\r\n'
    '"8004","Dora","Novák","","","n/a","","","",""\r\n'
)


def test_contacts_of_hubspot(cast: Cast, tmp_path: Path):
    job = as_suggested(cast.ana, PEOPLE, kind="contacts")
    assert [(fault.line, fault.reason) for fault in job.faults.all()] == [
        (4, "This cannot be empty.")
    ]
    found = Contact.objects.order_by("name").values_list("name", "company__name")
    expected = [("Ada Vogt", "Norte SA"), ("Ben Ko", "Norte SA"), ("Dora Novák", None)]
    assert list(found) == expected
    points = ContactPoint.objects.filter(contact__name="Ada Vogt").order_by("value")
    assert [point.value for point in points] == [
        "+4315551234",
        "+436601234567",
        "a3@norte.example",
        "ada2@norte.example",
        "ada@norte.example",
    ]
    Contact.objects.update(name="old")
    result = by_command(tmp_path / "in", PEOPLE, job.answers["columns"], kind="contacts")
    assert (list(found.exclude(name="old")), result.counts["contacts"].refused) == (expected, 1)


ZOHO = (
    '\ufeff"Record Id","Deal Owner.id","Deal Owner","Amount","Deal Name","Closing Date",'
    '"Account Name.id","Account Name","Stage","Lead Source","Contact Name","Created Time",'
    '"Currency","Exchange Rate","Reason For Loss"\r\n'
    '"z1","z9","Ana Ruiz","€ 12,500.50","Rollout","2027-03-31","z3","Norte SA","Id. Decision Makers",'
    '"","Ada Vogt","2026-01-15 09:12:44","EUR","1",""\r\n'
    '"z2","z9","Ana Ruiz","€ 9,000.00","Renewal","2026-02-20","z4","Sur SA","Closed Won","","",'
    '"2026-02-01 08:00:00","EUR","1",""\r\n'
    '"z3","z9","Ana Ruiz","€ 700.00","Line","2026-02-20","z4","Sur SA","Closed-Lost to Competition",'
    '"","","2026-02-01 08:00:00","EUR","1",""\r\n'
)


def test_deals_of_zoho(cast: Cast, tmp_path: Path):
    job = as_suggested(cast.ana, ZOHO)
    assert job.counts["refused"] == 0
    assert deals() == [
        ("Line", 3, "stopped", "700.00"),
        ("Renewal", 7, "won", "9000.00"),
        ("Rollout", 4, "open", "12500.50"),
    ]
    assert Deal.objects.get(name="Line").cause.key == "competitor"  # type: ignore[union-attr]
    assert Deal.objects.get(name="Rollout").contacts.get().name == "Ada Vogt"
    same_by_command(tmp_path, job, ZOHO)


REPORT = (
    '"Opportunity Owner","Account Name","Opportunity Name","Stage","Amount Currency","Amount",'
    '"Probability (%)","Close Date","Created Date"\n'
    '"Ana Ruiz","Müller GmbH","Rollout – Wels","Negotiation/Review","EUR","12.500,50","90",'
    '"31.03.2027","15.01.2026"\n'
    '"Ana Ruiz","Sur SA","Renewal","Closed Won","EUR","9.000,00","100","20.02.2026","01.02.2026"\n'
    '\n\n"Opportunity Report"\n"Generated By:  Ana Ruiz  01.03.2026 10:00"\n"Norte"\n'
).encode("cp1252")


def test_a_report_of_salesforce(cast: Cast, tmp_path: Path):
    job = as_suggested(cast.ana, REPORT)
    assert (job.encoding, job.counts["refused"]) == ("cp1252", 0)
    assert deals() == [
        ("Renewal", 7, "won", "9000.00"),
        ("Rollout – Wels", 6, "open", "12500.50"),
    ]
    assert Company.objects.filter(name="Müller GmbH").exists()
    assert [fault.comes_in for fault in job.faults.all()] == [True]
    same_by_command(tmp_path, job, REPORT)


USERS = (
    '"Id","Username","LastName","FirstName","Name","Email","IsActive"\r\n'
    '"0058d0000A","eva@x","Souza","Eva","Eva Souza","eva@seven.test","1"\r\n'
)
ACCOUNTS = (
    '"Id","IsDeleted","Name","ParentId","BillingStreet","BillingCountry","Website","OwnerId"\r\n'
    '"0018d0000A","0","Norte SA","","Main Road 1\nback","Spain","www.norte.example","0058d0000A"\r\n'
    '"0018d0000B","0","Sur SA","0018d0000A","","","","0058d0000A"\r\n'
)
OPPORTUNITIES = (
    '"Id","IsDeleted","AccountId","Name","StageName","Amount","CloseDate","IsClosed","IsWon",'
    '"OwnerId","CreatedDate","LastStageChangeDate","CurrencyIsoCode"\r\n'
    '"0068d0000A","0","0018d0000A","Rollout","Negotiation/Review","12500.5","2027-03-31","0","0",'
    '"0058d0000A","2026-01-15T09:12:44.000Z","2026-02-15T09:12:44.000Z","EUR"\r\n'
    '"0068d0000B","0","0018d0000B","Renewal","Closed Won","9000","2026-02-20","1","1","0058d0000A",'
    '"2026-02-01T08:00:00.000Z","2026-02-20T18:30:00.000Z","EUR"\r\n'
)


def test_files_of_salesforce_join_by_their_ids(cast: Cast):
    for content, kind in ((USERS, "people"), (ACCOUNTS, "companies"), (OPPORTUNITIES, "deals")):
        job = as_suggested(cast.adele, content, kind=kind)
        assert job.counts["refused"] == 0, [fault.reason for fault in job.faults.all()]
    found = Deal.objects.order_by("name").values_list("name", "company__name", "owner__name")
    assert list(found) == [
        ("Renewal", "Sur SA", "Eva Souza"),
        ("Rollout", "Norte SA", "Eva Souza"),
    ]
    sur = Company.objects.get(name="Sur SA")
    assert sur.parent
    assert (sur.parent.name, Company.objects.count()) == ("Norte SA", 2)


DATES = {
    "04.03.2017 24.07.2017 31.07.2017": "2017-03-04 2017-07-24 2017-07-31",
    "Mar 04, 2017|Sep 11, 2017": "2017-03-04 2017-09-11",
    "03/04/2017 3:45 PM|07/24/2017 3:45 PM": "2017-03-04 2017-07-24",
    "2017-05-24|N/A|0000-00-00|": "2017-05-24 - - -",
    "42798|42940": "2017-03-04 2017-07-24",
}


@pytest.mark.parametrize(("said", "days"), DATES.items())
def test_dates_that_read_in_one_way_are_not_asked_about(
    cast: Cast, tmp_path: Path, said: str, days: str
):
    texts = said.split("|") if "|" in said else said.split()
    content = "opportunity_id,account,deal_stage,engage_date\n" + "".join(
        f'o{number},Norte SA,Engaging,"{text}"\n' for number, text in enumerate(texts)
    )
    job = as_suggested(cast.ana, content)
    assert job.counts["refused"] == 0
    visits = Deal.objects.order_by("pk").values_list("stage", "stage_entered_at")
    expected = [None if day == "-" else dt.date.fromisoformat(day) for day in days.split()]
    assert [at and at.date() for _stage, at in visits] == expected
    assert {stage for stage, _at in visits} == {Stage.QUALIFICATION}
    Deal.objects.update(name="old")
    stages = answers.mapping_of(job).content["deals"]["stages"]
    by_command(tmp_path / "in", content, job.answers["columns"], stages=stages)
    found = visits.exclude(name="old")
    assert [at and at.date() for _stage, at in found] == expected


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("name;country\nŁódź Usługi;Polska\nTřinec Dvůr;Česko\n".encode("cp1250"),
         {"Łódź Usługi", "Třinec Dvůr"}),
        ("sep=;\r\nName;Country\r\nJörg & Söhne;AT\r\n".encode(), {"Jörg & Söhne"}),
        ("Name;Country\r\nJörg & Söhne;AT\r\n".encode("utf-16"), {"Jörg & Söhne"}),
        ("Name|Country\r\nJörg|AT\r\n".encode("utf-16-le"), {"Jörg"}),
    ],
)  # fmt: skip
def test_companies_in_any_letters(cast: Cast, content: bytes, names: set[str]):
    job = as_suggested(cast.ana, content, kind="companies")
    assert job.counts["refused"] == 0
    assert set(Company.objects.values_list("name", flat=True)) == names


def test_a_name_in_decomposed_letters_is_the_same_company(cast: Cast):
    Company.objects.create(
        name="Müller & Söhne GmbH", owner=cast.ana, created_at=NOW, changed_at=NOW
    )
    content = "name,country\nMu\u0308ller & So\u0308hne GmbH,AT\n"
    job = as_suggested(cast.ana, content, kind="companies")
    assert (job.counts["matched"], Company.objects.count()) == (1, 1)


def test_every_column_that_has_a_place_is_guessed():
    """Headings of the files above that name nothing we keep stay out; the others do not."""
    from exchange.imports.kinds import COMPANIES, CONTACTS, DEALS

    kept_out = {
        "Pipeline", "Associated Company IDs", "Deal Owner.id", "Account Name.id", "Exchange Rate",
        "Probability (%)", "IsDeleted", "IsClosed", "IsWon", "BillingStreet",
    }  # fmt: skip
    files = [
        (DEALS, HUBSPOT), (CONTACTS, PEOPLE), (DEALS, ZOHO), (DEALS, REPORT.decode("cp1252")),
        (DEALS, OPPORTUNITIES), (COMPANIES, ACCOUNTS),
    ]  # fmt: skip
    for kind, text in files:
        header = [name.strip('"\ufeff\r') for name in text.split("\n", 1)[0].split(",")]
        named = {column for some in guessing.columns(kind, header).values() for column in some}
        assert set(header) - named <= kept_out, kind.name
