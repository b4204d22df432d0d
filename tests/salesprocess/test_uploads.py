"""No address reads more of a file than it takes, whoever sends it and whatever it announces."""

import io
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from salesprocess.lib import uploads
from tests.conftest import Cast
from tests.factories import make_deal

BOUNDARY = "x" * 20
HUGE = 5_000_000


def send(client: Client, path: str, body: io.BytesIO, announced: int) -> int:
    """Post it; the status."""
    environ: dict[str, Any] = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(announced),
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
    }
    return client.post(path, **environ).status_code


def form_with_file(size: int) -> bytes:
    head = 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    return f"--{BOUNDARY}\r\n{head}{'x' * size}\r\n--{BOUNDARY}--\r\n".encode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["crm:deal_open", "crm:company_new", "account_login"])
@pytest.mark.parametrize("checks", [True, False])
def test_it_reads_no_more_than_a_form_may_hold(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str, checks: bool
):
    monkeypatch.setattr(uploads, "FORM_MAX_BYTES", 50_000)
    client = Client(enforce_csrf_checks=checks)
    if name != "account_login":
        client.force_login(cast.ana)
    body = io.BytesIO(form_with_file(HUGE))
    assert send(client, reverse(name), body, HUGE) < 500
    assert body.tell() < 200_000


@pytest.mark.django_db
@pytest.mark.parametrize("announced", [HUGE, 2000])
def test_it_reads_no_more_than_is_taken(cast: Cast, settings, announced: int):
    settings.IMPORT_MOST_BYTES = 100_000
    client = Client()
    client.force_login(cast.ana)
    body = io.BytesIO(form_with_file(HUGE))
    assert send(client, reverse("exchange:imports"), body, announced) in (413, 422)
    assert body.tell() < 300_000


@pytest.mark.django_db
def test_it_takes_a_long_text_for_no_file(cast: Cast):
    client = Client()
    client.force_login(cast.ana)
    deal = make_deal(by=cast.ana)
    said = {"kind": "note", "body": "щ" * 19_000}
    answer = client.post(
        f"/deals/{deal.pk}/log/",
        urlencode(said),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 302
