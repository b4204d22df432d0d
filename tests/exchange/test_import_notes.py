"""What has no place of its own is kept as a note on the record: tags, addresses, descriptions."""

import pytest

from crm.models import Activity, Company, Deal
from tests.conftest import Cast
from tests.exchange.test_import_parts import suggested, undone
from tests.exchange.uploads import loaded
from tests.factories import make_company

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
