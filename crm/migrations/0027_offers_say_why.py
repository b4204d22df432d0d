from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0026_process_notes_become_changes")]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="value_why",
            field=models.CharField(
                blank=True,
                default="",
                max_length=300,
                verbose_name="Why not what the lines come to",
            ),
            preserve_default=False,
        ),
    ]
