"""What there is to find out in the demo is in its tables, asked by plain SQL as no report does; and the
reports find it and say it in words."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from demo.simulation import CLOSED_DEALS
from pipeline.models import User
from pipeline.process.stages import DESCRIPTIONS, Stage
from reports.pages import PAGES, ReportPage
from salesprocess.lib.chance import differ
from tests.demo.filled import filled
from tests.factories import NOW
from tests.reports.test_pages import BYTES, QUERIES, address


@pytest.fixture(scope="module")
def organisation(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """As a visitor has it: of fewer deals nothing could be said beyond chance."""
    with django_db_blocker.unblock(), filled(closed=CLOSED_DEALS):
        yield


@pytest.fixture(autouse=True)
def on_board(organisation: None, db: None) -> None:
    """Every test here stands in the demo organisation."""


LEADS = """
    SELECT d.id, u.name, d.outcome, first.at - d.created_at AS waited, EXISTS (
        SELECT FROM crm_stagevisit v WHERE v.deal_id = d.id AND v.stage >= 3
    ) AS qualified
    FROM crm_deal d
    JOIN crm_source s ON s.id = d.source_id AND s.name IN ('Website', 'Incoming call')
    JOIN crm_stagevisit one ON one.deal_id = d.id AND one.sequence = 1 AND one.stage = 1
    LEFT JOIN pipeline_user u ON u.id = one.entry_owner_id
    LEFT JOIN LATERAL (
        SELECT min(a.done_at) AS at FROM crm_activity a
        WHERE a.deal_id = d.id AND a.kind IN ('call', 'email', 'meeting')
    ) AS first ON true
"""
PARTS = {
    "{now}": f"'{NOW.isoformat()}'::timestamptz",
    # Won, and all that the customer decided: what a win rate is made of.
    "{won_of}": "count(*) FILTER (WHERE d.outcome = 'won'),"
    " count(*) FILTER (WHERE d.outcome = 'won' OR d.initiator = 'customer')",
    "{leads}": LEADS,
    "{norms}": ", ".join(f"({stage}, {DESCRIPTIONS[stage].norm_days})" for stage in Stage),
}


def ask(sql: str) -> dict[Any, tuple[Any, ...]]:
    """The rows of a query by their first column, with PARTS put in by their names."""
    for name, part in PARTS.items():
        sql = sql.replace(name, part)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {key: tuple(rest) for key, *rest in cursor.fetchall()}


def test_offers_pile_up_in_one_stage():
    stays = ask("""
        SELECT stage,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM left_at - entered_at))
                FILTER (WHERE left_at > entered_at) / 86400,
            count(*) FILTER (WHERE left_at IS NULL),
            count(*) FILTER (WHERE left_how IN ('advanced', 'won'))::float / count(left_at)
        FROM crm_stagevisit GROUP BY stage
    """)
    slow = {
        stage
        for stage, (days, _open, _on) in stays.items()
        if days > 1.4 * DESCRIPTIONS[Stage(stage)].norm_days
    }
    assert slow == {Stage.PROPOSAL}
    # A bulge behind a front that is fullest, and the least that goes on of all that close.
    waiting = {stage: n for stage, (_days, n, _on) in stays.items()}
    assert waiting[1] > waiting[3] >= waiting[5] > waiting[6]
    assert waiting[5] > waiting[4]
    leads_on = {stage: share for stage, (_days, _n, share) in stays.items() if stage > 3}
    assert min(leads_on, key=leads_on.__getitem__) == Stage.PROPOSAL


def test_one_team_has_left_the_defined_path():
    jumped = ask("""
        SELECT t.name || CASE WHEN v.left_at > {now} - interval '150 days' THEN ' now' ELSE '' END,
            count(*) FILTER (WHERE n.stage = 5), count(*)
        FROM crm_stagevisit v
        JOIN crm_stagevisit n ON n.deal_id = v.deal_id AND n.sequence = v.sequence + 1
        JOIN pipeline_team t ON t.id = v.entry_team_id
        WHERE v.stage = 3 AND v.left_how = 'advanced'
        GROUP BY 1
    """)
    assert differ(*jumped["Alps"], *jumped["Alps now"])
    skipped, n = jumped["Alps now"]
    assert skipped / n > 0.3
    for team in ("Vienna", "Hamburg", "Nordics"):
        before, now = jumped[team], jumped[f"{team} now"]
        assert now[0] / now[1] < before[0] / before[1] or not differ(*before, *now)


def test_offers_before_needs_are_understood_win_less():
    won = ask("""
        SELECT o.premature, {won_of}
        FROM crm_offer o JOIN crm_deal d ON d.id = o.deal_id
        WHERE o.revision = 1 AND d.outcome <> 'open'
        GROUP BY 1
    """)
    assert differ(*won[True], *won[False])
    assert won[True][0] / won[True][1] < 0.8 * won[False][0] / won[False][1]
    known = ask("""
        SELECT o.premature, count(*) FILTER (WHERE n.deal_id IS NOT NULL), count(*)
        FROM crm_offer o
        JOIN crm_deal d ON d.id = o.deal_id
        LEFT JOIN (SELECT DISTINCT deal_id FROM crm_need) n ON n.deal_id = d.id
        WHERE d.closed_at IS NULL
        GROUP BY 1
    """)
    assert differ(*known[True], *known[False])


def test_one_person_keeps_too_little_on_record():
    whole = ask("""
        SELECT u.name, count(*) FILTER (WHERE
            (d.parked_until IS NOT NULL OR (
                greatest(d.stage_entered_at, d.changed_at) >= since
                AND (d.next_on >= {now}::date OR d.next_at >= {now})
                AND coalesce(d.touched_at, d.created_at) >= since
            ))
            AND (d.stage < 5 OR (d.amount IS NOT NULL AND d.expected_close_on >= {now}::date))
        )::float / count(*)
        FROM crm_deal d
        JOIN pipeline_user u ON u.id = d.owner_id
        JOIN (VALUES {norms}) AS norm (stage, days) USING (stage)
        CROSS JOIN LATERAL (SELECT {now} - norm.days * interval '1 day') AS limits (since)
        WHERE d.outcome = 'open'
        GROUP BY 1
    """)
    assert {name for name, (share,) in whole.items() if share < 0.8} == {"Emeka Obi"}
    assert sum(share >= 0.9 for (share,) in whole.values()) >= 6
    recorded = ask("""
        SELECT u.name = 'Emeka Obi',
            count(*) FILTER (WHERE a.created_at > a.done_at + interval '4 hours'), count(*)
        FROM crm_activity a JOIN pipeline_user u ON u.id = a.owner_id
        WHERE a.done_at IS NOT NULL GROUP BY 1
    """)
    assert differ(*recorded[True], *recorded[False])
    ticked = ask("""
        SELECT u.name = 'Emeka Obi', count(*) FILTER (WHERE burst >= 3), count(*)
        FROM (
            SELECT by_id, count(*) OVER (
                PARTITION BY deal_id, stage, by_id ORDER BY at
                RANGE BETWEEN interval '60 s' PRECEDING AND interval '60 s' FOLLOWING
            ) AS burst
            FROM crm_stepresult WHERE state = 'done'
        ) AS row JOIN pipeline_user u ON u.id = row.by_id
        GROUP BY 1
    """)
    assert differ(*ticked[True], *ticked[False])


def test_a_version_of_the_process_has_helped():
    went_on = ask("""
        SELECT number, count(*) FILTER (WHERE v.left_how = 'advanced'), count(v.left_how)
        FROM crm_stagevisit v
        JOIN pipeline_version p ON v.version_ids @> to_jsonb(p.id)
        JOIN pipeline_layer l ON l.id = p.layer_id
        JOIN pipeline_team t ON t.id = l.team_id
        WHERE t.name = 'Vienna' AND v.stage = 4
        GROUP BY 1
    """)
    assert sorted(went_on) == [1, 2]
    assert min(n for _part, n in went_on.values()) > 100
    assert differ(*went_on[1], *went_on[2])
    assert went_on[2][0] / went_on[2][1] > went_on[1][0] / went_on[1][1]


def test_sources_differ():
    won = ask("""
        SELECT s.name, {won_of}
        FROM crm_deal d JOIN crm_source s ON s.id = d.source_id
        WHERE d.outcome <> 'open' GROUP BY 1
    """)
    assert differ(*won["Referral by a customer"], *won["Trade fair"])
    assert differ(*won["Existing customer"], *won["Own research"])
    assert not differ(*won["Website"], *won["Incoming call"])
    # More leads are no more yield.
    leads = ask("""
        SELECT s.name, count(*) FROM crm_deal d JOIN crm_source s ON s.id = d.source_id GROUP BY 1
    """)
    assert leads["Trade fair"][0] > leads["Referral by a customer"][0]
    assert won["Trade fair"][0] < won["Referral by a customer"][0]


def test_close_dates_slip():
    changed = ask("""
        SELECT (data->>'new')::date > (data->>'old')::date, count(*), count(DISTINCT deal_id)
        FROM crm_dealchange
        WHERE kind = 'expected_close_on' AND data->>'old' IS NOT NULL GROUP BY 1
    """)
    pushed, pulled_in = changed[True][0], changed[False][0]
    assert pushed > 2 * pulled_in > 100
    assert pushed > changed[True][1]  # some of them again and again
    by_person = ask("""
        SELECT u.name, count(*) FILTER (WHERE (c.data->>'new')::date > (c.data->>'old')::date),
            count(DISTINCT c.deal_id)
        FROM crm_dealchange c
        JOIN crm_deal d ON d.id = c.deal_id
        JOIN pipeline_user u ON u.id = d.owner_id AND u.is_active
        WHERE c.kind = 'expected_close_on' GROUP BY 1
    """)
    share = {name: pushes / deals for name, (pushes, deals) in by_person.items()}
    hopeful = share.pop("Luca Ferrantino")
    assert hopeful > 1.25 * max(share.values())


def test_customers_bring_new_deals():
    brought = ask("""
        SELECT c.name, count(*), count(*) FILTER (WHERE d.outcome = 'won')
        FROM crm_deal d JOIN crm_company c ON c.id = d.source_company_id
        GROUP BY 1 HAVING count(*) >= 5
    """)
    assert len(brought) > 30
    assert max(won for _deals, won in brought.values()) >= 4
    kinds = ask("""
        SELECT s.name, count(*) FILTER (WHERE d.source_company_id = d.company_id), count(*)
        FROM crm_deal d JOIN crm_source s ON s.id = d.source_id
        WHERE d.source_company_id IS NOT NULL GROUP BY 1
    """)
    assert kinds["Existing customer"][0] == kinds["Existing customer"][1]
    assert kinds["Referral by a customer"][0] == 0


def test_what_we_bring_up_ourselves_early_wins_more():
    won = ask("""
        SELECT EXISTS (
            SELECT FROM crm_concern c WHERE c.deal_id = d.id AND c.raised_by_us AND NOT c.after_price
        ), {won_of}
        FROM crm_deal d
        WHERE d.outcome <> 'open' AND d.closed_at > {now} - interval '270 days'
            AND EXISTS (SELECT FROM crm_offer o WHERE o.deal_id = d.id)
        GROUP BY 1
    """)
    assert min(n for _won, n in won.values()) > 60
    assert differ(*won[True], *won[False])
    assert won[True][0] / won[True][1] > won[False][0] / won[False][1]


def test_an_answer_within_the_hour_qualifies_more():
    qualified = ask("""
        WITH lead AS ({leads})
        SELECT coalesce(waited <= interval '1 hour', false), count(*) FILTER (WHERE qualified),
            count(*)
        FROM lead WHERE qualified OR outcome <> 'open' GROUP BY 1
    """)
    assert differ(*qualified[True], *qualified[False])
    waited = ask("""
        WITH lead AS ({leads})
        SELECT name IN ('Emeka Obi', 'Jonas Petersen'),
            count(*) FILTER (WHERE waited <= interval '1 hour'), count(*)
        FROM lead WHERE name IS NOT NULL GROUP BY 1
    """)
    assert differ(*waited[True], *waited[False])
    (never, answered) = ask("""
        WITH lead AS ({leads})
        SELECT 1, count(*) FILTER (WHERE waited IS NULL),
            count(*) FILTER (WHERE waited IS NOT NULL)
        FROM lead
    """)[1]
    assert 0 < never < answered


# What the reports say of it -------------------------------------------------------------------------


def box_of(
    client: Client, page: str, panel: str, *, who: str = "helene", span: str = "year"
) -> str:
    """What a box says to who leads Alps and Vienna, or to somebody else."""
    client.force_login(User.objects.get(email=f"{who}@brunnmark.example"))
    with time_machine.travel(NOW, tick=False):
        address = f"/reports/{page}/?span={span}" if page else f"/reports/?span={span}"
        text = unescape(client.get(address).content.decode())
    found = text.partition(f'id="panel-{panel}"')[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", found)


def test_the_start_says_of_all_five_numbers_whether_the_week_is_news(client: Client) -> None:
    """What stands open and what it brings a day by their change, the others by their height."""
    box = box_of(client, "", "numbers")
    said = re.findall(r'<div class="meta">([^<]*(?: a week\)|weeks in a row)[^<]*)</div>', box)
    assert len(said) == 5
    assert sum(bool(re.match(r"Week of [^:]+: [+\u2212]€", words)) for words in said) == 2


def test_the_process_page_says_what_could_be_asked_earlier(client: Client) -> None:
    box = box_of(client, "process", "earlier")
    assert "Concern raised from the proposal on: " in box
    assert "/reports/rows/objected_late/" in box


def test_the_time_page_names_the_bottleneck(client: Client) -> None:
    assert "<b>Proposal is the bottleneck</b>" in box_of(client, "time", "stages")


def test_the_process_page_says_which_team_drifts(client: Client) -> None:
    """And of no other team that it does (CHECKLIST D13)."""
    say = box_of(client, "process", "drift").partition('<p class="say">')[2].partition("</p>")[0]
    assert re.fullmatch(
        r"<b>Alps keeps the path less</b>: \d+% in the first half, \d+% in the second.", say
    )


def test_the_process_page_says_what_an_early_offer_costs(client: Client) -> None:
    say = box_of(client, "process", "early")
    early, timely = re.findall(r"After an early offer <b>(\d+)%</b> are won, else (\d+)%", say)[0]
    assert int(early) < 0.8 * int(timely)


def test_the_process_page_says_which_version_has_helped(client: Client) -> None:
    """The survey of a line came with Vienna's second; of the organisation's, which is young, nothing."""
    say = box_of(client, "process", "versions").partition('<p class="say">')[2].partition("</p>")[0]
    now, before = re.findall(r"Needs analysis under Vienna 2 \((\d+)%, (\d+)% before\)", say)[0]
    assert int(now) > int(before)
    assert say.startswith("<b>More go on</b>")
    assert "Brunnmark Systems" not in say


def test_the_process_page_names_a_step_that_others_could_take_up(client: Client) -> None:
    box = box_of(client, "process", "candidates", span="90d")
    assert "Fit for all? Vienna does it in most visits." in box


def test_the_people_page_says_of_whom_too_little_is_on_record(client: Client) -> None:
    """Whose figures give way to what is missing: below the line stands nobody else so far."""
    box = box_of(client, "people", "effort", who="tomasz")
    assert "Emeka Obi" in box
    assert "to repair" in box


@pytest.mark.parametrize("shown", PAGES.values(), ids=PAGES)
def test_a_page_of_the_reports_costs_no_more_for_it(client: Client, shown: ReportPage) -> None:
    """Where there is something to tell, each box asks for all that it can tell."""
    admin = User.objects.get(email="agnes@brunnmark.example")
    manager = User.objects.get(email="tomasz@brunnmark.example")
    client.force_login(manager if shown.who(manager) else admin)
    with time_machine.travel(NOW, tick=False):
        client.get(address(shown))  # what is kept for all requests is asked once
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address(shown))
    assert answer.status_code == 200
    assert len(asked) <= QUERIES, "\n\n".join(query["sql"][:300] for query in asked)
    assert len(answer.content) <= BYTES
