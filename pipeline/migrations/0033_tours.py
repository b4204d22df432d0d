from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is built while others write.
    atomic = False

    dependencies = [("pipeline", "0032_keys_come_late")]

    operations = [
        migrations.AlterField(
            model_name="batch",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("demo", "Demo organisation"),
                    ("sample", "Sample data"),
                    ("tour", "Practice deals"),
                ],
                max_length=10,
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY one_batch_of_tours ON pipeline_batch (kind)"
                    " WHERE kind = 'tour' AND undone_at IS NULL",
                    "DROP INDEX CONCURRENTLY one_batch_of_tours",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="batch",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("kind", "tour"), ("undone_at", None)),
                        fields=("kind",),
                        name="one_batch_of_tours",
                    ),
                ),
            ],
        ),
    ]
