"""Two people who change the tree at once: each is right alone, both together would not be."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from pipeline.models import Role, Team, User
from pipeline.people.commands import people
from pipeline.people.commands import team as teams
from salesprocess.lib.refused import Refused
from tests.conftest import Cast, make_cast
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


def at_once(*acts: Callable[[], object]) -> list[type[BaseException] | None]:
    """Does all of them in threads that start together; what each of them raised."""
    start = threading.Barrier(len(acts))
    raised: list[type[BaseException] | None] = [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
        except (Refused, User.DoesNotExist) as error:
            raised[number] = type(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_it_makes_no_circle_of_two_moves(cast):
    def move(team: Team, below: Team) -> Callable[[], None]:
        return lambda: teams.change(
            team, name=team.name, parent=below, manager=team.manager, by=cast.adele, at=NOW
        )

    raised = at_once(move(cast.north, cast.south), move(cast.south, cast.north))

    assert sorted(raised, key=str) == [Refused, None] or raised == [None, Refused]
    north, south = (Team.objects.get(pk=team.pk) for team in (cast.north, cast.south))
    assert {north.parent_id, south.parent_id} & {cast.west.pk}


def test_it_keeps_one_of_two_admins_who_deactivate_each_other(cast):
    anton = make_user(name="Anton Berg", team=cast.root, role=Role.ADMIN)

    raised = at_once(
        lambda: people.deactivate(anton, by=cast.adele, at=NOW),
        lambda: people.deactivate(cast.adele, by=anton, at=NOW),
    )

    assert raised.count(None) == 1
    assert User.objects.filter(role=Role.ADMIN).able_to_sign_in().count() == 1


def test_it_judges_by_what_the_other_is_by_then(cast):
    """A manager who is just being demoted cannot use what he or she was a moment ago."""
    mona = User.objects.get(pk=cast.mona.pk)
    assert mona.scope.managed_team_ids  # remembered, as it is during a request
    Team.objects.filter(pk=cast.north.pk).update(manager=None)

    with pytest.raises(User.DoesNotExist):
        people.deactivate(cast.ana, by=mona, at=NOW)
