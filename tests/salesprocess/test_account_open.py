import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


def test_nobody_can_add_themselves(client: Client):
    form = {"email": "eve@example.com", "password1": "long-enough-9", "password2": "long-enough-9"}

    client.get("/accounts/signup/")
    client.post("/accounts/signup/", form)

    assert not get_user_model().objects.filter(email="eve@example.com").exists()


def test_it_offers_neither_other_addresses_nor_codes(client: Client):
    for path in ("/accounts/email/", "/accounts/login/code/", "/accounts/confirm-email/"):
        assert client.get(path).status_code == 404
