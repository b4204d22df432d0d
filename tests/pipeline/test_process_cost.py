"""What the pages of the process ask for does not grow with what is on them."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline.models import Collision, Layer, Step
from pipeline.process.queries.collisions import undecided_collisions
from pipeline.process.queries.in_force import step_of
from pipeline.process.queries.page import history, layer_tree
from tests.factories import NOW
from tests.pipeline.process import FOUR, in_force, over


def collide(layer: Layer, key: str, *, by: int) -> None:
    step_of(over(key, label="Ours"), layer=layer, author_id=by, at=NOW).save()
    Collision.objects.create(layer=layer, version=layer.versions.get(), stage=FOUR, key=key, at=NOW)


def test_it_asks_no_more_for_many_collisions(cast):
    layer = in_force(cast.north).layer
    layer.refresh_from_db()
    counts = []
    for number in range(6):
        collide(layer, f"step-{number}", by=cast.mona.pk)
        with CaptureQueriesContext(connection) as asked:
            assert len(undecided_collisions(cast.mona).rows) == number + 1
        counts.append(len(asked))

    assert Step.objects.filter(layer=layer, author=cast.mona).count() == 6
    assert len(set(counts[1:])) == 1


def test_it_reads_the_contents_of_versions_once_to_count_their_changes(cast):
    for number in range(4):
        rows = [over(f"step-{n}", label=str(number)) for n in range(number)]
        in_force(cast.north, *rows)
    layer = layer_tree().layers[cast.north.pk]

    # Each names what it added, and what it words anew.
    assert [version.changed for version in history(layer)] == [3, 2, 1, 0]
    with CaptureQueriesContext(connection) as asked:
        assert [version.changed for version in history(layer)] == [3, 2, 1, 0]
    assert len(asked) == 1
