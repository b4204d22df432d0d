"""A query that is written once answers for each reader and each record by itself."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from django.db import NotSupportedError, connection, transaction
from django.db.models import BigIntegerField
from django.test.utils import CaptureQueriesContext

from crm.models import Deal
from pipeline.models import User
from pipeline.people.access import Scope
from salesprocess.lib import prepared
from salesprocess.lib.database import parse_database_url
from salesprocess.lib.prepared import Param, Prepared, run
from tests.conftest import Cast
from tests.factories import make_deal

pytestmark = pytest.mark.django_db


def names() -> Prepared[str]:
    deal = Param("deal", BigIntegerField())
    return Prepared(
        lambda row: row[0],
        lambda scope: Deal.objects.visible_to(scope).filter(pk=deal).values_list("name"),
    )


def test_it_answers_for_the_record_that_is_asked_for(cast: Cast):
    one, other = (make_deal(by=cast.ana, name=name) for name in ("One", "Other"))
    ask = names()
    assert [ask(cast.ana.scope, deal=deal.pk) for deal in (one, other, one)] == [
        ["One"],
        ["Other"],
        ["One"],
    ]


def test_it_answers_each_reader_within_the_own_scope(cast: Cast):
    deal = make_deal(by=cast.ana, name="Hers")
    ask = names()
    assert ask(cast.ana.scope, deal=deal.pk) == ["Hers"]
    assert ask(cast.ben.scope, deal=deal.pk) == []
    assert ask(cast.ana.scope, deal=deal.pk) == ["Hers"]


def test_it_follows_a_scope_that_has_changed(cast: Cast):
    deal = make_deal(by=cast.ana, name="Hers")
    ask = names()
    assert ask(cast.again(cast.ana).scope, deal=deal.pk) == ["Hers"]
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    assert ask(cast.again(cast.ana).scope, deal=deal.pk) == []


def test_it_forgets_the_oldest(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prepared, "MAX_STATEMENTS", 1)
    deal = make_deal(by=cast.ana, name="Hers")
    ask = names()
    for _ in range(2):
        assert ask(cast.ana.scope, deal=deal.pk) == ["Hers"]
        assert ask(cast.adele.scope, deal=deal.pk) == ["Hers"]
        assert len(ask._statements._kept) == 1


def test_forty_readers_share_a_statement(cast: Cast):
    make_deal(by=cast.ana, name="Hers")
    name = f"Deal {uuid4()}"  # so that the statement is this test's own
    ask: Prepared[str] = Prepared(
        lambda row: row[0],
        lambda scope: Deal.objects.visible_to(scope).exclude(name=name).values_list("name"),
    )
    others = (
        Scope(user_id=pk, owner_ids=frozenset(range(pk, 2 * pk)), pool_team_ids=frozenset({pk}))
        for pk in range(cast.carl.pk + 1, cast.carl.pk + 39)
    )
    found = [ask(scope) for scope in (cast.ana.scope, cast.mona.scope, *others)]
    assert found == [["Hers"], ["Hers"], *[[]] * 38]
    # One for who sees only the own records, one for all others.
    assert sorted(plans(name)) == [(1, 0), (39, 0)]


def named(name: str) -> Prepared[int]:
    """Deals of one name, which stands in the words; from a moment on, which is asked."""
    since = Param("since", BigIntegerField())
    return Prepared(
        lambda row: row[0],
        lambda: Deal.objects.filter(name=name, pk__gte=since).order_by("pk").values_list("pk"),
    )


def plans(word: str) -> list[tuple[int, int]]:
    """How often each statement with `word` in it went by a kept plan, and by one made anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE position(%s in statement) > 0 AND name LIKE '\\_pg3%%'",
            [word],
        )
        return list(cursor.fetchall())


@pytest.mark.parametrize("name", ["100 %s off", "50%", "O'Neill", "a\\b", 'say "x"', "%(deal)s"])
def test_it_takes_what_is_fixed_by_its_letters(cast: Cast, name: str):
    deal = make_deal(by=cast.ana, name=name)
    make_deal(by=cast.ana, name="Other")
    assert named(name)(since=0) == [deal.pk]


def test_the_server_plans_it_once_for_all(cast: Cast):
    name = f"Deal {uuid4()}"
    deal = make_deal(by=cast.ana, name=name)
    ask = named(name)
    # Whole numbers of each size: two, four and eight bytes.
    for since in (0, 1, deal.pk, 2**31 - 1, 2**40):
        ask(since=since)
    assert plans(name) == [(5, 0)]


def test_lists_of_numbers_of_any_size_share_a_statement(cast: Cast):
    sql = f'SELECT %s = ANY(%s) AS "{uuid4()}"'
    for numbers in ([1], [1, 300], [1, 2**20], [1, 2**40]):
        assert run(sql, [1, numbers]) == [(True,)]
    assert plans(sql[-37:-1]) == [(4, 0)]


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30, -(2**63) - 1])
def test_a_number_that_no_record_has_finds_none(cast: Cast, number: int):
    make_deal(by=cast.ana)
    assert names()(cast.ana.scope, deal=number) == []


def test_nothing_is_prepared_where_a_pooler_forbids_it(cast: Cast, settings: object):
    settings.PREPARED_STATEMENTS = False  # type: ignore[attr-defined]
    name = f"Deal {uuid4()}"
    deal = make_deal(by=cast.ana, name=name)
    assert named(name)(since=0) == [deal.pk]
    assert plans(name) == []
    assert parse_database_url("postgresql://u@h/n")["OPTIONS"] == {"connect_timeout": "2"}


def test_its_queries_are_noted(cast: Cast):
    ask = named("Any")
    with CaptureQueriesContext(connection) as queries:
        ask(since=0)
        ask(since=1)
    assert ["crm_deal" in query["sql"] for query in queries] == [True, True]


@pytest.fixture
def changing() -> Iterator[Callable[[str], object]]:
    """A table `scratch` of one number, whose column another connection gives a type."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("CREATE TABLE scratch AS SELECT 7 AS n")
        try:
            yield lambda kind: other.execute(f"ALTER TABLE scratch ALTER n TYPE {kind}")
        finally:
            other.execute("DROP TABLE scratch")


@pytest.mark.django_db(transaction=True)
def test_it_prepares_anew_what_a_changed_column_has_broken(changing):
    assert run("SELECT n FROM scratch", []) == [(7,)]
    changing("text")
    assert run("SELECT n FROM scratch", []) == [("7",)]
    # Nothing can be asked any more in a transaction that has failed; the next one is well.
    changing("varchar(9)")
    with pytest.raises(NotSupportedError), transaction.atomic():
        run("SELECT n FROM scratch", [])
    with transaction.atomic():
        assert run("SELECT n FROM scratch", []) == [("7",)]
    # Nor where only a part of it is undone.
    with transaction.atomic():
        assert run("SELECT n FROM scratch", []) == [("7",)]
    changing("varchar(8)")
    with transaction.atomic():
        with pytest.raises(NotSupportedError), transaction.atomic():
            run("SELECT n FROM scratch", [])
        assert run("SELECT n FROM scratch", []) == [("7",)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_meanwhile_is_made_anew():
    """As each request begins: a server that was started again is asked whether it is still there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    # What a new request says of a connection that is kept.
    connection.health_check_enabled = True  # type: ignore[attr-defined]
    connection.health_check_done = False  # type: ignore[attr-defined]
    try:
        assert prepared.run("SELECT 1", []) == [(1,)]
    finally:
        connection.close()
