"""Joining: one link, one address, one use; and nowhere a trace of the token."""

import logging
import re

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from pipeline import tasks
from pipeline.models import Invitation, OutboxRow, Role, User
from pipeline.people.commands import invitation as commands
from pipeline.people.commands import people
from pipeline.people.models.invitation import LIFETIME
from salesprocess.lib.refused import Refused
from tests.factories import NOW, make_user

PASSWORD = "seven-horses-and-a-cart"
ACCEPT = "/invitations/accept/"


@pytest.fixture
def ida(cast):
    return make_user(name="Ida Moor", team=cast.north, password=None)


@pytest.fixture
def link(cast, ida):
    """The path in the mail that was sent to Ida."""
    commands.invite(ida, by=cast.mona, at=NOW)
    return mailed_link()


def mailed_link():
    tasks.relay_outbox()
    found = re.search(r"http://localhost:8000(/invitations/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def body(**changed):
    return {"name": "Ida Moor", "password": PASSWORD, "again": PASSWORD} | changed


def gone(response):
    return response.status_code == 410 and "This link does not work" in response.content.decode()


def test_it_mails_a_link_that_starts_with_the_installations_own_address(cast, link):
    (sent,) = mail.outbox

    assert sent.to == ["ida@seven.test"]
    assert sent.subject == "Mona Reyes invites you to Seven"
    assert "Austral GmbH" in sent.body
    assert len(link.split("/")[2]) == 32  # 128 bits in hexadecimal


def test_it_joins_in_a_session_of_its_own(link, ida):
    client = Client()
    client.get(link)
    before = client.session.session_key

    response = client.post(ACCEPT, body(name="Ida M. Moor"))

    assert response["Location"] == "/"
    assert client.session.session_key not in (None, before)
    assert client.get("/profile/").status_code == 200
    ida.refresh_from_db()
    assert (ida.name, ida.check_password(PASSWORD)) == ("Ida M. Moor", True)


def test_it_takes_the_token_out_of_the_address_and_out_of_referrers(link):
    client = Client()
    token = link.split("/")[2]

    response = client.get(link)

    page = client.get(ACCEPT)
    assert response["Location"] == ACCEPT
    assert token not in str(dict(client.session.items()))
    assert response["Referrer-Policy"] == "no-referrer"
    assert page["Referrer-Policy"] == "same-origin"
    for answer in (response, page):
        assert "no-store" in answer["Cache-Control"]
        assert token not in answer.content.decode()


def test_it_keeps_the_token_nowhere(link, ida, caplog, capsys):
    token = link.split("/")[2]
    with caplog.at_level(logging.DEBUG):
        client = Client()
        for _ in range(2):
            client.get(link)
            client.post(ACCEPT, body())
        client.logout()
        client.get(link)
        assert gone(client.get(ACCEPT))

    rows = [*Invitation.objects.values(), *OutboxRow.objects.values(), *User.objects.values()]
    rows += list(ida.changes.values())
    assert token not in str(rows)
    assert token not in caplog.text + capsys.readouterr().out
    assert list(OutboxRow.objects.get().payload) == ["invitation"]


def test_it_works_only_once(link, ida):
    Client().get(link)
    first, second = Client(), Client()
    for client in (first, second):
        client.get(link)

    first.post(ACCEPT, body())
    response = second.post(
        ACCEPT, body(password="another-horse-and-cart", again="another-horse-and-cart")
    )

    assert gone(response)
    ida.refresh_from_db()
    assert ida.check_password(PASSWORD)


def test_it_is_not_used_up_by_looking(link):
    for _ in range(3):
        client = Client()
        client.get(link)
        assert client.get(ACCEPT).status_code == 200


def test_it_stops_working_after_seven_days(link, clock):
    client = Client()
    client.get(link)
    clock.shift(LIFETIME)

    assert gone(client.get(ACCEPT))
    assert gone(client.post(ACCEPT, body()))


def test_it_stops_working_when_a_newer_one_is_sent(cast, ida, link):
    commands.invite(ida, by=cast.mona, at=NOW)
    newer = mailed_link()

    assert newer != link
    old, new = Client(), Client()
    old.get(link)
    new.get(newer)
    assert gone(old.get(ACCEPT))
    assert new.get(ACCEPT).status_code == 200


@pytest.mark.parametrize(
    "happens",
    [
        lambda ida, by: people.deactivate(ida, by=by, at=NOW),
        lambda ida, by: people.change(ida, email="ida@other.test", by=by, at=NOW),
    ],
    ids=["deactivated", "another address"],
)
def test_it_stops_working_when_the_person_changed(cast, ida, link, happens):
    happens(ida, cast.mona)

    client = Client()
    client.get(link)
    assert gone(client.get(ACCEPT))


@pytest.mark.parametrize("token", ["0" * 32, "x", "a" * 500])
def test_it_knows_no_other_token(link, token):
    client = Client()
    client.get(link)

    client.get(f"/invitations/{token}/")

    assert gone(client.get(ACCEPT))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"password": "short", "again": "short"}, None),
        ({"password": "idamoor-idamoor", "again": "other-than-before"}, "again"),
        ({"again": ""}, "again"),
        ({"name": " "}, "name"),
    ],
)
def test_it_asks_again_for_what_is_weak_or_missing(link, ida, changed, field):
    client = Client()
    client.get(link)

    response = client.post(ACCEPT, body(**changed))

    assert response.status_code == 422
    if field:
        assert f"id_{field}_error" in response.content.decode()
    ida.refresh_from_db()
    assert not ida.has_usable_password()
    assert client.get(ACCEPT).status_code == 200


def test_it_takes_no_more_than_name_and_password(cast, link, ida):
    client = Client()
    client.get(link)

    client.post(ACCEPT, body(role="admin", team=str(cast.root.pk), email="x@y.test", is_active=""))

    ida.refresh_from_db()
    assert (ida.role, ida.team, ida.email) == (Role.SALESPERSON, cast.north, "ida@seven.test")


def test_it_ends_the_session_of_whoever_used_the_browser(cast, link, ida):
    client = Client()
    client.force_login(cast.ana)
    client.get(link)
    assert "You are signed in as Ana Ruiz here" in client.get(ACCEPT).content.decode()

    client.post(ACCEPT, body())

    assert client.session["_auth_user_id"] == str(ida.pk)


def test_it_writes_the_same_mail_when_it_is_sent_twice(cast, ida):
    commands.invite(ida, by=cast.mona, at=NOW)
    tasks.relay_outbox()
    OutboxRow.objects.update(done_at=None)
    tasks.relay_outbox()

    first, second = mail.outbox
    assert first.body == second.body
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_it_sends_nothing_for_a_link_that_was_revoked_meanwhile(cast, ida):
    commands.invite(ida, by=cast.mona, at=NOW)
    people.deactivate(ida, by=cast.mona, at=NOW)

    tasks.relay_outbox()

    assert mail.outbox == []
    assert OutboxRow.objects.get().done_at is not None


def test_it_writes_a_name_as_it_is_and_no_second_header_with_it(cast, ida):
    User.objects.filter(pk=cast.mona.pk).update(name="Mona O’Reyes\nBcc: all@seven.test & Co")
    commands.invite(ida, by=cast.again(cast.mona), at=NOW)
    tasks.relay_outbox()

    (sent,) = mail.outbox
    assert sent.subject == "Mona O’Reyes Bcc: all@seven.test & Co invites you to Seven"
    assert sent.bcc == []
    assert "all@seven.test & Co invites" in sent.body


@pytest.mark.parametrize("name", ["nora", "ana", "ben", "carl"])
def test_it_lets_nobody_beside_or_below_invite(cast, ida, name):
    with pytest.raises(User.DoesNotExist):
        commands.invite(ida, by=getattr(cast, name), at=NOW)


def test_it_invites_nobody_who_has_joined_or_has_no_address(cast, ida):
    with pytest.raises(Refused):
        commands.invite(cast.ana, by=cast.mona, at=NOW)
    User.objects.filter(pk=ida.pk).update(email=None)
    with pytest.raises(Refused):
        commands.invite(ida, by=cast.mona, at=NOW)
    assert not Invitation.objects.exists()


def test_it_invites_from_the_page(cast, ida, client):
    client.force_login(cast.mona)

    response = client.post(reverse("pipeline:person_invite", args=[ida.pk]), follow=True)

    assert "An invitation is on its way to ida@seven.test." in response.content.decode()
    assert Invitation.objects.open().get().person == ida


def test_it_adds_and_invites_at_once_or_not_at_all(cast):
    facts = {"role": Role.SALESPERSON, "team": cast.north, "style": "mixed"}
    with pytest.raises(Refused):
        people.add(name="Max Ohn", email="", invite=True, by=cast.mona, at=NOW, **facts)

    assert not User.objects.filter(name="Max Ohn").exists()
    people.add(name="Max Ohn", email="max@seven.test", invite=True, by=cast.mona, at=NOW, **facts)
    assert Invitation.objects.get().email == "max@seven.test"


def test_it_refuses_a_weak_password_by_command_too(cast, ida):
    invitation = commands.invite(ida, by=cast.mona, at=NOW)

    with pytest.raises(ValidationError):
        commands.accept(invitation, name="Ida Moor", password="12345", at=NOW)
    assert Invitation.objects.open().exists()
