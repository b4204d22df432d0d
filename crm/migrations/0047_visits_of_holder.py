from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0046_visits_are_held")]

    operations = [
        AddIndexConcurrently(
            model_name="stagevisit",
            index=models.Index(fields=["holder", "entered_at"], name="visit_entries_of_holder"),
        ),
        AddIndexConcurrently(
            model_name="stagevisit",
            index=models.Index(
                condition=models.Q(("left_at__isnull", False)),
                fields=["holder", "left_at"],
                name="visit_exits_of_holder",
            ),
        ),
        # In place of the one of what is done: it serves as well what was planned or cancelled.
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(fields=["holder", "done_at"], name="activity_of_holder"),
        ),
        RemoveIndexConcurrently(model_name="activity", name="activity_done_of_holder"),
    ]
