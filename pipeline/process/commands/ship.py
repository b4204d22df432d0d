"""The framework that an organisation starts with."""

import datetime as dt

from django.db import transaction

from pipeline.models import Layer, Team
from pipeline.process import framework
from pipeline.process.commands.publish import put_in_force, write_draft
from pipeline.process.queries import in_force


def ship_framework(*, at: dt.datetime) -> bool:
    """Publish the shipped framework as the organisation's first version, in the language that is
    active; whether it was done.

    Nothing is done without an organisation, and where somebody made or published anything of the
    framework: what an organisation has is never overwritten.
    """
    with transaction.atomic():
        root = Team.objects.select_for_update(no_key=True).filter(parent=None).first()
        if root is None:
            return False
        layer, made = Layer.objects.get_or_create(team=root, defaults={"changed_at": at})
        touched = layer.current_id or layer.steps.exists() or layer.wordings.exists()
        if not made and (touched or layer.strengths):
            return False
        write_draft(layer, framework.shipped_content(), author_id=None, at=at)
        put_in_force(layer, in_force.draft_content(layer), note="", by=None, at=at)
        layer.save(update_fields=["current"])
    return True
