"""What is sent later than it was said counts from when it was said."""

import datetime as dt

import pytest
from django.test import Client

from crm.models import Activity, Deal
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def deal(cast: Cast) -> Deal:
    return make_deal(by=cast.ana)


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ana)
    return client


def said(at: dt.datetime) -> str:
    return str(int(at.timestamp() * 1000))


def logged() -> Activity:
    return Activity.objects.done().latest("id")


def test_a_log_and_its_tomorrow_count_from_when_it_was_said(client: Client, deal: Deal, cast: Cast):
    sent = {"kind": "call", "next": "tomorrow", "next_kind": "call", "said_at": said(ago(days=2))}
    assert client.post(f"/deals/{deal.pk}/log/", sent, headers=HTMX).status_code == 200
    assert logged().done_at == ago(days=2)
    planned = Activity.objects.planned().get(deal=deal)
    assert planned.due_on == ago(days=1).astimezone(cast.ana.zone).date()


@pytest.mark.parametrize(
    "text", [said(NOW + dt.timedelta(hours=1)), said(ago(days=31)), "x", "9" * 15, "9" * 40]
)
def test_a_clock_that_cannot_be_right_is_not_listened_to(client: Client, deal: Deal, text: str):
    client.post(f"/deals/{deal.pk}/log/", {"kind": "call", "said_at": text}, headers=HTMX)
    assert logged().done_at == NOW


def test_the_hour_that_somebody_names_comes_first(client: Client, deal: Deal, cast: Cast):
    sent = {
        "kind": "call",
        "done_on": "2026-01-02",
        "done_time": "09:30",
        "said_at": said(ago(days=1)),
    }
    client.post(f"/deals/{deal.pk}/log/", sent, headers=HTMX)
    done = logged().done_at
    assert done is not None
    assert f"{done.astimezone(cast.ana.zone):%F %H:%M}" == "2026-01-02 09:30"


def test_a_line_reads_its_days_from_when_it_was_said(client: Client, deal: Deal):
    sent = {"line": "yesterday call", "read": "yesterday call", "at_deal": deal.pk}
    sent |= {"said_at": said(ago(days=3))}
    assert client.post("/log/", sent, headers=HTMX).status_code == 200
    done = logged().done_at
    assert done is not None
    assert ago(days=5) < done < ago(days=3)


def test_said_now_or_kept_and_sent_later_it_is_the_same_intent(client: Client, deal: Deal):
    """The first time it was sent at once, and its answer was lost."""
    sent = {"kind": "call", "body": "Rang", "idempotency_key": "k"}
    client.post(f"/deals/{deal.pk}/log/", sent, headers=HTMX)
    client.post(f"/deals/{deal.pk}/log/", {**sent, "said_at": said(ago(hours=1))}, headers=HTMX)
    assert Activity.objects.done().filter(deal=deal).count() == 1
