from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0021_views_say_me")]

    operations = [
        migrations.AddField("importfault", "comes_in", models.BooleanField(default=False)),
        migrations.AddField("importjob", "above", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("importjob", "letters", models.JSONField(default=dict)),
    ]
