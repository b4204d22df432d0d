"""Limit pages: the least work that a view could do for the same kind of page.

They use the same middleware and session as the product's pages, without scope, filters, forms and
layout.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from bench.report_limits import HEADLINES, SCOPES
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


@require_GET
def day(request: HttpRequest) -> HttpResponse:
    """What is due of the reader's, and the first of the own deals without anything planned."""
    me = {"me": request.user.pk}
    due = _fetch(
        """
        SELECT act.id, act.kind, act.due_by, d.name, c.name
        FROM crm_activity act JOIN crm_deal d ON d.id = act.deal_id
        LEFT JOIN crm_company c ON c.id = d.company_id
        WHERE act.owner_id = %(me)s AND act.done_at IS NULL AND act.cancelled_at IS NULL
            AND act.due_by < now() + interval '1 day'
        ORDER BY act.due_by LIMIT 40
        """,
        me,
    )
    unplanned = _fetch(
        """
        SELECT d.id, d.stage, coalesce(d.touched_at, d.created_at), d.name, c.name
        FROM crm_deal d LEFT JOIN crm_company c ON c.id = d.company_id
        WHERE d.owner_id = %(me)s AND d.outcome = 'open' AND d.next_kind = ''
        ORDER BY coalesce(d.touched_at, d.created_at) LIMIT 40
        """,
        me,
    )
    return render(request, "bench/rows.html", {"rows": [*due, *unplanned]})


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
def report(request: HttpRequest, key: str) -> HttpResponse:
    """The headline figures of a page of the reports, of the last `days` days."""
    scope = SCOPES[request.user.role]  # type: ignore[union-attr]  # only who is signed in asks
    span = dt.timedelta(days=int(request.GET["days"]))
    start = timezone.now() - span
    asked = {"me": request.user.pk, "start": start, "before": start - span}
    found = [row for sql in HEADLINES[key] for row in _fetch(sql.format(**scope), asked)]
    return render(request, "bench/rows.html", {"rows": found})


def _fetch(sql: str, arguments: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())
