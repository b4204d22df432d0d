"""Limit pages: the least work that a view could do for the same kind of page.

They use the same middleware and session as the product's pages, without scope, filters, forms and
layout.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from crm.queries.search import MAX_HITS


@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """50 rows by one indexed query, in a bare table."""
    found = _fetch(
        """
        SELECT d.id, d.name, c.name, d.amount, d.stage, d.created_at, d.next_at, d.next_kind
        FROM crm_deal d LEFT JOIN crm_company c ON c.id = d.company_id
        WHERE d.owner_id = %s AND d.outcome = 'open' AND d.stage = 3
        ORDER BY d.attention_at NULLS FIRST, d.id LIMIT 50
        """,
        [request.GET["seller"]],
    )
    return render(request, "bench/rows.html", {"rows": found})


@require_POST
def insert(request: HttpRequest) -> HttpResponse:
    """One row of an activity, unjudged."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO crm_activity (kind, subject, body, deal_id, owner_id, done_at,
                                      result, stage, created_at, version)
            VALUES ('note', '', %s, %s, %s, now(), '', 3, now(), 1)
            """,
            [request.POST["body"], int(request.POST["deal"]), request.user.pk],
        )
    return HttpResponse("stored")


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """The same hits by hand-written SQL."""
    found = _fetch(
        """
        SELECT kind, record_id, title, hint FROM crm_searchentry
        WHERE plain LIKE '%%' || seven_words(%s) || '%%' AND (kind <> 'deal' OR owner_id = %s)
        ORDER BY current DESC, title LIMIT %s
        """,
        [request.GET["q"], request.user.pk, MAX_HITS],
    )
    return render(request, "bench/rows.html", {"rows": found})


@require_GET
def funnel(request: HttpRequest) -> HttpResponse:
    """Entries, ways out and median of a team's 90 days by hand-written SQL."""
    found = _fetch(
        """
        SELECT stage, count(*), count(*) FILTER (WHERE left_how = 'advanced'),
               count(*) FILTER (WHERE left_how = 'back'), count(*) FILTER (WHERE left_how = 'won'),
               count(*) FILTER (WHERE left_how = 'stopped'),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY left_at - entered_at)
        FROM crm_stagevisit
        WHERE entered_at >= now() - interval '90 days'
          AND entry_team_id IN (SELECT id FROM pipeline_team WHERE manager_id = %s)
        GROUP BY stage ORDER BY stage
        """,
        [request.user.pk],
    )
    return render(request, "bench/rows.html", {"rows": found})


def _fetch(sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())
