"""Who was merged with somebody is told what history says of either."""

import pytest
from django.utils import timezone

from crm.commands import deal as deal_commands
from crm.commands import party_merge
from privacy.queries import information
from tests.conftest import Cast
from tests.factories import make_contact, make_deal

pytestmark = pytest.mark.django_db


def test_what_history_says_of_the_one_that_went_is_told_too(cast: Cast):
    one, other = (make_contact(by=cast.adele, name=name) for name in ("Jordi Pla", "J. Pla"))
    for contact, name in ((one, "Pump"), (other, "Belt")):
        deal = make_deal(by=cast.adele, name=name)
        deal_commands.set_contact(deal, contact=contact, by=cast.adele, at=timezone.now())
    party_merge.merge(other, into=one, by=cast.adele, at=timezone.now())
    told = information.everything(cast.adele, one)
    history = next(section.rows for section in told.sections if section.name == "history")
    assert {row["deal"]["name"] for row in history} == {"Pump", "Belt"}
