"""A query that is written once answers for each reader and each record by itself."""

import pytest
from django.db.models import BigIntegerField

from crm.models import Deal
from pipeline.models import User
from salesprocess import prepared
from salesprocess.prepared import Asked, Prepared
from tests.conftest import Cast
from tests.factories import make_deal

pytestmark = pytest.mark.django_db


def names() -> Prepared[str]:
    deal = Asked("deal", BigIntegerField())
    return Prepared(
        lambda row: row[0],
        lambda user: Deal.objects.visible_to(user).filter(pk=deal).values_list("name"),
    )


def test_it_answers_for_the_record_that_is_asked_for(cast: Cast):
    one, other = (make_deal(by=cast.ana, name=name) for name in ("One", "Other"))
    ask = names()
    assert [ask(cast.ana, deal=deal.pk) for deal in (one, other, one)] == [
        ["One"],
        ["Other"],
        ["One"],
    ]


def test_it_answers_each_reader_within_the_own_reach(cast: Cast):
    deal = make_deal(by=cast.ana, name="Hers")
    ask = names()
    assert ask(cast.ana, deal=deal.pk) == ["Hers"]
    assert ask(cast.ben, deal=deal.pk) == []
    assert ask(cast.ana, deal=deal.pk) == ["Hers"]


def test_it_follows_a_reach_that_has_changed(cast: Cast):
    deal = make_deal(by=cast.ana, name="Hers")
    ask = names()
    assert ask(User.objects.get(pk=cast.ana.pk), deal=deal.pk) == ["Hers"]
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    assert ask(User.objects.get(pk=cast.ana.pk), deal=deal.pk) == []


def test_it_forgets_the_oldest_reaches(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prepared, "KEPT", 1)
    deal = make_deal(by=cast.ana, name="Hers")
    ask = names()
    for _ in range(2):
        assert ask(cast.ana, deal=deal.pk) == ["Hers"]
        assert ask(cast.ben, deal=deal.pk) == []
        assert len(ask._statements._kept) == 1
