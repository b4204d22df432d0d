"""Offers: made, revised, withdrawn; what the deal is worth follows them (CHECKLIST F5)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import decision_path
from crm.commands import need as needs
from crm.commands import offer as offers
from crm.commands.gate import GoAhead
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.events import AmountChanged, OfferMade
from crm.models import Contact, Deal, DealRole, Judgement, Need, Offer, OfferKind, Product
from crm.queries import offer as queries
from pipeline.process.gates import Reason
from pipeline.process.stages import Stage
from salesprocess.lib.events import RecordRef, Sum
from tests.conftest import Cast
from tests.crm.conftest import Refusal
from tests.factories import NOW, ago, make_contact, make_deal, won_deal


@pytest.fixture
def petra(cast: Cast) -> Contact:
    return make_contact(by=cast.ana, name="Petra Voss")


@pytest.fixture
def deal(cast: Cast, petra: Contact) -> Deal:
    return make_deal(by=cast.ana, contact=petra, stage=Stage.PROSPECTING, amount=50_000)


@pytest.fixture
def understood(cast: Cast, deal: Deal, petra: Contact) -> Need:
    decision_path.write(
        deal,
        DecisionPathInput(steps="Petra, then the board", roles={petra.pk: DealRole.DECIDES}),
        by=cast.ana,
        at=NOW,
    )
    return needs.add(deal, NeedInput(words="Pallets warm up"), by=cast.ana, at=NOW)


def by_word(deal: Deal, **facts) -> Offer:
    usual: dict[str, Any] = {"value": Decimal(1), "kind": OfferKind.VERBAL}
    assert deal.owner is not None
    return offers.make(deal, OfferInput(**usual | facts), by=deal.owner, at=NOW)


def test_it_makes_an_offer_and_the_deal_is_worth_what_it_says(
    cast: Cast, deal: Deal, petra: Contact, understood: Need
):
    sensor = Product.objects.create(name="Sensor", currency="EUR")
    offer = offers.make(
        deal,
        OfferInput(
            value=Decimal(63_900),
            recipients=[petra],
            sent_at=ago(days=3),
            what_changed="Five depots",
            decision_on=dt.date(2026, 4, 6),
            lines=[
                OfferLineInput(product=sensor, quantity=Decimal(5), need=understood),
                OfferLineInput(what="Training"),
            ],
        ),
        by=cast.ana,
        at=NOW,
    )

    offer.refresh_from_db()
    assert (offer.revision, offer.kind, offer.outcome) == (1, "written", "open")
    assert (offer.value, offer.currency, offer.premature) == (Decimal(63_900), "EUR", False)
    assert (offer.sent_at, offer.at) == (ago(days=3), NOW)
    assert list(offer.recipients.all()) == [petra]
    assert [(line.product, line.what, line.need) for line in offer.lines.order_by("id")] == [
        (sensor, "", understood),
        (None, "Training", None),
    ]
    assert deal.amount == 63_900
    told = {change.kind: change.event for change in deal.changes.all()}
    old, new = (Sum(amount=Decimal(one), currency="EUR") for one in (50_000, 63_900))
    assert told["amount"] == AmountChanged(old=old, new=new)
    assert told["offer"] == OfferMade(
        revision=1, form="written", value=new, sent_at=ago(days=3), to=(RecordRef.to(petra),)
    )
    assert not Judgement.objects.exists()


def test_it_revises_and_never_rewrites(cast: Cast, deal: Deal, understood: Need):
    first = offers.make(deal, OfferInput(value=Decimal(63_900)), by=cast.ana, at=ago(days=2))
    second = offers.make(
        deal, OfferInput(value=Decimal(74_400), what_changed="6 depots"), by=cast.ana, at=NOW
    )

    first.refresh_from_db()
    assert (first.outcome, first.known_at, first.value) == ("revised", NOW, Decimal(63_900))
    assert (second.revision, second.outcome) == (2, "open")
    assert queries.current(deal.pk) == second
    assert deal.amount == 74_400


def test_it_counts_no_number_twice_after_a_withdrawal(cast: Cast, deal: Deal, understood: Need):
    first = offers.make(deal, OfferInput(value=Decimal(10)), by=cast.ana, at=NOW)
    second = offers.make(deal, OfferInput(value=Decimal(20)), by=cast.ana, at=NOW)
    offers.withdraw(second, reason="Wrong prices", by=cast.ana, at=NOW)
    deal.refresh_from_db()

    first.refresh_from_db()
    assert (second.outcome, second.known_at) == ("withdrawn", NOW)
    assert (first.outcome, first.known_at) == ("open", None)
    assert queries.current(deal.pk) == first
    assert deal.amount == 10
    assert offers.make(deal, OfferInput(value=Decimal(30)), by=cast.ana, at=NOW).revision == 3


def test_it_leaves_the_value_where_the_last_offer_is_withdrawn(
    cast: Cast, deal: Deal, understood: Need
):
    offer = offers.make(deal, OfferInput(value=Decimal(10)), by=cast.ana, at=NOW)
    offers.withdraw(offer, by=cast.ana, at=NOW)

    assert queries.current(deal.pk) is None
    assert deal.amount == 10


def test_it_is_worth_what_its_lines_come_to(cast: Cast, deal: Deal, understood: Need):
    lines = [
        OfferLineInput(what="Sensors", quantity=Decimal("2.5"), unit_price=Decimal(100)),
        OfferLineInput(what="Training", unit_price=Decimal("49.99")),
    ]
    offer = offers.make(deal, OfferInput(value=None, lines=lines), by=cast.ana, at=NOW)
    assert offer.value == Decimal("299.99")
    assert deal.amount == Decimal("299.99")
    offer = offers.make(
        deal, OfferInput(value=None, lines=[OfferLineInput(what="Sensors")]), by=cast.ana, at=NOW
    )
    assert offer.value is None
    assert deal.amount == Decimal("299.99")


def test_it_flags_an_offer_before_problem_and_path_are_known(cast: Cast, deal: Deal):
    offer = offers.make(
        deal, OfferInput(value=Decimal(50_000), kind=OfferKind.VERBAL), by=cast.ana, at=NOW
    )

    assert offer.premature
    judged = Judgement.objects.get()
    assert (judged.verb, judged.from_stage, judged.to, judged.by) == ("offer", 2, 2, cast.ana)
    assert {found["fact"] for found in judged.findings} == {"problem", "decision_path"}


def test_it_asks_who_writes_an_offer_too_early_why(cast: Cast, deal: Deal, refused: Refusal):
    needs.add(deal, NeedInput(words="Pallets warm up"), by=cast.ana, at=NOW)
    with refused(None):
        offers.make(deal, OfferInput(value=None), by=cast.ana, at=NOW)
    why = GoAhead(reason=Reason.CUSTOMER_INSISTED, words="They want a number")
    offer = offers.make(deal, OfferInput(value=None), go_ahead=why, by=cast.ana, at=NOW)

    assert offer.premature
    judged = Judgement.objects.get()
    assert (judged.reason, judged.words) == ("customer_insisted", "They want a number")
    assert [found["fact"] for found in judged.findings] == ["decision_path"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"sent_at": NOW + dt.timedelta(days=1)}, "at"),
        ({"lines": [OfferLineInput(what=" ")]}, "lines"),
        ({"lines": [OfferLineInput(what="Sensors", quantity=Decimal(0))]}, "lines"),
    ],
)
def test_it_refuses_what_cannot_be(cast: Cast, deal: Deal, refused: Refusal, facts, field):
    with refused(field):
        by_word(deal, **facts)


def test_it_refuses_people_and_needs_of_other_deals(cast: Cast, deal: Deal, refused: Refusal):
    other = make_deal(by=cast.ana, name="Other", stage=Stage.PROSPECTING)
    need = needs.add(other, NeedInput(words="Heat"), by=cast.ana, at=NOW)
    stranger = make_contact(by=cast.ana, name="Somebody Else")
    with refused("recipients"):
        by_word(deal, recipients=[stranger])
    with refused("lines"):
        by_word(deal, lines=[OfferLineInput(what="A", need=need)])


def test_it_changes_nothing_of_a_closed_deal(cast: Cast, refused: Refusal):
    deal = won_deal(by=cast.ana)
    offer = Offer.objects.create(deal=deal, revision=9, sent_at=NOW, currency="EUR", at=NOW)
    with refused(None):
        offers.make(deal, OfferInput(value=None), by=cast.ana, at=NOW)
    with refused(None):
        offers.withdraw(offer, by=cast.ana, at=NOW)


def test_it_is_withdrawn_once(cast: Cast, deal: Deal, refused: Refusal):
    offer = by_word(deal)
    offers.withdraw(offer, by=cast.ana, at=NOW)
    with refused(None):
        offers.withdraw(offer, by=cast.ana, at=NOW)


def test_it_is_for_those_who_may_edit_the_deal(cast: Cast, deal: Deal, unseen):
    offer = by_word(deal)
    with unseen(Deal.DoesNotExist):
        offers.make(deal, OfferInput(value=None), by=cast.ben, at=NOW)
    with unseen(Deal.DoesNotExist):
        offers.withdraw(offer, by=cast.nora, at=NOW)
