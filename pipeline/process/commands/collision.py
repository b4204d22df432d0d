"""What a team decides when the process above it changed under one of its own differences."""

import datetime as dt

from django.utils.translation import gettext as _

from pipeline.models import Choice, Collision, Layer, Step, User
from pipeline.process.commands.layer import locked, touch
from pipeline.process.merging import clashes, merge
from pipeline.process.playbook import SETTABLE_FIELDS, Clash, LayerContent, Level
from pipeline.process.queries import in_force
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

_MINE = (Clash.ORPHAN, Clash.TWIN)


def decide_collision(
    collision: Collision,
    *,
    choice: Choice,
    by: User,
    at: dt.datetime,
    revision: int | None = None,
) -> None:
    """Keep the team's own difference, or take what is above now: then the difference leaves the
    draft, and publishing it makes that so.

    A step that was taken out above and is kept becomes a step of the team's own; a step of the
    team that now exists above and is kept becomes a difference from that.

    Raises Refused if it was decided already, and for keeping what does not hold any more (`Clash`:
    a lock, a gate that would be weakened); Collision.DoesNotExist out of the reach of `by`.
    """
    if not Collision.objects.editable_by(by).filter(pk=collision.pk).exists():
        raise Collision.DoesNotExist
    with locked(collision.layer, by=by, revision=revision) as row:
        collision.refresh_from_db()
        if collision.choice:
            raise Refused(_("This was decided already."))
        stage = Stage(collision.stage)
        step = Step.objects.filter(layer=row, stage=stage, key=collision.key).first()
        if step is not None:
            if choice == Choice.TAKE:
                step.delete()
                touch(row, by=by, at=at)
            elif _keep(step, row=row, was=collision.was):
                touch(row, by=by, at=at)
        collision.choice, collision.decided_at, collision.decided_by = choice, at, by
        collision.save(update_fields=["choice", "decided_at", "decided_by"])


def _keep(step: Step, *, row: Layer, was: dict[str, object] | None) -> bool:
    """Make the team's difference hold against what is above now; returns whether it had to be
    changed."""
    above = merge(in_force.inherited_layers(row)).find(Stage(step.stage), step.key)
    found = clashes(in_force.step_row(step), above=above, level=Level.TEAM)
    if not found:
        return False
    if found[0] not in _MINE:
        raise Refused(str(found[0].label))
    if above is None:
        _stand_alone(step, was)
    else:
        step.adds = False
        step.reason = step.reason or _("It was ours before.")
        if clash := clashes(in_force.step_row(step), above=above, level=Level.TEAM):
            raise Refused(str(clash[0].label))
    step.full_clean()
    step.save()
    return True


def _stand_alone(step: Step, was: dict[str, object] | None) -> None:
    """Copy into the step what it inherited from a step that is gone."""
    if was is None:
        raise Refused(str(Clash.ORPHAN.label))
    gone = LayerContent.from_json({"steps": [was]}).steps[0]
    for name in SETTABLE_FIELDS:
        if getattr(step, name) is None:
            value = getattr(gone, name)
            setattr(step, name, list(value) if isinstance(value, tuple) else value)
    step.adds = True
    step.hidden, step.locked = step.hidden or None, step.locked or None
