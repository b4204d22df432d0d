"""A view that its owner saved as "Mine" kept the owner's number, which showed others the owner's."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import migrations


def say_me(apps: Any, _schema_editor: Any) -> None:
    views = apps.get_model("crm", "SavedView").objects.filter(query__contains="person=")
    for view in views.iterator():
        said = [
            (name, "me" if (name, value) == ("person", str(view.owner_id)) else value)
            for name, value in parse_qsl(view.query, keep_blank_values=True)
        ]
        view.query = urlencode(said)
        view.save(update_fields=["query"])


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0020_letters_one_way"),
    ]

    operations = [
        migrations.RunPython(say_me, migrations.RunPython.noop, elidable=True),
    ]
