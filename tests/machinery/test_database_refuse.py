"""Each mode works in databases of its own, and says what to do where it does not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from django.test import override_settings

from salesprocess.lib.database import parse_database_url
from salesprocess.postgresql.base import DatabaseWrapper
from salesprocess.postgresql.ownership import RefusedDatabase
from tests.machinery.production import KEY
from tests.machinery.running import ROOT

pytestmark = [pytest.mark.machinery, pytest.mark.django_db]

NAME = "seven_of_somebody"
MODES = ["demo", "test"]


def url_of(name: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def server() -> Iterator["psycopg.Connection"]:
    """Beside a database of somebody's, empty."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute("DROP ROLE IF EXISTS seven_strong")
        server.execute(f"CREATE DATABASE {NAME}")
        yield server
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def fill(name: str = NAME) -> None:
    with psycopg.connect(url_of(name)) as somebody:
        somebody.execute("CREATE TABLE what_is_somebodys (id int)")


def wrapper_of(url: str) -> DatabaseWrapper:
    return DatabaseWrapper(connection.settings_dict | parse_database_url(url))


def connect(mode: str, *, url: str = "", embedded: bool = False) -> str:
    """Asks the database for its mark, as a process of `mode`."""
    own = {"MODE": mode, "PRODUCTION": mode == "production"}
    wrapper = wrapper_of(url or url_of(NAME))
    with (
        override_settings(EMBEDDED={"postgres": embedded, "valkey": False}, **own),
        closing(wrapper),
        wrapper.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("mode", MODES)
def test_it_marks_what_it_begins_and_knows_it_again(server, mode):
    assert connect(mode) == f"seven: {mode}"
    fill()

    assert connect(mode) == f"seven: {mode}"


@pytest.mark.parametrize("mode", MODES)
def test_it_does_nothing_in_what_somebody_has_filled(server, mode):
    fill()

    with pytest.raises(RefusedDatabase, match="is not marked as one of a"):
        connect(mode)


def test_a_refused_connection_stays_closed(server):
    fill()
    wrapper = wrapper_of(url_of(NAME))
    for _again in range(2):
        with pytest.raises(RefusedDatabase):
            wrapper.cursor()


def test_the_demo_does_nothing_in_what_tests_have_made(server):
    connect("test")

    with pytest.raises(RefusedDatabase, match="marked"):
        connect("demo")


def test_it_knows_the_folder_of_an_earlier_release(server):
    fill()

    assert connect("demo", embedded=True) == "seven: demo"
    assert connect("demo") == "seven: demo"


@pytest.mark.parametrize("mode", MODES)
def test_production_keeps_out_of_databases_whose_passwords_everybody_knows(server, mode):
    connect(mode)
    ordinary = url_of(NAME)

    with pytest.raises(RefusedDatabase, match="belongs to a demo or to tests"):
        connect("production", url=ordinary)


def test_production_refuses_a_superuser_and_whoever_may_become_one(server):
    with pytest.raises(RefusedDatabase, match="a superuser"):
        connect("production")

    server.execute("CREATE ROLE seven_strong LOGIN")
    strong = urlsplit(url_of(NAME))
    strong = strong._replace(netloc=f"seven_strong@{strong.netloc.rpartition('@')[2]}")
    assert connect("production", url=strong.geturl()) == "None"
    server.execute(f"GRANT {server.info.user} TO seven_strong")
    with pytest.raises(RefusedDatabase, match="a superuser"):
        connect("production", url=strong.geturl())


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_up_is_no_demo_where_a_production_is_described(server):
    production = {"SECRET_KEY": KEY, "SITE_URL": "https://crm.example.com"}
    production |= {"DATABASE_URL": url_of(NAME), "REDIS_URL": os.environ["REDIS_URL"]}

    answer = manage("up", **production)

    assert "`up` is the demo" in answer.stderr
    with psycopg.connect(url_of(NAME)) as asked:
        tables = asked.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert tables == []


def test_the_demo_touches_nothing_that_is_not_its_own(server, tmp_path):
    fill()

    answer = manage(
        "up",
        SEVEN_ENV="demo",
        SEVEN_STATE=str(tmp_path),
        DATABASE_URL=url_of(NAME),
        REDIS_URL=os.environ["REDIS_URL"],
    )

    assert answer.returncode != 0
    assert "not marked as one of a demo" in answer.stderr
    assert "Traceback" not in answer.stderr
    with psycopg.connect(url_of(NAME)) as asked:
        tables = asked.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == [("what_is_somebodys",)]
