"""Who looked at whose figures stands in the audit, as who opened whose lists does."""

from django.db import migrations

MOVED = """
WITH gone AS (DELETE FROM reports_pagelook RETURNING *)
INSERT INTO pipeline_auditentry (at, by_id, kind, what, asked, rows, owner_ids)
SELECT max(at), by_id, 'view',
    CASE what WHEN 'page' THEN 'report_page' WHEN 'team' THEN 'report_team' ELSE 'report_rows' END,
    '', 0, array_agg(person_id ORDER BY person_id)
FROM gone GROUP BY by_id, "on", what
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("reports", "0004_saved_reports"), ("pipeline", "0026_audit_of_looks")]

    operations = [migrations.RunSQL(MOVED, migrations.RunSQL.noop)]
