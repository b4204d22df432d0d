"""A deal that was opened by mistake is taken back while nothing stands on it."""

from typing import Any

import pytest
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_take_back, need
from crm.commands.deal_take_back import take_back
from crm.commands.writers.activity import About
from crm.commands.writers.need import NeedInput
from crm.models import Activity, ActivityKind, Company, Deal, DealChange, SearchEntry, StageVisit
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, make_company, make_contact, make_deal, plan_call, stopped_deal


def test_nothing_of_it_is_left(client: Client, cast: Cast):
    company = make_company(by=cast.ana)
    deal = make_deal(by=cast.ana, company=company, contact=make_contact(by=cast.ana), amount=10)
    deal_commands.edit(deal, amount=12, by=cast.ana, at=NOW)
    client.force_login(cast.ana)
    assert f"/deals/{deal.pk}/take-back/" in client.get(f"/deals/{deal.pk}/").content.decode()

    assert client.post(f"/deals/{deal.pk}/take-back/", {}).status_code == 302

    for model in (Deal, StageVisit, DealChange, Activity):
        assert not model._default_manager.exists()
    assert not SearchEntry.objects.filter(kind="deal").exists()
    assert Company.objects.get() == company
    assert client.get(f"/deals/{deal.pk}/").status_code == 404


def _logged(deal: Deal, cast: Cast) -> None:
    activity_commands.log(About(deal=deal), kind=ActivityKind.CALL, by=cast.ana, at=NOW)


def _cancelled(deal: Deal, cast: Cast) -> None:
    activity_commands.cancel(plan_call(deal, by=cast.ana, due_at=NOW), by=cast.ana, at=NOW)


STANDS = {
    "a call": _logged,
    "a plan": lambda deal, cast: plan_call(deal, by=cast.ana, due_at=NOW),
    "what was cancelled": _cancelled,
    "a need": lambda deal, cast: need.add(deal, NeedInput(words="More"), by=cast.ana, at=NOW),
    "a move": lambda deal, cast: move_commands.move(
        deal, to=Stage.PROSPECTING, by=cast.ana, at=NOW
    ),
}


@pytest.mark.parametrize("what", STANDS)
def test_it_stays_when_something_stands_on_it(cast: Cast, refused: Any, what: str):
    deal = make_deal(by=cast.ana, contact=make_contact(by=cast.ana))
    STANDS[what](deal, cast)
    with refused(None):
        take_back(deal, by=cast.ana, at=NOW)


def test_it_stays_when_it_is_closed_or_anothers(cast: Cast):
    with pytest.raises(Refused):
        take_back(stopped_deal(by=cast.ana), by=cast.ana, at=NOW)
    deal = make_deal(by=cast.ana)
    with pytest.raises(Refused):
        take_back(deal, by=cast.mona, at=NOW)
    for person in (cast.ben, cast.carl):
        with pytest.raises(Deal.DoesNotExist):
            take_back(deal, by=person, at=NOW)


def test_every_record_of_a_deal_is_asked_for(cast: Cast):
    """Whatever is added to a deal one day stands on it, too, unless it is said to be its own."""
    names = {
        field.name
        for field in Deal._meta.get_fields(include_hidden=True)
        if field.auto_created and not field.concrete and (field.one_to_many or field.one_to_one)
    }
    assert names > deal_take_back._ITS_OWN
    assert {"activities", "needs", "offers", "concerns"} <= names
