from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0030_start_page")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="list_looks",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
    ]
