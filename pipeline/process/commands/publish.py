"""What is published of a team's layer: an immutable version, and what it meets below."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, Value
from django.utils.translation import gettext as _

from pipeline.models import Collision, Layer, StageWording, Step, Team, User, Version
from pipeline.people.access import subtrees
from pipeline.process.commands.layer import locked, require_team, touch
from pipeline.process.commands.notify import notify_published
from pipeline.process.framework_check import lint
from pipeline.process.layer_diff import diff, find_collisions, partial_content
from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent, Playbook
from pipeline.process.queries import in_force
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


def publish(
    layer: Layer,
    *,
    note: str,
    by: User,
    at: dt.datetime,
    revision: int | None = None,
    only: Collection[str] | None = None,
) -> Version:
    """Put the draft of a team's layer in force, as its next version; deals take it up when they
    enter their next stage. `note` is what the team reads about it; `only` are the changes that go
    (`Change.id`), while the others stay in the draft; without it, all go.

    A change that meets a difference of a team below goes to that team as a `Collision`, to decide.
    Those who work by it are told by mail.

    Raises Refused where nothing has changed, for a framework that is not whole (`lint`, in words),
    and on one's own layer, which needs no publishing.
    """
    with locked(layer, by=by, revision=revision) as row:
        team = require_team(row)
        before, after = in_force.published_content(row), in_force.draft_content(row)
        if not diff(before, after):
            raise Refused(_("Nothing has changed since the last version."))
        if only is not None:
            after = partial_content(before, after, only)
            row.restores = None  # a part of an earlier version is not that version
            if not diff(before, after):
                raise Refused(_("Choose what is to be published."))
        if team.parent_id is None and (faults := lint(after)):
            raise Refused("\n".join(fault.words for fault in faults))
        below_it = [each for each in layers_from(team) if each.pk != row.pk]
        inherited = {each.pk: merge(in_force.inherited_layers(each)) for each in below_it}
        version = put_in_force(row, after, note=note.strip(), by=by, at=at)
        touch(row, by=by, at=at, fields=("current", "restores"))
        file_collisions(below_it, inherited=inherited, version_id=version.pk, at=at)
        notify_published(version, team=team, by=by, at=at)
    return version


def restore(version: Version, *, by: User, at: dt.datetime, revision: int | None = None) -> None:
    """Make an earlier version the draft of its layer again; it is in force when it is published.

    Raises Refused if the draft says exactly that already.
    """
    with locked(version.layer, by=by, revision=revision) as row:
        wanted = LayerContent.from_json(version.content)
        if not diff(in_force.draft_content(row), wanted):
            raise Refused(_("The draft says exactly that already."))
        write_draft(row, wanted, author_id=by.pk, at=at)
        # A draft that only goes back to what is in force brings nothing back.
        row.restores = version if version.pk != row.current_id else None
        touch(row, by=by, at=at, fields=("strengths", "restores"))


def discard_draft(layer: Layer, *, by: User, at: dt.datetime, revision: int | None = None) -> None:
    """Give up what was changed since the last version; before the first one, all of it.

    Raises Refused if nothing was changed, and on one's own layer.
    """
    with locked(layer, by=by, revision=revision) as row:
        require_team(row)
        wanted = in_force.published_content(row)
        if not diff(in_force.draft_content(row), wanted):
            raise Refused(_("Nothing has changed since the last version."))
        write_draft(row, wanted, author_id=by.pk, at=at)
        row.restores = None
        touch(row, by=by, at=at, fields=("strengths", "restores"))


def put_in_force(
    row: Layer, content: LayerContent, *, note: str, by: User | None, at: dt.datetime
) -> Version:
    """Write the next version of a locked layer. The caller saves `current` and `restores`."""
    latest = row.versions.order_by("-number").values_list("number", flat=True).first()
    row.current = Version.objects.create(
        layer=row,
        number=(latest or 0) + 1,
        content=content.as_json(),
        note=note,
        published_at=at,
        published_by=by,
        restores_id=row.restores_id,
    )
    row.restores = None
    return row.current


def file_collisions(
    layers: Collection[Layer],
    *,
    inherited: dict[int, Playbook],
    version_id: int,
    at: dt.datetime,
) -> None:
    """Tell each of `layers` which of its differences meet what has changed above it since
    `inherited`, its playbooks from before; the version is what changed it.

    One that is undecided from before is asked anew, from what it was then to what it is now.
    """
    for layer in layers:
        was, now = inherited[layer.pk], merge(in_force.inherited_layers(layer))
        rows = {(row.stage, row.key): row for row in in_force.published_content(layer).steps}
        rows |= {(row.stage, row.key): row for row in in_force.draft_content(layer).steps}
        for meeting in find_collisions(rows.values(), was=was, now=now):
            place: dict[str, Any] = {
                "layer": layer,
                "stage": meeting.row.stage,
                "key": meeting.row.key,
            }
            open_one = Collision.objects.filter(**place, choice="").first()
            was_json = open_one.was if open_one else meeting.was
            if open_one:
                open_one.delete()
            if was_json == meeting.now and meeting.clash is None:
                continue  # the change above was taken back before anybody decided
            Collision.objects.update_or_create(
                **place,
                version_id=version_id,
                defaults={
                    "clash": meeting.clash or "",
                    "was": was_json,
                    "now": meeting.now,
                    "at": at,
                    "choice": "",
                    "decided_at": None,
                    "decided_by": None,
                },
            )


def layers_from(team: Team) -> list[Layer]:
    """The layers of a team and of all teams below it, locked, so that no difference slips in.

    In one order for everybody, from above down: whoever publishes has locked the own layer first,
    so that two who publish at once on one path wait for each other, and do not get stuck.
    """
    parents = dict(Team.objects.order_by("pk").values_list("pk", "parent_id"))
    downwards = subtrees(parents)[team.pk]
    place = Func(
        Value(downwards, output_field=ArrayField(BigIntegerField())),
        F("team_id"),
        function="array_position",
        output_field=BigIntegerField(),
    )
    found = Layer.objects.filter(team__in=downwards).order_by(place)
    found = found.select_related("team", "user", "current")
    return list(found.select_for_update(of=("self",), no_key=True))


def write_draft(
    row: Layer, content: LayerContent, *, author_id: int | None, at: dt.datetime
) -> None:
    """Make the draft of a locked layer say `content`; rows that say it already stay as they are.

    `author_id` stands in for authors who are not here any more. The caller saves `strengths`.
    """
    wanted = {(each.stage, each.key): each for each in content.steps}
    for step in row.steps.select_related("author"):
        place = (Stage(step.stage), step.key)
        if place in wanted and in_force.step_row(step) == wanted[place]:
            del wanted[place]
        else:
            step.delete()
    people = set(User.objects.values_list("pk", flat=True))
    Step.objects.bulk_create(
        in_force.step_of(
            each,
            layer=row,
            author_id=each.author_id if each.author_id in people else author_id,
            at=at,
        )
        for each in wanted.values()
    )
    row.wordings.all().delete()
    StageWording.objects.bulk_create(
        StageWording(layer=row, stage=each.stage, label=each.label or "", norm_days=each.norm_days)
        for each in content.stages
    )
    row.strengths = {gate: strength.value for gate, strength in content.strengths.items()}
