from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("exchange", "0011_faults_that_may_be_empty")]

    operations = [
        AddIndexConcurrently(
            model_name="importfault",
            index=models.Index(fields=["job", "table", "line"], name="import_fault_of_row"),
        ),
    ]
