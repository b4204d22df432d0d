"""What could not be delivered, shown to admins."""

import pytest

from pipeline.models import OutboxRow
from pipeline.people.commands import invitation
from tests.factories import NOW, make_user


@pytest.fixture
def dead(cast):
    ida = make_user(name="Ida Moor", team=cast.north, password=None)
    invitation.invite(ida, by=cast.mona, at=NOW)
    OutboxRow.objects.update(dead_at=NOW, attempts=8, error="OSError: <no> route")
    return OutboxRow.objects.get()


def test_it_lists_what_was_given_up_and_why(cast, client, dead):
    client.force_login(cast.adele)

    page = client.get("/people/outbox/").content.decode()

    assert "Ida Moor" in page
    assert "OSError: &lt;no&gt; route" in page
    assert 'class="chip bad num">1<' in client.get("/people/").content.decode()


def test_it_tries_again(cast, client, dead):
    client.force_login(cast.adele)

    response = client.post(f"/people/outbox/{dead.pk}/retry/", follow=True)

    assert "It is being tried again." in response.content.decode()
    assert "Nothing was given up." in response.content.decode()
    dead.refresh_from_db()
    assert (dead.dead_at, dead.attempts) == (None, 0)


@pytest.mark.parametrize("name", ["rosa", "mona", "ana"])
def test_it_is_nothing_to_others(cast, client, dead, name):
    client.force_login(getattr(cast, name))

    assert client.get("/people/outbox/").status_code == 404
    assert client.post(f"/people/outbox/{dead.pk}/retry/").status_code == 404
    assert OutboxRow.objects.get().dead_at == NOW


def test_it_asks_no_more_for_more_rows(cast, client, dead, django_assert_max_num_queries):
    dead.pk = None
    for _ in range(20):
        OutboxRow.objects.bulk_create([dead])
        dead.pk = None
    client.force_login(cast.adele)

    with django_assert_max_num_queries(9):
        client.get("/people/outbox/")
