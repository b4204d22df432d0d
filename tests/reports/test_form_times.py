"""How long people type in forms: of each for himself or herself alone (CHECKLIST D15, E3, E6)."""

import datetime as dt

import pytest
from django.test import Client

from pipeline.models import User
from reports.commands import form_times
from reports.models import FormKind, FormTime
from reports.queries.form_times import UsualTime, times_in_forms
from reports.views.form_times import kind_of
from tests.conftest import Cast
from tests.factories import NOW, ago
from tests.reports.test_metrics import asked

ADDRESS = "/reports/form-times/"


@pytest.fixture
def cast(cast: Cast, clock: object) -> Cast:
    return cast


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/deals/7/log/", FormKind.TALKS),
        ("/deals/7/advance/", FormKind.MOVES),
        ("/deals/7/edit/value/", FormKind.RECORDS),
        ("/deals/7/offers/", FormKind.RECORDS),
        ("/deals/7/steps/4/worth/", FormKind.STEPS),
        ("/companies/new/", FormKind.NEW),
        ("/profile/", FormKind.OTHER),
        ("/nowhere/<b>/", FormKind.OTHER),
    ],
)
def test_it_knows_what_a_form_is_about_by_where_it_goes(path: str, kind: FormKind) -> None:
    assert kind_of(path) == kind


def test_it_adds_up_by_day_and_kind_and_lets_go_of_what_is_old(client: Client, cast: Cast) -> None:
    form_times.count(cast.ana, kind=FormKind.TALKS, seconds=9, at=ago(days=500))
    client.force_login(cast.ana)
    for seconds in (20, 12):
        said = {"path": "/deals/7/log/", "seconds": seconds}
        assert client.post(ADDRESS, said).status_code == 204
    assert client.post(ADDRESS, {"path": "/x/", "seconds": "-1"}).status_code == 422
    row = FormTime.objects.get()
    assert (row.person, row.on, row.kind, row.sent, row.seconds) == (
        cast.ana,
        NOW.date(),
        "talks",
        2,
        32,
    )


def test_of_whoever_switched_it_off_nothing_is_kept(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.ana.pk).update(form_times=False)
    client.force_login(cast.ana)
    assert "data-seconds" not in client.get("/profile/").content.decode()
    assert client.post(ADDRESS, {"path": "/x/", "seconds": 5}).status_code == 204
    assert not FormTime.objects.exists()


def test_nobody_sees_those_of_another(client: Client, cast: Cast) -> None:
    form_times.count(cast.ana, kind=FormKind.TALKS, seconds=3400, at=NOW)
    for person in (cast.ben, cast.mona, cast.adele):
        assert times_in_forms(cast.again(person), [], asked(person).period).own == []
        client.force_login(person)
        path = f"/reports/consistency/?person={cast.ana.pk}" if person != cast.ben else ""
        if path:
            text = client.get(path).content.decode()
            assert "nothing yet" in text
            assert "57 min" not in text
    client.force_login(cast.ana)
    assert "57 min" in client.get("/reports/consistency/").content.decode()


def test_the_middle_is_of_five_people_or_none(cast: Cast) -> None:
    people = [cast.ana, cast.ben, cast.carl, cast.mona, cast.rosa]
    period = asked(cast.adele).period
    for n, person in enumerate(people):
        form_times.count(person, kind=FormKind.TALKS, seconds=60 * (n + 1), at=NOW)
    ids = [person.pk for person in people]
    assert times_in_forms(cast.mona, ids, period).usual == UsualTime(seconds_a_day=180, people=5)
    # A second day halves what Carl types on each.
    form_times.count(cast.carl, kind=FormKind.MOVES, seconds=0, at=NOW - dt.timedelta(days=1))
    assert times_in_forms(cast.mona, ids, period).usual == UsualTime(seconds_a_day=120, people=5)
    assert times_in_forms(cast.mona, ids[1:], period).usual is None
    User.objects.filter(pk=cast.ana.pk).update(form_times=False)
    assert times_in_forms(cast.mona, ids, period).usual is None


def test_one_can_have_it_forgotten(client: Client, cast: Cast) -> None:
    for person in (cast.ana, cast.ben):
        form_times.count(person, kind=FormKind.TALKS, seconds=30, at=NOW)
    client.force_login(cast.ana)
    assert "Delete what was counted" in client.get("/reports/consistency/").content.decode()
    client.post(f"{ADDRESS}forget/")
    assert list(FormTime.objects.values_list("person", flat=True)) == [cast.ben.pk]
