import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import need as needs
from crm.commands.writers.need import NeedInput
from crm.events import NeedChanged, NeedWorth, NeedWorthChanged
from crm.models import Contact, Deal, Need, Per
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Stale
from tests.conftest import Cast
from tests.crm.conftest import Refusal
from tests.factories import NOW, make_contact, make_deal, won_deal


@pytest.fixture
def jordi(cast: Cast) -> Contact:
    return make_contact(by=cast.ana)


@pytest.fixture
def deal(cast: Cast, jordi: Contact) -> Deal:
    return make_deal(by=cast.ana, contact=jordi, stage=Stage.PROSPECTING)


def said(**facts: Any) -> NeedInput:
    return NeedInput(**{"words": "Pallets warm up"} | facts)


def test_it_writes_down_a_need_with_its_history(cast: Cast, deal: Deal, jordi: Contact):
    need = needs.add(
        deal,
        NeedInput(
            words=" Pallets warm up ", worth=Decimal(41000), said_by=jordi, confirmed_on=NOW.date()
        ),
        by=cast.ana,
        at=NOW,
    )

    need.refresh_from_db()
    assert (need.words, need.worth, need.per) == ("Pallets warm up", Decimal(41000), "year")
    assert (need.said_by, need.confirmed_on, need.by, need.at) == (
        jordi,
        NOW.date(),
        cast.ana,
        NOW,
    )
    change = deal.changes.get()
    assert change.event == NeedChanged(new="Pallets warm up")
    assert deal.version == 2


def test_it_tells_each_part_that_changes_once(cast: Cast, deal: Deal):
    need = needs.add(deal, NeedInput(words="Pallets warm up"), by=cast.ana, at=NOW)
    for _again in range(2):
        needs.change(need, said(worth=Decimal(500), per=Per.MONTH), by=cast.mona, at=NOW)

    assert (need.worth, need.per) == (Decimal(500), "month")
    told = deal.changes.exclude(kind="need").get()
    worth = NeedWorth(amount=Decimal(500), currency="EUR", per="month")
    assert told.event == NeedWorthChanged(new=worth, about="Pallets warm up")
    assert told.by == cast.mona


def test_it_is_confirmed_and_keeps_what_was_said(cast: Cast, deal: Deal):
    need = needs.add(
        deal, NeedInput(words="Pallets warm up", worth=Decimal(7)), by=cast.ana, at=NOW
    )
    needs.confirm(need, on=NOW.date(), by=cast.ana, at=NOW)

    assert (need.confirmed_on, need.worth) == (NOW.date(), Decimal(7))


def test_it_is_dropped_and_taken_up_again_without_being_lost(cast: Cast, deal: Deal):
    need = needs.add(deal, NeedInput(words="Pallets warm up"), by=cast.ana, at=NOW)
    needs.drop(need, by=cast.ana, at=NOW)
    needs.drop(need, by=cast.ana, at=NOW)
    assert Need.objects.get().dropped_at == NOW
    needs.take_up(need, by=cast.ana, at=NOW)
    assert need.dropped_at is None
    assert [change.kind for change in deal.changes.order_by("id")] == [
        "need",
        "need_dropped",
        "need",
    ]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"words": "  "}, "words"),
        ({"confirmed_on": NOW.date() + dt.timedelta(days=2)}, "confirmed_on"),
    ],
)
def test_it_refuses_what_cannot_be(cast: Cast, deal: Deal, refused: Refusal, facts, field):
    with refused(field):
        needs.add(deal, said(**facts), by=cast.ana, at=NOW)


def test_it_refuses_a_person_of_another_deal(cast: Cast, deal: Deal, refused: Refusal):
    stranger = make_contact(by=cast.ana, name="Somebody Else")
    with refused("said_by"):
        needs.add(deal, said(said_by=stranger), by=cast.ana, at=NOW)


def test_it_changes_nothing_of_a_closed_deal(cast: Cast, refused: Refusal):
    deal = won_deal(by=cast.ana)
    need = Need.objects.create(deal=deal, words="Pallets", at=NOW, by=cast.ana)
    with refused(None):
        needs.add(deal, said(), by=cast.ana, at=NOW)
    with refused(None):
        needs.drop(need, by=cast.ana, at=NOW)


def test_it_is_for_those_who_may_edit_the_deal(cast: Cast, deal: Deal, unseen):
    need = needs.add(deal, NeedInput(words="Pallets"), by=cast.ana, at=NOW)
    with unseen(Deal.DoesNotExist):
        needs.add(deal, NeedInput(words="More"), by=cast.ben, at=NOW)
    with unseen(Deal.DoesNotExist):
        needs.drop(need, by=cast.carl, at=NOW)


def test_it_refuses_a_version_that_is_not_the_newest(cast: Cast, deal: Deal):
    with pytest.raises(Stale):
        needs.add(deal, NeedInput(words="Pallets"), by=cast.ana, at=NOW, version=99)
