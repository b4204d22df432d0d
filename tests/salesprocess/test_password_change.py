import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline.models import User
from pipeline.tasks import relay_outbox
from tests.conftest import Cast
from tests.factories import make_user


def delivered() -> "list[mail.EmailMessage]":
    """What the worker sends of what the pages have left."""
    relay_outbox()
    return list(mail.outbox)


NEW = "battery staple correct"


def test_it_lets_a_person_choose_a_new_password_by_mail(client, cast: Cast):
    response = client.post("/accounts/password/reset/", {"email": "Ana@Seven.test"}, follow=True)
    assert "Look into your mail" in response.content.decode()
    assert mail.outbox == [], "the page waits for no mail server"
    (message,) = delivered()
    assert message.to == ["ana@seven.test"]
    assert message.subject == "Choose a new password for Seven"
    link = re.search(r"http://localhost:8000(/accounts/password/reset/key/\S+)", str(message.body))
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
    (to_the_known_one,) = delivered()
    assert to_the_known_one.to == ["ana@seven.test"]


def test_it_asks_the_database_the_same_whether_or_not_an_address_is_known(client, cast: Cast):
    def asked(email: str) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            client.post("/accounts/password/reset/", {"email": email})
        return [query["sql"].split("WHERE")[0].split("VALUES")[0] for query in queries]

    assert asked("ana@seven.test") == asked("who@seven.test")


@pytest.mark.parametrize("host", ["localhost:6666", "127.0.0.1", "testserver:25"])
def test_its_link_leads_to_the_address_of_the_installation(client, cast: Cast, host: str):
    client.post("/accounts/password/reset/", {"email": "ana@seven.test"}, headers={"host": host})

    (message,) = delivered()
    assert re.findall(r"https?://[^/\s]+", str(message.body)) == ["http://localhost:8000"]


def test_it_speaks_the_language_of_whom_it_is_for(client, cast: Cast):
    User.objects.filter(pk=cast.ana.pk).update(language="de")
    client.post("/accounts/password/reset/", {"email": "ana@seven.test"})

    (message,) = delivered()
    assert "Wenn Sie es nicht waren" in message.body


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

    assert delivered() == []
