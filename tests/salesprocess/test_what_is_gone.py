"""Of all that the database may refuse, only that something chosen is gone is told as that."""

import logging
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from crm.commands import deal as deal_commands
from crm.models import Deal
from pipeline.models import User
from tests.conftest import Cast
from tests.factories import make_contact, make_deal

GONE = "UPDATE crm_deal SET source_id = 999999999 WHERE id = %s"
OTHERS = {
    "a check": "UPDATE crm_deal SET stage = 99 WHERE id = %s",
    "nothing where something must be": "UPDATE crm_deal SET name = NULL WHERE id = %s",
    "twice what is once": "UPDATE pipeline_user SET email = 'a@seven.test' WHERE %s > 0",
    "deleted while others need it": "DELETE FROM pipeline_team WHERE %s > 0",
}


def answered(cast: Cast, monkeypatch: pytest.MonkeyPatch, statement: str) -> Any:
    deal = make_deal(by=cast.ana)

    def broken(row: Deal, **_facts: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement, [row.pk])

    monkeypatch.setattr(deal_commands, "edit", broken)
    client = Client(raise_request_exception=False)
    client.force_login(cast.ana)
    said = {"source": "", "version": deal.version}
    return client.post(f"/deals/{deal.pk}/edit/source/", said)


@pytest.mark.parametrize("statement", OTHERS.values(), ids=OTHERS)
def test_any_other_fault_is_a_fault_of_ours(
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    statement: str,
):
    response = answered(cast, monkeypatch, statement)
    assert response.status_code == 500
    assert "removed just now" not in response.content.decode()
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.name for record in logged] == ["django.request"]
    assert not [record for record in caplog.records if "was gone" in record.message]


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("privacy.commands.erasure.erase", "/contacts/{contact}/erase/"),
        ("pipeline.people.commands.people.deactivate", "/people/{person}/deactivate/"),
        ("pipeline.people.commands.people.change", "/people/{person}/edit/"),
    ],
)
def test_a_record_that_went_before_a_command_held_it_is_not_found(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, command: str, path: str
):
    """Somebody else was faster by less than a page takes: erased it, or moved it out of reach."""
    contact = make_contact(by=cast.ana, name="Jordi Pla")

    def too_late(*_args: Any, **_said: Any) -> None:
        raise User.DoesNotExist

    monkeypatch.setattr(command, too_late)
    client = Client(raise_request_exception=False)
    client.force_login(cast.adele)
    said = {"name": "Jordi Pla", "role": "salesperson", "style": "mixed", "team": cast.north.pk}
    address = path.format(contact=contact.pk, person=cast.ana.pk)
    assert client.post(address, {**said, "seen": "1"}).status_code == 404


def test_what_is_gone_is_told_as_that(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    response = answered(cast, monkeypatch, GONE)
    assert (response.status_code, "removed just now" in response.content.decode()) == (409, True)
    assert [record for record in caplog.records if "was gone" in record.message]
