"""`python -m bench.process`: what it costs to merge a path of five layers, against reading them.

Framework, three teams below each other and a person, 500 differences in all, half of them steps
that begin there and half that adapt one from above. The limit is reading: one query for the four
versions and one for what is the person's own, and making rows of their JSON. Merging is held to
twice that (a published path is merged once per process and kept by the ids of its versions, so a
page pays it only for a person's own layer, and once).
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.servers import throwaway

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state" / "bench-process"
LAYERS, ROWS = 5, 100
GOAL = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.process")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with throwaway(STATE):
        _measure(options.rounds)


def _measure(rounds: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from pipeline.process.merging import merge

    call_command("migrate", verbosity=0)
    read = _fill()
    layers = read()
    reading = _median(read, rounds)
    merging = _median(lambda: merge(layers), rounds)
    steps = sum(len(found) for found in merge(layers).stages.values())
    rows = sum(len(each.content.steps) for each in layers)
    for line in (
        f"{len(layers)} layers, {rows} differences, {steps} steps in force, median of {rounds}",
        f"  reading  {reading * 1000:6.2f} ms",
        f"  merging  {merging * 1000:6.2f} ms, {merging / reading:.2f} times (goal {GOAL:g})",
    ):
        print(line)  # noqa: T201  # a tool for a terminal


def _fill() -> Callable[[], list[Any]]:
    """Make the path, and give back what reads it: as `queries.process` does, with nothing kept."""
    from django.utils import timezone

    from pipeline.models import Layer, Role, Team, User, Version
    from pipeline.people.commands import people
    from pipeline.process.playbook import LayerContent
    from pipeline.process.playbook import MergedLayer as Merged
    from pipeline.process.queries import in_force as process

    at = timezone.now()
    team = people.found_organisation(
        name="Bench", currency="EUR", time_zone="Europe/Vienna", country="AT"
    )
    ids = []
    for depth in range(LAYERS - 1):
        if depth:
            team = Team.objects.create(name=f"Team {depth}", parent=team)
        layer = Layer.objects.create(team=team, changed_at=at)
        content = LayerContent(steps=tuple(_rows(depth))).as_json()
        version = Version.objects.create(layer=layer, number=1, content=content, published_at=at)
        ids.append(version.pk)
    user = User.objects.create_user(name="Ana", team=team, role=Role.SALESPERSON)
    own = Layer.objects.create(user=user, changed_at=at)
    for row in _rows(LAYERS - 1):
        process.step_of(row, layer=own, author_id=user.pk, at=at).save()

    def read() -> list[Any]:
        versions = Version.objects.select_related("layer__team").in_bulk(ids)
        layers = [
            Merged(
                source=process.source_of(versions[pk]),
                content=LayerContent.from_json(versions[pk].content),
            )
            for pk in ids
        ]
        mine = process.personal_layer(user.pk)
        return [*layers, mine] if mine else layers

    return read


def _rows(depth: int) -> list[Any]:
    """Half begin here; the other half adapt steps from above, of the framework's none."""
    from pipeline.process.playbook import Importance, StepKind, StepRow
    from pipeline.process.stages import Stage

    stages = list(Stage)
    rows = []
    for number in range(ROWS):
        stage = stages[number % 7]
        if depth and number % 2:
            key = f"step-0-{number}"
            rows.append(StepRow(stage=stage, key=key, label=f"Ours {depth}", reason="Bakeries"))
            continue
        rows.append(
            StepRow(
                stage=stage,
                key=f"step-{depth}-{number}",
                adds=True,
                label=f"Step {number} of layer {depth}",
                kind=StepKind.CHECK,
                importance=Importance.EXPECTED,
                gives_you="An easier talk with those who decide",
                gives_managers="Forecasts that hold",
                help="Ask until they say it themselves. " * 3,
                position=number * 10.0,
            )
        )
    return rows


def _median(work: Callable[[], object], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


if __name__ == "__main__":
    main()
