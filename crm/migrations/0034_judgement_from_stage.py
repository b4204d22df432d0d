from django.db import migrations, models

from pipeline.process.stages import Stage


class Migration(migrations.Migration):
    """The column keeps its name, so that nothing changes in the database."""

    dependencies = [("crm", "0033_undone_acts")]

    operations = [
        migrations.AlterField(
            model_name="judgement",
            name="frm",
            field=models.PositiveSmallIntegerField(
                blank=True, choices=Stage.choices, db_column="frm", null=True
            ),
        ),
        migrations.RenameField(model_name="judgement", old_name="frm", new_name="from_stage"),
    ]
