from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0025_form_times")]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("export", "Took a file"),
                    ("view", "Looked at a list"),
                    ("refused", "Was refused a file"),
                    ("sign_in", "Signed in"),
                    ("erasure", "Erased a person"),
                ],
                max_length=10,
            ),
        ),
    ]
