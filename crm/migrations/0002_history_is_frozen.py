"""Closed visits are frozen, whoever writes: the application, a shell or a bulk load.

An open visit may only be closed; how it began never changes. The undo of a batch (an import, or
the sample data) says so for its own transaction with `SET LOCAL seven.undo = 'batch'`.
"""

from django.db import migrations

FREEZE = """
CREATE FUNCTION crm_stagevisit_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('seven.undo', true), '') = 'batch' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'visit % of deal % is history: it cannot be deleted', OLD.sequence, OLD.deal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.left_how IS NOT NULL THEN
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
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON crm_stagevisit
    FOR EACH ROW EXECUTE FUNCTION crm_stagevisit_frozen();
"""

THAW = """
DROP TRIGGER frozen ON crm_stagevisit;
DROP FUNCTION crm_stagevisit_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [migrations.RunSQL(FREEZE, THAW)]
