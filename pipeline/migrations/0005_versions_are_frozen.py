"""What was published stays as it was, whoever writes: deals name it as the process in force."""

from django.db import migrations

FREEZE = """
CREATE FUNCTION pipeline_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % of layer % is published: it cannot be changed', OLD.number, OLD.layer_id
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON pipeline_version
    FOR EACH ROW EXECUTE FUNCTION pipeline_version_frozen();
"""

THAW = """
DROP TRIGGER frozen ON pipeline_version;
DROP FUNCTION pipeline_version_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0004_process")]

    operations = [migrations.RunSQL(FREEZE, THAW)]
