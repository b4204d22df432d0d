"""Publishing a layer, and which versions open deals work by from then on (ARCHITECTURE 4).

pipeline knows no deals: it makes the version, this module decides for the deals.
"""

import datetime as dt
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from crm.commands import process_note
from crm.models import Deal, StageVisit
from crm.queries import process as queries
from pipeline.models import Layer, User, Version
from pipeline.process import commands
from pipeline.process.playbook import Playbook, PlaybookStep, fingerprint
from pipeline.process.queries.in_force import current_version_ids, of_versions
from pipeline.process.stages import Outcome, Stage


class Flight(models.TextChoices):
    """What happens to the deals that are open when a version is published (METHOD)."""

    ADOPT = "adopt", _("They adopt it at their next stage")
    KEEP = "keep", _("They keep what they began with")
    MOVE = "move", _("They move to it now")


# From a step that is gone to one of the same stage that takes its answers.
Map = Mapping[tuple[Stage, str], str]


@dataclass(frozen=True, kw_only=True)
class Published:
    """The result of publishing: people and open deals concerned, and what could not be carried
    over."""

    version: Version
    people: int
    deals: int
    copied: int = 0
    lost: tuple[queries.RemovedStep, ...] = field(default=())


def publish(
    layer: Layer,
    *,
    note: str,
    flight: Flight,
    by: User,
    at: dt.datetime,
    mapping: Map | None = None,
    revision: int | None = None,
    only: Collection[str] | None = None,
) -> Published:
    """Publish the draft of a team's layer, or `only` some of its changes, and say what its open
    deals go by from now on. Whoever asked for something that goes in force with it is told so.

    `mapping` is for `Flight.MOVE`: the step, by key, that takes over what was recorded against a
    step that is gone; a step that is not named is lost, and told. One transaction, set by set: its
    queries grow with the teams below, not with their deals.

    Raises as `pipeline.process.commands.publish`.
    """
    with transaction.atomic():
        teams = queries.teams_below(layer)
        before = {pk: current_version_ids(pk) for pk in teams}
        version = commands.publish(layer, note=note, by=by, at=at, revision=revision, only=only)
        process_note.tell_published(version, by=by, at=at)
        after = {pk: current_version_ids(pk) for pk in teams}
        copied = 0
        lost: tuple[queries.RemovedStep, ...] = ()
        _lock(teams)
        if flight == Flight.MOVE:
            _move(after)
            gone = queries.removed_steps_in_use(teams, before=before, after=after)
            copied = _carry_over(mapping or {}, teams=teams, after=after)
            lost = tuple(each for each in gone if not (mapping or {}).get(each.place))
        else:
            _hold(before)
            if flight == Flight.KEEP:
                _keep(teams)
        found = queries.affected_deals(teams)
    return Published(
        version=version, people=found.people, deals=found.deals, copied=copied, lost=lost
    )


def _open_visits(teams: Collection[int]) -> "models.QuerySet[StageVisit]":
    return StageVisit.objects.going_on().filter(deal__team_id__in=teams, deal__outcome=Outcome.OPEN)


def _lock(teams: Collection[int]) -> None:
    """Lock the open visits, after whoever is moving one of the deals or answering a step: otherwise
    the visit that ends meanwhile would be changed, and the one that begins left as it was."""
    deals = Deal.objects.filter(team_id__in=teams, outcome=Outcome.OPEN).order_by("pk")
    deque(deals.select_for_update(no_key=True).values_list("pk").iterator(), maxlen=0)


def _hold(before: Mapping[int, tuple[int, ...]]) -> None:
    """Write the present versions into visits that name none, which would otherwise follow the new
    one."""
    for team, ids in before.items():
        _open_visits([team]).filter(version_ids=[]).update(
            version_ids=list(ids), playbook=fingerprint(ids)
        )


def _keep(teams: Collection[int]) -> None:
    """Visits that name older versions already go on with these."""
    deals = Deal.objects.filter(
        team_id__in=teams, outcome=Outcome.OPEN, kept_version_ids__isnull=True
    )
    now = StageVisit.objects.going_on().filter(deal=models.OuterRef("pk"))
    deals.update(kept_version_ids=models.Subquery(now.values("version_ids")[:1]))


def _move(after: Mapping[int, tuple[int, ...]]) -> None:
    for team, ids in after.items():
        _open_visits([team]).update(version_ids=list(ids), playbook=fingerprint(ids))
    Deal.objects.filter(
        team_id__in=after, outcome=Outcome.OPEN, kept_version_ids__isnull=False
    ).update(kept_version_ids=None)


_COPY = """
INSERT INTO crm_stepresult (
    deal_id, stage, key, label, state, value, contact_id, activity_id, file_id, link, note, reason,
    version_ids, private_to_id, mapped_from, at, by_id, replaced_at, replaced_by_id
)
SELECT old.deal_id, old.stage, %(new)s, %(label)s, old.state, old.value, old.contact_id,
    old.activity_id, old.file_id, old.link, old.note, old.reason, visit.version_ids, NULL, old.key,
    old.at, old.by_id, NULL, NULL
FROM crm_stepresult old
JOIN crm_deal deal ON deal.id = old.deal_id
JOIN crm_stagevisit visit ON visit.deal_id = deal.id AND visit.left_how IS NULL
WHERE deal.team_id = ANY(%(teams)s) AND deal.outcome = 'open'
    AND old.stage = %(stage)s AND old.key = %(old)s
    AND old.replaced_at IS NULL AND old.private_to_id IS NULL
    AND NOT EXISTS (
        SELECT FROM crm_stepresult there
        WHERE there.deal_id = old.deal_id AND there.stage = old.stage AND there.key = %(new)s
            AND there.replaced_at IS NULL AND there.private_to_id IS NULL
    )
"""


def _carry_over(
    mapping: Map, *, teams: Collection[int], after: Mapping[int, tuple[int, ...]]
) -> int:
    """Copy what was recorded against mapped steps to those that take their place. The old records
    stay: who did it, and when, is theirs."""
    copied = 0
    for (stage, old), new in mapping.items():
        for team in teams:
            step = _books(after)[team].find(stage, new) if new else None
            if step is None or not takes_over(step):
                continue
            with connection.cursor() as cursor:
                cursor.execute(
                    _COPY,
                    {
                        "stage": stage.value,
                        "old": old,
                        "new": new,
                        "label": step.label,
                        "teams": [team],
                    },
                )
                copied += cursor.rowcount
    return copied


def takes_over(step: PlaybookStep) -> bool:
    """Whether results of another step may be copied to this one. Not for a step bound to a fact: a
    gate would take any answer for an agreement (G3)."""
    return step.fact is None and step.can_be_done


def _books(versions: Mapping[int, tuple[int, ...]]) -> dict[int, Playbook]:
    return {team: of_versions(ids) for team, ids in versions.items()}
