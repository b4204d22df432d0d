import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0012_answers_of_concerns"),
        ("pipeline", "0007_versions_leave_with_their_batch"),
    ]

    operations = [
        migrations.AddField(
            model_name="processnote",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="pipeline.batch",
            ),
        ),
    ]
