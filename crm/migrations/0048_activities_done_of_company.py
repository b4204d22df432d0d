from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0047_visits_of_holder")]

    operations = [
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("done_at__isnull", False)),
                fields=["company", "done_at", "id"],
                name="activity_done_of_company",
            ),
        ),
    ]
