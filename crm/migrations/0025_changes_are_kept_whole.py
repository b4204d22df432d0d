from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0024_undoable_acts")]

    operations = [
        migrations.AlterField(model, name, models.TextField(blank=True))
        for model in ("dealchange", "partychange")
        for name in ("old", "new")
    ]
