import re

import pytest
from django.core import mail

from tests.conftest import Cast
from tests.factories import make_user

NEW = "battery staple correct"


def test_it_lets_a_person_choose_a_new_password_by_mail(client, cast: Cast):
    response = client.post("/accounts/password/reset/", {"email": "Ana@Seven.test"}, follow=True)
    assert "Look into your mail" in response.content.decode()
    (message,) = mail.outbox
    assert message.to == ["ana@seven.test"]
    assert message.subject == "Choose a new password for Seven"
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", str(message.body))
    assert link
    page = client.get(link.group(1), follow=True)
    assert "Choose a new password" in page.content.decode()
    address = page.redirect_chain[-1][0]
    saved = client.post(address, {"password1": NEW, "password2": NEW}, follow=True)
    assert "Your new password is saved" in saved.content.decode()
    assert not client.login(username="ana@seven.test", password="right horse")
    assert client.login(username="ana@seven.test", password=NEW)
    again = client.get(link.group(1), follow=True)
    assert "This link does not work any more" in again.content.decode()


def test_it_does_not_tell_whether_an_address_is_known(client, cast: Cast):
    known = client.post("/accounts/password/reset/", {"email": "ana@seven.test"}, follow=True)
    other = client.post("/accounts/password/reset/", {"email": "who@seven.test"}, follow=True)
    assert known.content == other.content


def test_it_changes_the_password_of_who_knows_the_old_one(client, cast: Cast):
    client.force_login(cast.ana)
    wrong = {"oldpassword": "wrong horse", "password1": NEW, "password2": NEW}
    refused = client.post("/accounts/password/change/", wrong)
    assert 'aria-invalid="true"' in refused.content.decode()
    client.post("/accounts/password/change/", wrong | {"oldpassword": "right horse"})
    cast.ana.refresh_from_db()
    assert cast.ana.check_password(NEW)


@pytest.mark.parametrize("address", ["/accounts/signup/", "/accounts/inactive/"])
def test_it_keeps_strangers_out_in_the_products_look(client, cast: Cast, address: str):
    page = client.get(address).content.decode()
    assert "dist/app.css" in page
    assert "<form" not in page


def test_it_lets_nobody_in_who_was_not_invited(client, cast: Cast):
    make_user(name="Ivo Next", team=cast.north, email="ivo@seven.test", password=None)

    client.post("/accounts/password/reset/", {"email": "ivo@seven.test"})

    assert [message.subject for message in mail.outbox if "/key/" in message.body] == []
