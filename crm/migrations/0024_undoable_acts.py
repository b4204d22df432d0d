"""What was just done can be taken back whole: with the visits that it closed and began.

A closed visit stays frozen for everything else. The undo of an act says so for its own transaction
with `SET LOCAL seven.undo = 'act'`: then a visit that the act began may go, and the one that it
closed goes on again as it began.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FREEZE = """
CREATE OR REPLACE FUNCTION crm_stagevisit_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('seven.undo', true), '') IN ('batch', 'act') AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'visit % of deal % is history: it cannot be deleted', OLD.sequence, OLD.deal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.left_how IS NOT NULL
        AND NOT (coalesce(current_setting('seven.undo', true), '') = 'act' AND NEW.left_how IS NULL)
    THEN
        RAISE EXCEPTION 'visit % of deal % is closed: it cannot be changed', OLD.sequence, OLD.deal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.id, OLD.deal_id, OLD.sequence, OLD.stage, OLD.entered_at, OLD.entered_how,
        OLD.entered_by_id, OLD.reason, OLD.entry_owner_id, OLD.entry_team_id, OLD.entry_amount)
       IS DISTINCT FROM
       (NEW.id, NEW.deal_id, NEW.sequence, NEW.stage, NEW.entered_at, NEW.entered_how,
        NEW.entered_by_id, NEW.reason, NEW.entry_owner_id, NEW.entry_team_id, NEW.entry_amount)
    THEN
        RAISE EXCEPTION 'how visit % of deal % began is history: it can only be closed',
            OLD.sequence, OLD.deal_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""
BEFORE = FREEZE.replace("IN ('batch', 'act')", "= 'batch'").replace(
    """
        AND NOT (coalesce(current_setting('seven.undo', true), '') = 'act' AND NEW.left_how IS NULL)
    THEN""",
    " THEN",
)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0023_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UndoableAct",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("verb", models.CharField(max_length=20)),
                ("version", models.PositiveIntegerField()),
                ("rows", models.JSONField(default=list)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.deal",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["by", "at"], name="undoable_act_of")],
            },
        ),
        migrations.RunSQL(FREEZE, BEFORE),
        migrations.AddField(
            model_name="company",
            name="relationship_before_win",
            field=models.CharField(
                blank=True,
                choices=[
                    ("never_bought", "Never bought"),
                    ("customer", "Customer"),
                    ("former", "Former customer"),
                    ("inactive", "Inactive"),
                ],
                max_length=12,
                null=True,
            ),
        ),
    ]
