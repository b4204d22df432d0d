"""A planned day is a date: whoever looks, saves, filters or brings it out, it is the same day."""

import datetime as dt
import itertools
import re
import zoneinfo
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from crm.commands import activity as commands
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About, Next
from crm.forms.activity import ChangeForm
from crm.models import Activity, ActivityKind, Deal
from crm.models.due import Due, DueState, in_state, near, within
from pipeline.models import User
from tests.conftest import Cast
from tests.crm.test_list_export import rows as exported
from tests.factories import NOW, make_company, make_deal, plan_call

ZONES = ("America/New_York", "Europe/Vienna", "Pacific/Auckland")
# Owner and reader: ahead of it, behind it, and far ahead.
PAIRS = list(zip(ZONES, (*ZONES[1:], ZONES[0]), strict=True))
UTC = dt.UTC
# Both sides of each zone's midnight, and of both changes of its clocks (or of the others').
INSTANTS = [
    dt.datetime(2026, month, day, hour, minute, tzinfo=UTC)
    for month, day, hours in (
        (12, 10, (4, 5, 10, 11, 22, 23)),
        (3, 8, (4, 5, 6, 7, 11)),
        (3, 29, (0, 1, 21, 22, 23)),
        (4, 4, (11, 12, 13, 14)),
        (9, 26, (11, 12, 13, 14)),
        (10, 25, (0, 1, 22, 23)),
        (11, 1, (4, 5, 6, 7)),
    )
    for hour in hours
    for minute in (0, 59)
]


def zoned(user: User, zone: str) -> User:
    user.time_zone = zone
    user.save()
    found: User = User.objects.get(pk=user.pk)
    return found


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize(("owner", "reader"), PAIRS)
def test_everybody_sees_the_day_that_was_planned(
    client: Client, cast: Cast, owner: str, reader: str
):
    ana, mona = zoned(cast.ana, owner), zoned(cast.mona, reader)
    company = make_company(by=ana, owner=ana)
    deal = make_deal(by=ana, company=company)
    client.force_login(ana)
    said = {"next": "on", "next_on": "2026-03-17", "next_kind": "call"}
    assert client.post(f"/deals/{deal.pk}/plan/", said).status_code == 302
    plan = Activity.objects.get()
    assert (plan.due_on, plan.due_at) == (dt.date(2026, 3, 17), None)

    for person in (ana, mona):
        client.force_login(person)
        places = (f"/deals/{deal.pk}/", f"/companies/{company.pk}/", "/activities/", "/board/")
        for place in (*places, f"/deals/?next=later&q={deal.name}"):
            assert "Tue 17 Mar" in words(client.get(place)), (place, person)
        assert 'value="2026-03-17"' in client.get(f"/activities/{plan.pk}/change/").content.decode()
        (row,) = exported(client, person, "/lists/activities.csv")
        assert row["Due at"] == "2026-03-17"
        (row,) = exported(client, person, "/lists/deals.csv")
        assert row["Next at"] == "2026-03-17"


@pytest.mark.parametrize(("owner", "reader"), PAIRS)
@pytest.mark.parametrize("when", [{"due_on": dt.date(2026, 3, 10)}, {"due_at": NOW}])
def test_saving_what_is_unchanged_changes_nothing(
    client: Client, cast: Cast, owner: str, reader: str, when: dict[str, Any]
):
    ana, mona = zoned(cast.ana, owner), zoned(cast.mona, reader)
    deal = make_deal(by=ana)
    plan = commands.plan(
        About(deal=deal),
        next=Next(kind=ActivityKind.CALL, subject="Ask", **when),
        by=ana,
        at=NOW - dt.timedelta(days=4),
    )
    before = [list(model.objects.values()) for model in (Activity, Deal)]

    client.force_login(mona)
    page = client.get(f"/activities/{plan.pk}/change/").content.decode()
    shown = dict(
        re.findall(r'<input type="(?:date|time|text)" name="(\w+)".*? value="(.*?)"', page)
    )
    answer = client.post(
        f"/activities/{plan.pk}/change/",
        {"next": "on", "next_kind": "call", "version": plan.version, **shown},
    )

    assert answer.status_code == 302
    assert [list(model.objects.values()) for model in (Activity, Deal)] == before
    assert not deal.changes.exists()


# The hour that a clock shows twice, either of the two; and one with seconds.
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("instant", INSTANTS)
def test_a_form_gives_back_the_instant_that_it_shows(zone: str, instant: dt.datetime):
    of = Activity(kind="call", due_at=instant.replace(second=7), due_by=instant)
    user = User(time_zone=zone)
    form = ChangeForm(user=user, at=NOW, of=of)
    said = {name: str(value or "") for name, value in form.initial.items()}
    again = ChangeForm(said, user=user, at=instant + dt.timedelta(days=3), of=of)

    assert again.is_valid(), again.errors
    assert again.due() == of.due


def test_what_a_filter_finds_a_row_says(cast: Cast):
    """Every state and day, asked at each instant in each zone: the SQL is the rule in Python."""
    company = make_company(by=cast.ana)
    every = []
    for instant in INSTANTS[::3]:
        dues = [Due(at=instant + dt.timedelta(hours=n)) for n in (-25, -1, 0, 1, 25)]
        dues += [Due(on=instant.date() + dt.timedelta(days=n)) for n in (-1, 0, 1)]
        for due in dues:
            row = Activity(kind="call", company=company, owner=cast.ana, created_at=NOW)
            row.plan_for(due)
            every.append((row, due))
    Activity.objects.bulk_create([row for row, _due in every])
    for zone, at in itertools.product(map(zoneinfo.ZoneInfo, ZONES), INSTANTS[::5]):
        for state in DueState:
            found = Activity.objects.filter(near(state, at=at), in_state(state, at=at, zone=zone))
            meant = {row.pk for row, due in every if due.state(at=at, zone=zone) == state}
            assert set(found.values_list("pk", flat=True)) == meant
        day = at.date()
        asked = within(day, day, zone=zone, moment="due_at", on="due_on")
        meant = {row.pk for row, due in every if due.day(zone) == day}
        assert set(Activity.objects.filter(asked).values_list("pk", flat=True)) == meant


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_in_a_filter_is_the_day_that_the_row_shows(client: Client, cast: Cast, zone: str):
    """What was done, opened and closed near the midnights of all zones."""
    ana = zoned(cast.ana, zone)
    client.force_login(ana)
    for hours in range(0, 30, 5):
        at = NOW - dt.timedelta(days=2, hours=hours)
        deal = make_deal(by=ana, at=at, name="Pump")
        commands.log(About(deal=deal), kind=ActivityKind.CALL, by=ana, at=at)
    for day in (NOW - dt.timedelta(days=n) for n in (1, 2, 3)):
        local = f"{day:%Y-%m-%d}"
        for address, query, column in (
            ("/lists/activities.csv", "state=done&day_from={0}&day_to={0}", "Done at"),
            ("/lists/deals.csv", "opened_from={0}&opened_to={0}", "Opened at"),
        ):
            every = exported(client, ana, f"{address}?state=done&outcome=any")
            found = exported(client, ana, f"{address}?{query.format(local)}")
            assert found == [row for row in every if row[column].startswith(local)]


def test_a_bare_day_is_late_when_the_readers_day_is_over(client: Client, cast: Cast, clock: Any):
    """At ten in the evening of the 10th in Vienna it is still the 10th in New York, and the 11th in
    Auckland."""
    deal = make_deal(by=cast.ana)
    plan_call(deal, by=cast.ana, due_on=dt.date(2026, 3, 10))
    clock.move_to(dt.datetime(2026, 3, 10, 21, 0, tzinfo=UTC))
    said = {}
    for zone in ZONES:
        client.force_login(zoned(cast.ana, zone))
        line = words(client.get("/activities/"))
        said[zone] = "Overdue" if "Overdue · Tue 10 Mar" in line else "Today"
        found = [
            state
            for state in ("overdue", "today")
            if client.get(f"/lists/activities.csv?state={state}").getvalue().count(b"\n") > 1
        ]
        assert found == [said[zone].lower()]
        found = [
            state
            for state in ("overdue", "today")
            if str(deal.pk)
            in re.findall(r"/deals/(\d+)/", client.get(f"/deals/?next={state}").content.decode())
        ]
        assert found == [said[zone].lower()]
    assert said == dict(zip(ZONES, ("Today", "Today", "Overdue"), strict=True))


@pytest.mark.parametrize("zone", ZONES)
def test_a_deal_is_parked_until_a_day_of_who_parks_it(cast: Cast, zone: str, clock: Any):
    ana = zoned(cast.ana, zone)
    clock.move_to(dt.datetime(2026, 3, 10, 23, 30, tzinfo=UTC))
    now = dt.datetime.now(UTC)
    tomorrow = now.astimezone(ana.zone).date() + dt.timedelta(1)
    deal = make_deal(by=ana)
    before = plan_call(deal, by=ana, due_on=tomorrow - dt.timedelta(1))
    after = plan_call(deal, by=ana, due_on=tomorrow)
    deal_commands.park(deal, until=tomorrow, by=ana, at=now)
    assert list(Activity.objects.planned()) == [after]
    before.refresh_from_db()
    assert before.cancelled_at == now


# Brought over from when a day was an instant: 23:59 where its owner is.
BEFORE = """
CREATE TEMPORARY TABLE pipeline_team (id int, parent_id int, time_zone text) ON COMMIT DROP;
INSERT INTO pipeline_team VALUES (1, NULL, 'Europe/Vienna'), (2, 1, '');
CREATE TEMPORARY TABLE pipeline_user (id int, time_zone text) ON COMMIT DROP;
INSERT INTO pipeline_user VALUES (1, ''), (2, 'America/New_York'), (3, 'Pacific/Auckland'),
    (4, 'Nowhere/Atall');
CREATE TEMPORARY TABLE crm_deal (id int, next_all_day bool, next_at timestamptz, next_on date,
    next_kind text) ON COMMIT DROP;
CREATE TEMPORARY TABLE crm_activity (id int, deal_id int, owner_id int, kind text, all_day bool,
    due_at timestamptz, due_on date, due_by timestamptz, done_at timestamptz,
    cancelled_at timestamptz) ON COMMIT DROP;
INSERT INTO crm_activity (id, deal_id, owner_id, kind, all_day, due_at) VALUES
    (1, 1, 1, 'call', true, '2026-12-10 23:59 Europe/Vienna'),
    (2, 2, 2, 'call', true, '2026-12-10 23:59 America/New_York'),
    (3, 3, 3, 'call', true, '2026-12-10 23:59 Pacific/Auckland'),
    (4, 4, 2, 'call', false, '2026-12-10 23:59 America/New_York'),
    (5, 5, 2, 'call', true, '2026-12-10 23:59 Europe/Vienna'),
    (6, 6, 4, 'call', true, '2026-12-10 23:59 Europe/Vienna'),
    (7, 7, 2, 'note', false, NULL);
INSERT INTO crm_deal SELECT deal_id, all_day, due_at, NULL, kind FROM crm_activity WHERE id < 7;
"""


@pytest.mark.django_db
def test_days_of_before_stay_what_their_owner_meant():
    migration = import_module("crm.migrations.0018_days_are_dates")
    tenth = dt.date(2026, 12, 10)
    with connection.cursor() as cursor:
        cursor.execute(BEFORE)
        cursor.execute("SELECT id, due_at FROM crm_activity")
        was = dict(cursor.fetchall())
        cursor.execute(migration.TO_DATES)
        cursor.execute("SELECT id, due_on, due_at, due_by FROM crm_activity ORDER BY id")
        found = cursor.fetchall()
        cursor.execute("SELECT id, next_on, next_at, next_kind FROM crm_deal ORDER BY id")
        deals = cursor.fetchall()
    days = [1, 2, 3, 5, 6]
    assert [row for row in found if row[0] in days] == [(pk, tenth, None, was[pk]) for pk in days]
    assert found[3] == (4, None, was[4], was[4])
    assert found[6] == (7, None, None, None)
    assert deals[3] == (4, None, was[4], "call")
    assert all(deal == (deal[0], tenth, None, "call") for deal in deals if deal[0] in days)
