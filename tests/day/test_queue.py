"""What stands in somebody's day, and in which order: SQL finds it, `crm.attention` decides."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.attention import AttentionReason, OpenDeal, attention, urgency
from crm.models import Concern, Deal
from day.presenters.queue import placed
from day.queries import queue as queries
from day.queries.queue import queue_of
from pipeline.process.queries.stages import norms_for
from tests.conftest import Cast
from tests.day.conftest import TODAY, Day
from tests.factories import NOW, ago, make_deal


def test_each_kind_stands_in_its_place(day: Day) -> None:
    found = queue_of(day.cast.again(day.cast.ana), at=NOW)
    assert [row.key for row in found.rows] == day.keys
    reasons = [reason for reason in AttentionReason if reason != AttentionReason.GATE]
    assert [row.reason for row in found.rows] == reasons


def test_nobody_elses_day_has_it(day: Day) -> None:
    for person in (day.cast.ben, day.cast.mona, day.cast.adele):
        assert queue_of(day.cast.again(person), at=NOW).rows == []


def test_it_asks_as_often_with_one_deal_as_with_fifty(cast: Cast) -> None:
    counts = []
    for n in (1, 50):
        for number in range(n):
            make_deal(by=cast.ana, name=f"Deal {n} {number}")
        ana = cast.again(cast.ana)
        queue_of(ana, at=NOW)  # versions of the process are remembered
        with CaptureQueriesContext(connection) as asked:
            queue_of(ana, at=NOW)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 5


def test_sql_leaves_out_only_what_comes_later(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many more than a page shows, those that urge most by the pure function."""
    chance = random.Random(3)
    for number in range(60):
        deal = make_deal(by=cast.ana, name=f"Deal {number}")
        Deal.objects.filter(pk=deal.pk).update(
            stage=chance.randint(1, 4),
            created_at=ago(days=chance.randint(1, 30), minutes=number),
            touched_at=chance.choice([None, ago(days=chance.randint(0, 30), minutes=number)]),
            parked_until=chance.choice([None, None, TODAY]),
        )
        if chance.random() < 0.2:
            Concern.objects.create(
                deal=deal,
                category="price",
                words="Why?",
                after_price=False,
                raised_at=ago(hours=number + 1),
            )
    ana = cast.again(cast.ana)
    norms = norms_for(ana)
    every = []
    for deal in Deal.objects.open():
        concern = deal.concerns.first()
        one = OpenDeal(
            id=deal.pk, usual_days=norms.of(deal.stage, deal.team_id),
            created_at=deal.created_at, touched_at=deal.touched_at,
            parked_until=deal.parked_until, asked_at=concern.raised_at if concern is not None else None,
            is_new=deal.stage <= 2 and deal.touched_at is None
            and not deal.activities.done().exists(),
        )  # fmt: skip
        causes = attention(one, at=NOW, zone=ana.zone)
        every.append((urgency(one, causes), deal.pk))
    wanted = [f"deal-{pk}" for _urgency, pk in sorted(every)]
    monkeypatch.setattr(queries, "MOST", 20)
    found = queue_of(ana, at=NOW)
    assert [row.key for row in found.rows] == wanted[:20]
    assert found.unplanned == 60


def test_what_was_moved_stands_where_it_was_put_and_the_rest_as_ranked() -> None:
    ranked = ["a", "b", "c", "d"]
    assert placed(ranked, {}) == ranked
    assert placed(ranked, {"d": 0}) == ["d", "a", "b", "c"]
    assert placed(ranked, {"a": 2}) == ["b", "c", "a", "d"]
    assert placed(ranked, {"a": 99, "gone": 0}) == ["b", "c", "d", "a"]
    assert sorted(placed(ranked, {"b": 3, "c": 3})) == ranked
