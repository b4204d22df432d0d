"""The walk of ids: every id of what is out of reach, wherever a request can carry one.

Whatever is sent, and by whom: nothing out of reach is shown, and every row of it stays as it was.
The places are found, not listed: each part of an address, and each name that a page is seen to
read from its query or its form. A test run tries one id at each address, of another kind and by
somebody else each time; `python3 dev.py walk` tries them all.
"""

import os
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any
from zlib import crc32

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db import connection
from django.db.models import Model

from crm.models import Activity, Company, Contact, Deal, ProcessNote, SavedView
from exchange.models import ImportJob, WholeExport
from pipeline.models import OutboxRow
from proof.walk import open_a_door
from reports.models import DayNote
from tests.tally import TALLY
from tests.test_url_walk import (
    ABOVE_ANA,
    CARLS,
    HTMX,
    OUTSIDE,
    POOL,
    REACH,
    ROLES,
    SEEN_BY,
    URLS,
    VARIANTS,
    WalkAnswer,
    WalkWorld,
    names_asked_for,
    undone,
    world,
)

__all__ = ["world"]

pytestmark = pytest.mark.django_db

# Who may change what, by what it is called in the world. For others it must stay as it was.
DEALS = {
    **dict.fromkeys(("deal", "bare", "slip", "closed", "won"), REACH),
    "pool": POOL,
    "carls": CARLS,
}
OTHERS: dict[str, tuple[type[Model], frozenset[str]]] = {
    "company": (Company, REACH),
    "contact": (Contact, REACH),
    "touch": (Activity, REACH),
    "done_touch": (Activity, REACH),
    "view": (SavedView, SEEN_BY["view"]),
    "note": (ProcessNote, ABOVE_ANA),
    "day_note": (DayNote, ABOVE_ANA),
    "gone_day_note": (DayNote, ABOVE_ANA),
    "job": (ImportJob, SEEN_BY["job"]),
    "checked": (ImportJob, SEEN_BY["job"]),
    "whole_export": (WholeExport, frozenset({"admin"})),
    "outbox": (OutboxRow, SEEN_BY["outbox"]),
    "passkey": (Authenticator, frozenset({"owner", "admin"})),
    "session": (UserSession, frozenset({"owner", "admin"})),
}
# Whoever may take a person out, ends that person's sessions by it.
ENDS_SESSIONS = {"pipeline:person_deactivate": ABOVE_ANA}
# What is sent: of each kind something that is out of the reach of some, and parts of it.
SENT: tuple[str, ...] = (
    *("deal", "won", "pool", "carls", "company", "contact", "touch", "view", "note", "job"),
    *("line", "carls_plan", "need", "file", "carl", "south"),
)
# What belongs to the form or to the page, and what says which version was shown.
NO_IDS = {"csrfmiddlewaretoken", "idempotency_key", "reader", "account_login", "version", "seen"}
SESSIONS = f"{UserSession._meta.db_table}.id"
METHODS = ("head", "options", "put", "patch", "delete")
ADDRESSES = [*((name, {}) for name in URLS), *VARIANTS]


@cache
def _of_a_deal() -> tuple[str, ...]:
    """The tables whose rows belong to a deal."""
    names = (
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if any(
            f.is_relation and f.name == "deal" and f.related_model is Deal
            for f in model._meta.fields
        )
    )
    return tuple(sorted(names))


def out_of_reach(world: WalkWorld, role: str) -> str:
    """A query for every row of what a role must not change, as one sum for each table."""
    foreign = [str(world.ids[key]) for key, reach in DEALS.items() if role not in reach]
    asked = {(table, "deal_id"): foreign for table in _of_a_deal()} | {("crm_deal", "id"): foreign}
    for key, (model, reach) in OTHERS.items():
        if role not in reach:
            asked.setdefault((model._meta.db_table, "id"), []).append(str(world.ids[key]))
    return " UNION ALL ".join(
        f"SELECT '{table}.{column}', coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t"  # noqa: S608
        f" WHERE {column} IN ({','.join(ids)})"
        for (table, column), ids in asked.items()
        if ids
    )


def _sums(query: str) -> set[tuple[str, int]]:
    if not query:  # an admin reaches everything
        return set()
    with connection.cursor() as cursor:
        cursor.execute(query)
        return set(cursor.fetchall())


class Address:
    """`usual` is what those send who may, by method; `paths` lead to what is sent instead of the
    address's own record; `first` is where to begin in what is rotated: elsewhere at each address,
    and always the same."""

    def __init__(self, world: WalkWorld, name: str, part: dict[str, str]) -> None:
        url = URLS[name]
        self.world, self.url, self.own = world, url, world.path(name, **part)
        self.may_end_sessions = ENDS_SESSIONS.get(name, frozenset())
        self.first = crc32(f"{name}{part}".encode())
        usual = {**url.ask, **(url.post or {})}
        self.usual = {"get": world.said(url.ask), "post": world.said(usual)}
        at = [key for key, value in url.at.items() if value in world.ids and key not in part]
        self.paths = {
            key: [world.path(name, **part, **{each: world.ids[key]}) for each in at] for key in SENT
        }
        self.names = cache(self._names)

    def _names(self, method: str) -> list[str]:
        """What is read from what it is sent by somebody who may."""
        role = next(role for role in ("manager", "admin", "owner") if role in self.url.may)
        with names_asked_for() as found, undone():
            self.world.tries(role, method, self.own, self.usual[method], **HTMX)
        return sorted(found - NO_IDS)

    def filled(self, method: str, value: Any) -> dict[str, Any]:
        """An id wherever one may stand; what is a word stays, or the form would be refused for it."""
        words = {k: v for k, v in self.usual[method].items() if not isinstance(v, int)}
        return {**dict.fromkeys(self.names(method), value), **words}


Sending = Iterator[tuple[str, str, str, dict[str, Any]]]  # role, method, path, what is sent


def in_pairs(address: Address) -> Sending:
    """One id in all places at once, by somebody."""
    method, turn = "get" if address.url.post is None else "post", address.first
    key, role = SENT[turn % len(SENT)], ROLES[turn % len(ROLES)]
    paths = address.paths[key] or [address.own]
    sent = address.filled(method, address.world.ids[key])
    yield role, method, paths[turn % len(paths)], sent


def in_full(address: Address) -> Sending:
    """Everybody with every id in every part of the address; every id under every name, and all at
    once, by one after the other; many at once under every name; every other method."""
    own, ids, turn = address.own, address.world.ids, address.first
    for method, usual in address.usual.items():
        for key in SENT:
            filled = address.filled(method, ids[key])
            for role, path in product(ROLES, address.paths[key]):
                yield role, method, path, usual
                yield role, method, path, filled
            sent = [{**usual, name: ids[key]} for name in address.names(method)]
            for data in (*sent, filled):
                turn += 1
                yield ROLES[turn % len(ROLES)], method, own, data
        many = ",".join(str(ids[key]) for key in DEALS)
        for role, name in product(("mate", "other_branch", "owner"), address.names(method)):
            yield role, method, own, {**usual, name: many}
    yield from ((role, method, own, {}) for role, method in product(ROLES, METHODS))


def faults_of(world: WalkWorld, *sendings: tuple[Address, Sending]) -> list[str]:
    """What is wrong with the answers, in words."""
    wrong: list[str] = []
    queries = {role: out_of_reach(world, role) for role in ROLES}
    sums = {role: _sums(query) for role, query in queries.items()}
    for address, sending in sendings:
        is_public = address.url.kind == "public"
        for role, method, path, data in sending:
            with undone():
                answer = world.tries(role, method, path, data, **HTMX)
                touched = _sums(queries[role]) - sums[role] if method != "get" else set()
            if role in address.may_end_sessions:
                touched = {each for each in touched if each[0] != SESSIONS}
            faults = [f"leaks {leaks}" for leaks in [answer.leaks_to(role)] if leaks]
            faults += [f"changes {table}" for table, _sum in touched]
            if not _fits(answer, outside=role in OUTSIDE and not is_public):
                faults.append(f"{answer.status} {answer.goes_to}".strip())
            TALLY["foreign_changes"] += bool(touched)
            wrong += [f"{role} {method.upper()} {path} {data} → {fault}" for fault in faults]
    return wrong


def _fits(answer: WalkAnswer, *, outside: bool) -> bool:
    return (answer.asks_to_sign_in or answer.status == 405) if outside else answer.status < 500


def test_it_shows_and_changes_nothing_out_of_reach_whatever_id_is_sent(world: WalkWorld):
    addresses = [Address(world, *each) for each in ADDRESSES]
    assert faults_of(world, *((each, in_pairs(each)) for each in addresses)) == []


# Every id at every address takes as long as the rest of the tests: `python3 dev.py walk` asks for it.
if "SEVEN_WALK_WHOLE" in os.environ:

    @pytest.mark.parametrize(("name", "part"), ADDRESSES, ids=str)
    def test_it_shows_and_changes_nothing_in_full(
        world: WalkWorld, name: str, part: dict[str, str]
    ):
        address = Address(world, name, part)
        assert faults_of(world, (address, in_full(address)))[:5] == []


def test_it_finds_a_door_that_stands_open(world: WalkWorld, monkeypatch: pytest.MonkeyPatch):
    """Otherwise the others would prove nothing."""
    address = Address(world, "crm:deal_edit", {})

    def found() -> str:
        sending = (("other_branch", m, address.own, address.usual[m]) for m in ("get", "post"))
        return "\n".join(faults_of(world, (address, sending)))

    assert found() == ""
    open_a_door(monkeypatch)
    before = TALLY.copy()
    faults = found()
    TALLY.clear()
    TALLY.update(before)  # it was opened on purpose
    assert "leaks ['deal']" in faults
    assert "changes crm_deal.id" in faults
