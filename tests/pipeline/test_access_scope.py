"""Whose records each of the cast may see: the tree of teams, read once."""

from dataclasses import fields

import pytest

from pipeline.models import Role, Team, User
from pipeline.people.access import Scope
from salesprocess.lib.prepared import Param
from tests.factories import make_team, make_user


def names(people):
    return {person.name.split()[0] for person in people}


OWNERS = {
    "ana": {"Ana"},
    "ben": {"Ben"},
    "mona": {"Mona", "Ana", "Ben"},
    "nora": {"Nora", "Carl"},
    "rosa": {"Rosa", "Mona", "Nora", "Ana", "Ben", "Carl"},
    "adele": {"Adele", "Rosa", "Mona", "Nora", "Ana", "Ben", "Carl"},
}


@pytest.mark.parametrize(("who", "owners"), OWNERS.items())
def test_it_lets_each_role_see_the_records_of(cast, who, owners):
    user = cast.again(getattr(cast, who))

    assert names(User.objects.whose_records_are_visible_to(user)) == owners


ASSIGNABLE = OWNERS | {"ana": {"Ana", "Ben", "Mona"}, "ben": {"Ana", "Ben", "Mona"}}


@pytest.mark.parametrize(("who", "people"), ASSIGNABLE.items())
def test_it_lets_each_role_assign_to(cast, who, people):
    user = cast.again(getattr(cast, who))

    assert names(User.objects.assignable_by(user)) == people
    assert {
        other.name.split()[0] for other in cast.people if user.scope.may_assign_to(other.pk)
    } == people


POOLS = {
    "ana": {"North"},
    "mona": {"North"},
    "rosa": {"Region West", "North", "South"},
    "carl": {"South"},
}


@pytest.mark.parametrize(("who", "pools"), POOLS.items())
def test_it_lets_each_role_see_the_pools_of(cast, who, pools):
    user = cast.again(getattr(cast, who))

    assert (
        set(Team.objects.filter(pk__in=user.scope.pool_team_ids).values_list("name", flat=True))
        == pools
    )


def test_it_lets_a_salesperson_lead_nothing_even_where_named_as_a_manager(cast):
    cast.south.manager = cast.ana
    cast.south.save()

    assert cast.again(cast.ana).scope.owner_ids == {cast.ana.pk}


def test_it_gives_a_manager_of_two_teams_both(cast):
    cast.south.manager = cast.mona
    cast.south.save()

    reach = User.objects.whose_records_are_visible_to(cast.again(cast.mona))
    assert names(reach) == {"Mona", "Ana", "Ben", "Nora", "Carl"}


def test_it_gives_a_manager_the_teams_below_at_any_depth(cast):
    deep = make_team(name="North Two", parent=make_team(name="North One", parent=cast.north))
    dora = make_user(name="Dora Zell", team=deep)

    assert dora.pk in cast.again(cast.mona).scope.owner_ids
    assert dora.pk in cast.again(cast.rosa).scope.owner_ids
    assert dora.pk not in cast.again(cast.nora).scope.owner_ids


def test_it_gives_a_person_without_a_team_only_the_own_records(cast):
    mila = make_user(name="Mila Kern", team=None, role=Role.MANAGER)

    assert mila.scope == Scope(
        user_id=mila.pk,
        owner_ids=frozenset({mila.pk}),
        assignable_ids=frozenset({mila.pk}),
    )


def test_it_gives_a_deactivated_person_nothing(cast):
    for person in (cast.mona, cast.adele):
        person.is_active = False
        person.save()
        user = cast.again(person)

        assert user.scope == Scope(user_id=person.pk, is_active=False)
        for people in (
            User.objects.visible_to(user),
            User.objects.editable_by(user),
            User.objects.assignable_by(user),
            User.objects.whose_records_are_visible_to(user),
            Team.objects.visible_to(user),
            Team.objects.editable_by(user),
        ):
            assert not people.exists()


def test_it_offers_no_deactivated_person_to_assign_to(cast):
    cast.ben.is_active = False
    cast.ben.save()

    assert "Ben" not in names(User.objects.assignable_by(cast.again(cast.ana)))
    assert not cast.again(cast.ana).scope.may_assign_to(cast.ben.pk)


def test_it_keeps_a_deactivated_persons_records_in_the_managers_sight(cast):
    cast.ben.is_active = False
    cast.ben.save()

    assert cast.ben.pk in cast.again(cast.mona).scope.owner_ids


def test_it_reads_the_tree_with_one_query_and_remembers_it(cast, django_assert_num_queries):
    mona = cast.again(cast.mona)

    with django_assert_num_queries(1):
        assert mona.scope is mona.scope


def test_it_shows_everybody_the_tree_and_the_names_of_colleagues(cast):
    for person in cast.people:
        assert Team.objects.visible_to(person).count() == 4
        assert User.objects.visible_to(person).count() == 7


def test_it_lets_managers_change_their_own_teams_only(cast):
    def teams(user):
        return set(Team.objects.editable_by(user).values_list("name", flat=True))

    assert teams(cast.ana) == set()
    assert teams(cast.mona) == {"North"}
    assert teams(cast.rosa) == {"Region West", "North", "South"}
    assert len(teams(cast.adele)) == 4


def test_it_lets_people_change_themselves_and_managers_their_people(cast):
    assert names(User.objects.editable_by(cast.ana)) == {"Ana"}
    assert names(User.objects.editable_by(cast.mona)) == {"Mona", "Ana", "Ben"}


def test_who_differs_by_ids_alone_has_the_same_shape(cast):
    gone = Scope(user_id=cast.ben.pk, is_active=False)
    ana, carl, mona, rosa, adele = (
        person.scope.shape for person in (cast.ana, cast.carl, cast.mona, cast.rosa, cast.adele)
    )
    assert (ana is carl, mona is rosa, len({ana, mona, adele, gone.shape})) == (True, True, 4)


def test_a_shape_has_a_param_in_place_of_each_id(cast):
    for person in (cast.mona, cast.adele):
        of_shape = {field.name: getattr(person.scope.shape, field.name) for field in fields(Scope)}
        flags = {name: of_shape.pop(name) for name in ("is_active", "everything")}
        assert flags == {"is_active": True, "everything": person == cast.adele}
        assert all(isinstance(value, Param) for value in of_shape.values())
        assert set(of_shape) == set(person.scope.params)


def test_it_writes_literal_ids_into_the_condition(cast):
    sql = str(User.objects.whose_records_are_visible_to(cast.again(cast.mona)).query)

    assert sql.count("SELECT") == 1
