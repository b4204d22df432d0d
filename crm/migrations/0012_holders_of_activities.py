"""Each activity repeats in whose reach it lies: see the model.

By triggers, because activities and deals are written in many ways: by commands, imports, the undo
of a batch and bulk loads. The deal's row is locked for the reading, so that an activity that is
written while its deal changes hands waits for it, or is found by it.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEEP = """
CREATE FUNCTION crm_activity_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.deal_id IS NULL THEN
        NEW.holder_id := NEW.owner_id;
        NEW.holder_team_id := NULL;
    ELSE
        SELECT owner_id, team_id INTO NEW.holder_id, NEW.holder_team_id
        FROM crm_deal WHERE id = NEW.deal_id FOR SHARE;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER held BEFORE INSERT OR UPDATE OF deal_id, owner_id, holder_id, holder_team_id
    ON crm_activity FOR EACH ROW EXECUTE FUNCTION crm_activity_held();

CREATE FUNCTION crm_deal_changed_hands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_activity SET holder_id = NEW.owner_id, holder_team_id = NEW.team_id
    WHERE deal_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER changed_hands AFTER UPDATE OF owner_id, team_id ON crm_deal FOR EACH ROW
    WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id OR OLD.team_id IS DISTINCT FROM NEW.team_id)
    EXECUTE FUNCTION crm_deal_changed_hands();
"""
LEAVE = """
DROP TRIGGER changed_hands ON crm_deal;
DROP FUNCTION crm_deal_changed_hands();
DROP TRIGGER held ON crm_activity;
DROP FUNCTION crm_activity_held();
"""
# What there is already, before the triggers: one statement instead of one lock for each.
REPEAT = """
UPDATE crm_activity AS a SET holder_id = d.owner_id, holder_team_id = d.team_id
FROM crm_deal d WHERE d.id = a.deal_id;
UPDATE crm_activity SET holder_id = owner_id WHERE deal_id IS NULL;
"""
PLANNED = models.Q(("cancelled_at", None), ("done_at", None))


def _repeated(to: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=to,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0011_party_change"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("activity", "holder", _repeated(settings.AUTH_USER_MODEL)),
        migrations.AddField("activity", "holder_team", _repeated("pipeline.team")),
        migrations.RunSQL(REPEAT, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, LEAVE),
        migrations.RemoveIndex("activity", "activity_due"),
        migrations.RemoveIndex("activity", "activity_done"),
        migrations.AddIndex(
            "activity",
            models.Index(
                condition=PLANNED,
                fields=["due_at", "id"],
                include=["holder", "holder_team"],
                name="activity_due",
            ),
        ),
        migrations.AddIndex(
            "activity",
            models.Index(
                condition=models.Q(("done_at__isnull", False)),
                fields=["done_at", "id"],
                include=["holder", "holder_team"],
                name="activity_done",
            ),
        ),
    ]
