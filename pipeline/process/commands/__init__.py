"""What can be done to the process: layers, their differences, and what is published of them.

Every verb takes the layer that the page has shown and `revision`, the state of its draft that the
person saw (`Layer.revision`; None changes whatever is there). All raise Layer.DoesNotExist out of
the reach of `by`, `Stale` if the draft is another by now, and `Refused` with words for what
no process allows; where layers meet, the words are `playbook.Clash`'s.
"""

from pipeline.process.commands.collision import decide_collision
from pipeline.process.commands.layer import layer_of
from pipeline.process.commands.publish import discard_draft, publish, restore
from pipeline.process.commands.ship import ship_framework
from pipeline.process.commands.stage import name_stage, set_strength
from pipeline.process.commands.step import (
    Namesake,
    StepWording,
    adapt_step,
    add_step,
    hide_step,
    move_step,
    remove_step,
    show_step,
)
from pipeline.process.commands.vote import vote

__all__ = [
    "Namesake",
    "StepWording",
    "adapt_step",
    "add_step",
    "decide_collision",
    "discard_draft",
    "hide_step",
    "layer_of",
    "move_step",
    "name_stage",
    "publish",
    "remove_step",
    "restore",
    "set_strength",
    "ship_framework",
    "show_step",
    "vote",
]
