"""What happened to people and teams becomes kind and JSON instead of words (`pipeline.people.events`).

In one transaction: the code of before cannot read what comes after, so that nobody waits for the table.
Back, it is words again: nothing goes, but what has parts is told as JSON.
"""

from typing import Any

from django.db import migrations, models

from pipeline.migrations import _typed_events as old_words

TABLE = "pipeline_peoplechange"
_user, _team = old_words.ref("user"), old_words.ref("team")
_FACTS = old_words.facts(
    {
        **dict.fromkeys(("name", "email", "role", "style", "time_zone"), old_words.text),
        **dict.fromkeys(("theme", "language", "currency", "country"), old_words.text),
        **dict.fromkeys(("fiscal_month", "reliable_from", "sign_outs"), int),
        **dict.fromkeys(("process_mails", "is_active"), old_words.truth),
        **dict.fromkeys(("team", "parent"), _team),
        **dict.fromkeys(("manager", "process_owner"), _user),
        "hired_on": old_words.day,
    }
)


def typed(field: str, old: str, new: str, of_team: bool) -> tuple[str, old_words.Data]:
    if field == "added":
        name = _team(new).get("name", "") if of_team else new
        return field, old_words.said(name=name)
    if field in ("invited", "joined"):
        if not new:
            raise ValueError(field)
        return field, {"email": new}
    return _FACTS(field, old, new)


def forwards(apps: Any, schema_editor: Any) -> None:
    columns = "field, old, new, team_id IS NOT NULL"
    old_words.carry_over(schema_editor.connection, TABLE, columns, typed)


def backwards(apps: Any, schema_editor: Any) -> None:
    old_words.carry_back(schema_editor.connection, TABLE, longest=300)


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0015_idempotency_keys")]

    operations = [
        migrations.AddField("peoplechange", "kind", models.CharField(max_length=40, default="")),
        migrations.AddField("peoplechange", "data", models.JSONField(default=dict)),
        migrations.RunPython(forwards, backwards),
        migrations.AlterField("peoplechange", "field", models.CharField(max_length=20, default="")),
        migrations.RemoveField("peoplechange", "old"),
        migrations.RemoveField("peoplechange", "new"),
        migrations.RemoveField("peoplechange", "field"),
        migrations.AlterField("peoplechange", "kind", models.CharField(max_length=40)),
    ]
