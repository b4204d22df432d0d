"""Changing facts of a deal and the people on it, each with a row of history."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from crm import events
from crm.commands import deal as deal_commands
from crm.commands import rate as rate_commands
from crm.commands.contact import NewContact
from crm.models import Contact, Deal, DealRole, Method, Rate, Source
from pipeline.people.events import NameChanged
from salesprocess.lib.events import RecordRef, Sum
from salesprocess.lib.refused import Stale
from tests.crm.truth import all_rows, faults_of
from tests.factories import NOW, make_company, make_contact, make_deal, won_deal


def edit(deal, **given):
    deal_commands.edit(deal, **{"at": NOW} | given)


def test_it_changes_each_fact_with_a_row_of_history(cast):
    old_company, company = make_company(by=cast.ana), make_company(by=cast.ana, name="Sur SA")
    deal = make_deal(by=cast.ana, company=old_company, amount=100)
    source = Source.objects.get(name="Website")
    method = Method.objects.get(name="Phone")

    edit(
        deal,
        by=cast.mona,
        name="Line 4",
        company=company,
        amount=Decimal(250),
        expected_close_on=dt.date(2026, 6, 1),
        source=source,
        source_detail="Form",
        method=method,
    )

    old, new = (Sum(amount=Decimal(one), currency="EUR") for one in (100, 250))
    ref = RecordRef.to
    assert [row.event for row in deal.changes.order_by("id")] == [
        NameChanged(old="Line 3 retrofit", new="Line 4"),
        events.CompanyChanged(old=ref(old_company), new=ref(company)),
        events.AmountChanged(old=old, new=new),
        events.ExpectedCloseChanged(new=dt.date(2026, 6, 1)),
        events.SourceChanged(new=ref(source)),
        events.SourceDetailChanged(new="Form"),
        events.MethodChanged(new=ref(method)),
    ]
    assert {(row.by, row.at) for row in deal.changes.all()} == {(cast.mona, NOW)}
    assert (deal.name, deal.company, deal.amount) == ("Line 4", company, Decimal(250))
    assert (deal.version, deal.changed_by, deal.changed_at) == (2, cast.mona, NOW)
    assert faults_of(deal) == []


def test_it_writes_nothing_where_nothing_changes(cast):
    deal = make_deal(by=cast.ana, amount=100)
    before = all_rows()

    edit(deal, by=cast.ana, name=deal.name, amount=Decimal("100.0"))

    assert all_rows() == before


def test_it_leaves_the_entry_of_the_open_visit_as_it_was(cast):
    deal = make_deal(by=cast.ana, amount=100)

    edit(deal, by=cast.ana, amount=Decimal(250))

    assert deal.visits.get().entry_amount == 100


@pytest.mark.parametrize(
    "facts",
    [{"amount": Decimal(-1)}, {"name": ""}, {"name": "x" * 201}, {"amount": Decimal("1e13")}],
)
def test_it_refuses_what_a_field_cannot_hold(cast, facts):
    deal = make_deal(by=cast.ana)
    before = all_rows()

    with pytest.raises(ValidationError) as refused:
        edit(deal, by=cast.ana, **facts)

    assert list(refused.value.message_dict) == list(facts)
    assert all_rows() == before


@pytest.mark.parametrize("currency", ["USD", "eur", "XX"])
def test_it_refuses_a_currency_without_a_rate(cast, refused, currency):
    deal = make_deal(by=cast.ana, amount=100)

    with refused("currency"):
        edit(deal, by=cast.ana, currency=currency)


def test_it_takes_a_currency_with_a_rate_and_counts_its_worth(cast):
    rate_commands.set_rate(currency="USD", on=NOW.date(), value=Decimal("0.9"))
    deal = make_deal(by=cast.ana, amount=100)

    edit(deal, by=cast.ana, currency="USD")

    (counted,) = Deal.objects.with_value(Rate.objects.on(NOW.date()))
    assert vars(counted)["value"] == 90


@pytest.mark.parametrize("field", ["owner", "stage", "outcome", "closed_at", "team", "batch"])
def test_it_has_no_way_around_the_other_verbs(cast, field):
    deal = make_deal(by=cast.ana)

    with pytest.raises(TypeError):
        edit(deal, by=cast.ana, **{field: 1})


def test_it_changes_facts_of_a_closed_deal_without_touching_its_history(cast):
    deal = won_deal(by=cast.ana, value=100)

    edit(deal, by=cast.ana, source_detail="the fair in spring")

    assert deal.source_detail == "the fair in spring"
    assert faults_of(deal) == []


@pytest.mark.parametrize("fact", [{"amount": Decimal(90)}, {"currency": "EUR"}])
def test_it_keeps_the_value_that_a_deal_was_closed_for(cast, refused, fact):
    deal = won_deal(by=cast.ana, value=100)

    with refused("amount"):
        edit(deal, by=cast.ana, **fact)

    assert deal.visits.get().exit_amount == deal.amount == 100


def test_it_refuses_an_instant_that_lies_ahead(cast, refused):
    deal = make_deal(by=cast.ana)

    with refused("at"):
        edit(deal, by=cast.ana, name="Line 4", at=NOW + dt.timedelta(seconds=1))


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = make_deal(by=cast.ana)
    other = getattr(cast, who)
    jordi = make_contact(by=cast.ana)

    with unseen(Deal.DoesNotExist):
        edit(deal, by=other, name="Mine")
    with unseen(Deal.DoesNotExist):
        deal_commands.set_contact(deal, contact=jordi, by=other, at=NOW)
    with unseen(Deal.DoesNotExist):
        deal_commands.remove_contact(deal, contact=jordi, by=other, at=NOW)


def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast):
    deal = make_deal(by=cast.ana)
    edit(Deal.objects.get(pk=deal.pk), by=cast.mona, name="Line 4")
    before = all_rows()

    with pytest.raises(Stale) as stale:
        edit(deal, by=cast.ana, name="Line 5", version=deal.version)

    assert stale.value.record.name == "Line 4"
    assert all_rows() == before


def test_a_contact_is_added_changed_and_taken_off_with_history(cast):
    deal = make_deal(by=cast.ana)
    jordi = make_contact(by=cast.ana)

    deal_commands.set_contact(deal, contact=jordi, by=cast.ana, at=NOW)
    deal_commands.set_contact(deal, contact=jordi, role=DealRole.DECIDES, by=cast.ana, at=NOW)
    assert deal.deal_contacts.get().role == DealRole.DECIDES
    deal_commands.remove_contact(deal, contact=jordi, by=cast.mona, at=NOW)

    assert not deal.deal_contacts.exists()
    assert Contact.objects.filter(pk=jordi.pk).exists()
    person = RecordRef.to(jordi)
    unknown, decides = (
        events.PersonInRole(person=person, role=role) for role in ("unknown", "decides")
    )
    assert [(row.event, row.by) for row in deal.changes.order_by("id")] == [
        (events.DealPersonChanged(new=unknown), cast.ana),
        (events.DealPersonChanged(old=unknown, new=decides), cast.ana),
        (events.DealPersonChanged(old=events.PersonInRole(person=person)), cast.mona),
    ]
    assert deal.version == 4


def test_a_contact_who_is_new_is_put_on_record_with_the_deals_company(cast):
    norte = make_company(by=cast.ana)
    deal = make_deal(by=cast.ana, company=norte)

    link = deal_commands.set_contact(
        deal, contact=NewContact(name="Jordi Pla", email="j@norte.test"), by=cast.ana, at=NOW
    )

    assert (link.contact.company, link.contact.owner) == (norte, cast.ana)


def test_nothing_is_written_where_a_contact_is_so_already_or_not_there(cast):
    deal = make_deal(by=cast.ana)
    jordi, other = make_contact(by=cast.ana), make_contact(by=cast.ana, name="Eva")
    deal_commands.set_contact(deal, contact=jordi, role=DealRole.USES, by=cast.ana, at=NOW)
    before = all_rows()

    deal_commands.set_contact(deal, contact=jordi, role=DealRole.USES, by=cast.ana, at=NOW)
    deal_commands.remove_contact(deal, contact=other, by=cast.ana, at=NOW)

    assert all_rows() == before
