"""The cast. Every page and command is tried by the people who may, and by those who may not.

Austral GmbH (root)         Adele, admin
└─ Region West              Rosa leads it
   ├─ North                 Mona leads it: Ana and Ben sell
   └─ South                 Nora leads it: Carl sells
"""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
import time_machine
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.account.internal.userkit import user_id_to_str
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings
from django.utils import translation

from crm import reference
from pipeline.models import Role, Team, User
from pipeline.process import commands as process
from salesprocess.lib.breaker import breaker_of
from tests import emptying
from tests.factories import NOW, ago, make_team, make_user
from tests.kept_rows import KeptRows
from tests.published_sample import AFTER_IT, Hardware, make_hardware
from tests.shown_versions import saying_what_is_shown

# How long an example takes says how busy the machine is, and nothing of what it proves.
hypothesis.settings.register_profile("unhurried", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("unhurried")

# Half a million objects that stay to the end are not looked through again and again for garbage.
gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest begin: one that came last would keep a whole run waiting for it."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def as_from_a_page() -> Iterator[None]:
    """Whom a test signs in has confirmed who it is at that moment, as by a password. What a test
    posts says, as the form of a page does, which version was shown.
    """
    sign_in = Client.force_login

    def force_login(client: Client, user: User, backend: str | None = None) -> None:
        sign_in(client, user, backend)
        session = client.session
        session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session.save()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", force_login)
        patch.setattr(Client, "post", saying_what_is_shown(Client.post))
        yield


@dataclass(frozen=True, kw_only=True)
class Cast:
    root: Team
    west: Team
    north: Team
    south: Team
    adele: User
    rosa: User
    mona: User
    nora: User
    ana: User
    ben: User
    carl: User

    @property
    def people(self) -> list[User]:
        return [self.adele, self.rosa, self.mona, self.nora, self.ana, self.ben, self.carl]

    def again(self, user: User) -> User:
        """The person as the next request would load him or her: with a fresh scope."""
        found: User = User.objects.get(pk=user.pk)
        return found


Keep = Callable[[Callable[[Cast], Any]], KeptRows]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """At the end nobody else is left in the database, so that it can be dropped: while Playwright's
    loop runs in this thread, Django keeps a connection beside that of the time without it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying.empty)
        yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def kept_cast(django_db_setup: None, django_db_blocker: Any) -> KeptRows:
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
        return KeptRows(make_cast, name="cast")


@pytest.fixture(scope="session")
def keep(kept_cast: KeptRows, django_db_blocker: Any) -> Keep:
    """For a fixture of a module: `keep(make)`, where `make(cast)` adds rows to those of the cast and
    gives what stands for them. Its tests lay them out after the cast."""
    kept: dict[Callable[[Cast], Any], KeptRows] = {}

    def keep(make: Callable[[Cast], Any]) -> KeptRows:
        if make not in kept:
            with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
                kept[make] = KeptRows(make, name=str(len(kept)), above=kept_cast)
        return kept[make]

    return keep


@pytest.fixture
def cast(kept_cast: KeptRows, db: None, clock: time_machine.Traveller) -> Cast:
    laid_out: Cast = kept_cast.lay_out()
    return laid_out


@pytest.fixture(scope="session")
def kept_sample(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> KeptRows:
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        time_machine.travel(AFTER_IT, tick=False),
    ):
        return KeptRows(make_hardware, name="sample")


@pytest.fixture
def sample(kept_sample: KeptRows, db: None) -> Iterator[Hardware]:
    """The published sample, imported, soon after its last day. Marked `needs_the_sample`."""
    with time_machine.travel(AFTER_IT, tick=False):
        laid_out: Hardware = kept_sample.lay_out()
        with connection.cursor() as cursor:
            # As a database knows its tables soon after an import; otherwise figures take minutes.
            cursor.execute("ANALYZE crm_company, crm_deal, crm_dealline, crm_stagevisit")
        yield laid_out


def make_cast() -> Cast:
    reference.seed()
    root = make_team(name="Austral GmbH", parent=None)
    process.ship_framework(at=ago(days=400))
    west = make_team(name="Region West", parent=root)
    north = make_team(name="North", parent=west)
    south = make_team(name="South", parent=west)
    people = {
        "adele": make_user(name="Adele Winter", team=root, role=Role.ADMIN),
        "rosa": make_user(name="Rosa Lang", team=west, role=Role.MANAGER),
        "mona": make_user(name="Mona Reyes", team=north, role=Role.MANAGER),
        "nora": make_user(name="Nora Haas", team=south, role=Role.MANAGER),
        "ana": make_user(name="Ana Ruiz", team=north),
        "ben": make_user(name="Ben Okoro", team=north),
        "carl": make_user(name="Carl Meier", team=south),
    }
    for team, manager in ((west, "rosa"), (north, "mona"), (south, "nora")):
        team.manager = people[manager]
        team.save(update_fields=["manager"])
    return Cast(root=root, west=west, north=north, south=south, **people)


@pytest.fixture(autouse=True)
def unbroken() -> Iterator[None]:
    """A part that failed in one test is tried in the next one."""
    yield
    breaker_of.cache_clear()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language active for what is written after it; the next test starts anew."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.activate(settings.LANGUAGE_CODE)
