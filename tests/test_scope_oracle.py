"""Whose deals somebody sees, judged by a second judge: row-level security, written anew in SQL.

The product filters in Python what it asks (`visible_to`). Here PostgreSQL itself keeps the rows of
random organisations back, by a rule that shares no line with the product's, and every surface must
show just those: lists, board, search, export, report, bulk and the count.
"""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client

from crm.models import Deal, ListKind
from pipeline.models import Role, User
from pipeline.process.stages import Stage
from reports.figures import Period
from reports.question import Question
from reports.stock_populations import OPEN
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal, make_team, make_user

pytestmark = pytest.mark.django_db

# One's own; those of the people in the teams below a team that one leads as a manager; what nobody
# owns in one's own team and in those; everything for an admin; nothing for whoever has left.
RULE = """
CREATE FUNCTION oracle_sees(owner bigint, team bigint) RETURNS boolean LANGUAGE sql AS $$
    WITH RECURSIVE me AS (
        SELECT * FROM pipeline_user WHERE id = current_setting('oracle.reader')::bigint
    ), led AS (
        SELECT t.id FROM pipeline_team t JOIN me ON t.manager_id = me.id WHERE me.role = 'manager'
        UNION
        SELECT t.id FROM pipeline_team t JOIN led ON t.parent_id = led.id
    )
    SELECT me.is_active AND CASE
        WHEN me.role = 'admin' THEN true
        WHEN owner IS NULL THEN team = me.team_id OR team IN (SELECT id FROM led)
        ELSE owner = me.id OR owner IN (
            SELECT p.id FROM pipeline_user p WHERE p.team_id IN (SELECT id FROM led)
        )
    END FROM me
$$;
CREATE ROLE {role};
GRANT SELECT ON crm_deal, pipeline_user, pipeline_team TO {role};
ALTER TABLE crm_deal ENABLE ROW LEVEL SECURITY;
CREATE POLICY oracle ON crm_deal FOR SELECT TO {role} USING (oracle_sees(owner_id, team_id));
"""


@pytest.fixture
def oracle(db: None) -> Callable[[User], set[str]]:
    """The names of the deals that a reader may see; all of it ends with the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'oracle_' || pg_backend_pid()")
        (role,) = cursor.fetchone()
        cursor.execute(RULE.format(role=role))

    def seen(reader: User) -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('oracle.reader', %s, true)", [str(reader.pk)])
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute("SELECT name FROM crm_deal")
            names = {name.split()[1] for (name,) in cursor.fetchall()}
            cursor.execute("RESET ROLE")
        return names

    return seen


def organisation(cast: Cast, chance: random.Random) -> list[User]:
    """Teams, people and deals at random, some people in two minds: a manager who leads nobody, a
    salesperson named as a manager, somebody who left, who moved, who leads the team above."""
    teams = [cast.root, cast.west, cast.north, cast.south]
    people = list(cast.people)
    for number in range(5):
        teams.append(make_team(name=f"Team {number}", parent=chance.choice(teams)))
    for number in range(6):
        role = chance.choice([Role.SALESPERSON, Role.MANAGER, Role.MANAGER])
        people.append(make_user(name=f"P{number} Q", team=chance.choice(teams), role=role))
    for team in teams[4:]:
        team.manager = chance.choice([*people, None])
        team.save(update_fields=["manager"])
    stages = [Stage.LEAD_GENERATION, Stage.PROSPECTING, Stage.QUALIFICATION, Stage.PROPOSAL]
    for number in range(18):
        # A search shows few hits of a kind: it is asked for four deals at a time.
        name, stage = f"group{number // 4} oracle{number}q", chance.choice(stages)
        if chance.random() < 0.25:
            pool = chance.choice(teams)
            make_deal(by=cast.adele, name=name, stage=stage, amount=100, team=pool, owner=None)
        else:
            owner = chance.choice(people)
            make_deal(by=owner, name=name, stage=stage, amount=100)
    for person in chance.sample(people[len(cast.people) :], 2):
        person.team = chance.choice(teams)
        person.save(update_fields=["team"])
    gone = chance.choice(people[len(cast.people) :])
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    return people


def named(deals: "QuerySet[Deal]") -> set[str]:
    return {name.split()[1] for name in deals.values_list("name", flat=True)}


def searched(client: Client) -> set[str]:
    htmx = {"HX-Request": "true"}
    answers = (client.get("/search/", {"q": f"group{n}"}, headers=htmx) for n in range(5))
    return set().union(*map(shown, answers))


def shown(answer: Any) -> set[str]:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    return set(re.findall(r"oracle\d+q", content.decode()))


def surfaces(client: Client, reader: User) -> dict[str, set[str]]:
    lists = {
        kind: shown(client.get(f"/{ListKind(kind).path}/")) for kind in ("leads", "opportunities")
    }
    period = Period(start_on=ago(days=90).date(), end_on=NOW.date(), zone=reader.zone)
    question = Question(reader=reader, today=NOW.date(), period=period)
    sheet = client.get("/deals/bulk/park/?list=leads&all=1").content.decode()
    ids = re.search(r'name="ids" value="([\d,]*)"', sheet)
    bulk = Deal.objects.filter(pk__in=ids[1].split(",") if ids and ids[1] else [])
    return {
        "lists": lists["leads"] | lists["opportunities"],
        "export": shown(client.get("/lists/leads.csv"))
        | shown(client.get("/lists/opportunities.csv")),
        "board": shown(client.get("/board/")) | lists["leads"],
        "search": searched(client),
        "report": named(OPEN.find(question)),
        "bulk": named(bulk) | lists["opportunities"],
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_every_surface_shows_what_the_database_would(
    cast: Cast, oracle: Callable[[User], set[str]], seed: int
):
    people = organisation(cast, random.Random(seed))
    sizes = set()
    for person in people:
        reader = User.objects.get(pk=person.pk)
        if not reader.is_active:
            assert oracle(reader) == set()
            assert not Deal.objects.visible_to(reader).exists()
            continue
        client = Client()
        client.force_login(reader)
        right = oracle(reader)
        sizes.add(len(right))
        for surface, names in surfaces(client, reader).items():
            assert names == right, f"{reader.name} ({reader.role}): {surface}"
        for deal in Deal.objects.order_by("?")[:6]:
            status = client.get(f"/deals/{deal.pk}/").status_code
            assert (status == 200) == (deal.name.split()[1] in right), f"{reader.name}: {deal.name}"
    # The judge says yes and no.
    assert len(sizes) > 3
