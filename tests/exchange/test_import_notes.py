"""What has no place of its own is kept as a note on the record: tags, addresses, descriptions."""

import pytest

from crm.commands import activity as activity_commands
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, Company, Deal
from tests.conftest import Cast
from tests.exchange.test_import_parts import suggested, undone
from tests.exchange.uploads import answer, checked, loaded, page, uploaded, worked
from tests.factories import ago, make_company, make_deal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

COMPANIES = (
    '"Company name","Street address","City","Tags","Website"\n'
    '"Norte SA","Main Road 1\nback","Wien","vip;old","norte.example"\n'
    '"Sur SA","","","",""\n'
)


def test_of_companies_new_and_on_record(cast: Cast):
    make_company(by=cast.ana, name="Norte SA")
    job = suggested(cast.ana, COMPANIES, kind="companies")
    assert not Activity.objects.exists()  # a check leaves what is on record alone
    loaded(cast.ana, job)
    note = Activity.objects.get()
    assert note.company
    assert (note.kind, note.company.name, note.owner) == ("note", "Norte SA", cast.ana)
    assert note.body.splitlines() == [
        "Tags: vip;old",
        "Street address: Main Road 1",
        "back",
        "City: Wien",
    ]
    assert note.stage is None  # nobody's work
    loaded(cast.ana, suggested(cast.ana, COMPANIES, kind="companies"))
    assert Activity.objects.count() == 1
    undone(cast.ana, job)
    assert not Activity.objects.exists()
    assert Company.objects.count() == 1


def test_of_deals_and_of_people(cast: Cast):
    text = '"Deal","Next step","Create date"\n"Rollout","Call them","2026-02-03"\n'
    job = loaded(cast.ana, suggested(cast.ana, text, kind="deals"))
    note = Activity.objects.get()
    assert (note.deal, note.body) == (Deal.objects.get(), "Next step: Call them")
    assert note.done_at
    assert note.done_at.date().isoformat() == "2026-02-03"
    undone(cast.ana, job)
    assert not Activity.objects.exists()
    text = '"Name","Department"\n"Ada Vogt","Purchase"\n'
    loaded(cast.ana, suggested(cast.ana, text, kind="contacts"))
    note = Activity.objects.select_related("contact").get()
    assert (note.contact and note.contact.name, note.body) == ("Ada Vogt", "Department: Purchase")


def test_a_later_file_adds_what_no_note_says_yet(cast: Cast):
    first = loaded(cast.ana, suggested(cast.ana, COMPANIES, kind="companies"))
    norte = Company.objects.get(name="Norte SA")
    was = (norte.version, norte.changed_at)
    later = COMPANIES.replace("Wien", "Graz").replace('"Sur SA","","","new"', '"Sur SA","","",""')
    job = suggested(cast.ana, later, kind="companies")
    (change,) = job.changes.all()
    assert (change.field, change.was, change.now) == ("more", None, "City: Graz")
    assert "Add what is new" in page(cast.ana, job)
    assert Activity.objects.count() == 1
    loaded(cast.ana, job)
    assert (job.counts["changed"], job.counts["known"]) == (1, 1)
    (note,) = Activity.objects.filter(batch=job.batch)
    assert (note.company, note.body) == (norte, "City: Graz")
    # It says so of the company, and changes nothing of it.
    norte.refresh_from_db()
    assert (norte.version, norte.changed_at) == was
    # What the file says again comes in no second time, though somebody put the note away.
    note.delete()
    assert suggested(cast.ana, later, kind="companies").counts["known"] == 2
    again = later.replace('"vip;old"', '"vip"')
    assert [each.now for each in suggested(cast.ana, again, kind="companies").changes.all()] == [
        "Tags: vip\nCity: Graz"
    ]
    undone(cast.ana, job)
    undone(cast.ana, first)
    assert not Company.objects.exists()


def test_two_rows_of_one_record_and_notes_elsewhere(cast: Cast):
    norte = make_company(by=cast.ana, name="Norte SA")
    text = (
        '"Id","Company name","Street address","City"\n'
        '"1","Norte SA","Main Road 1\nback","Wien"\n"2","Norte SA","Main Road 1\nback","Wien"\n'
    )
    loaded(cast.ana, suggested(cast.ana, text, kind="companies"))
    (note,) = Activity.objects.filter(company=norte)
    # What is said of a deal is not said of its company; of an address, all is said again.
    deal = make_deal(by=cast.ana, company=norte)
    body = "City: Graz\nStreet address: Main Road 1\nfront"
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.NOTE, body=body, by=cast.ana, at=ago(hours=1)
    )
    job = suggested(
        cast.ana, text.replace("Wien", "Graz").replace("back", "front"), kind="companies"
    )
    expected = "Street address: Main Road 1\nfront\nCity: Graz"
    assert [each.now for each in job.changes.all()] == [expected]
    loaded(cast.ana, job)
    found = Activity.objects.filter(company=norte, deal=None).exclude(pk=note.pk)
    assert [each.body for each in found] == [expected]


def test_what_cannot_be_read_in_a_later_file_is_kept_as_it_is_said(cast: Cast):
    text = "No,Deal,Value\n7,Pump,400\n"
    named = {"id": "No", "name": "Deal", "amount": "Value"}
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))
    job = checked(cast.ana, uploaded(cast.ana, text.replace("400", "much")), **named)
    answer(cast.ana, job, leave_empty="Value")
    assert "the text is kept as a note" in page(cast.ana, worked(job))
    answer(cast.ana, job, update_more="leave")
    assert worked(job).counts["known"] == 1
    answer(cast.ana, job, update_more="")
    loaded(cast.ana, worked(job))
    assert Activity.objects.get().body == "Value: much"
    assert Deal.objects.get().amount == 400
    undone(cast.ana, job)
    assert not Activity.objects.exists()
