"""The headline figures of each page of the reports by hand-written SQL: what they are held to.

A page draws ten to a hundred figures more, with their coverage, uncertainty, names and words, and
checks for each what its reader may see; here stand the numbers alone. What a page shows first of the
period before as well is asked here of both.
"""

from collections.abc import Mapping, Sequence

from pipeline.models import Role

# What `{visits}`, `{deals}` and `{acts}` stand for: whose the rows are.
_MINE = {
    "visits": "v.entry_owner_id = %(me)s",
    "deals": "d.owner_id = %(me)s",
    "acts": "a.owner_id = %(me)s",
}
_TEAMS = "(SELECT id FROM pipeline_team WHERE manager_id = %(me)s)"
_TEAM = {
    "visits": f"v.entry_team_id IN {_TEAMS}",
    "deals": f"d.team_id IN {_TEAMS}",
    "acts": f"a.owner_id IN (SELECT id FROM pipeline_user WHERE team_id IN {_TEAMS})",  # noqa: S608
}
_ALL = {"visits": "TRUE", "deals": "TRUE", "acts": "TRUE"}
SCOPES: Mapping[str, Mapping[str, str]] = {
    Role.SALESPERSON: _MINE,
    Role.MANAGER: _TEAM,
    Role.ADMIN: _ALL,
}

_OPEN = """
    SELECT d.stage, count(*), sum(d.amount) FROM crm_deal d
    WHERE d.outcome = 'open' AND {deals} GROUP BY d.stage ORDER BY d.stage
"""
_WAYS = """
    SELECT v.stage, count(*), count(*) FILTER (WHERE v.left_how = 'advanced'),
           count(*) FILTER (WHERE v.left_how = 'back'), count(*) FILTER (WHERE v.left_how = 'won'),
           count(*) FILTER (WHERE v.left_how = 'stopped'),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY v.left_at - v.entered_at)
    FROM crm_stagevisit v
    WHERE v.entered_at >= %(start)s AND {visits} GROUP BY v.stage ORDER BY v.stage
"""
_LEFT = """
    SELECT v.stage, count(*), count(*) FILTER (WHERE v.left_how IN ('advanced', 'won')),
           percentile_cont(ARRAY[0.5, 0.75]) WITHIN GROUP (ORDER BY v.left_at - v.entered_at)
    FROM crm_stagevisit v
    WHERE v.left_at >= %(start)s AND {visits} GROUP BY v.stage ORDER BY v.stage
"""
_CLOSED = """
    SELECT d.outcome, count(*), sum(d.amount), avg(d.amount),
           avg(d.closed_at - (SELECT v.entered_at FROM crm_stagevisit v
                              WHERE v.deal_id = d.id AND v.sequence = 1))
    FROM crm_deal d WHERE d.closed_at >= %(start)s AND {deals} GROUP BY d.outcome
"""
# The same of the period before, which begins `before`.
_CLOSED_TWICE = """
    SELECT d.closed_at >= %(start)s, d.outcome, count(*), sum(d.amount), avg(d.amount),
           avg(d.closed_at - (SELECT v.entered_at FROM crm_stagevisit v
                              WHERE v.deal_id = d.id AND v.sequence = 1))
    FROM crm_deal d WHERE d.closed_at >= %(before)s AND {deals} GROUP BY 1, 2
"""
# What stood open when the period began.
_OPEN_BEFORE = """
    SELECT v.stage, count(*), sum(d.amount)
    FROM crm_stagevisit v JOIN crm_deal d ON d.id = v.deal_id
    WHERE v.entered_at < %(start)s AND (v.left_how IS NULL OR v.left_at >= %(start)s) AND {visits}
    GROUP BY v.stage ORDER BY v.stage
"""
_CHANGES = """
    SELECT c.kind, count(*), count(DISTINCT c.deal_id),
           sum((c.data -> 'new' ->> 'amount')::numeric - (c.data -> 'old' ->> 'amount')::numeric)
               FILTER (WHERE c.kind = 'amount'),
           count(*) FILTER (WHERE c.kind = 'expected_close_on'
                            AND c.data ->> 'new' > c.data ->> 'old')
    FROM crm_dealchange c JOIN crm_deal d ON d.id = c.deal_id
    WHERE c.at >= %(start)s AND {deals} GROUP BY c.kind
"""
_TALKS = """
    SELECT a.owner_id, a.stage, count(*) FROM crm_activity a
    WHERE a.done_at >= %(start)s AND a.kind IN ('call', 'meeting') AND {acts}
    GROUP BY a.owner_id, a.stage
"""
_BY_PERSON = """
    SELECT v.entry_owner_id, v.stage, count(*),
           count(*) FILTER (WHERE v.left_how IN ('advanced', 'won'))
    FROM crm_stagevisit v
    WHERE v.left_at >= %(start)s AND {visits} GROUP BY v.entry_owner_id, v.stage
"""
_KEPT = """
    SELECT d.owner_id, count(*), count(*) FILTER (WHERE d.next_at >= now()),
           count(*) FILTER (WHERE d.amount IS NOT NULL),
           count(*) FILTER (WHERE d.expected_close_on >= current_date),
           count(*) FILTER (WHERE d.touched_at >= now() - interval '14 days')
    FROM crm_deal d WHERE d.outcome = 'open' AND {deals} GROUP BY d.owner_id
"""

# Of both periods: closed deals that went through the stages in order and past no gate, and steps.
_FOLLOWED = """
    SELECT d.closed_at >= %(start)s, count(*),
           count(*) FILTER (WHERE w.missing = 0 AND NOT w.returned AND j.n = 0)
    FROM crm_deal d
    JOIN LATERAL (SELECT max(v.stage) - min(v.stage) + 1 - count(DISTINCT v.stage) AS missing,
                         bool_or(v.entered_how IN ('back', 'reopened')) AS returned
                  FROM crm_stagevisit v WHERE v.deal_id = d.id) w ON TRUE
    JOIN LATERAL (SELECT count(*) AS n FROM crm_judgement j WHERE j.deal_id = d.id) j ON TRUE
    WHERE d.closed_at >= %(before)s AND {deals} GROUP BY 1
"""
_STEPS = """
    SELECT r.at >= %(start)s, count(*), count(*) FILTER (WHERE r.state = 'overridden')
    FROM crm_stepresult r JOIN crm_deal d ON d.id = r.deal_id
    WHERE r.at >= %(before)s AND r.replaced_at IS NULL AND r.private_to_id IS NULL AND {deals}
    GROUP BY 1
"""

# By page of the reports; `person` is the page about oneself.
HEADLINES: Mapping[str, Sequence[str]] = {
    "overview": (_OPEN, _OPEN_BEFORE, _WAYS, _CLOSED_TWICE, _CHANGES),
    "pipeline": (_OPEN, _WAYS, _CLOSED, _CHANGES),
    "funnel": (_WAYS, _LEFT),
    "time": (_LEFT, _WAYS, _OPEN),
    "people": (_BY_PERSON, _TALKS),
    "person": (_BY_PERSON, _TALKS, _CLOSED, _KEPT),
    "wins": (
        _CLOSED_TWICE,
        """
        SELECT d.cause_id, d.stage, count(*) FROM crm_deal d
        WHERE d.closed_at >= %(start)s AND d.outcome = 'stopped' AND {deals}
        GROUP BY d.cause_id, d.stage
        """,
        """
        SELECT d.company_id, sum(d.amount) FROM crm_deal d
        WHERE d.closed_at >= %(start)s AND d.outcome = 'won' AND {deals}
        GROUP BY d.company_id ORDER BY 2 DESC LIMIT 10
        """,
    ),
    "sources": (
        """
        SELECT d.source_id, count(*), count(*) FILTER (WHERE r.reached >= 4),
               count(*) FILTER (WHERE EXISTS (
                   SELECT 1 FROM crm_activity a WHERE a.deal_id = d.id AND a.done_at IS NOT NULL
                       AND a.kind IN ('call', 'meeting') AND a.result = 'reached')),
               count(*) FILTER (WHERE EXISTS (
                   SELECT 1 FROM crm_offer o WHERE o.deal_id = d.id)),
               count(*) FILTER (WHERE d.outcome = 'won'),
               sum(d.amount) FILTER (WHERE d.outcome = 'won')
        FROM crm_deal d
        JOIN crm_stagevisit f ON f.deal_id = d.id AND f.sequence = 1
        JOIN LATERAL (SELECT max(v.stage) AS reached FROM crm_stagevisit v
                      WHERE v.deal_id = d.id) r ON TRUE
        WHERE f.entered_at >= %(start)s AND {deals} GROUP BY d.source_id
        """,
        """
        SELECT d.source_id, count(*) FROM crm_deal d
        JOIN crm_stagevisit f ON f.deal_id = d.id AND f.sequence = 1
        WHERE f.entered_at >= %(before)s AND f.entered_at < %(start)s AND {deals}
        GROUP BY d.source_id
        """,
    ),
    "process": (
        _FOLLOWED,
        _STEPS,
        """
        SELECT v.left_at >= %(start)s, v.stage, v.playbook, count(*),
               count(*) FILTER (WHERE v.left_how IN ('advanced', 'won')),
               count(*) FILTER (WHERE v.left_how = 'back'), count(j.id)
        FROM crm_stagevisit v LEFT JOIN crm_judgement j ON j.visit_id = v.id
        WHERE v.left_at >= %(before)s AND {visits} GROUP BY 1, 2, 3
        """,
    ),
    "consistency": (
        _KEPT,
        # Gates stand beside the rules of each person.
        """
        SELECT v.entry_owner_id, v.stage, count(*), count(j.id)
        FROM crm_stagevisit v LEFT JOIN crm_judgement j ON j.visit_id = v.id
        WHERE v.left_at >= %(start)s AND v.left_how IN ('advanced', 'won') AND {visits}
        GROUP BY v.entry_owner_id, v.stage
        """,
    ),
    # What it asks by itself: the win rate by source.
    "ask": (
        """
        SELECT d.source_id, count(*) FILTER (WHERE d.outcome = 'won'), count(*) FROM crm_deal d
        WHERE d.closed_at >= %(start)s AND {deals} GROUP BY d.source_id
        """,
    ),
    "teams": (
        """
        SELECT v.entry_team_id, v.stage, count(*),
               count(*) FILTER (WHERE v.left_how IN ('advanced', 'won')),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY v.left_at - v.entered_at)
        FROM crm_stagevisit v
        WHERE v.left_at >= %(start)s AND {visits} GROUP BY v.entry_team_id, v.stage
        """,
        _CLOSED,
    ),
}
