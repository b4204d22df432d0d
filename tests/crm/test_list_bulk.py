import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import bulk
from crm.commands import deal as deal_commands
from crm.models import Activity, Deal
from crm.queries import search
from pipeline.models import User
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago, cause_named, make_deal, plan_call, stopped_deal

UNTIL = dt.date(2026, 4, 1)


def ask(client: Client, person: User, verb: str, **data: Any) -> Any:
    client.force_login(person)
    return client.post(f"/deals/bulk/{verb}/", data, headers={"HX-Request": "true"})


def pool_deal(cast: Cast) -> Deal:
    return make_deal(by=cast.mona, name="In the pool", team=cast.north)


def test_it_hands_many_deals_over(cast: Cast, client: Client) -> None:
    deals = [make_deal(by=cast.ana, name=f"Deal {n}") for n in range(3)]
    answer = ask(
        client,
        cast.mona,
        "hand-over",
        ids=",".join(str(deal.pk) for deal in deals),
        to=cast.ben.pk,
        reason="Ana is away",
    )
    told = json.loads(answer["HX-Trigger"])
    assert told["toast"]["text"] == "3 deals handed over"
    assert "deal-changed" in told
    assert set(Deal.objects.values_list("owner_id", flat=True)) == {cast.ben.pk}
    assert all(deal.changes.get(kind="owner").reason == "Ana is away" for deal in deals)


def test_it_parks_many_deals(cast: Cast, client: Client) -> None:
    deals = [make_deal(by=cast.ana, name=f"Deal {n}") for n in range(2)]
    ask(client, cast.ana, "park", ids=f"{deals[0].pk},{deals[1].pk}", until=UNTIL.isoformat())
    assert set(Deal.objects.values_list("parked_until", flat=True)) == {UNTIL}


def test_it_stops_many_deals_and_tells_which_were_not_and_why(cast: Cast, client: Client) -> None:
    ours, over = make_deal(by=cast.ana, name="Ours"), stopped_deal(by=cast.ana, name="Over")
    pool, foreign = pool_deal(cast), make_deal(by=cast.carl, name="Secret")
    answer = ask(
        client,
        cast.ana,
        "stop",
        ids=f"{ours.pk},{over.pk},{pool.pk},{foreign.pk},999999",
        decision="customer:price",
    )
    text = answer.content.decode()
    assert "1 deal stopped" in text
    assert "4 were left as they are" in text
    assert "The deal is closed: open it again first." in text
    assert "claim it first" in text
    assert text.count("Not there any more, or not yours to see.") == 2
    assert "Secret" not in text
    for deal in (ours, pool, foreign):
        deal.refresh_from_db()
    assert (ours.outcome, pool.outcome, foreign.outcome) == (
        Outcome.STOPPED,
        Outcome.OPEN,
        Outcome.OPEN,
    )


def test_it_does_the_others_after_a_refusal(cast: Cast) -> None:
    mine, theirs = make_deal(by=cast.ana, name="A"), make_deal(by=cast.ben, name="B")
    last = make_deal(by=cast.ana, name="C")
    results = bulk.hand_over(
        [mine.pk, theirs.pk, last.pk, mine.pk], to=cast.ben, by=cast.mona, at=NOW
    )
    assert [(result.name, bool(result.refused)) for result in results] == [
        ("A", False),
        ("B", True),
        ("C", False),
    ]


def test_it_takes_all_of_the_list_as_the_sheet_has_shown_it(cast: Cast, client: Client) -> None:
    big, small = (make_deal(by=cast.ana, name=name, amount=n) for name, n in (("B", 9), ("S", 1)))
    make_deal(by=cast.carl, name="Secret", amount=9)
    client.force_login(cast.ana)
    sheet = client.get("/deals/bulk/park/", {"list": "leads", "all": "1", "query": "min=5"})
    assert f'name="ids" value="{big.pk}"' in sheet.content.decode()
    # What comes into the list afterwards was not agreed to.
    deal_commands.edit(small, amount=10, by=cast.ana, at=NOW)
    ask(client, cast.ana, "park", ids=str(big.pk), until=UNTIL.isoformat())
    assert list(Deal.objects.filter(parked_until=UNTIL)) == [big]


@pytest.mark.parametrize("verb", ["hand-over", "park", "stop"])
def test_it_asks_before_it_does(cast: Cast, client: Client, verb: str) -> None:
    deal, pool = make_deal(by=cast.ana), pool_deal(cast)
    client.force_login(cast.ana)
    sheet = client.get(f"/deals/bulk/{verb}/", {"id": [deal.pk, pool.pk]})
    text = sheet.content.decode()
    assert sheet.status_code == 200
    assert "2 deals" in text
    assert "1 of them is not yours to change" in text
    for bad in ({}, {"to": cast.carl.pk}, {"until": "2026-03-01"}, {"decision": "us:gone"}):
        assert ask(client, cast.ana, verb, ids=str(deal.pk), **bad).status_code in (200, 422)
    deal.refresh_from_db()
    assert (deal.version, deal.owner_id, deal.outcome) == (1, cast.ana.pk, Outcome.OPEN)


@pytest.mark.parametrize("ids", ["", "abc", "-1", "1e9", "NaN", "9" * 30, ",,,"])
def test_it_says_that_nothing_is_ticked(cast: Cast, client: Client, ids: str) -> None:
    answer = ask(client, cast.ana, "park", ids=ids, until=UNTIL.isoformat())
    assert answer.status_code == 422
    assert "Nothing is ticked" in answer.content.decode()


def test_it_refuses_more_than_it_can_do_while_one_waits(cast: Cast, client: Client) -> None:
    too_many = list(range(1, bulk.MAX_RECORDS + 2))
    with pytest.raises(Refused):
        bulk.park(too_many, until=UNTIL, by=cast.ana, at=NOW)
    answer = ask(client, cast.ana, "park", ids=",".join(map(str, too_many)), until=str(UNTIL))
    assert answer.status_code == 422
    assert "narrow the list" in answer.content.decode()


def test_it_takes_nothing_from_a_list_that_is_no_question(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana)
    client.force_login(cast.ana)
    sheet = client.get("/deals/bulk/park/", {"list": "leads", "all": "1", "query": "min=abc"})
    assert "Enter a number" in sheet.content.decode()
    assert 'name="ids"' not in sheet.content.decode()


def test_it_stops_no_deal_by_a_cause_of_the_other_side(cast: Cast) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    cause = cause_named("disqualified")
    (result,) = bulk.stop([deal.pk], initiator=Initiator.CUSTOMER, cause=cause, by=cast.ana, at=NOW)
    assert "decision of the other side" in result.refused
    deal.refresh_from_db()
    assert deal.is_open


def test_it_knows_three_verbs(cast: Cast, client: Client) -> None:
    client.force_login(cast.adele)
    assert client.get("/deals/bulk/delete/").status_code == 404
    client.logout()
    assert client.post("/deals/bulk/stop/", {"ids": "1"}).status_code == 302


def test_it_asks_little_for_each_deal_and_finds_all_at_their_new_owner(cast: Cast) -> None:
    deals = [make_deal(by=cast.ana, name=f"Pump {n}") for n in range(12)]
    for deal in deals:
        plan_call(deal, by=cast.ana, due_on=ago(days=-3).date())
    ids = [deal.pk for deal in deals]

    def cost(some: list[int]) -> int:
        with CaptureQueriesContext(connection) as asked:
            done = bulk.hand_over(some, to=cast.again(cast.ben), by=cast.again(cast.mona), at=NOW)
        assert not any(each.refused for each in done)
        return len(asked)

    one, eleven = cost(ids[:1]), cost(ids[1:])

    # A savepoint and its end, the locked row, its history, what is planned (read, given), itself; and
    # to take it back what there was, what there is, and that it is kept for some minutes.
    assert (eleven - one) / 10 <= 11
    assert {hit.owner_id for hit in search.search("Pump", reader=cast.mona)} == {cast.ben.pk}
    assert set(Activity.objects.values_list("owner_id", flat=True)) == {cast.ben.pk}


def test_it_finds_what_was_refused_where_it_was(cast: Cast) -> None:
    ours, his = make_deal(by=cast.ana, name="Pump 1"), make_deal(by=cast.ben, name="Pump 2")

    bulk.hand_over([ours.pk, his.pk], to=cast.ben, by=cast.mona, at=NOW)
    bulk.hand_over([ours.pk, his.pk], to=cast.carl, by=cast.mona, at=NOW)

    found = search.search("Pump", reader=cast.mona)
    assert [hit.owner_id for hit in found] == [cast.ben.pk, cast.ben.pk]
