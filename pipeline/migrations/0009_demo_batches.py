"""The demo, which founds an organisation, is no sample data in somebody's own."""

from django.db import migrations, models


def name_the_demo(apps, schema_editor):
    Team, Batch = apps.get_model("pipeline", "Team"), apps.get_model("pipeline", "Batch")
    founded = Team.objects.filter(parent=None).values("batch")
    Batch.objects.filter(kind="sample", pk__in=founded).update(kind="demo")


def forget_it(apps, schema_editor):
    apps.get_model("pipeline", "Batch").objects.filter(kind="demo").update(kind="sample")


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0008_mails_about_the_process")]

    operations = [
        migrations.AlterField(
            model_name="batch",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("demo", "Demo organisation"),
                    ("sample", "Sample data"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunPython(name_the_demo, forget_it, elidable=True),
    ]
