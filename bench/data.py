"""The database of the bench: a middling sales organisation, made by SQL in one go.

50 people in 6 teams, 20,000 companies, 100,000 contacts, 100,000 leads, 50,000 opportunities with
their visits, 500,000 activities. The same sizes as the comparison with other systems that the goals
come from. Everything is derived from row numbers: two fills of one day are the same.
"""

import time

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from crm import reference
from crm.commands import search
from pipeline.models import Role, Team, User, Version
from pipeline.people.commands import people
from pipeline.process import commands as process
from pipeline.process.playbook import fingerprint

TEAMS = 5
SALESPEOPLE = 44
PASSWORD = "bench horse battery"  # noqa: S105  # of people who exist on a throw-away server only

# One statement after the other; {…} are numbers of this module.
STATEMENTS = [
    # companies and contacts
    """
    INSERT INTO crm_company (id, name, relationship, website, industry, employees, country,
                             owner_id, version, created_at, changed_at)
    SELECT n, (ARRAY['Norte','Vega','Ostsee','Alpen','Delta','Linde','Moulin','Kastor','Halden','Tessa'])[n % 10 + 1]
              || ' ' || (ARRAY['Werke','Glas','Papier','Pumpen','Logistik','Foods','Textil'])[n % 7 + 1] || ' ' || n,
           CASE WHEN n % 4 = 0 THEN 'customer' ELSE 'never_bought' END, '', 'Industry ' || n % 12,
           10 + n % 5000, 'Austria', NULL, 1, now() - interval '600 days', now() - interval '30 days'
    FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO crm_contact (id, name, job_title, company_id, owner_id, version, created_at, changed_at)
    SELECT n, (ARRAY['Ana','Ben','Carla','Dino','Eva','Finn','Greta','Hugo','Ines','Jan'])[n % 10 + 1]
              || ' ' || (ARRAY['Berger','Costa','Dahl','Egger','Ferrer','Gruber','Holm'])[n % 7 + 1] || ' ' || n,
           'Buyer', n % 20000 + 1, NULL, 1, now() - interval '600 days', now() - interval '30 days'
    FROM generate_series(1, 100000) n
    """,
    """
    INSERT INTO crm_contactpoint (contact_id, kind, value, typed)
    SELECT n, 'email', 'person' || n || '@bench.test', 'person' || n || '@bench.test'
    FROM generate_series(1, 100000) n
    """,
    # deals: numbers to 100,000 are leads, the rest opportunities
    """
    CREATE TEMP TABLE plan AS
    SELECT n, stage, days, outcome,
           now() - make_interval(days => stage * days + n % 320, hours => n % 24) AS began_at,
           seller[(n / 50) % {salespeople} + 1] AS owner_id
    FROM (
        SELECT n,
               CASE WHEN n <= 100000 THEN CASE WHEN n % 5 < 3 THEN 1 ELSE 2 END
                    WHEN n % 10 < 4 THEN 7 ELSE 3 + (n / 10) % 5 END AS stage,
               1 + n % 8 AS days,
               CASE WHEN n <= 100000 AND n % 10 < 6 THEN 'open'
                    WHEN n <= 100000 THEN 'stopped'
                    WHEN n % 10 < 4 THEN 'won'
                    WHEN n % 10 < 7 THEN 'stopped' ELSE 'open' END AS outcome
        FROM generate_series(1, 150000) n
    ) numbered,
    (SELECT array_agg(id ORDER BY id) AS seller FROM pipeline_user WHERE role = 'salesperson') s
    """,
    """
    INSERT INTO crm_deal (id, name, company_id, owner_id, team_id, stage, stage_entered_at, outcome,
                          amount, currency, expected_close_on, source_detail, source_id, closed_at,
                          initiator, cause_id, closing_note, next_at, next_kind,
                          attention_at, touched_at, version, created_at, changed_at)
    SELECT n, 'Deal ' || n, n % 20000 + 1, plan.owner_id, u.team_id, stage,
           began_at + make_interval(days => (stage - 1) * days), outcome,
           CASE WHEN n > 100000 THEN 1000 + n % 90000 END, 'EUR',
           CASE WHEN n > 100000 THEN current_date + (n % 90)::int - 10 END, '',
           (SELECT min(id) + n % 9 FROM crm_source),
           CASE WHEN outcome <> 'open' THEN began_at + make_interval(days => stage * days) END,
           CASE WHEN outcome = 'stopped' THEN 'customer' ELSE '' END,
           CASE WHEN outcome = 'stopped' THEN (SELECT id FROM crm_stopcause WHERE key = 'price') END,
           '', due.at, CASE WHEN due.at IS NULL THEN '' ELSE 'call' END, due.at,
           now() - make_interval(days => (n % 25)::int), 1, began_at, now() - make_interval(mins => (n % 90000)::int)
    FROM plan JOIN pipeline_user u ON u.id = plan.owner_id,
    LATERAL (SELECT CASE WHEN outcome = 'open' AND n % 4 > 0
                         THEN now() + make_interval(hours => (n % 400)::int - 60) END AS at) due
    """,
    """
    INSERT INTO crm_stagevisit (deal_id, sequence, stage, entered_at, entered_how, reason,
                                entry_owner_id, entry_team_id, entry_amount,
                                left_at, left_how, exit_owner_id, exit_team_id, exit_amount,
                                version_ids, playbook)
    SELECT n, s, s, began_at + make_interval(days => (s - 1) * days),
           CASE WHEN s = 1 THEN 'created' ELSE 'forward' END, '', plan.owner_id, u.team_id, 1000,
           CASE WHEN s < stage OR outcome <> 'open' THEN began_at + make_interval(days => s * days) END,
           CASE WHEN s < stage THEN 'advanced' WHEN outcome <> 'open' THEN outcome END,
           plan.owner_id, u.team_id, 1000, '[{framework}]', '{stamp}'
    FROM plan JOIN pipeline_user u ON u.id = plan.owner_id, generate_series(1, stage) s
    """,
    # what was said before of a third of the opportunities: less, and an earlier day
    """
    INSERT INTO crm_dealchange (deal_id, at, by_id, reason, kind, data)
    SELECT d.id, now() - make_interval(days => (d.id % 200)::int), d.owner_id, '', kind,
           CASE kind WHEN 'amount' THEN jsonb_build_object(
                    'old', jsonb_build_object('amount', (d.amount - 500)::text, 'currency', 'EUR'),
                    'new', jsonb_build_object('amount', d.amount::text, 'currency', 'EUR'))
                ELSE jsonb_build_object('old', d.expected_close_on - 20, 'new', d.expected_close_on) END
    FROM crm_deal d, unnest(ARRAY['amount', 'expected_close_on']) kind
    WHERE d.id > 100000 AND d.id % 3 = 0 AND d.created_at < now() - make_interval(days => (d.id % 200)::int)
    """,
    # every sixth offer was made too early, for a reason
    """
    INSERT INTO crm_judgement (deal_id, visit_id, verb, frm, "to", findings, reason, words,
                               version_ids, at, by_id)
    SELECT v.deal_id, v.id, 'move', 4, 5,
           '[{"gate": "G5", "weight": "advisory", "stage": 4, "fact": "problem"}]', 'customer_insisted', '',
           '[{framework}]', v.left_at, v.entry_owner_id
    FROM crm_stagevisit v WHERE v.stage = 4 AND v.left_how = 'advanced' AND v.deal_id % 6 = 0
    """,
    """
    INSERT INTO crm_dealcontact (deal_id, contact_id, role)
    SELECT n, n % 100000 + 1, 'unknown' FROM plan
    """,
    # activities: what is planned on open deals, and what was done on all
    """
    INSERT INTO crm_activity (kind, subject, body, deal_id, company_id, owner_id, due_at, due_by,
                              result, created_at, version)
    SELECT 'call', 'Call back', '', id, company_id, owner_id, next_at, next_at, '', created_at, 1
    FROM crm_deal WHERE next_at IS NOT NULL
    """,
    """
    INSERT INTO crm_activity (kind, subject, body, deal_id, company_id, owner_id, done_at,
                              result, stage, created_at, version)
    SELECT (ARRAY['call','email','meeting','note'])[m % 4 + 1], '', 'What was said, number ' || m,
           d.id, d.company_id, d.owner_id, d.created_at + make_interval(mins => (m % 20000)::int),
           CASE WHEN m % 4 = 3 THEN '' ELSE 'reached' END, d.stage, d.created_at, 1
    FROM generate_series(1, 500000 - (SELECT count(*) FROM crm_activity)) m
    JOIN crm_deal d ON d.id = CASE WHEN m % 5 < 3 THEN 100001 + m % 50000 ELSE 1 + m % 100000 END
    """,
    *(
        f"SELECT setval(pg_get_serial_sequence('crm_{table}', 'id'), (SELECT max(id) FROM crm_{table}))"  # noqa: S608
        for table in ("company", "contact", "deal")
    ),
]


def fill(*, sellers: int = SALESPEOPLE) -> None:
    """Fill an empty database, so that so many people share the deals; a filled one is left as it is."""
    if Team.objects.exists():
        return
    started = time.monotonic()
    with transaction.atomic():
        _people(sellers)
        framework = Version.objects.get().pk
        with connection.cursor() as cursor:
            for statement in STATEMENTS:
                filled = statement.replace("{salespeople}", str(sellers))
                filled = filled.replace("{framework}", str(framework))
                cursor.execute(filled.replace("{stamp}", fingerprint([framework])))
        search.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    call_command("check_history", verbosity=0)
    print(f"filled in {time.monotonic() - started:.0f} s")  # noqa: T201  # a tool for a terminal


def _people(sellers: int) -> None:
    reference.seed()
    root = people.found_organisation(
        name="Bench", currency="EUR", time_zone="Europe/Vienna", country="AT"
    )
    process.ship_framework(at=timezone.now())
    admin = User.objects.create_user(
        name="Admin", email="admin@bench.test", role=Role.ADMIN, team=root, password=PASSWORD
    )
    teams = []
    for number in range(TEAMS):
        team = Team.objects.create(name=f"Team {number}", parent=root)
        team.manager = User.objects.create_user(
            name=f"Manager {number}",
            email=f"manager{number}@bench.test",
            role=Role.MANAGER,
            team=team,
        )
        team.manager.password = admin.password
        team.manager.save()
        team.save()
        teams.append(team)
    User.objects.bulk_create(
        User(
            name=f"Seller {number}",
            email=f"seller{number}@bench.test",
            team=teams[number % TEAMS],
            password=admin.password,
        )
        for number in range(sellers)
    )
