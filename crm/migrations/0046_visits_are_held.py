"""The visits that there are already say in whose reach they lie: in batches, while people work."""

from django.db import migrations, transaction

AT_ONCE = 5_000
# Deals before their visits, as every verb has it.
LOCK = "SELECT FROM crm_deal WHERE id >= %s AND id < %s ORDER BY id FOR SHARE"
# The trigger fills in what the deal says, whatever is set here.
REPEAT = """
    UPDATE crm_stagevisit SET holder_id = NULL
    WHERE deal_id >= %s AND deal_id < %s AND holder_team_id IS NULL
"""


def repeat(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT min(deal_id), max(deal_id) FROM crm_stagevisit")
        first, last = cursor.fetchone()
        for start in range(first or 0, (last or -1) + 1, AT_ONCE):
            with transaction.atomic(using=schema_editor.connection.alias):
                cursor.execute(LOCK, [start, start + AT_ONCE])
                cursor.execute(REPEAT, [start, start + AT_ONCE])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0045_holders_of_visits")]

    operations = [migrations.RunPython(repeat, migrations.RunPython.noop)]
