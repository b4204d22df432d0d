"""The undo of a batch takes a team with what was published of its process, as it takes the team's
deals with their closed visits; it says so for its own transaction (crm, 0002)."""

import django.db.models.deletion
from django.db import migrations, models

LET_GO = """
CREATE OR REPLACE FUNCTION pipeline_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('seven.undo', true), '') = 'batch' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'version % of layer % is published: it cannot be changed', OLD.number, OLD.layer_id
        USING ERRCODE = 'restrict_violation';
END
$$;
"""

HOLD = """
CREATE OR REPLACE FUNCTION pipeline_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % of layer % is published: it cannot be changed', OLD.number, OLD.layer_id
        USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0006_restored_version")]

    operations = [
        migrations.RunSQL(LET_GO, HOLD),
        migrations.AlterField(
            model_name="version",
            name="layer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="pipeline.layer",
            ),
        ),
    ]
