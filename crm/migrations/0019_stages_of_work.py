"""Work without a deal counts for stage 1, and so does whoever speaks to the other side after a deal
had its outcome; what is ours alone counts for no stage then (`queries.activity`).

What was recorded in the moment of closing belongs to it and stays.
"""

from django.db import migrations

MEND = """
UPDATE crm_activity SET stage = 1 WHERE deal_id IS NULL AND done_at IS NOT NULL AND stage IS NULL;

UPDATE crm_activity a SET stage = CASE WHEN a.kind IN ('call', 'email', 'meeting') THEN 1 END
FROM crm_stagevisit ended JOIN crm_deal d ON d.id = ended.deal_id
WHERE ended.deal_id = a.deal_id AND ended.left_how IN ('won', 'stopped')
    AND a.done_at > coalesce(ended.left_at, d.closed_at)
    AND NOT EXISTS (
        SELECT FROM crm_stagevisit later
        WHERE later.deal_id = ended.deal_id AND later.sequence > ended.sequence
            AND coalesce(later.entered_at <= a.done_at, true)
    );
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0018_days_are_dates")]
    operations = [migrations.RunSQL(MEND, migrations.RunSQL.noop)]
