"""One plan for all readers of a shape is as good as one for each of them.

A statement that is prepared is planned without its params. So the indexes are tried here that serve
some rows alone (open deals, opportunities), and those by which a page is found in order.
"""

import re

import pytest
from django.db import connection
from django.test import Client

from pipeline.models import User
from tests.conftest import Cast
from tests.statements import forget, prepared

# 500 people and 20,000 deals, a third of them closed, spread evenly.
FILL = """
INSERT INTO pipeline_user (
    name, password, role, style, team_id, time_zone, theme, language, process_mails, is_active, sign_outs, signs_on
) SELECT 'Seller ' || n, '', 'salesperson', 'mixed', %(team)s, '', 'auto', 'en', true, true, 0, false
FROM generate_series(1, 497) n;
INSERT INTO crm_deal (
    name, owner_id, team_id, stage, outcome, initiator, closed_at, currency, source_detail, closing_note,
    next_kind, attention_at, created_at, changed_at, stage_entered_at, version
) SELECT 'Deal ' || n, owners.ids[n %% cardinality(owners.ids) + 1], %(team)s, CASE WHEN n %% 3 > 0 THEN 1 + n %% 7 ELSE 7 END,
    CASE WHEN n %% 3 > 0 THEN 'open' ELSE 'won' END, '', CASE WHEN n %% 3 = 0 THEN at END, 'EUR', '', '',
    '', at, at, at, at, 1
FROM (SELECT array_agg(id) AS ids FROM pipeline_user) owners, generate_series(1, 20000) n,
    LATERAL (SELECT now() - make_interval(mins => n * 7919 %% 20011) AS at) moment;
ANALYZE pipeline_user;
ANALYZE crm_deal;
"""


@pytest.fixture
def many(cast: Cast) -> Cast:
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"team": cast.north.pk})
    return cast


def plans(client: Client, user: User, page: str) -> str:
    """The plans of all that a page has prepared."""
    client.force_login(user)
    forget()
    assert client.get(page).status_code == 200
    text = ""
    with connection.cursor() as cursor:
        for statement in prepared():
            if 'FROM "crm_deal"' in statement:
                cursor.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
                text += "\n".join(line for (line,) in cursor.fetchall())
    return text


# Of what is the reader's own, or a few people's, by owner; of everything, in the order of the page.
SERVES = {
    "ana": {
        "/board/": "deal_board_column_of_owner deal_sums",
        "/leads/list/": "deal_board_column_of_owner",
        "/deals/": "deal_sums",
    },
    "nora": {
        "/board/": "deal_board_column_of_owner deal_sums",
        "/leads/list/": "deal_board_column_of_owner",
        "/deals/": "deal_sums",
    },
    "adele": {
        "/board/": "deal_board_column",
        "/leads/list/": "deal_attention",
        "/opportunities/": "deal_attention_of_opportunity",
    },
}


def test_it_takes_the_index_that_serves_the_page(client: Client, many: Cast):
    for who, pages in SERVES.items():
        for page, indexes in pages.items():
            plan = plans(client, getattr(many, who), page)
            for name in indexes.split():
                assert re.search(rf"\b(using|on) {name}\b", plan), (who, page)
            assert who == "adele" or "Seq Scan on crm_deal" not in plan


def test_it_plans_a_list_within_a_wide_scope_each_time(client: Client, many: Cast):
    """For 500 of 503 people another plan is right than for the ten that a plan for all counts on."""
    assert many.again(many.mona).scope.is_wide
    assert plans(client, many.mona, "/leads/list/") == ""
