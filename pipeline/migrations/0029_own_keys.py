from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0028_working_hours_are_checked")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="keys",
            field=models.CharField(blank=True, db_default="", default="", max_length=400),
        ),
        migrations.AddField(
            model_name="user",
            name="single_keys",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
