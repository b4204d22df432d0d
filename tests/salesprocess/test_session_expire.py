from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast

pytestmark = pytest.mark.django_db

PRIVATE = "/accounts/password/change/"


def test_it_sends_a_plain_request_to_the_sign_in_page(client: Client):
    response = client.get(PRIVATE)

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next={PRIVATE}"


def test_it_sends_the_whole_window_of_an_htmx_request_and_back_to_its_page(client: Client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/board/?team=3"}

    response = client.get(PRIVATE, headers=headers)

    assert response.status_code == 200
    assert response["HX-Redirect"] == f"{reverse('account_login')}?next=/board/%3Fteam%3D3"
    assert response.content == b""


def test_it_does_not_lead_back_to_another_site(client: Client):
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/board/"}

    response = client.get(PRIVATE, headers=headers)

    assert response["HX-Redirect"] == f"{reverse('account_login')}?next=/"


def test_it_comes_back_to_the_page_of_a_form_that_only_takes(client: Client):
    headers = {"Referer": "http://testserver/deals/1/?view=2"}

    response = client.post("/deals/1/advance/", {"to": "3"}, headers=headers)

    assert response["Location"] == f"{reverse('account_login')}?next=/deals/1/%3Fview%3D2"


def test_it_lasts_as_long_again_after_each_day_of_work(cast: Cast, client: Client, clock):
    said = {"login": cast.ana.email, "password": "right horse"}
    client.post(reverse("account_login"), said)
    for _day in range(5):
        clock.shift(timedelta(days=4))
        assert client.get("/board/").status_code == 200


def test_it_ends_when_nobody_has_worked_for_as_long_as_is_set(
    cast: Cast, client: Client, clock, settings
):
    settings.SESSION_COOKIE_AGE = 60 * 60
    said = {"login": cast.ana.email, "password": "right horse"}
    client.post(reverse("account_login"), said)
    for _time in range(5):
        clock.shift(timedelta(minutes=50))
        assert client.get("/board/").status_code == 200
    clock.shift(timedelta(minutes=61))

    assert client.get("/board/").status_code == 302


def test_it_ends_at_its_longest_time_whatever_was_worked(cast: Cast, client: Client, clock):
    said = {"login": cast.ana.email, "password": "right horse"}
    client.post(reverse("account_login"), said)
    for _day in range(3):
        clock.shift(timedelta(days=10) - timedelta(minutes=1))
        assert client.get("/board/").status_code == 200
    clock.shift(timedelta(minutes=4))

    assert client.get("/board/").status_code == 302
    client.post(reverse("account_login"), said)
    assert client.get("/board/").status_code == 200


def test_signing_out_lets_the_browser_forget_the_pages(cast: Cast, client: Client):
    client.force_login(cast.ana)

    assert "Clear-Site-Data" not in client.get(reverse("account_logout")).headers
    left = client.post(reverse("account_logout"))
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_a_page_left_open_keeps_nobody_signed_in(cast: Cast, client: Client, clock):
    said = {"login": cast.ana.email, "password": "right horse"}
    client.post(reverse("account_login"), said)
    asks = {"HX-Request": "true", "HX-Current-URL": "http://testserver/board/"}
    seen = []
    for _day in range(5):
        clock.shift(timedelta(days=4))
        seen.append("HX-Redirect" in client.get("/board/", headers=asks))

    assert seen == [False, False, False, True, True]
