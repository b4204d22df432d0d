"""What a layer calls a stage, how long a visit usually takes, and how strict the advisory gates are."""

import datetime as dt

from django.utils.translation import gettext as _

from pipeline.models import Layer, StageWording, User
from pipeline.process.commands.layer import locked, touch
from pipeline.process.gates import Gate
from pipeline.process.playbook import Strength
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

# The gates that the organisation may make milder: METHOD's advisory ones.
ADVISORY = (Gate.QUALIFIED, Gate.UNDERSTOOD)


def name_stage(
    layer: Layer,
    *,
    stage: Stage,
    label: str,
    norm_days: int | None,
    by: User,
    at: dt.datetime,
    revision: int | None = None,
) -> None:
    """Say what a stage is called here, and how many days a visit usually takes; empty and None mean:
    as inherited. Key, order and meaning never change (CHECKLIST C27).

    Raises Refused for usual days on one's own layer, because people are compared by them;
    ValidationError for a name that is too long and for days out of 1 to 1000.
    """
    with locked(layer, by=by, revision=revision) as row:
        if row.user_id is not None and norm_days is not None:
            raise Refused(
                _("How long a stage usually takes is said by the team."), field="norm_days"
            )
        label = label.strip()
        wording = StageWording.objects.filter(layer=row, stage=stage).first()
        before = (wording.label, wording.norm_days) if wording else ("", None)
        if before == (label, norm_days):
            return
        wording = wording or StageWording(layer=row, stage=stage)
        wording.label, wording.norm_days = label, norm_days
        wording.full_clean()
        if label or norm_days is not None:
            wording.save()
        else:
            wording.delete()
        touch(row, by=by, at=at)


def set_strength(
    layer: Layer,
    *,
    gate: Gate,
    strength: Strength,
    by: User,
    at: dt.datetime,
    revision: int | None = None,
) -> None:
    """Say whether G4 or G5 only tell what is missing, or also ask why (METHOD, Gates).

    Raises Refused on any layer but the framework, and for a gate that is not advisory.
    """
    with locked(layer, by=by, revision=revision) as row:
        if row.team is None or row.team.parent_id is not None:
            raise Refused(_("How strict a gate is, the organisation decides for everybody."))
        if gate not in ADVISORY:
            raise Refused(_("This gate is the same everywhere."))
        if row.strengths.get(gate.value, Strength.ASK.value) == strength.value:
            return
        row.strengths = {**row.strengths, gate.value: strength.value}
        touch(row, by=by, at=at, fields=("strengths",))
