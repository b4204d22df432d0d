"""What is planned is changed by the first of two who have it before them; the second is told."""

from typing import Any

import pytest
from django.test import Client

from crm.commands import activity as commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind
from crm.models.due import Due
from salesprocess.lib.refused import Stale
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_deal, plan_call

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LATE: dict[str, dict[str, Any]] = {
    "change": {"next": "on", "next_on": "2026-03-25", "next_kind": "task", "next_subject": "Mine"},
    "postpone": {"next": "on", "next_on": "2026-03-25"},
    "complete": {"next": "", "body": "They said yes"},
    "cancel": {},
}


@pytest.fixture
def planned(cast: Cast) -> Activity:
    return plan_call(make_deal(by=cast.ana), by=cast.ana, due_at=ago(days=-2))


def changed(activity: Activity, cast: Cast) -> None:
    commands.change(
        Activity.objects.get(pk=activity.pk),
        to=Next(kind=ActivityKind.MEETING, subject="Theirs", due_on=ago(days=-5).date()),
        by=cast.mona,
        at=NOW,
        version=1,
    )


@pytest.mark.parametrize("verb", LATE)
def test_it_tells_the_second_and_keeps_what_was_typed(
    cast: Cast, client: Client, planned: Activity, verb: str
):
    changed(planned, cast)
    client.force_login(cast.ana)
    address = f"/activities/{planned.pk}/{verb}/"

    late = client.post(address, {**LATE[verb], "version": 1}, headers=HTMX)

    assert late.status_code == 409
    text = late.content.decode()
    assert "Mona Reyes changed this in the meantime" in text
    assert "Meeting: Theirs" in text
    for typed in ("next_on", "next_subject", "body"):
        assert str(LATE[verb].get(typed, "")) in text
    kept = Activity.objects.get(pk=planned.pk)
    assert (kept.subject, kept.done_at, kept.cancelled_at, kept.version) == (
        "Theirs",
        None,
        None,
        2,
    )
    assert 'name="version" value="2"' in text

    again = client.post(address, {**LATE[verb], "version": 2}, headers=HTMX)

    assert again.status_code == 200
    assert Activity.objects.get(pk=planned.pk).version == 3


@pytest.mark.parametrize("verb", ["change", "postpone", "complete"])
def test_it_asks_with_the_version_that_it_shows(
    cast: Cast, client: Client, planned: Activity, verb: str
):
    changed(planned, cast)
    client.force_login(cast.ana)

    form = client.get(f"/activities/{planned.pk}/{verb}/", headers=HTMX).content.decode()

    assert 'name="version" value="2"' in form


def test_it_shows_a_cancelling_that_came_late_where_there_is_room(
    cast: Cast, client: Client, planned: Activity
):
    changed(planned, cast)
    client.force_login(cast.ana)
    address = f"/activities/{planned.pk}/cancel/"

    late = client.post(address, {"version": 1}, headers={**HTMX, "HX-Target": "deal-next"})
    assert late["HX-Retarget"] == "#sheet"
    again = client.post(address, {"version": 2}, headers={**HTMX, "HX-Target": "sheet"})

    # What was sent from the sheet closes it.
    assert "HX-Reswap" not in again
    assert Activity.objects.get(pk=planned.pk).cancelled_at == NOW


@pytest.mark.parametrize("verb", ["complete", "cancel"])
def test_it_holds_without_a_deal(cast: Cast, client: Client, verb: str):
    touch = commands.plan(
        About(company=make_company(by=cast.ana)),
        next=Next(kind=ActivityKind.CALL, due_at=ago(days=-1)),
        by=cast.ana,
        at=ago(hours=1),
    )
    client.force_login(cast.ana)
    page = client.get(f"/companies/{touch.company_id}/").content.decode()
    assert 'name="version" value="1"' in page
    changed(touch, cast)

    late = client.post(f"/touches/{touch.pk}/{verb}/", {"version": 1}, headers=HTMX)

    assert late.status_code == 409
    assert "Mona Reyes changed this" in late.content.decode()
    touch.refresh_from_db()
    assert (touch.done_at, touch.cancelled_at) == (None, None)


def test_it_counts_every_change_and_who_made_it(cast: Cast, planned: Activity):
    commands.postpone(planned, to=Due(at=ago(days=-9)), by=cast.mona, at=NOW, version=1)
    assert (planned.version, planned.changed_by, planned.changed_at) == (2, cast.mona, NOW)
    with pytest.raises(Stale) as stale:
        commands.complete(planned, by=cast.ana, at=NOW, version=1)
    assert stale.value.record.changed_by == cast.mona


@pytest.mark.parametrize("verb", LATE)
def test_it_plans_nothing_of_what_was_only_ever_logged(cast: Cast, client: Client, verb: str):
    deal = make_deal(by=cast.ana)
    logged = commands.log(
        About(deal=deal),
        kind=ActivityKind.NOTE,
        body="Met",
        by=cast.ana,
        at=NOW,
        done_at=ago(hours=1),
    )
    client.force_login(cast.ana)

    for ask in (client.get, client.post):
        assert ask(f"/activities/{logged.pk}/{verb}/", headers=HTMX).status_code in (404, 405)
