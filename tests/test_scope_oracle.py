"""Whose deals somebody sees, judged by a second judge: row-level security, written anew in SQL.

The product filters in Python what it asks (`visible_to`). Here PostgreSQL itself keeps the rows of
random organisations back, by a rule that shares no line with the product's, and every surface must
show just those: lists, board, search, export, report, bulk and the count. Likewise whose
activities: those of the deals that one sees and, without a deal, those of people in one's reach.
"""

import html
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q, QuerySet
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, ActivityResult, Company, Deal, ListKind
from pipeline.models import Role, User
from pipeline.process.stages import Stage
from reports.figures import Period
from reports.question import Question
from reports.stock_populations import OPEN
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_deal, make_team, make_user

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
GRANT SELECT ON crm_deal, crm_activity, pipeline_user, pipeline_team TO {role};
ALTER TABLE crm_deal ENABLE ROW LEVEL SECURITY;
CREATE POLICY oracle ON crm_deal FOR SELECT TO {role} USING (oracle_sees(owner_id, team_id));
ALTER TABLE crm_activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY oracle ON crm_activity FOR SELECT TO {role} USING (
    CASE WHEN deal_id IS NULL THEN oracle_sees(owner_id, NULL)
    -- The rule of the deals holds for this as well.
    ELSE EXISTS (SELECT 1 FROM crm_deal WHERE crm_deal.id = deal_id) END
);
"""

# What somebody sees: the names of deals, and the subjects of activities.
Seen = tuple[set[str], set[str]]


@pytest.fixture
def oracle(db: None) -> Callable[[User], Seen]:
    """What a reader may see; all of it ends with the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'oracle_' || pg_backend_pid()")
        (role,) = cursor.fetchone()
        cursor.execute(RULE.format(role=role))

    def seen(reader: User) -> Seen:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('oracle.reader', %s, true)", [str(reader.pk)])
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute("SELECT name FROM crm_deal")
            names = {name.split()[1] for (name,) in cursor.fetchall()}
            cursor.execute("SELECT subject FROM crm_activity WHERE subject <> ''")
            subjects = {subject for (subject,) in cursor.fetchall()}
            cursor.execute("RESET ROLE")
        return names, subjects

    return seen


def organisation(cast: Cast, chance: random.Random) -> tuple[list[User], Company]:
    """Teams, people, deals and activities with one company at random, some people in two minds: a manager who leads nobody, a
    salesperson named as a manager, somebody who left, who moved, who leads the team above."""
    teams = [cast.root, cast.west, cast.north, cast.south]
    people = list(cast.people)
    company = make_company(by=cast.ana, name="Everybody's")
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
        act: str = f"act{number}q"
        about: dict[str, Any] = {"company": chance.choice([company, None])}
        if chance.random() < 0.25:
            pool = chance.choice(teams)
            at: dict[str, Any] = {"team": pool, "owner": None}
            deal = make_deal(by=cast.adele, name=name, stage=stage, amount=100, **at, **about)
            log_call(About(deal=deal), by=cast.adele, subject=act)
        else:
            owner = chance.choice(people)
            deal = make_deal(by=owner, name=name, stage=stage, amount=100, **about)
            log_call(About(deal=deal), by=owner, subject=act)
            log_call(About(company=company), by=owner, subject=f"touch{act}")
    for person in chance.sample(people[len(cast.people) :], 2):
        person.team = chance.choice(teams)
        person.save(update_fields=["team"])
    gone = chance.choice(people[len(cast.people) :])
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    return people, company


def log_call(about: About, *, by: User, subject: str) -> None:
    reached = ActivityResult.REACHED
    activity_commands.log(
        about, kind=ActivityKind.CALL, result=reached, subject=subject, by=by, at=ago(hours=1)
    )


def named(deals: "QuerySet[Deal]") -> set[str]:
    return {name.split()[1] for name in deals.values_list("name", flat=True)}


def searched(client: Client) -> set[str]:
    htmx = {"HX-Request": "true"}
    answers = (client.get("/search/", {"q": f"group{n}"}, headers=htmx) for n in range(5))
    return set().union(*map(shown, answers))


def shown(answer: Any, pattern: str = r"oracle\d+q") -> set[str]:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    return set(re.findall(pattern, content.decode()))


def timeline(client: Client, address: str) -> set[str]:
    """What a page of a company shows, with what is earlier asked for to the end."""
    found: set[str] = set()
    while address:
        page = client.get(address).content.decode()
        found |= set(re.findall(ACTS, page))
        earlier = re.search(r'href="([^"]*timeline/[^"]*)"', page)
        address = html.unescape(earlier[1]) if earlier else ""
    return found


ACTS = r"(?:touch)?act\d+q"


def acts_of(
    client: Client, company: Company, right: set[str]
) -> dict[str, tuple[set[str], set[str]]]:
    """By surface: the subjects that it shows, and those that it should."""
    with_it = set(
        Activity.objects.filter(Q(company=company) | Q(deal__company=company)).values_list(
            "subject", flat=True
        )
    )
    return {
        "list": (shown(client.get("/activities/?state=done"), ACTS), right),
        "export": (shown(client.get("/lists/activities.csv?state=done"), ACTS), right),
        "timeline": (timeline(client, f"/companies/{company.pk}/"), right & with_it),
    }


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
    cast: Cast, oracle: Callable[[User], Seen], seed: int
):
    people, company = organisation(cast, random.Random(seed))
    sizes = set()
    for person in people:
        reader = User.objects.get(pk=person.pk)
        if not reader.is_active:
            assert oracle(reader) == (set(), set())
            assert not Deal.objects.visible_to(reader).exists()
            assert not Activity.objects.visible_to(reader).exists()
            continue
        client = Client()
        client.force_login(reader)
        right, acts = oracle(reader)
        sizes.add(len(right))
        for surface, names in surfaces(client, reader).items():
            assert names == right, f"{reader.name} ({reader.role}): {surface}"
        for surface, (subjects, expected) in acts_of(client, company, acts).items():
            assert subjects == expected, f"{reader.name} ({reader.role}): activities, {surface}"
        for deal in Deal.objects.order_by("?")[:6]:
            status = client.get(f"/deals/{deal.pk}/").status_code
            assert (status == 200) == (deal.name.split()[1] in right), f"{reader.name}: {deal.name}"
    # The judge says yes and no.
    assert len(sizes) > 3
