import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def by() -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0014_process_note_batch"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("savedview", "version", models.PositiveIntegerField(default=1)),
        migrations.AddField("savedview", "changed_by", by()),
        migrations.AddField("activity", "version", models.PositiveIntegerField(default=1)),
        migrations.AddField("activity", "changed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "activity",
            "changed_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
