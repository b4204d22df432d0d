"""Time outside of the process: one line, and its share for the person alone."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from day.commands import outside_time
from day.models import OutsideKind, OutsideTime
from day.queries import outside_time as queries
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW

DAY = NOW.date()


@pytest.mark.parametrize(
    ("took", "minutes"), [("45", 45), ("1:30", 90), ("2 h", 120), ("2 Std.", 120)]
)
def test_it_is_logged_in_a_line(cast: Cast, client: Client, took: str, minutes: int) -> None:
    client.force_login(cast.ana)

    client.post("/outside/", {"kind": "service", "took": took, "words": "Vega, filter"})

    row = OutsideTime.objects.get()
    assert (row.person, row.minutes, row.on, row.words) == (cast.ana, minutes, DAY, "Vega, filter")


@pytest.mark.parametrize("took", ["", "soon", "0", "25:00", "9999999"])
def test_what_is_no_time_is_refused(cast: Cast, client: Client, took: str) -> None:
    client.force_login(cast.ana)

    answer: Any = client.post("/outside/", {"kind": "service", "took": took})

    assert answer.status_code == 422
    assert not OutsideTime.objects.exists()


def test_its_share_is_that_of_the_working_time_and_ones_own(cast: Cast, client: Client) -> None:
    for who, minutes, days in (
        (cast.ana, 480, 0),
        (cast.ana, 480, 27),
        (cast.ana, 480, 28),
        (cast.ben, 90, 0),
    ):
        on = DAY - dt.timedelta(days=days)
        outside_time.log(kind=OutsideKind.INTERNAL, minutes=minutes, on=on, by=who, at=NOW)

    found = queries.share(cast.ana, today=DAY)

    # Two of the twenty working days of four weeks.
    assert (found.minutes, found.percent) == (960, 10)
    client.force_login(cast.ana)
    page: Any = client.get("/outside/")
    assert "10 percent" in page.content.decode()
    assert "1 h 30" not in page.content.decode()


def test_nobody_logs_ahead_or_takes_away_anothers(cast: Cast, client: Client) -> None:
    with pytest.raises(Refused):
        outside_time.log(
            kind=OutsideKind.SERVICE, minutes=5, on=DAY + dt.timedelta(days=1), by=cast.ana, at=NOW
        )
    row = outside_time.log(kind=OutsideKind.SERVICE, minutes=5, on=DAY, by=cast.ana, at=NOW)
    client.force_login(cast.mona)
    assert client.post(f"/outside/{row.pk}/remove/").status_code == 404
    client.force_login(cast.ana)
    client.post(f"/outside/{row.pk}/remove/")
    assert not OutsideTime.objects.exists()
