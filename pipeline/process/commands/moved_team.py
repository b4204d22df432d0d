"""Collisions that arise when a team moves to another place in the tree and inherits other layers."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.models import Team
from pipeline.process.commands.publish import file_collisions, layers_from
from pipeline.process.merging import merge
from pipeline.process.queries import in_force


@contextmanager
def team_moved(team: Team, *, at: dt.datetime) -> Iterator[None]:
    """Around the moving of a team, in its transaction: tells it and the teams below which of their
    own differences meet something else, or nothing, in the new place. Deals go on by the versions
    that their visits name.
    """
    layers = layers_from(team)
    inherited = {layer.pk: merge(in_force.inherited_layers(layer)) for layer in layers}
    yield
    # Their teams were read before; where they hang is another place now.
    layers = layers_from(team)
    for layer in layers:
        # It is a change of the nearest version above; without one nothing is inherited.
        above = in_force.inherited_layers(layer)
        version_id = above[-1].source.version_id if above else layer.current_id
        if version_id is not None:
            file_collisions([layer], inherited=inherited, version_id=version_id, at=at)
