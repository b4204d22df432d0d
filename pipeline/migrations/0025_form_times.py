from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0024_audit_of_erasures")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="form_times",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
