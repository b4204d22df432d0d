"""A name that may stand once whatever its case, is judged as the database judges it: never a 500."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.functions import Lower

from crm.commands import reference, saved_view
from crm.models import (
    ListKind,
    Method,
    Product,
    SavedView,
    Source,
    SourceKind,
    StopCause,
)
from exchange.imports import answers
from exchange.models import ImportJob, ImportMapping
from pipeline.models import Role, Team, User
from pipeline.people.commands import people, team
from pipeline.process.stages import Initiator
from reports.commands import saved_report
from reports.models import SavedReport
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.exchange.uploads import checked, loaded, uploaded
from tests.factories import NOW

pytestmark = pytest.mark.django_db

# What one of Python's lower(), its casefold(), the database's lower() and its upper() take for the
# same letters, and another does not.
PAIRS = [
    ("İnci", "inci"),  # a capital I with a dot
    ("\u212aelvin", "kelvin"),  # the sign of the unit
    ("ΑΣ", "ας"),
    ("ας", "ασ"),
    ("Straße", "STRASSE"),
    ("\u1c89x", "\u1c8ax"),  # younger than this Python knows
]

Make = Callable[[Cast, str], Any]


def _view(cast: Cast, name: str) -> Any:
    return saved_view.save(kind=ListKind.LEADS, name=name, query="", by=cast.ana, at=NOW)


def _team(cast: Cast, name: str) -> Any:
    return team.add(name=name, parent=cast.north, manager=None, by=cast.adele, at=NOW)


def _person(cast: Cast, name: str) -> Any:
    said: dict[str, Any] = {"name": "Ida", "role": Role.SALESPERSON, "team": cast.north}
    return people.add(by=cast.adele, at=NOW, invite=False, email=f"a@{name}.com", **said)


def _report(cast: Cast, name: str) -> Any:
    said: dict[str, Any] = {"page": "overview", "query": "", "team": None}
    return saved_report.save(name=name, by=cast.ana, at=NOW, **said)


def _mapping(cast: Cast, name: str) -> Any:
    job = ImportJob(owner=cast.ana, kind="deals", columns=["A"], answers={"system": name})
    return answers.remember(job, at=NOW)


def _imported_team(cast: Cast, name: str) -> Any:
    text = f"Agent,Office\nLena {name},{name}\n"
    job = checked(
        cast.adele, uploaded(cast.adele, text, kind="people"), name="Agent", office="Office"
    )
    assert loaded(cast.adele, job).state == "done"


def _of(row: Callable[[str], Any]) -> Make:
    return lambda cast, name: reference.add(row(name), by=cast.adele, at=NOW)


# By the table whose names they are.
MADE: dict[type[models.Model], list[Make]] = {
    SavedView: [_view],
    SavedReport: [_report],
    Team: [_team, _imported_team],
    User: [_person],
    ImportMapping: [_mapping],
    Source: [_of(lambda name: Source(name=name, kind=SourceKind.EVENT))],
    Method: [_of(lambda name: Method(name=name))],
    Product: [_of(lambda name: Product(name=name, currency="EUR"))],
    StopCause: [_of(lambda name: StopCause(name=name, initiator=Initiator.CUSTOMER))],
}
WAYS = [make for some in MADE.values() for make in some]


@pytest.mark.parametrize("make", WAYS)
def test_the_second_is_refused_in_words_or_is_another(cast: Cast, make: Make):
    for first, second in PAIRS:
        for name in (first, second):
            with contextlib.suppress(Refused, ValidationError):
                make(cast, name)
    connection.check_constraints()


def test_every_table_with_such_names_is_tried():
    found = {
        model
        for model in apps.get_models()
        for rule in model._meta.constraints
        if any(isinstance(each, Lower) for each in getattr(rule, "expressions", ()))
    }
    assert found | {User} == set(MADE)


def test_an_address_that_the_database_would_write_otherwise_is_none(cast: Cast):
    with pytest.raises(ValidationError, match="Enter a valid e-mail address"):
        _person(cast, "\u1c89x")
