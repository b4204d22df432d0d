import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0002_day_note"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FormTime",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("talks", "What was done and what is next"),
                            ("moves", "Moves, wins and stops"),
                            ("records", "Facts and records of deals"),
                            ("steps", "Steps of a stage"),
                            ("new", "New deals, companies, contacts"),
                            ("other", "Other forms"),
                        ],
                        max_length=7,
                    ),
                ),
                ("sent", models.PositiveIntegerField()),
                ("seconds", models.PositiveIntegerField()),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "on", "kind"), name="form_time_once_a_day_and_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sent__gte", 1)), name="form_time_of_something"
                    ),
                ],
            },
        ),
    ]
