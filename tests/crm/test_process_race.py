"""A process that is published while people work by it: real threads, real locks."""

import datetime as dt
import threading
from functools import partial

import pytest
from django.db import transaction

from crm.commands import deal_move as move_commands
from crm.commands import process as crm_process
from crm.commands.locked_deal import locked
from crm.commands.process import Flight
from crm.models import Deal, StageVisit
from pipeline.models import Layer, Step, Team, User
from pipeline.process import commands
from pipeline.process.queries.in_force import current_version_ids
from pipeline.process.stages import Stage
from tests.crm.threads import at_once
from tests.factories import NOW, ready_deal

pytestmark = pytest.mark.django_db(transaction=True)


def drafted(team: Team, label: str, *, by: User) -> Layer:
    layer = commands.layer_of(team, by=by, at=NOW)
    said: commands.StepWording = {
        "label": label,
        "gives_you": "less trouble",
        "gives_managers": "a view",
    }
    commands.add_step(layer, stage=Stage.CLOSING, said=said, by=by, at=NOW)
    return layer


def publish(layer: Layer, flight: Flight, *, by: User) -> None:
    crm_process.publish(layer, note="", flight=flight, by=by, at=NOW)


def test_a_deal_that_is_moving_moves_to_the_new_version_too(cast):
    """It read what was in force before the other published, and entered its visit after that."""
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    layer = drafted(cast.north, "Early", by=cast.mona)
    moving, waiting = threading.Event(), threading.Event()

    def move() -> None:
        with transaction.atomic(), locked(Deal.objects.get(pk=deal.pk), by=cast.ana):
            move_commands.move(
                Deal.objects.get(pk=deal.pk), to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW
            )
            moving.set()
            waiting.wait(dt.timedelta(seconds=1).total_seconds())

    def publish_meanwhile() -> None:
        moving.wait(10)
        publish(layer, Flight.MOVE, by=cast.mona)
        waiting.set()

    assert at_once(move, publish_meanwhile) == [None, None]

    visit = StageVisit.objects.going_on().get(deal=deal)
    assert visit.stage == Stage.NEEDS_ANALYSIS
    assert tuple(visit.version_ids) == current_version_ids(cast.north.pk)


def test_all_who_publish_on_one_path_at_once_come_through(cast):
    for time in range(4):
        # Those below were begun first, and have the lower ids.
        north = drafted(cast.north, f"North {time}", by=cast.mona)
        west = drafted(cast.west, f"West {time}", by=cast.rosa)
        root = drafted(cast.root, f"Root {time}", by=cast.adele)

        ends = at_once(
            partial(publish, north, Flight.MOVE, by=cast.mona),
            partial(publish, west, Flight.KEEP, by=cast.rosa),
            partial(publish, root, Flight.MOVE, by=cast.adele),
        )

        assert ends == [None, None, None]


def test_two_who_add_a_step_of_one_name_on_one_path_at_once_get_two_keys(cast):
    for time in range(6):
        ends = at_once(
            partial(drafted, cast.north, f"Same name {time}", by=cast.mona),
            partial(drafted, cast.root, f"Same name {time}", by=cast.adele),
        )

        assert all(isinstance(end, Layer) for end in ends), ends
        keys = Step.objects.filter(label=f"Same name {time}").values_list("key", flat=True)
        assert set(keys) == {f"same-name-{time}", f"same-name-{time}-2"}
