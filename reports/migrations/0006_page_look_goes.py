"""The table stays while the version before this one may still write to it, and holds nobody."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _loose(**options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        django.db.models.deletion.CASCADE,
        related_name="+",
        db_constraint=False,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0005_looks_are_audited")]

    operations = [
        migrations.AlterField("pagelook", "by", _loose()),
        migrations.AlterField("pagelook", "person", _loose(db_index=False)),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("PageLook")]),
    ]
