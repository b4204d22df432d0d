"""What everybody decides about himself or herself."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from pipeline import tasks
from pipeline.models import OutboxRow, Theme, User
from pipeline.people.commands import people as commands
from tests.factories import NOW

PASSWORD = "right horse"  # of everybody in the cast


@pytest.fixture
def ana(cast):
    """A browser in which Ana is signed in."""
    client = Client()
    client.force_login(cast.ana)
    return client


def body(**changed):
    own = {"name": "Ana Ruiz", "time_zone": "", "style": "mixed", "theme": "auto"}
    return (
        own
        | {"language": "en", "start_page": "", "process_mails": "on", "form_times": "on"}
        | changed
    )


def test_it_changes_what_is_ones_own(ana, cast):
    response = ana.post(
        "/profile/",
        body(name="Ana R. Ruiz", time_zone="Europe/Lisbon", style="new_business", theme="dark"),
    )

    assert response.url == "/profile/"
    assert response.cookies["seven_theme"].value == "dark"
    found = User.objects.get(pk=cast.ana.pk)
    assert (found.name, found.time_zone, found.style, found.theme) == (
        "Ana R. Ruiz",
        "Europe/Lisbon",
        "new_business",
        Theme.DARK,
    )
    assert "Ana R. Ruiz" in ana.get("/profile/").content.decode()


def test_it_ignores_what_is_decided_by_others(ana, cast):
    before = User.objects.filter(pk=cast.ana.pk).values().get()

    ana.post(
        "/profile/",
        body(role="admin", team=cast.root.pk, email="x@y.test", password="x", is_active="", pk="1"),
    )

    assert User.objects.filter(pk=cast.ana.pk).values().get() == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"style": "pushy"}, "style"),
        ({"theme": "pink"}, "theme"),
        ({"language": "fr"}, "language"),
    ],
)
def test_it_refuses_what_is_none(ana, cast, changed, field):
    before = User.objects.filter(pk=cast.ana.pk).values().get()

    response = ana.post("/profile/", body(**changed))

    assert response.status_code == 422
    assert f"id_{field}_error" in response.content.decode()
    assert User.objects.filter(pk=cast.ana.pk).values().get() == before


def test_it_changes_the_address_tells_the_old_one_and_ends_other_sessions(ana, cast):
    EmailAddress.objects.create(user=cast.ana, email="ana@seven.test", primary=True, verified=True)
    elsewhere = Client()
    elsewhere.force_login(cast.ana)

    response = ana.post("/profile/e-mail/", {"email": "Ana@Other.test", "password": PASSWORD})
    tasks.relay_outbox()

    assert response.url == "/profile/"
    assert ana.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302
    (sent,) = mail.outbox
    assert sent.to == ["ana@seven.test"]
    assert "other.test" not in sent.body.lower()
    assert list(OutboxRow.objects.get().payload) == ["change"]
    for email, works in (("ana@seven.test", False), ("ana@other.test", True)):
        answer = Client().post("/accounts/login/", {"login": email, "password": PASSWORD})
        assert (answer.status_code == 302) == works


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        ({"email": "ana@other.test", "password": "wrong horse"}, "password"),
        ({"email": "ana@other.test"}, "password"),
        ({"email": "ana", "password": PASSWORD}, "email"),
        ({"email": "ben@seven.test", "password": PASSWORD}, "email"),
    ],
)
def test_it_keeps_the_address_without_the_password_or_for_one_that_is_taken(
    ana, cast, posted, field
):
    response = ana.post("/profile/e-mail/", posted)

    assert response.status_code == 422
    assert f"id_{field}_error" in response.content.decode()
    assert PASSWORD not in response.content.decode()
    assert User.objects.get(pk=cast.ana.pk).email == "ana@seven.test"
    assert not OutboxRow.objects.exists()


def test_it_lets_an_admin_change_an_address_by_the_admins_own_password(cast, client):
    client.force_login(cast.adele)
    address = reverse("pipeline:person_email", args=[cast.ana.pk])
    cast.adele.set_password("adeles own horse")
    cast.adele.save()
    client.force_login(cast.adele)

    refused = client.post(address, {"email": "ana@other.test", "password": PASSWORD})
    done = client.post(address, {"email": "ana@other.test", "password": "adeles own horse"})

    assert (refused.status_code, done.status_code) == (422, 302)
    assert User.objects.get(pk=cast.ana.pk).email == "ana@other.test"
    tasks.relay_outbox()
    assert "Adele Winter has changed" in mail.outbox[0].body


@pytest.mark.parametrize("name", ["rosa", "mona", "ben", "ana"])
def test_it_lets_nobody_else_change_the_address_of_who_has_joined(cast, client, name):
    client.force_login(getattr(cast, name))
    address = reverse("pipeline:person_email", args=[cast.ana.pk])

    response = client.post(address, {"email": "mine@evil.test", "password": PASSWORD})

    assert response.status_code == 404
    assert User.objects.get(pk=cast.ana.pk).email == "ana@seven.test"


def test_it_signs_out_everywhere_else(ana, cast):
    elsewhere = Client()
    elsewhere.force_login(cast.ana)

    ana.post("/profile/sign-out/")

    assert elsewhere.get("/profile/").status_code == 302
    assert ana.get("/profile/").status_code == 200


@pytest.mark.parametrize("address", ["/profile/sign-out/", "/profile/e-mail/"])
def test_it_does_nothing_by_get(ana, address):
    assert ana.get(address).status_code == 405


def test_it_costs_few_queries(ana, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        ana.get("/profile/")


def test_it_lets_nobody_guess_a_password_for_long(ana, cast, settings):
    settings.ACCOUNT_RATE_LIMITS = {"reauthenticate": "3/m/user"}
    cache.clear()
    wrong = {"email": "ana@other.test", "password": "wrong horse"}
    for _ in range(3):
        assert "That is not your password." in ana.post("/profile/e-mail/", wrong).content.decode()

    right = ana.post("/profile/e-mail/", wrong | {"password": PASSWORD})

    assert right.status_code == 422
    assert "Too many attempts." in right.content.decode()
    assert User.objects.get(pk=cast.ana.pk).email == "ana@seven.test"


def seen(page):
    found, _of_the_address = re.findall(r'name="seen" value="([0-9]+)"', page.content.decode())
    return found


def test_it_overwrites_nothing_that_another_tab_has_changed_meanwhile(ana, cast):
    shown = seen(ana.get("/profile/"))
    ana.post("/profile/", body(time_zone="Europe/Lisbon", seen=shown))

    late = ana.post("/profile/", body(name="Ana R. Ruiz", seen=shown))

    assert late.status_code == 409
    text = late.content.decode()
    assert "Ana Ruiz was faster (Time zone: – → Europe/Lisbon)." in text
    assert 'value="Ana R. Ruiz"' in text
    found = User.objects.get(pk=cast.ana.pk)
    assert (found.name, found.time_zone) == ("Ana Ruiz", "Europe/Lisbon")
    again = ana.post("/profile/", body(name="Ana R. Ruiz", seen=seen(late)))
    assert again.status_code == 302
    assert User.objects.get(pk=cast.ana.pk).name == "Ana R. Ruiz"


def test_it_sees_what_the_manager_changed_meanwhile(ana, cast):
    shown = seen(ana.get("/profile/"))
    commands.change(cast.ana, by=cast.mona, at=NOW, style="new_business")

    late = ana.post("/profile/", body(seen=shown))

    assert late.status_code == 409
    assert User.objects.get(pk=cast.ana.pk).style == "new_business"
