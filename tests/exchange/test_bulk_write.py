import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from crm.commands import deal_move as move_commands
from crm.commands.gate_input import GateInput
from crm.commands.writers.offer import OfferInput
from crm.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Deal,
    DealContact,
    OfferKind,
    StageVisit,
)
from exchange.imports import bulk
from exchange.imports.bulk import Holding
from pipeline.models import Batch, BatchKind
from pipeline.process import moves
from pipeline.process.stages import Outcome, Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal

pytestmark = pytest.mark.django_db


def new_deal(cast: Cast, **facts) -> Deal:
    facts = {
        "name": "Pump",
        "owner_id": cast.ana.pk,
        "team_id": cast.north.pk,
        "currency": "EUR",
        "created_at": ago(days=30),
        "changed_at": ago(days=1),
        **facts,
    }
    return Deal(**facts)


def test_it_writes_a_deal_that_can_be_worked_on_like_a_typed_one(cast: Cast):
    start = moves.start(Stage.QUALIFICATION, ago(days=30))
    visits = moves.move(start, Stage.PROPOSAL, ago(days=3), reason="repeat order")
    company = Company(name="Norte SA", created_at=NOW, changed_at=NOW)
    bulk.number(Company, [company])
    deal = new_deal(cast, company_id=company.pk, amount=Decimal("12.50"))
    bulk.number(Deal, [deal])
    bulk.repeat_latest_visit(deal, visits)
    contact = Contact(name="Jordi", company_id=company.pk, created_at=NOW, changed_at=NOW)
    bulk.number(Contact, [contact])

    assert bulk.write(Company, [company]) == 1
    assert bulk.write(Contact, [contact]) == 1
    assert bulk.write(Deal, [deal]) == 1
    assert bulk.write(StageVisit, bulk.visit_rows(deal, visits, by_id=cast.ana.pk)) == 2
    assert bulk.write(DealContact, [DealContact(deal_id=deal.pk, contact_id=contact.pk)]) == 1
    note = Activity(
        kind=ActivityKind.CALL,
        deal_id=deal.pk,
        owner_id=cast.ana.pk,
        done_at=NOW,
        stage=Stage.PROPOSAL,
        created_at=NOW,
    )
    assert bulk.write(Activity, [note]) == 1

    kept = Deal.objects.visible_to(cast.ana).get()
    assert (kept.stage, kept.outcome, kept.amount) == (5, Outcome.OPEN, Decimal("12.50"))
    assert kept.contacts.get() == contact
    assert kept.activities.get().kind == "call"
    assert moves.broken_links([visit.visit for visit in kept.visits.order_by("sequence")]) == []
    made = GateInput(offer=OfferInput(kind=OfferKind.VERBAL))
    move_commands.advance(kept, to=Stage.OBJECTIONS, by=cast.ana, at=NOW, gate_input=made)
    assert kept.visits.count() == 3


def test_it_gives_ids_that_no_later_row_gets(cast: Cast):
    deals = [new_deal(cast, name=f"Pump {number}") for number in range(7)]
    assert bulk.write(Deal, iter(deals), chunk=3) == 7
    assert len({deal.pk for deal in deals}) == 7
    assert make_deal(by=cast.ana).pk > max(deal.pk for deal in deals)


def test_it_keeps_json_and_choices(cast: Cast):
    batch = Batch(kind=BatchKind.SAMPLE, name="trial", at=NOW, summary={"deals": 3})
    bulk.write(Batch, [batch])
    kept = Batch.objects.get()
    assert (kept.kind, kept.summary) == ("sample", {"deals": 3})


def test_it_lets_the_database_refuse_what_no_command_would_write(cast: Cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.write(Deal, [new_deal(cast, outcome=Outcome.WON, stage=Stage.PROPOSAL)])
    assert not Deal.objects.exists()


def test_it_refuses_a_broken_chain(cast: Cast):
    deal = new_deal(cast, id=1)
    first = moves.start(Stage.PROSPECTING, ago(days=3))
    with pytest.raises(bulk.BrokenChain, match="follows a visit that goes on"):
        bulk.visit_rows(deal, [first, moves.move(first, Stage.QUALIFICATION, NOW)[1]])


def test_it_records_whose_the_deal_was_at_each_moment(cast: Cast):
    handed_over_at = ago(days=10)

    def held(at: dt.datetime | None) -> Holding:
        before = at is not None and at < handed_over_at
        return Holding(
            owner_id=cast.ben.pk if before else cast.carl.pk,
            team_id=cast.north.pk if before else cast.south.pk,
            amount=Decimal(5) if before else Decimal(9),
        )

    deal = new_deal(cast, id=1)
    first, second = moves.move(
        moves.start(Stage.PROSPECTING, ago(days=20)), Stage.QUALIFICATION, ago(days=5)
    )
    visit, then = bulk.visit_rows(deal, [first, second], held=held)
    assert (visit.entry_owner_id, visit.exit_owner_id) == (cast.ben.pk, cast.carl.pk)
    assert (visit.entry_amount, visit.exit_amount) == (Decimal(5), Decimal(9))
    assert (then.entry_team_id, then.exit_team_id) == (cast.south.pk, None)
