from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0048_activities_done_of_company")]

    operations = [
        AddIndexConcurrently(
            model_name="importedrow",
            index=models.Index(
                condition=models.Q(("changed_batch__isnull", False)),
                fields=["changed_batch"],
                name="imported_row_changed",
            ),
        ),
        AddIndexConcurrently(
            model_name="undoableact",
            index=models.Index(
                condition=models.Q(("company__isnull", False)),
                fields=["company"],
                name="undoable_act_company",
            ),
        ),
        AddIndexConcurrently(
            model_name="undoableact",
            index=models.Index(
                condition=models.Q(("contact__isnull", False)),
                fields=["contact"],
                name="undoable_act_contact",
            ),
        ),
        ValidateConstraint("undoableact", name="undoable_act_on_one_record"),
    ]
