from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0040_touch_plan")]

    operations = [
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("done_at__isnull", False)),
                fields=["holder", "done_at"],
                name="activity_done_of_holder",
            ),
        ),
    ]
