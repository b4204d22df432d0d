"""A planned day is a date, the day that the owner of the plan meant; only an hour is an instant.

Until now a day was the instant at which it ends, 23:59, where its owner is: so is it read back. Who
changed the zone of the profile since has it there as another hour: then it was the organisation's.
"""

from django.conf import settings
from django.db import migrations, models

TO_DATES = """
CREATE TEMPORARY TABLE zone_of ON COMMIT DROP AS
WITH organisation AS (SELECT time_zone FROM pipeline_team WHERE parent_id IS NULL),
known AS MATERIALIZED (SELECT name FROM pg_timezone_names)
SELECT u.id AS owner_id, coalesce(own.name, home.name, 'UTC') AS own,
    coalesce(home.name, 'UTC') AS home
FROM pipeline_user u LEFT JOIN organisation ON true
LEFT JOIN known own ON own.name = u.time_zone
LEFT JOIN known home ON home.name = organisation.time_zone;

UPDATE crm_activity a SET due_by = due_at,
    due_on = CASE WHEN a.all_day THEN (a.due_at AT TIME ZONE CASE
        WHEN (a.due_at AT TIME ZONE z.own)::time <> '23:59'
            AND (a.due_at AT TIME ZONE z.home)::time = '23:59' THEN z.home
        ELSE z.own END)::date END,
    due_at = CASE WHEN a.all_day THEN NULL ELSE a.due_at END
FROM zone_of z WHERE z.owner_id = a.owner_id AND a.due_at IS NOT NULL;

UPDATE crm_deal d SET next_on = first.due_on, next_at = first.due_at,
    next_kind = coalesce(first.kind, '')
FROM crm_deal same LEFT JOIN LATERAL (
    SELECT due_on, due_at, kind FROM crm_activity a
    WHERE a.deal_id = same.id AND a.done_at IS NULL AND a.cancelled_at IS NULL
    ORDER BY due_by, id LIMIT 1
) first ON true
WHERE same.id = d.id AND d.next_all_day;
"""
TO_INSTANTS = """
UPDATE crm_deal d SET next_all_day = true, next_on = NULL, next_at = first.due_by
FROM (
    SELECT DISTINCT ON (deal_id) deal_id, due_by FROM crm_activity
    WHERE done_at IS NULL AND cancelled_at IS NULL ORDER BY deal_id, due_by, id
) first
WHERE first.deal_id = d.id AND d.next_on IS NOT NULL;
UPDATE crm_activity SET all_day = true, due_at = due_by WHERE due_on IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0017_readings_of_imports"),
        ("pipeline", "0008_mails_about_the_process"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='activity',
            name='activity_planned_or_done',
        ),
        migrations.RemoveConstraint(
            model_name='activity',
            name='activity_note_is_not_planned',
        ),
        migrations.RemoveConstraint(
            model_name='deal',
            name='deal_next_at_with_its_kind',
        ),
        migrations.RemoveIndex(
            model_name='activity',
            name='activity_next_of_deal',
        ),
        migrations.RemoveIndex(
            model_name='activity',
            name='activity_due_of_owner',
        ),
        migrations.RemoveIndex(
            model_name='activity',
            name='activity_due',
        ),
        migrations.AddField(
            model_name='activity',
            name='due_by',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='activity',
            name='due_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='deal',
            name='next_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.RunSQL(TO_DATES, TO_INSTANTS),
        migrations.RemoveField(
            model_name='activity',
            name='all_day',
        ),
        migrations.RemoveField(
            model_name='deal',
            name='next_all_day',
        ),
        migrations.AddIndex(
            model_name='activity',
            index=models.Index(condition=models.Q(('cancelled_at', None), ('done_at', None)), fields=['deal', 'due_by'], name='activity_next_of_deal'),
        ),
        migrations.AddIndex(
            model_name='activity',
            index=models.Index(condition=models.Q(('cancelled_at', None), ('done_at', None)), fields=['owner', 'due_by'], name='activity_due_of_owner'),
        ),
        migrations.AddIndex(
            model_name='activity',
            index=models.Index(condition=models.Q(('cancelled_at', None), ('done_at', None)), fields=['due_by', 'id'], include=('holder', 'holder_team'), name='activity_due'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(('due_by__isnull', False), ('done_at__isnull', False), _connector='OR'), name='activity_planned_or_done'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at', None), ('due_by', None), ('due_on', None)), models.Q(('due_at', None), ('due_by__isnull', False), ('due_on__isnull', False)), models.Q(('due_at__isnull', False), ('due_by', models.F('due_at')), ('due_on', None)), _connector='OR'), name='activity_due_on_a_day_or_at_an_hour'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'note'), _negated=True), ('due_by', None), _connector='OR'), name='activity_note_is_not_planned'),
        ),
        migrations.AddConstraint(
            model_name='deal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('next_at', None), ('next_kind', ''), ('next_on', None)), models.Q(models.Q(('next_kind', ''), _negated=True), ('next_at', None), ('next_on__isnull', False)), models.Q(models.Q(('next_kind', ''), _negated=True), ('next_at__isnull', False), ('next_on', None)), _connector='OR'), name='deal_next_with_its_kind'),
        ),
    ]
