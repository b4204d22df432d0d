"""What the database itself refuses about people and teams, whoever writes."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from pipeline.models import Role, Team, User
from tests.factories import make_team, make_user


def refused(name):
    return pytest.raises(IntegrityError, match=name)


def test_it_has_one_root(cast):
    with refused("team_one_root"), transaction.atomic():
        make_team(name="Another organisation", parent=None)


def test_it_has_a_teams_name_once_below_its_parent(cast):
    with refused("team_name_once_below_its_parent"), transaction.atomic():
        make_team(name="NORTH", parent=cast.west)
    assert make_team(name="North", parent=cast.root).pk


def test_it_keeps_the_organisations_settings_on_the_root(cast):
    for field in ("currency", "time_zone", "country"):
        with refused("team_settings_on_the_root_only"), transaction.atomic():
            Team.objects.filter(pk=cast.north.pk).update(**{field: "EU"})
        with refused("team_settings_on_the_root_only"), transaction.atomic():
            Team.objects.filter(pk=cast.root.pk).update(**{field: ""})


def test_it_lets_no_team_be_its_own_parent(cast):
    with refused("team_not_its_own_parent"), transaction.atomic():
        Team.objects.filter(pk=cast.north.pk).update(parent=cast.north.pk)


def test_it_gives_a_salesperson_a_team(cast):
    with refused("user_salesperson_has_a_team"), transaction.atomic():
        User.objects.filter(pk=cast.ana.pk).update(team=None)
    assert make_user(name="Mila Kern", team=None, role=Role.MANAGER).team_id is None


def test_it_keeps_addresses_in_lower_case_and_once(cast):
    with refused("user_email_lower_case"), transaction.atomic():
        User.objects.filter(pk=cast.ana.pk).update(email="Ana@seven.test")
    with refused("email"), transaction.atomic():
        User.objects.filter(pk=cast.ana.pk).update(email="ben@seven.test")


def test_it_lets_several_people_have_no_address_yet(cast):
    for name in ("Ida Moor", "Jan Ott"):
        assert make_user(name=name, team=cast.north, email=None).email is None


def test_it_finds_a_person_by_address_without_regard_to_case(cast):
    assert User.objects.get_by_natural_key("ANA@seven.test") == cast.ana


@pytest.mark.parametrize("zone", ["Middle-earth/Shire", "Europe/../etc", "'; DROP TABLE x"])
def test_it_refuses_a_time_zone_that_is_none(cast, zone):
    cast.ana.time_zone = zone

    with pytest.raises(ValidationError):
        cast.ana.clean_fields()


def test_it_inherits_the_organisations_time_zone_until_one_has_an_own(cast):
    assert cast.ana.zone.key == "Europe/Vienna"
    cast.ben.time_zone = "Asia/Tokyo"
    assert cast.ben.zone.key == "Asia/Tokyo"


def test_it_makes_initials_of_the_first_and_the_last_name():
    assert User(name="Ana María Ruiz").initials == "AR"
    assert User(name="Cher").initials == "C"
    assert User(name="Mira Sandoval (sample)").initials == "MS"
    assert User(name="(?)").initials == "("
