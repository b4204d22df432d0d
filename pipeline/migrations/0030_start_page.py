from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0029_own_keys")]

    operations = [
        migrations.AddField(
            "user",
            "start_page",
            models.CharField(
                max_length=7,
                choices=[("day", "My Day"), ("board", "Board"), ("reports", "Reports")],
                blank=True,
                default="",
                db_default="",
            ),
        ),
    ]
