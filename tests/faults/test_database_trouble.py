"""What a page says when the database cannot do something just now (RELIABILITY R8, F12, F13)."""

import importlib
import os
import re
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from crm.commands import bulk
from crm.models import Activity, Deal
from salesprocess.lib import breaker
from salesprocess.lib.time_limits import LIMITS, TimeLimits, within
from salesprocess.lib.unsent import sign_reader
from tests.conftest import Cast
from tests.factories import NOW, make_deal
from tests.faults.silence import Proxy, silent_server
from tests.machinery.running import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
# The order of the product's own, faster.
QUICK = TimeLimits(statement=0.6, lock=0.3, idle=30)


@pytest.fixture
def quick(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        for name, value in QUICK.settings.items():
            cursor.execute(f"SET {name} = {value}")
    connection.connection.patience = QUICK.patience


@pytest.fixture(autouse=True)
def fresh(transactional_db: None) -> Iterator[None]:
    """Nothing of a fault, and no limit, is left for other tests."""
    host, port = (connection.settings_dict[name] for name in ("HOST", "PORT"))
    yield
    connection.settings_dict |= {"HOST": host, "PORT": port}
    connection.close()


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.ana)
    return client


@pytest.fixture
def deal(cast: Cast) -> Deal:
    return make_deal(by=cast.ana)


@contextmanager
def held(statement: str) -> Iterator[None]:
    """Somebody else's transaction that has done something and goes on."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(statement)
        yield
        other.rollback()


def seconds(act: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = act()
    return time.perf_counter() - start, answer


def mark(deal: Deal) -> str:
    return sign_reader(deal.owner)


def log(client: Client, deal: Deal, **headers: str) -> Any:
    said = {"kind": "call", "body": "Rang <twice>", "idempotency_key": "k", "reader": mark(deal)}
    return client.post(f"/deals/{deal.pk}/log/", said, headers=headers)


def calls() -> int:
    return Activity.objects.filter(body="Rang <twice>").count()


def test_each_kind_of_process_begins_with_its_limits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEVEN_WORK", "command")  # as it was started by `manage.py up`
    monkeypatch.delitem(sys.modules, "salesprocess.wsgi", raising=False)
    importlib.import_module("salesprocess.wsgi")
    assert os.environ["SEVEN_WORK"] == "page"
    monkeypatch.setenv("SEVEN_ENV", "demo")
    for said, work in (("page", "page"), ("migration", "migration"), ("", "task")):
        monkeypatch.setenv("SEVEN_WORK", said) if said else monkeypatch.delenv("SEVEN_WORK")
        database = runpy.run_path(str(ROOT / "salesprocess/settings.py"))["DATABASES"]["default"]
        limits = LIMITS[work]
        assert database["PATIENCE"] == limits.patience
        assert database["OPTIONS"]["options"].startswith(limits.options)
    page = LIMITS["page"]
    assert page.lock is not None
    assert page.statement is not None
    assert page.lock < 3
    assert page.statement < 5
    params = connection.get_connection_params() | {"options": page.options}
    with psycopg.connect(**params) as begun:
        shown = [begun.execute(f"SHOW {name}").fetchone() for name in page.settings]
    assert shown == [("4s",), ("1500ms",), ("30s",)]


def test_other_work_has_its_own_limits_only_in_its_transaction(quick: None):
    def shown() -> tuple[str, float]:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return cursor.fetchone()[0], connection.connection.patience

    with within("import"):
        assert shown() == ("9min", 541)
    assert shown() == ("600ms", QUICK.patience)


@pytest.mark.parametrize("fragment", [True, False], ids=["fragment", "page"])
def test_a_form_that_meets_a_lock_is_answered_in_words_and_kept(
    client: Client, deal: Deal, quick: None, fragment: bool
):
    headers = HTMX if fragment else {}
    with held(f"SELECT 1 FROM crm_deal WHERE id = {deal.pk} FOR UPDATE"):  # noqa: S608
        with CaptureQueriesContext(connection) as patient:
            took, first = seconds(lambda: log(client, deal, **headers))
        # Where one waited in vain, the next ones only look.
        with CaptureQueriesContext(connection) as impatient:
            assert log(client, deal, **headers).status_code == 503
    assert (first.status_code, first["Retry-After"]) == (503, "2")
    assert took < 3
    asked = [["lock_timeout" in str(query) for query in each] for each in (patient, impatient)]
    assert [any(each) for each in asked] == [False, True]
    words = first.content.decode()
    assert "Somebody else is just saving here" in words
    if fragment:
        assert first["Content-Type"].startswith("text/plain")
    else:
        assert "Rang &lt;twice&gt;" in words
        assert 'name="idempotency_key" value="k"' in words
        assert f'action="/deals/{deal.pk}/log/"' in words
    assert calls() == 0
    assert log(client, deal, **headers).status_code in {200, 302}
    assert calls() == 1


def test_a_report_that_takes_too_long_says_so(client: Client, quick: None):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
    with held("LOCK TABLE crm_stagevisit IN ACCESS EXCLUSIVE MODE"):
        took, answer = seconds(lambda: client.get("/reports/funnel/"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "That took too long" in answer.content.decode()
    assert took < 5


def test_where_there_is_no_room_it_says_that_nothing_was_saved(
    client: Client, deal: Deal, fails: Callable[..., None]
):
    fails("53100")
    answer = log(client, deal)
    assert answer.status_code == 503
    assert "no room to save" in answer.content.decode()
    assert calls() == 0


@pytest.fixture
def fails(transactional_db: None) -> Iterator[Callable[..., None]]:
    """Lets the database refuse what is written to a table, with an SQLSTATE, so many times: at once,
    or at the end of its transaction."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE failed_times")

        def fails(
            state: str, *, times: int = 1, at_the_end: bool = False, table: str = "crm_activity"
        ) -> None:
            when = "DEFERRABLE INITIALLY DEFERRED" if at_the_end else ""
            cursor.execute(f"""
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF nextval('failed_times') <= {times} THEN
                        RAISE EXCEPTION 'as in real life' USING ERRCODE = '{state}';
                    END IF; RETURN NULL;
                END $$;
                CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON {table} {when}
                FOR EACH ROW EXECUTE FUNCTION fail()
            """)

        yield fails
        cursor.execute("DROP FUNCTION IF EXISTS fail CASCADE; DROP SEQUENCE failed_times")


@pytest.mark.parametrize("at_the_end", [False, True], ids=["meanwhile", "at the end"])
@pytest.mark.parametrize("state", ["40P01", "40001"], ids=["deadlock", "serialisation"])
def test_what_was_undone_because_of_another_is_done_again(
    client: Client, deal: Deal, fails: Callable[..., None], state: str, at_the_end: bool
):
    fails(state, times=2, at_the_end=at_the_end)
    assert log(client, deal, **HTMX).status_code == 200
    assert calls() == 1


def test_it_is_not_done_again_for_ever(client: Client, deal: Deal, fails: Callable[..., None]):
    fails("40P01", times=9)
    answer = log(client, deal, **HTMX)
    assert answer.status_code == 503
    assert "Somebody else is just saving here" in answer.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM failed_times")
        assert cursor.fetchone() == (3,)
    assert calls() == 0


# --- many at once -----------------------------------------------------------------------------------


def test_many_at_once_are_each_told_what_became_of_them(cast: Cast, quick: None):
    deals = [make_deal(by=cast.ana) for _each in range(4)]
    ids = [deal.pk for deal in deals]
    locked = f"SELECT 1 FROM crm_deal WHERE id IN ({ids[1]}, {ids[2]}) FOR UPDATE"  # noqa: S608
    with held(locked):
        took, told = seconds(lambda: bulk.hand_over(ids, to=cast.ben, by=cast.mona, at=NOW))
    assert [each.id for each in told] == ids
    assert [bool(each.refused) for each in told] == [False, True, True, False]
    assert "Somebody else is just saving this" in told[1].refused
    assert [deal.owner_id for deal in Deal.objects.order_by("pk")] == [
        cast.ana.pk if each.refused else cast.ben.pk for each in told
    ]
    assert took < 3


@pytest.mark.parametrize(("times", "done"), [(2, True), (9, False)], ids=["undone", "for ever"])
def test_many_at_once_are_done_again_and_told_of(
    cast: Cast, fails: Callable[..., None], times: int, done: bool
):
    ids = [make_deal(by=cast.ana).pk for _each in range(3)]
    fails("40P01", times=times, table="crm_dealchange")
    told = bulk.hand_over(ids, to=cast.ben, by=cast.mona, at=NOW)
    assert [each.id for each in told] == ids
    assert {not each.refused for each in told} == {done}
    assert Deal.objects.filter(owner=cast.ben).count() == (3 if done else 0)


# --- the database is away ---------------------------------------------------------------------------


def addresses() -> list[str]:
    """An address of everything that the resolver knows."""
    found: list[str] = []

    def walk(patterns: Any, before: str) -> None:
        for each in patterns:
            path = before + str(each.pattern)
            if isinstance(each, URLResolver):
                walk(each.url_patterns, path)
            elif isinstance(each, URLPattern):
                found.append("/" + path)

    walk(get_resolver().url_patterns, "")
    filled = [re.sub(r"<(?:\w+:)?\w+>", "1", path) for path in found]
    return [re.sub(r"\(\?P<\w+>[^)]*\)", "1", path).strip("^$\\Z") for path in filled]


ALIVE = {"/healthz": 200, "/readyz": 503}


def lose(host: str, port: str = "") -> None:
    connection.settings_dict |= {"HOST": host, "PORT": port}
    connection.close()


def test_every_address_says_within_a_second_that_the_database_is_away(client: Client):
    lose("/nowhere")
    paths = addresses()
    assert len(paths) > 150
    times: list[float] = []
    for path in paths:
        for ask, headers in ((client.get, {}), (client.post, HTMX)):
            took, answer = seconds(lambda: ask(path, headers=headers))  # noqa: B023
            times.append(took)
            if path in ALIVE:
                assert answer.status_code == (ALIVE[path] if ask == client.get else 405)
                continue
            assert (answer.status_code, answer["Retry-After"]) == (503, "5"), (path, ask)
    assert sorted(times)[-5] < 1  # a machine may be busy with something else now and then
    stranger = Client(raise_request_exception=False)
    assert stranger.get("/accounts/login/").status_code == 200
    said = {"login": "ana@seven.test", "password": "wrong"}
    assert stranger.post("/accounts/login/", said).status_code == 503
    static = stranger.get("/static/favicon.svg")
    static.close()
    assert static.status_code == 200


def test_it_comes_back_by_itself(client: Client, deal: Deal):
    host = connection.settings_dict["HOST"]
    lose("/nowhere")
    said = {"kind": "call", "body": "Rang <twice>", "idempotency_key": "k", "reader": mark(deal)}
    answer = client.post(f"/deals/{deal.pk}/log/", said)
    page = answer.content.decode()
    assert "It is not known whether that arrived" in page
    assert "Rang &lt;twice&gt;" in page
    lose(host)
    assert client.post(f"/deals/{deal.pk}/log/", said).status_code == 302
    assert calls() == 1


def test_a_database_that_accepts_and_says_nothing_holds_up_one_and_not_all(client: Client):
    with silent_server() as port:
        lose("127.0.0.1", str(port))
        first, answer = seconds(lambda: client.get("/board/"))
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert first < 6
        took, answers = seconds(lambda: {client.get("/board/").status_code for _ in range(20)})
        assert answers == {503}
        assert took < 5  # and not two seconds each
        took, answer = seconds(lambda: client.get("/readyz"))
        assert answer.json()["database"] == "unreachable"
        assert took < 3
        assert client.get("/healthz").status_code == 200


@pytest.fixture
def proxy(transactional_db: None) -> Iterator[Proxy]:
    params = connection.get_connection_params()
    proxy = Proxy(f"{params['host']}/.s.PGSQL.{params.get('port') or 5432}")
    yield proxy
    proxy.end()


def test_a_database_that_falls_silent_in_the_middle_is_given_up(client: Client, proxy: Proxy):
    lose("127.0.0.1", str(proxy.port))
    assert client.get("/board/").status_code == 200
    connection.connection.patience = 0.5
    close_old_connections()  # as at the end and the beginning of each request
    proxy.is_silent = True
    took, answer = seconds(lambda: client.get("/board/"))
    assert answer.status_code == 503
    assert took < 6
    close_old_connections()
    proxy.is_silent = False
    breaker.breaker_of.cache_clear()  # instead of waiting until it is asked again
    assert client.get("/board/").status_code == 200
