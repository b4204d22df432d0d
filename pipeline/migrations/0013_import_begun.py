from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0012_fact_words")]

    operations = [
        migrations.AddField(
            model_name="firstrun",
            name="import_begun_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
