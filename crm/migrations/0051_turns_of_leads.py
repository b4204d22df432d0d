from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0050_tours_are_their_own")]

    operations = [
        migrations.AddField(
            model_name="leadassignment",
            name="turn",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
