"""The only way in for the first person: a command on the machine, never a page."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from pipeline.models import Role, Team, User
from pipeline.people.commands import people
from salesprocess.lib.refused import Refused

PASSWORD = "seven-horses-and-a-cart"


@pytest.fixture
def typed(monkeypatch):
    def say(password):
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))

    return say


def first_admin(**options):
    call_command(
        "first_admin",
        name=options.pop("name", "Ida Kern"),
        email=options.pop("email", "Ida@Seven.test"),
        password_stdin=True,
        stdout=io.StringIO(),
        **options,
    )


def test_it_founds_the_organisation_and_lets_the_admin_sign_in(db, typed, client):
    typed(PASSWORD)

    first_admin(
        organisation="Austral GmbH", currency="chf", time_zone="Europe/Zurich", country="ch"
    )

    root = Team.objects.root()
    assert (root.name, root.currency, root.time_zone, root.country) == (
        "Austral GmbH",
        "CHF",
        "Europe/Zurich",
        "CH",
    )
    admin = User.objects.get()
    assert (admin.email, admin.role, admin.is_active) == ("ida@seven.test", Role.ADMIN, True)
    assert admin.check_password(PASSWORD)
    assert admin.scope.everything


def test_it_adds_to_the_organisation_that_there_is(cast, typed):
    typed(PASSWORD)

    first_admin(organisation="Another")

    assert Team.objects.root() == cast.root
    assert User.objects.filter(email="ida@seven.test").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"password": "12345678"},
        {"password": ""},
        {"email": "ida"},
        {"email": ""},
        {"currency": "euros"},
        {"time_zone": "Middle-earth/Shire"},
        {"country": "Austria"},
    ],
)
def test_it_refuses_what_is_weak_or_no_setting_and_leaves_nothing(db, typed, options):
    typed(options.pop("password", PASSWORD))

    with pytest.raises(CommandError):
        first_admin(**options)

    assert not Team.objects.exists()
    assert not User.objects.exists()


def test_it_refuses_an_address_that_is_taken(cast, typed):
    typed(PASSWORD)

    with pytest.raises(CommandError):
        first_admin(email="Ana@seven.test")

    assert User.objects.filter(role=Role.ADMIN).get() == cast.adele


def test_it_founds_only_one_organisation(cast):
    with pytest.raises(Refused):
        people.found_organisation(
            name="Another", currency="EUR", time_zone="Europe/Vienna", country="AT"
        )


def test_it_asks_an_admin_for_an_address(db):
    with pytest.raises(ValidationError):
        people.add_first_admin(name="Ida Kern", email="", password=PASSWORD)
