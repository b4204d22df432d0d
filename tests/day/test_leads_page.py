"""The lead inbox as people see and use it."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import lead_rule
from crm.commands.lead_rule import LeadRuleInput
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, ActivityResult, Deal, Source
from day.presenters.leads import duration
from day.queries import leads as queries
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage
from reports.flow_populations import WorkedTime
from salesprocess.lib.working_hours import WorkingHours
from tests.conftest import Cast
from tests.factories import NOW, ago, cause_named, make_company, make_contact, make_deal, plan_call

HTMX: Any = {"HX-Request": "true"}


def look(client: Client, person: User, address: str = "/leads/", **more: Any) -> str:
    client.force_login(person)
    page: Any = client.get(address, **more)
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def lead(*, by: User, person: str = "Søren Dahl", **fields: Any) -> Deal:
    return make_deal(by=by, contact=make_contact(by=by, name=person), **fields)


def test_it_shows_what_is_to_be_sorted_and_nothing_else(cast: Cast, client: Client) -> None:
    fair = Source.objects.get(name="Trade fair")
    lead(by=cast.ana, source=fair, source_detail="Bergen")
    lead(by=cast.ben, person="Ben’s own")
    lead(by=cast.mona, person="Rita Duarte", team=cast.north)
    plan_call(lead(by=cast.ana, person="Planned already"), by=cast.ana, due_at=NOW)
    snoozed = lead(by=cast.ana, person="Hr. Moser")
    deal_commands.park(snoozed, until=dt.date(2026, 4, 1), by=cast.ana, at=NOW)
    deal_commands.stop(
        lead(by=cast.ana, person="Stopped one"),
        initiator="us",  # type: ignore[arg-type]  # as the form gives it
        cause=cause_named("withdrawn"),
        by=cast.ana,
        at=NOW,
    )

    mine = look(client, cast.ana)
    pool = look(client, cast.ana, "/leads/?tab=pool")

    assert "Søren Dahl" in mine
    assert "Trade fair · Bergen" in mine
    for other in ("Ben’s own", "Rita Duarte", "Planned already", "Hr. Moser", "Stopped one"):
        assert other not in mine
    assert "Rita Duarte" in pool
    assert "Søren Dahl" not in pool
    assert "Hr. Moser" in look(client, cast.ana, "/leads/?tab=snoozed")
    assert "Rita Duarte" not in look(client, cast.carl, "/leads/?tab=pool")


def test_the_clock_counts_working_hours_until_the_first_touch(cast: Cast, client: Client) -> None:
    # Wednesday 11:00 in Vienna. Since Tuesday 16:00: one hour there, two today.
    lead(by=cast.ana, at=NOW - dt.timedelta(hours=19))
    late = lead(by=cast.ana, person="Late one", at=ago(days=10))
    answered = lead(by=cast.ana, person="Answered", at=ago(days=9))
    activity_commands.log(
        About(deal=answered),
        kind=ActivityKind.EMAIL,
        by=cast.ana,
        at=NOW,
        result=ActivityResult.REACHED,
    )

    page = look(client, cast.ana)

    assert "1 h left" in page
    assert "answered" in page
    assert late.name
    assert page.index("Late one") < page.index("Answered") < page.index("Søren Dahl")


def test_working_minutes_are_those_of_the_reports(cast: Cast) -> None:
    """By SQL for the usual answer, by Python for the clock: the same rule."""
    hours, zone = cast.root.working_hours, cast.root.zone
    moments = [NOW + dt.timedelta(hours=7 * n, minutes=11 * n) for n in range(-40, 40)]
    for moment in moments:
        begun = lead(by=cast.ana, person=f"P{moment}", at=min(moment, NOW))
        assert begun.created_at == min(moment, NOW)
    assert duration(95) == "1 h 35"
    worked = ExpressionWrapper(
        WorkedTime(Value(NOW), zone.key, hours) - WorkedTime(F("created_at"), zone.key, hours),
        output_field=DurationField(),
    )
    for created, took in Deal.objects.annotate(w=worked).values_list("created_at", "w"):
        minutes = hours.minutes_between(created.astimezone(zone), NOW.astimezone(zone))
        assert minutes == int(took.total_seconds() // 60)
    assert WorkingHours().minutes_between(NOW, NOW) == 0


def test_the_usual_answer_is_the_teams_own_median(cast: Cast, client: Client) -> None:
    cache.clear()
    for hours in range(1, 12):
        begun = NOW.replace(hour=8) - dt.timedelta(days=1)
        answered = make_deal(by=cast.ben, at=begun)
        activity_commands.log(
            About(deal=answered),
            kind=ActivityKind.CALL,
            by=cast.ben,
            at=NOW,
            done_at=begun + dt.timedelta(minutes=20 * hours),
        )

    assert "usual answer 2 h" in look(client, cast.ana)
    cache.clear()
    assert queries.usual_answer(cast.carl, at=NOW) is None
    cache.clear()


def test_a_lead_is_accepted_by_one_press(cast: Cast, client: Client) -> None:
    new = lead(by=cast.ana)
    page = look(client, cast.ana)
    (moment,) = [part.split('"')[0] for part in page.split('name="first" value="')[1:]][:1]
    assert moment == "2026-03-11T12:00:00+01:00"

    answer: Any = client.post(
        f"/leads/{new.pk}/accept/", {"first": moment, "version": new.version}, headers=HTMX
    )

    assert answer.status_code == 200
    new.refresh_from_db()
    assert (new.stage, new.next_at) == (Stage.PROSPECTING, dt.datetime.fromisoformat(moment))
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
    client.post(undo["href"], undo["values"], headers=HTMX)
    assert new in Deal.objects.to_sort()


def test_the_day_that_was_typed_is_meant_and_not_the_first_button(
    cast: Cast, client: Client
) -> None:
    new = lead(by=cast.ana)
    client.force_login(cast.ana)
    said = {"first": "2026-03-11T12:00:00+01:00", "first_on": "2026-03-20", "version": new.version}

    client.post(f"/leads/{new.pk}/accept/", said)

    assert Activity.objects.get().due_on == dt.date(2026, 3, 20)


def test_who_is_not_known_is_asked_for_in_place(cast: Cast, client: Client) -> None:
    new = make_deal(by=cast.ana)
    assert 'name="party_person"' in look(client, cast.ana)
    said = {"first_on": "2026-03-20", "version": new.version, "asks": "party"}

    answer: Any = client.post(f"/leads/{new.pk}/accept/", said, headers=HTMX)
    assert answer.status_code == 422
    client.post(f"/leads/{new.pk}/accept/", said | {"party_person": "Eva New"})

    new.refresh_from_db()
    assert new.stage == Stage.PROSPECTING
    assert new.contacts.get().name == "Eva New"


def test_a_lead_is_the_same_as_a_deal_that_is_proposed(cast: Cast, client: Client) -> None:
    norte = make_company(by=cast.ana)
    into = make_deal(by=cast.ana, name="Line 3", company=norte, stage=Stage.PROSPECTING)
    new = make_deal(by=cast.ana, name="Fair card", company=norte)
    assert "same as?" in look(client, cast.ana)
    assert "Line 3" in look(client, cast.ana, f"/leads/{new.pk}/same/")

    client.post(f"/leads/{new.pk}/same/", {"into": into.pk, "version": new.version})

    new.refresh_from_db()
    assert new.outcome == Outcome.STOPPED


def test_many_are_accepted_with_a_result_for_each(cast: Cast, client: Client) -> None:
    known, unknown = lead(by=cast.ana), make_deal(by=cast.ana, name="Nobody named")
    client.force_login(cast.ana)
    said = {
        "ids": f"{known.pk},{unknown.pk}",
        "next": "tomorrow",
        "next_kind": "call",
        "list": "leads",
    }

    page: Any = client.post("/deals/bulk/accept/", said, headers=HTMX)

    text = page.content.decode()
    assert "1 lead accepted" in text
    assert "Nobody named" in text
    known.refresh_from_db()
    assert known.stage == Stage.PROSPECTING


def test_who_opens_for_the_pool_is_told_to_whom_it_went(cast: Cast, client: Client) -> None:
    said = LeadRuleInput(name="All", people=(cast.ben,))
    lead_rule.add(cast.north, said, by=cast.mona, at=NOW)
    client.force_login(cast.ana)

    answer: Any = client.post(
        "/deals/new/", {"name": "From the fair", "owner": f"t{cast.north.pk}", "stage": "1"}
    )

    assert Deal.objects.get(name="From the fair").owner == cast.ben
    assert answer["Location"] == "/board/"
    assert "Ben Okoro" in look(client, cast.ana, "/board/")
    assert "All: In turn; had 0 to sort" in look(client, cast.mona, "/leads/rules/")


@pytest.mark.parametrize("rows", [1, 30])
def test_the_page_asks_ten_questions_at_most(cast: Cast, client: Client, rows: int) -> None:
    company = make_company(by=cast.ana)
    for number in range(rows):
        lead(by=cast.ana, person=f"Person {number}", company=company)
    look(client, cast.ana)

    with CaptureQueriesContext(connection) as asked:
        client.get("/leads/")

    assert len(asked) <= 10, [one["sql"][:200] for one in asked]


def test_it_goes_on_page_by_page(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    for number in range(3):
        lead(by=cast.ana, person=f"Person {number}", at=ago(days=9 - number))
    first = look(client, cast.ana)
    onwards = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")

    assert "Person 2" in look(client, cast.ana, onwards)
    assert "Person 1" not in look(client, cast.ana, onwards)
