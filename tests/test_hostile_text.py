"""Whatever stands in a text field of the database, whoever wrote it there and however: no page, part of a
page, file or mail lets it be anything but text."""

import csv
import io
import json
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.db.models import CharField, F, JSONField, TextField, Value
from django.db.models.functions import Cast, Concat

from pipeline.models import User
from reports.mail import written
from reports.models import ReportSubscription
from tests.factories import NOW
from tests.test_url_walk import (
    CANARIES,
    HTMX,
    INSIDE,
    URLS,
    VARIANTS,
    WalkAnswer,
    WalkWorld,
    undone,
    world,
)

pytestmark = pytest.mark.django_db
__all__ = ["world"]

# A formula, the end of an attribute of either kind, an element, and what an engine would evaluate.
HOSTILE = "=q7(\"'><q7x>{{7*7}}"
# An element, an attribute that ended, or an expression that was evaluated.
RUNS = re.compile(r"<q7x|q7\([\"']|q7x(?:>|&gt;)49")
OURS = ("crm", "day", "demo", "exchange", "pipeline", "privacy", "reports")
# By what they say the program decides what it does: people choose them, and write none.
OWN = frozenset({"key", "page", "query", "time_zone", "language", "list_looks", "password"})


def test_nothing_that_stands_in_a_field_runs_anywhere(world: WalkWorld):
    wrong, seen = [], set[str]()
    with undone():
        places = plant()
        for place, (name, part) in enumerate([*((name, {}) for name in URLS), *VARIANTS]):
            url = URLS[name]
            if not url.get or name == "readyz":
                continue
            role = next(role for role in ("owner", "admin", *INSIDE) if role in url.may)
            # In one shape or the other: the same templates stand in both.
            for headers in ({}, HTMX) if url.kind == "record" else ({}, HTMX)[place % 2 :][:1]:
                path, said = world.path(name, **part), world.said(url.ask)
                answer = world.tries(role, "get", path, said, **headers)
                seen |= set(re.findall(r"§(\d+)\.", answer.text))
                wrong += [f"{name} {part}: {fault}" for fault in faults(answer)]
        wrong += [f"mail: {fault}" for fault in faults_of_mail()]
    unseen = sorted(field for number, field in places.items() if str(number) not in seen)
    assert wrong == []
    # Otherwise it would prove nothing that none was found.
    assert len(places) - len(unseen) > 60, unseen


def plant() -> dict[int, str]:
    """Puts it into every row that there is; the fields, by the number that stands behind it there."""
    planted = {}
    with connection.cursor() as cursor:
        # History is written once: here it is meant to have been written so.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for number, field in enumerate(text_fields()):
            words = Concat(Value(f"{HOSTILE}§{number}."), Cast(F("pk"), TextField()))
            rows = field.model._base_manager.all()
            try:
                with transaction.atomic():
                    rows.update(**{field.name: words})
            except DatabaseError:
                continue  # a check of the database lets nobody write that there
            planted[number] = str(field)
        for field in json_fields():
            table, column = field.model._meta.db_table, field.column
            for word in CANARIES.values():
                hostile = json.dumps(word + HOSTILE)[1:-1]
                cursor.execute(
                    f'UPDATE {table} SET "{column}" = replace("{column}"::text, %s, %s)::jsonb'  # noqa: S608
                    f' WHERE "{column}"::text LIKE %s',
                    [word, hostile, f"%{word}%"],
                )
    return planted


def text_fields() -> Iterator[models.Field]:  # type: ignore[type-arg]
    """Those in which people's words may stand, if there is room for it."""
    for field in _fields():
        most = getattr(field, "max_length", None)
        has_room = most is None or most >= len(HOSTILE) + 10
        is_text = isinstance(field, CharField | TextField) and not field.choices
        if is_text and has_room and field.name not in OWN:
            yield field


def json_fields() -> Iterator[models.Field]:  # type: ignore[type-arg]
    yield from (field for field in _fields() if isinstance(field, JSONField))


def _fields() -> Iterator[models.Field]:  # type: ignore[type-arg]
    for model in apps.get_models():
        if model._meta.app_label in OURS and model._meta.managed and not model._meta.proxy:
            yield from model._meta.concrete_fields


def faults(answer: WalkAnswer) -> Iterator[str]:
    found = re.search(r"^Content-Type: (.*)$", answer.text, re.MULTILINE)
    kind = found[1] if found else ""
    if answer.status >= 500:
        yield f"{answer.status} {answer.text[-500:]}"
    elif "text/html" in kind and (runs := RUNS.search(answer.text)):
        yield answer.text[max(0, runs.start() - 100) : runs.end() + 20]
    elif "csv" in kind:
        rows = csv.reader(io.StringIO(answer.text.partition("\n\n")[2]))
        yield from (cell for row in rows for cell in row if cell.startswith("="))


def faults_of_mail() -> Iterator[str]:
    """The one that is written in HTML as well."""
    row = ReportSubscription._base_manager.select_related("report__owner").get()
    mail = written(row, row.report, User.objects.get(pk=row.person_id), at=NOW)
    assert HOSTILE in mail.text
    assert "q7(" in mail.html
    if runs := RUNS.search(mail.html):
        yield mail.html[max(0, runs.start() - 100) : runs.end() + 20]
