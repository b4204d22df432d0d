"""What happened is written once: no row of history is changed, and none is deleted but with what it
is about, by the undo of a batch or of an act, which says so for its own transaction (crm, 0002)."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION seven_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND coalesce(current_setting('seven.undo', true), '') IN ('batch', 'act') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'row % of % is history: it is only written', OLD.id, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""
HOLD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pipeline_peoplechange
    FOR EACH ROW EXECUTE FUNCTION seven_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0021_sign_in_attempts")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION seven_append_only()"),
        migrations.RunSQL(HOLD, "DROP TRIGGER append_only ON pipeline_peoplechange"),
    ]
