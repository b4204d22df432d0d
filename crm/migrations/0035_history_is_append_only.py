"""As with the history of people (pipeline, 0022): what happened to deals, companies, contacts and
settings, and what gates were passed with something missing, is only written."""

from django.db import migrations

TABLES = ("crm_dealchange", "crm_partychange", "crm_judgement")
# When a merge was undone is noted once, and nothing else.
SETTINGS = """
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF
    id, kind, data, setting, record_id, name, kept, at, by_id ON crm_settingchange
    FOR EACH ROW EXECUTE FUNCTION seven_append_only();
CREATE TRIGGER undone_once BEFORE UPDATE OF undone_at ON crm_settingchange
    FOR EACH ROW WHEN (OLD.undone_at IS NOT NULL) EXECUTE FUNCTION seven_append_only();
"""
LOOSE = "DROP TRIGGER append_only ON crm_settingchange; DROP TRIGGER undone_once ON crm_settingchange;"


def hold(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION seven_append_only()",
        f"DROP TRIGGER append_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0034_judgement_from_stage"),
        ("pipeline", "0022_history_is_append_only"),
    ]

    operations = [*(hold(table) for table in TABLES), migrations.RunSQL(SETTINGS, LOOSE)]
