"""A newcomer takes what the pages suggest of the files of the big products, and no more."""

import datetime as dt
from typing import Any

import pytest

from crm.models import Activity, Company, Contact, Deal, DealContact, DealLine, Product
from exchange.forms.columns import ColumnsForm
from exchange.imports import answers
from exchange.models import ImportJob
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.presets import ESPO, ODOO, PRESETS, SALESFORCE, ZOHO, Written
from tests.exchange.uploads import answer, browser, loaded, uploaded, worked

pytestmark = pytest.mark.django_db


def brought_in(user: User, file: Written, system: str) -> ImportJob:
    """By the pages, with what they suggest."""
    job = uploaded(user, file.text, kind=file.kind, name=file.name)
    form = ColumnsForm(job=job, said=answers.suggested_columns(job))
    initial = {name: form.initial.get(name) for name in form.fields}
    said = {name: value for name, value in initial.items() if value} | {"system": system}
    response = browser(user).post(f"/imports/{job.pk}/columns/", said)
    assert response.status_code == 302, (file.name, response.content.decode())
    if worked(job).state == "asking":
        assert answer(user, job).status_code == 302, file.name
        worked(job)
    assert job.state == "checked", (file.name, job.state, job.error)
    if job.counts["refused"] > file.out:  # words of theirs, each with what it probably is
        assert answer(user, job).status_code == 302, file.name
        worked(job)
    assert loaded(user, job).state == "done"
    faults = [
        (fault.line, fault.column, fault.reason) for fault in job.faults.filter(comes_in=False)
    ]
    assert len(faults) == file.out, (file.name, faults)
    return job


def walked(user: User, files: tuple[Written, ...], system: str) -> None:
    for file in files:
        brought_in(user, file, system)


def deals() -> set[tuple[Any, ...]]:
    found = Deal.objects.values_list("name", "stage", "outcome", "company__name", "owner__name")
    return set(found)


def test_all_files_of_salesforce(cast: Cast):
    walked(cast.adele, SALESFORCE, "Salesforce")
    assert deals() == {
        ("Rollout", 6, "open", "Norte SA", "Eva Souza"),
        ("Renewal", 7, "won", "Sur SA", "Eva Souza"),
        ("Line", 3, "stopped", "Sur SA", "Otto Ruiz"),
        ("Dora Novák", 1, "open", "Este SL", "Eva Souza"),
    }
    assert not User.objects.get(name="Otto Ruiz").is_active
    assert Company.objects.get(name="Sur SA").parent == Company.objects.get(name="Norte SA")
    people = DealContact.objects.filter(deal__name="Rollout").order_by("contact__name")
    assert [(each.contact.name, each.role) for each in people] == [
        ("Ada Vogt", "unknown"),
        ("Ben Ko", "decides"),
    ]
    line = DealLine.objects.get()
    assert f"{line.product} {line.quantity} {line.unit_price}" == "Pump 2.000 1100.00"
    assert Product.objects.get(name="Old pump").retired
    rollout = Deal.objects.get(name="Rollout")
    kinds = Activity.objects.filter(deal=rollout).exclude(kind="note").order_by("kind")
    assert [(each.kind, each.subject, each.done_at is None) for each in kinds] == [
        ("call", "Rang", False),
        ("meeting", "Demo", False),
        ("task", "Send the contract", True),
    ]
    mail = Activity.objects.get(kind="email")
    assert mail.deal
    assert mail.deal.name == "Dora Novák"
    assert Activity.objects.get(body="They like pumps").company == Company.objects.get(
        name="Sur SA"
    )


def test_all_files_of_zoho(cast: Cast):
    walked(cast.adele, ZOHO, "Zoho CRM")
    assert deals() == {
        ("Rollout", 6, "open", "Norte SA", "Eva Souza"),
        ("Renewal", 7, "won", "Sur SA", "Eva Souza"),
        ("Line", 3, "stopped", "Sur SA", "Otto Ruiz"),
        ("Este SL", 1, "open", "Este SL", "Eva Souza"),
        ("Oeste SL", 2, "open", "Oeste SL", "Eva Souza"),
    }
    assert Company.objects.get(name="Norte SA").relationship == "customer"
    dora = Contact.objects.get(name="Dora Novák")
    assert (dora.job_title, dora.company and dora.company.name) == ("CFO", "Este SL")
    assert Contact.objects.count() == 3
    rollout = Deal.objects.get(name="Rollout")
    assert rollout.contacts.get().name == "Ada Vogt"
    kinds = Activity.objects.filter(deal=rollout).exclude(kind="note").order_by("kind", "subject")
    assert [(each.kind, each.subject, each.done_at is None) for each in kinds] == [
        ("call", "Rang", False),
        ("meeting", "Demo", False),
        ("task", "Send the contract", True),
        ("task", "Sent the offer", False),
    ]
    assert Activity.objects.get(body="They like pumps").company == Company.objects.get(
        name="Sur SA"
    )


def test_all_files_of_odoo(cast: Cast):
    walked(cast.adele, ODOO, "Odoo")
    assert deals() == {
        ("Rollout", 5, "open", "Norte SA", "Eva Souza"),
        ("Renewal", 7, "won", "Sur SA", "Eva Souza"),
        ("Line", 5, "stopped", "Sur SA", "Eva Souza"),
        ("Este", 1, "open", "Este SL", "Eva Souza"),
    }
    line = Deal.objects.select_related("cause").get(name="Line")
    assert line.cause
    assert line.cause.key == "price"
    assert set(Contact.objects.values_list("name", flat=True)) == {"Ada Vogt"}
    assert set(Company.objects.values_list("name", flat=True)) == {"Norte SA", "Sur SA", "Este SL"}
    assert Company.objects.get(name="Sur SA").parent == Company.objects.get(name="Norte SA")
    rollout = Deal.objects.get(name="Rollout")
    assert rollout.contacts.get().name == "Ada Vogt"
    found = Activity.objects.filter(deal=rollout).exclude(body__startswith="Tags").order_by("kind")
    assert [(each.kind, each.subject, each.body) for each in found] == [
        ("call", "Ring again", "About the price"),
        ("note", "", "She agrees"),
        ("task", "Contract", ""),
    ]
    # A customer that comes in by a later file is the one that the deal made.
    later = PARTNER_OF_LATER
    assert brought_in(cast.adele, later, "Odoo").counts["new"] == 0
    este = Company.objects.get(name="Este SL (Madrid)")
    assert (este.country, este.deals.get().name) == ("Spain", "Este")


PARTNER_OF_LATER = Written(
    kind="companies",
    name="Contact (res.partner).csv",
    text=(
        '"External ID","Name","Is a Company","Country"\r\n'
        '"__export__.res_partner_9_zz","Este SL (Madrid)","True","Spain"\r\n'
    ),
)


def test_all_files_of_espo(cast: Cast):
    walked(cast.adele, ESPO, "EspoCRM")
    assert deals() == {
        ("Rollout", 6, "open", "Norte SA", "Eva Souza"),
        ("Renewal", 7, "won", "Sur SA", "Eva Souza"),
        ("Line", 3, "stopped", "Sur SA", "Otto Ruiz"),
        ("Dora Novák", 1, "open", "Este SL", "Eva Souza"),
        ("Cid Ortiz", 2, "open", "Oeste SL", "Eva Souza"),
    }
    rollout = Deal.objects.get(name="Rollout")
    assert {each.name for each in rollout.contacts.all()} == {"Ada Vogt", "Ben Ko"}
    assert Contact.objects.count() == 4
    found = Activity.objects.filter(deal=rollout).order_by("kind", "subject")
    assert [(each.kind, each.subject, each.done_at is None) for each in found] == [
        ("call", "Rang", False),
        ("call", "Ring again", True),
        ("task", "Send the contract", True),
    ]
    assert found[1].due_at == dt.datetime(2027, 4, 1, 8, tzinfo=dt.UTC)
    rang = found[0]
    assert rang.contact
    assert rang.contact.name == "Ada Vogt"


@pytest.mark.parametrize("system", PRESETS)
def test_a_file_of_deals_alone_makes_nobody_of_numbers(cast: Cast, system: str):
    """Where the companies are not here yet, their numbers make none: the row waits, or says a name."""
    deals_file = next(file for file in PRESETS[system] if file.name.endswith(DEALS_OF[system]))
    job = uploaded(cast.adele, deals_file.text, name=deals_file.name)
    suggested = answers.suggested_columns(job)["columns"]
    assert "company_key" in suggested
    named = {column for column in suggested.get("company", ()) if column.lower().endswith("id")}
    assert not named
    assert not [each for each in suggested.get("contact", ()) if each.lower().endswith("id")]


DEALS_OF = {
    "Salesforce": "Opportunity.csv",
    "Zoho CRM": "Deals.csv",
    "Odoo": "(crm.lead).csv",
    "EspoCRM": "Opportunity.csv",
}


def test_a_number_without_a_name_waits_for_its_file(cast: Cast):
    text = '"Id","AccountId","Name","StageName"\r\n"1","001A","Rollout","Prospecting"\r\n'
    file = Written(kind="deals", name="Opportunity.csv", text=text, out=1)
    job = brought_in(cast.adele, file, "SF")
    fault = job.faults.get()
    assert (fault.column, fault.value) == ("AccountId", "001A")
    assert "Bring in the file that has it first" in fault.reason
    assert not Company.objects.exists()


def test_two_companies_of_one_name_are_told_by_their_numbers(cast: Cast):
    text = (
        "id,name,accountId,accountName,stage\r\n"
        "1,Rollout,a1,Norte SA,Proposal\r\n2,Renewal,a2,Norte SA,Proposal\r\n"
        "3,Again,a1,Norte SA,Proposal\r\n"
    )
    brought_in(cast.adele, Written(kind="deals", name="o.csv", text=text), "EspoCRM")
    found = dict(Deal.objects.values_list("name", "company"))
    assert found["Rollout"] == found["Again"] != found["Renewal"]
    assert Company.objects.count() == 2
    accounts = "id,name,type,billingAddressCountry\r\na1,Norte SA,,Spain\r\na2,Norte SL,,Peru\r\n"
    file = Written(kind="companies", name="a.csv", text=accounts)
    assert brought_in(cast.adele, file, "EspoCRM").counts["changed"] == 2
    countries = dict(Company.objects.values_list("pk", "country"))
    assert countries == {found["Rollout"]: "Spain", found["Renewal"]: "Peru"}
