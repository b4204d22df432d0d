"""What serves pages does its work with rights that reach no table's shape and no history."""

import io
import json
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from crm.commands import deal as deals
from crm.commands import deal_take_back
from crm.models import Deal, DealChange, Judgement, StageVisit
from demo import sample
from pipeline.models import PeopleChange
from pipeline.people.commands import people
from pipeline.process.gates import Verb
from pipeline.process.stages import Stage
from privacy.commands import erasure
from tests.conftest import Cast
from tests.factories import NOW, make_contact, make_deal, won_deal

ROLE = "seven_weak"


@pytest.fixture
def weak(cast: Cast) -> Iterator[None]:
    """From here on the test's connection has the rights of the web."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        call_command("grant", ROLE, stdout=io.StringIO())
        cursor.execute(f"SET ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


ATTACKS = [
    # It is not told as an error that nothing was granted; what comes next shows it.
    "GRANT ALL ON crm_stagevisit TO seven_weak; TRUNCATE crm_stagevisit CASCADE",
    "TRUNCATE crm_dealchange",
    "ALTER TABLE crm_stagevisit DISABLE TRIGGER ALL",
    "ALTER TABLE crm_dealchange DISABLE TRIGGER append_only",
    "ALTER TABLE crm_dealchange OWNER TO seven_weak",
    "DROP TRIGGER frozen ON crm_stagevisit",
    "DROP TRIGGER append_only ON crm_judgement",
    "DROP TABLE crm_judgement CASCADE",
    "DROP FUNCTION seven_append_only() CASCADE",
    "CREATE OR REPLACE FUNCTION crm_stagevisit_frozen() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RETURN OLD; END'",
    "CREATE TABLE crm_mine (id int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SET session_replication_role = replica",
    "ALTER ROLE seven_weak SUPERUSER",
    "UPDATE crm_dealchange SET at = now()",
    "UPDATE crm_partychange SET data = '{}'",
    "UPDATE crm_settingchange SET by_id = NULL",
    "UPDATE pipeline_peoplechange SET by_id = NULL",
    "UPDATE crm_judgement SET findings = '[]'",
    "UPDATE pipeline_auditentry SET rows = 0",
    "SET LOCAL seven.undo = 'erasure'; UPDATE crm_dealchange SET data = '{}'",
    "SET LOCAL seven.undo = 'erasure'; UPDATE pipeline_auditentry SET asked = ''",
    "SET LOCAL seven.undo = 'erasure'; UPDATE crm_stagevisit SET entry_amount = 1",
    "SELECT seven_forget_audit('{export}', now())",
    "TRUNCATE pipeline_auditentry",
    "DELETE FROM crm_dealchange",
    "DELETE FROM pipeline_peoplechange",
    "DELETE FROM crm_judgement",
    "DELETE FROM crm_stagevisit",
    "UPDATE crm_stagevisit SET entered_at = now()",
    "UPDATE crm_stagevisit SET left_at = now() WHERE left_how IS NOT NULL",
    "DELETE FROM django_migrations",
    "UPDATE django_migrations SET name = 'x'",
    "COPY crm_deal TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
]


def history(cast: Cast) -> Deal:
    """A deal that was moved and changed, past a gate, by somebody whose name was changed."""
    deal = won_deal(by=cast.ana)
    deals.reopen(deal, by=cast.ana, at=NOW, reason="It was not signed.")
    people.change(cast.ana, name="Ana Luz Ruiz", by=cast.adele, at=NOW)
    Judgement.objects.create(
        deal=deal, verb=Verb.MOVE, to=Stage.QUALIFICATION, findings=[], at=NOW, by=cast.ana
    )
    return deal


def test_the_web_does_its_work_with_the_rights_of_its_role(cast: Cast, weak: None, client: Client):
    deal = won_deal(by=cast.ana)
    deals.reopen(deal, by=cast.ana, at=NOW, reason="It was not signed.")
    mistaken = make_deal(by=cast.ana, at=NOW)
    deal_take_back.take_back(mistaken, by=cast.ana, at=NOW)
    person = make_contact(by=cast.ana, name="Quorra Zyxwell", emails=["quorra@canary.test"])
    deals.set_contact(deal, contact=person, by=cast.ana, at=NOW)
    erasure.erase(person, by=cast.adele, at=NOW)
    assert not DealChange.objects.filter(data__icontains="Quorra").exists()
    client.force_login(cast.ana)
    for page in ("/board/", f"/deals/{deal.pk}/", "/search/?q=line", "/readyz"):
        assert client.get(page).status_code == 200
    people.add(
        by=cast.adele, at=NOW, name="Ida Moor", email="ida@seven.test", team=cast.north, invite=True
    )

    sample.add(by=cast.adele, at=NOW)
    assert not sample.take_away(by=cast.adele, at=NOW).kept


def test_nothing_of_history_gives_way_to_the_role_of_the_web(cast: Cast, weak: None):
    history(cast)
    assert DealChange.objects.exists()
    assert Judgement.objects.exists()
    assert PeopleChange.objects.exists()
    before = _rows()

    done = [attack for attack in ATTACKS if _is_done(attack)]

    assert done == []
    assert _rows() == before


def _is_done(attack: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)
    except DatabaseError:
        return False
    return True


def _rows() -> str:
    kept = (StageVisit, DealChange, Judgement, PeopleChange)
    return json.dumps([list(m.objects.order_by("pk").values()) for m in kept], default=str)


def test_the_owner_too_only_writes_history(cast: Cast):
    history(cast)

    for model in (DealChange, Judgement, PeopleChange):
        for change in (lambda found: found.update(by=None), lambda found: found.delete()):
            with pytest.raises(DatabaseError, match="is history"), transaction.atomic():
                change(model.objects.all())
