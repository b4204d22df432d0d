"""For which stage of its deal counts what was done at an instant."""

# In which stage the deal `d` was at an instant.
STOOD = """
    CASE
    WHEN d.closed_at <= {at} THEN NULL
    WHEN d.stage_entered_at IS NULL OR d.stage_entered_at <= {at} THEN d.stage
    ELSE (
        SELECT CASE WHEN v.left_how IN ('won', 'stopped') AND v.left_at <= {at} THEN NULL ELSE v.stage END
        FROM crm_stagevisit AS v WHERE v.deal_id = d.id
        ORDER BY (v.entered_at IS NULL OR v.entered_at <= {at}) DESC,
            CASE WHEN v.entered_at IS NULL OR v.entered_at <= {at} THEN -v.sequence ELSE v.sequence END
        LIMIT 1
    )
    END
"""
