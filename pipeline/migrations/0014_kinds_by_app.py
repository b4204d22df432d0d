from django.db import migrations, models

_KINDS = {
    "invitation": "pipeline.invitation.send",
    "email_changed": "pipeline.email.change",
    "process_published": "pipeline.process.publish",
    "person_moved": "pipeline.person.move",
    "process_note": "crm.process_note.ask",
    "process_answer": "crm.process_note.answer",
}
_RENAME = "UPDATE pipeline_outboxrow SET kind = %s WHERE kind = %s"


class Migration(migrations.Migration):
    """Kinds say whose they are, and apps register them: the database knows none by name."""

    dependencies = [("pipeline", "0013_import_begun")]

    operations = [
        migrations.AlterField("outboxrow", "kind", models.CharField(max_length=60)),
        migrations.RunSQL(
            [(_RENAME, [now, before]) for before, now in _KINDS.items()],
            [(_RENAME, [before, now]) for before, now in _KINDS.items()],
        ),
    ]
