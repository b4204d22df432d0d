import pytest
from django.test import Client
from django.urls import reverse

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
