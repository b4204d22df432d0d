"""Who looked at lists is kept as long as who took files."""

import importlib

from django.db import migrations, models

before = importlib.import_module("privacy.migrations.0002_history_forgets_a_person")
WITHOUT = "kind IN ('export', 'refused', 'sign_in')"
WITH = "kind IN ('export', 'view', 'refused', 'sign_in')"
BEFORE = before.FORGET_AUDIT.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
CHOICES = [
    ("contacts", "People without an open deal"),
    ("stopped_leads", "People known from stopped leads alone"),
    ("taken_files", "Who took files or looked at lists"),
    ("sign_ins", "Who signed in"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0003_kinds_of_retention"),
        ("pipeline", "0026_audit_of_looks"),
    ]

    operations = [
        migrations.AlterField(
            "erasurenotice", "kind", models.CharField(choices=CHOICES, max_length=16)
        ),
        migrations.AlterField(
            "retentionrule", "kind", models.CharField(choices=CHOICES, max_length=16, unique=True)
        ),
        migrations.RunSQL(BEFORE.replace(WITHOUT, WITH), BEFORE),
    ]
