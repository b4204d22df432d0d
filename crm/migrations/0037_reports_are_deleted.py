from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0036_erased_and_deleted")]

    operations = [
        migrations.AlterField(
            model_name="deletedrecord",
            name="kind",
            field=models.CharField(
                choices=[
                    ("deal", "Deal"),
                    ("activity", "What was logged"),
                    ("line", "Product of a deal"),
                    ("person", "Person of a deal"),
                    ("view", "Saved view"),
                    ("report", "Saved report"),
                    ("list_row", "Row of a list"),
                    ("rate", "Rate"),
                ],
                max_length=8,
            ),
        ),
    ]
