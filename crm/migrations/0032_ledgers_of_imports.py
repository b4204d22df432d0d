import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What admins and the command brought in is the organisation's. The table of imports belongs to
# another app by now, and is where it always was.
TO_WHO_IMPORTED = """
UPDATE crm_importedrow AS l SET owner_id = b.by_id
FROM pipeline_batch AS b JOIN pipeline_user AS u ON u.id = b.by_id
WHERE b.id = l.batch_id AND u.role <> 'admin'
  AND NOT EXISTS (SELECT FROM crm_importjob AS j WHERE j.batch_id = b.id AND j.kind = 'files')
"""


class Migration(migrations.Migration):
    """Each person who imports has a ledger of his or her own; it was one for everybody."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("crm", "0031_facts_of_deals"),
    ]

    operations = [
        migrations.AddField(
            model_name="importedrow",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RemoveConstraint(model_name="importedrow", name="imported_row_once"),
        migrations.RunSQL(TO_WHO_IMPORTED, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="importedrow",
            constraint=models.UniqueConstraint(
                fields=("system", "kind", "external_id", "owner"),
                name="imported_row_once_a_ledger",
                nulls_distinct=False,
            ),
        ),
    ]
