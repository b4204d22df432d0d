"""Putting a person of the other side on record, with addresses and numbers to compare by."""

import pytest
from django.core.exceptions import ValidationError

from crm.commands import contact as contact_commands
from crm.models import Contact, ContactPoint
from salesprocess.lib.refused import Stale
from tests.crm.truth import rows
from tests.factories import NOW, make_company, make_contact

# Of a length that e-mail allows, and our column does not.
LONG_EMAIL = f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.test"


def edit(contact, **given):
    facts = {"name": contact.name, "job_title": "", "company": None, "emails": [], "phones": []}
    contact_commands.edit(contact, **{"at": NOW} | facts | given)


def points(contact):
    return {(point.kind, point.value, point.typed) for point in contact.points.all()}


def test_it_keeps_addresses_and_numbers_as_typed_and_as_compared(cast):
    jordi = make_contact(
        by=cast.ana,
        name=" Jordi Pla ",
        emails=["Jordi@Norte.test", " ", "jordi@norte.test"],
        phones=["01 234 5678", "+43 1 2345678", ""],
    )

    assert jordi.name == "Jordi Pla"
    assert points(jordi) == {
        ("email", "jordi@norte.test", "Jordi@Norte.test"),
        ("phone", "+4312345678", "01 234 5678"),
    }


def test_it_leaves_nothing_where_an_address_is_none(cast):
    with pytest.raises(ValidationError) as refused:
        make_contact(by=cast.ana, emails=["jordi@norte.test", "jordi at norte"])

    assert "jordi at norte" in refused.value.message_dict["email"][0]
    assert not Contact.objects.exists()
    assert not ContactPoint.objects.exists()


def test_it_refuses_a_person_without_a_name(cast):
    with pytest.raises(ValidationError) as refused:
        make_contact(by=cast.ana, name=" ")

    assert list(refused.value.message_dict) == ["name"]


def test_its_facts_are_replaced(cast):
    norte = make_company(by=cast.ana)
    jordi = make_contact(by=cast.ana, emails=["old@norte.test"], phones=["01 1234567"])

    edit(jordi, by=cast.ben, name="Jordi Plà", company=norte, emails=["new@norte.test"])

    assert (jordi.name, jordi.company, jordi.version) == ("Jordi Plà", norte, 2)
    assert (jordi.changed_by, jordi.changed_at) == (cast.ben, NOW)
    assert points(jordi) == {("email", "new@norte.test", "new@norte.test")}


def test_a_refused_change_keeps_addresses_and_numbers(cast):
    jordi = make_contact(by=cast.ana, emails=["old@norte.test"])
    before = rows(Contact), rows(ContactPoint)

    with pytest.raises(ValidationError):
        edit(jordi, by=cast.ana, emails=["none"])

    assert (rows(Contact), rows(ContactPoint)) == before


def test_it_is_changed_by_whom_it_belongs_to_and_their_managers(cast, unseen):
    jordi = make_contact(by=cast.ana, owner=cast.ana)

    for who in ("ana", "mona", "rosa", "adele"):
        edit(jordi, by=getattr(cast, who), job_title=who)
        assert jordi.job_title == who
    for who in ("ben", "carl", "nora"):
        with unseen(Contact.DoesNotExist):
            edit(jordi, by=getattr(cast, who), job_title=who)
    assert jordi.version == 5


def test_it_says_how_it_stands_to_who_saw_an_older_state(cast):
    jordi = make_contact(by=cast.ana, emails=["old@norte.test"])
    seen = jordi.version
    edit(Contact.objects.get(pk=jordi.pk), by=cast.ben, emails=["ben@norte.test"])

    with pytest.raises(Stale) as stale:
        edit(jordi, by=cast.ana, emails=["ana@norte.test"], version=seen)

    assert stale.value.record.changed_by == cast.ben
    assert [value for _kind, value, _typed in points(jordi)] == ["ben@norte.test"]


@pytest.mark.parametrize(("what", "typed"), [("phones", "1" * 255), ("emails", LONG_EMAIL)])
def test_it_refuses_an_address_or_number_longer_than_any(cast, what, typed):
    with pytest.raises(ValidationError):
        make_contact(by=cast.ana, name="Jordi Pla", **{what: [typed]})

    assert not Contact.objects.exists()
