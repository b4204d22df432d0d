"""Each visit repeats in whose reach it lies, as activities do (0012): its deal's owner and team of today.

By triggers, whoever writes. A closed visit stays frozen in everything else: the trigger that says so
looks at all columns but these two, which nobody sets, because another one fills them in anew.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Every column but the holder's.
FROZEN = (
    *("id", "deal_id", "sequence", "stage", "entered_at", "entered_how", "entered_by_id"),
    *("reason", "entry_owner_id", "entry_team_id", "entry_amount", "version_ids", "playbook"),
    *("left_at", "left_how", "left_by_id", "exit_owner_id", "exit_team_id", "exit_amount"),
)
KEEP = f"""
DROP TRIGGER frozen ON crm_stagevisit;
CREATE TRIGGER frozen BEFORE DELETE OR UPDATE OF {", ".join(FROZEN)} ON crm_stagevisit
    FOR EACH ROW EXECUTE FUNCTION crm_stagevisit_frozen();

CREATE FUNCTION crm_stagevisit_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT owner_id, team_id INTO NEW.holder_id, NEW.holder_team_id
    FROM crm_deal WHERE id = NEW.deal_id FOR SHARE;
    RETURN NEW;
END
$$;
CREATE TRIGGER held BEFORE INSERT OR UPDATE OF deal_id, holder_id, holder_team_id
    ON crm_stagevisit FOR EACH ROW EXECUTE FUNCTION crm_stagevisit_held();

CREATE OR REPLACE FUNCTION crm_deal_changed_hands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_activity SET holder_id = NEW.owner_id, holder_team_id = NEW.team_id
    WHERE deal_id = NEW.id;
    UPDATE crm_stagevisit SET holder_id = NEW.owner_id, holder_team_id = NEW.team_id
    WHERE deal_id = NEW.id;
    RETURN NULL;
END
$$;
"""
LEAVE = """
CREATE OR REPLACE FUNCTION crm_deal_changed_hands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_activity SET holder_id = NEW.owner_id, holder_team_id = NEW.team_id
    WHERE deal_id = NEW.id;
    RETURN NULL;
END
$$;
DROP TRIGGER held ON crm_stagevisit;
DROP FUNCTION crm_stagevisit_held();
DROP TRIGGER frozen ON crm_stagevisit;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON crm_stagevisit
    FOR EACH ROW EXECUTE FUNCTION crm_stagevisit_frozen();
"""


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
        ("crm", "0044_party_merges"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("stagevisit", "holder", _repeated(settings.AUTH_USER_MODEL)),
        migrations.AddField("stagevisit", "holder_team", _repeated("pipeline.team")),
        migrations.RunSQL(KEEP, LEAVE),
    ]
