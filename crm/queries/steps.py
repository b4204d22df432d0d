"""What was recorded against the steps of one deal's stage, with what the records say by themselves.

Private results are their author's alone; so are files that prove private steps.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from crm.erased import person_name
from crm.models import Deal, EvidenceFile, StepResult
from crm.models.step_result import StepState
from crm.queries.deal_process import ids_of, named_versions
from crm.queries.facts import facts_with
from pipeline.models import User
from pipeline.process.gates import Facts
from pipeline.process.playbook import Playbook, PlaybookStep, StepKind
from pipeline.process.queries.in_force import in_force, of_versions
from pipeline.process.stages import Stage
from salesprocess.lib.prepared import run

_MINE = "(done.private_to_id IS NULL OR done.private_to_id = %(user)s)"
# The answers of the stage, whether the reader finds each step of use, and all files of the deal.
_ALSO = f"""
    (
        SELECT json_agg(json_build_array(
            done.id, done.key, done.label, done.state, done.value, who.name, talk.kind,
            talk.done_at, file.id, file.name, done.link, done.note, done.reason, done.at,
            author.name, done.private_to_id IS NOT NULL, done.contact_id
        ) ORDER BY done.at, done.id)
        FROM crm_stepresult done
        LEFT JOIN crm_contact who ON who.id = done.contact_id
        LEFT JOIN crm_activity talk ON talk.id = done.activity_id
        LEFT JOIN crm_evidencefile file ON file.id = done.file_id
        LEFT JOIN pipeline_user author ON author.id = done.by_id
        WHERE done.deal_id = %(deal)s AND done.stage = %(stage)s AND done.replaced_at IS NULL
            AND {_MINE}
    ),
    (
        SELECT json_object_agg(vote.key, vote.vote) FROM pipeline_stepvote vote
        WHERE vote.user_id = %(user)s AND vote.stage = %(stage)s
    ),
    (
        SELECT json_agg(json_build_array(
            file.id, file.name, file.size, file.at, author.name
        ) ORDER BY file.at DESC, file.id DESC)
        FROM crm_evidencefile file LEFT JOIN pipeline_user author ON author.id = file.by_id
        WHERE file.deal_id = %(deal)s AND EXISTS (
            SELECT FROM crm_stepresult done
            WHERE done.deal_id = %(deal)s AND done.file_id = file.id
                AND done.replaced_at IS NULL AND {_MINE}
        )
    )
"""  # noqa: S608  # nothing but its own words


class StepResultRow(NamedTuple):
    """What stands against a step now; people, activities and files by their names."""

    id: int
    key: str
    label: str
    state: str
    value: Any
    contact: str | None
    did: str | None
    did_at: dt.datetime | None
    file: int | None
    file_name: str | None
    link: str
    note: str
    reason: str
    at: dt.datetime
    by: str | None
    is_private: bool
    contact_id: int | None

    @property
    def is_done(self) -> bool:
        return self.state == StepState.DONE


class File(NamedTuple):
    """`size` in bytes."""

    id: int
    name: str
    size: int
    at: dt.datetime
    by: str | None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Of one stage of one deal; `files` are the deal's."""

    facts: Facts = field(default_factory=Facts)
    results: Sequence[StepResultRow] = ()
    votes: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[File] = ()

    def of(self, step: PlaybookStep) -> StepResultRow | None:
        for one in self.results:
            if one.key == step.key and one.is_private == step.is_mine:
                return one
        return None

    def is_settled(self, step: PlaybookStep) -> bool:
        """Done, set aside with a reason, or known from the records."""
        if step.is_mine:
            return self.of(step) is not None
        return self.facts.has(step)

    def gone(self, steps: Iterable[PlaybookStep]) -> list[StepResultRow]:
        """What stands against steps that are no longer among `steps`."""
        there = {(step.key, step.is_mine) for step in steps}
        return [one for one in self.results if (one.key, one.is_private) not in there]


def recorded_steps(deal: int, *, stage: Stage, user: int) -> Recorded:
    """One query. Raises Deal.DoesNotExist."""
    facts, (results, votes, files) = facts_with(deal, _ALSO, stage=stage.value, user=user)
    return Recorded(
        facts=facts,
        results=[_result(*row) for row in results or ()],
        votes=votes or {},
        files=[_file(*row) for row in files or ()],
    )


def _file(*row: Any) -> File:
    pk, name, size, at, by = row
    return File(pk, name, size, dt.datetime.fromisoformat(at), by)


def _result(*row: Any) -> StepResultRow:
    said = list(row)
    said[5] = said[5] and person_name(said[5])
    for place in (7, 13):
        said[place] = said[place] and dt.datetime.fromisoformat(said[place])
    return StepResultRow._make(said)


# By which process -----------------------------------------------------------------------------


class VisitLike(Protocol):
    @property
    def stage(self) -> int: ...

    @property
    def version_ids(self) -> Sequence[int]: ...


def versions_at(
    stage: Stage, visits: Iterable[VisitLike], *, kept: Sequence[int] | None
) -> tuple[int, ...]:
    """The versions that a deal works by in `stage`, by its last visit there (`named_versions`)."""
    last = next((one for one in reversed(list(visits)) if one.stage == stage), None)
    return named_versions(last.version_ids if last is not None else None, kept)


def book_of(deal: Deal, stage: Stage, user: User) -> tuple[Playbook, tuple[int, ...]]:
    """What `user` works by in a stage of the deal, and the published versions below it."""
    force = in_force(team_id=deal.team_id, user_id=user.pk)
    visits = list(deal.visits.order_by("sequence").only("deal", "stage", "version_ids"))
    named = versions_at(stage, visits, kept=deal.kept_version_ids)
    return force.playbook(named), named or force.version_ids


# What completes a step by being done; whether somebody has such steps of his own is asked, too, as
# few have, and nobody else need read them.
_DOING = """
SELECT
    (
        SELECT visit.version_ids FROM crm_stagevisit visit
        WHERE visit.deal_id = %(deal)s AND visit.stage = %(stage)s
        ORDER BY visit.sequence DESC LIMIT 1
    ),
    (
        SELECT json_agg(json_build_array(done.key, done.private_to_id IS NOT NULL))
        FROM crm_stepresult done
        WHERE done.deal_id = %(deal)s AND done.stage = %(stage)s AND done.replaced_at IS NULL
            AND (done.private_to_id IS NULL OR done.private_to_id = %(user)s)
    ),
    EXISTS (
        SELECT FROM pipeline_step step JOIN pipeline_layer mine ON mine.id = step.layer_id
        WHERE mine.user_id = %(user)s AND step.stage = %(stage)s AND step.kind = 'activity'
    )
"""


def open_activity_steps(
    deal: Deal, stage: Stage, doing: str, user: User
) -> tuple[list[PlaybookStep], tuple[int, ...]]:
    """The steps of the stage that doing `doing` completes and that nothing stands against yet, and
    the versions they come from. One query; one more for whoever has such steps of his own, or
    where the visit names no version.
    """
    asked = {"deal": deal.pk, "stage": stage.value, "user": user.pk}
    ((named, results, has_own),) = run(_DOING, asked)
    ids = named_versions(ids_of(named), deal.kept_version_ids)
    if has_own or not ids:
        force = in_force(team_id=deal.team_id, user_id=user.pk)
        ids = ids or force.version_ids
        book = force.playbook(ids)
    else:
        book = of_versions(ids)
    settled = {(key, private) for key, private in results or ()}
    steps = [
        step
        for step in book.steps(stage)
        if step.kind == StepKind.ACTIVITY
        and step.doing == doing
        and (step.key, step.is_mine) not in settled
    ]
    return steps, ids


def file_of(deal: Deal, pk: int, user: User) -> EvidenceFile:
    """A file of a deal in reach, unless it proves somebody else's private step.

    Raises EvidenceFile.DoesNotExist.
    """
    proven = StepResult.objects.visible_to(user).filter(deal=deal, file__isnull=False)
    found: EvidenceFile = EvidenceFile.objects.filter(deal=deal, pk__in=proven.values("file")).get(
        pk=pk
    )
    return found
