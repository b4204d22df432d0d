from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_imported_row")]

    operations = [
        migrations.AddIndex(
            model_name="stagevisit",
            index=models.Index(
                fields=["stage"],
                condition=models.Q(
                    ("entered_at", None),
                    models.Q(("left_at", None), ("left_how__isnull", False)),
                    _connector="OR",
                ),
                name="visit_undated",
            ),
        ),
    ]
