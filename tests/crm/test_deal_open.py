"""Opening a deal: a name is enough, and nobody opens one out of reach."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.commands import deal as deal_commands
from crm.commands import rate as rate_commands
from crm.commands.contact import NewContact
from crm.models import Company, Contact, Deal, Source
from pipeline.process.moves import EnteredHow
from pipeline.process.stages import Stage
from tests.crm.truth import all_rows, faults_of
from tests.factories import NOW, ago, make_company, make_contact, needed_for


def open_deal(**given: Any) -> Deal:
    usual: dict[str, Any] = {"name": "Line 3 retrofit", "at": ago(days=1)}
    return deal_commands.open(**usual | given)


def test_it_opens_by_its_name_in_the_first_stage_as_ones_own(cast):
    deal = open_deal(by=cast.ana)

    assert (deal.name, deal.stage, deal.owner, deal.team) == (
        "Line 3 retrofit",
        Stage.LEAD_GENERATION,
        cast.ana,
        cast.north,
    )
    assert (deal.outcome, deal.currency, deal.version) == ("open", "EUR", 1)
    assert (deal.created_by, deal.created_at, deal.changed_by) == (cast.ana, ago(days=1), cast.ana)
    visit = deal.visits.get()
    assert (visit.sequence, visit.entered_how, visit.entered_at, visit.entered_by) == (
        1,
        EnteredHow.CREATED,
        ago(days=1),
        cast.ana,
    )
    assert (visit.entry_owner, visit.entry_team) == (cast.ana, cast.north)
    assert faults_of(deal) == []


def test_it_opens_with_a_company_and_a_contact_that_are_new(cast):
    deal = open_deal(
        name="",
        by=cast.ana,
        company="Norte SA",
        contact=NewContact(name="Jordi Pla", email="Jordi@Norte.test", phone="01 234567"),
    )

    assert deal.name == "Norte SA"
    contact = deal.contacts.get()
    assert (contact.name, contact.company, contact.owner) == ("Jordi Pla", deal.company, cast.ana)
    assert {point.value for point in contact.points.all()} == {"jordi@norte.test", "+431234567"}
    assert Company.objects.get().owner == cast.ana


def test_it_takes_the_contacts_company(cast):
    norte = make_company(by=cast.ben)
    jordi = make_contact(by=cast.ben, company=norte)

    assert open_deal(name=" ", by=cast.ana, contact=jordi).company == norte


def test_it_refuses_a_deal_that_nothing_names(cast, refused):
    with refused("name"):
        open_deal(name="  ", by=cast.ana)


def test_it_leaves_nothing_when_a_part_is_refused(cast):
    before = all_rows()

    with pytest.raises(ValidationError):
        open_deal(by=cast.ana, company="Norte SA", contact=NewContact(name="J", email="no address"))

    assert all_rows() == before
    assert not Contact.objects.exists()


@pytest.mark.parametrize("stage", Stage)
def test_it_opens_in_any_stage(cast, stage):
    deal = open_deal(by=cast.ana, stage=stage, gate_input=needed_for(stage))

    assert faults_of(deal) == []


def test_it_refuses_to_begin_in_the_future(cast, refused):
    with refused("at"):
        open_deal(by=cast.ana, at=NOW + dt.timedelta(seconds=1))


def test_it_opens_into_the_pool_of_a_team_in_reach(cast, refused):
    deal = open_deal(by=cast.ana, team=cast.north)

    assert (deal.owner, deal.team) == (None, cast.north)
    assert deal.visits.get().entry_owner is None
    with refused("team"):
        open_deal(by=cast.ana, team=cast.south)


def test_it_opens_for_somebody_to_whom_one_may_assign(cast, refused):
    assert open_deal(by=cast.ana, owner=cast.ben).owner == cast.ben
    assert open_deal(by=cast.rosa, owner=cast.carl).team == cast.south
    for other in (cast.carl, cast.rosa, cast.adele):
        with refused("owner"):
            open_deal(by=cast.ana, owner=other)


@pytest.mark.parametrize("who", ["ana", "mona", "adele"])
def test_it_opens_nothing_for_somebody_who_has_left(cast, refused, who):
    cast.ben.is_active = False
    cast.ben.save()

    with refused("owner"):
        open_deal(by=cast.again(getattr(cast, who)), owner=cast.ben)


def test_it_keeps_where_the_deal_came_from(cast):
    norte = make_company(by=cast.ana)
    source = Source.objects.get(name="Existing customer")

    deal = open_deal(
        by=cast.ana,
        source=source,
        source_detail="Fair in March",
        source_company=norte,
        amount=Decimal("12.50"),
        expected_close_on=dt.date(2026, 6, 1),
    )

    deal.refresh_from_db()
    assert (deal.source, deal.source_detail, deal.source_company) == (
        source,
        "Fair in March",
        norte,
    )
    assert (deal.amount, deal.expected_close_on) == (Decimal("12.50"), dt.date(2026, 6, 1))


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("1e13"), Decimal("NaN")])
def test_it_refuses_an_amount_that_cannot_be(cast, amount):
    with pytest.raises(ValidationError) as refused:
        open_deal(by=cast.ana, amount=amount)

    assert list(refused.value.message_dict) == ["amount"]
    assert not Deal.objects.exists()


@pytest.mark.parametrize("currency", ["USD", "eur", "", "XXX"])
def test_it_refuses_a_currency_without_a_rate(cast, refused, currency):
    with refused("currency"):
        open_deal(by=cast.ana, amount=Decimal(5), currency=currency)


def test_it_takes_a_currency_from_the_day_of_its_rate_on(cast, refused):
    rate_commands.set_rate(currency="USD", on=ago(days=1).date(), value=Decimal("0.9"))

    assert open_deal(by=cast.ana, currency="USD").currency == "USD"
    with refused("currency"):
        open_deal(by=cast.ana, currency="USD", at=ago(days=3))


@pytest.mark.parametrize("fact", ["outcome", "closed_at", "version", "created_by", "batch"])
def test_it_takes_nothing_that_is_no_fact(cast, fact):
    with pytest.raises(TypeError):
        open_deal(by=cast.ana, **{fact: None})
    assert not Company.objects.exists()
