"""The rules by which the leads of a team's pool are given away: its manager sets them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from crm.commands import values
from crm.models import Dealing, LeadRule, LeadTaker, Source
from pipeline.models import Team, User
from salesprocess.lib.refused import Refused, require_version


@dataclass(frozen=True, kw_only=True)
class LeadRuleInput:
    """What a rule says; see `LeadRule`."""

    name: str
    people: tuple[User, ...]
    source: Source | None = None
    region: str = ""
    dealing: Dealing = Dealing.IN_TURN
    capacity: int | None = None


def add(team: Team, said: LeadRuleInput, *, by: User, at: dt.datetime) -> LeadRule:
    """A new rule of a team's pool, asked after all that are there.

    Raises Refused for a team that `by` does not lead, or people who cannot take leads.
    """
    with transaction.atomic():
        if not Team.objects.editable_by(by).filter(pk=team.pk).exists():
            raise Refused(_("Only who leads the team sets its rules."), field="team")
        last = LeadRule.objects.filter(team=team).aggregate(last=Max("position"))["last"] or 0
        rule = LeadRule(team=team, position=last + 1, changed_at=at, changed_by=by)
        _say(rule, said, by=by)
        rule.save(force_insert=True)
        _set_people(rule, said.people)
    return rule


def change(
    rule: LeadRule, said: LeadRuleInput, *, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Say a rule anew; whoever stays keeps the turn.

    Raises Refused as `add` does, Stale if `version` is not the present one; LeadRule.DoesNotExist
    out of the reach of `by`.
    """
    with transaction.atomic():
        row = _locked(rule, by=by, version=version)
        _say(row, said, by=by)
        _save(row, "name", "source", "region", "dealing", "capacity", by=by, at=at)
        _set_people(row, said.people)
    rule.refresh_from_db()


def switch(
    rule: LeadRule, *, is_on: bool, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Let a rule rest, or ask it again. Raises as `change` does."""
    with transaction.atomic():
        row = _locked(rule, by=by, version=version)
        row.is_on = is_on
        _save(row, "is_on", by=by, at=at)
    rule.refresh_from_db()


def move_up(rule: LeadRule, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Ask a rule before the one above it; the first one stays. Raises as `change` does."""
    with transaction.atomic():
        row = _locked(rule, by=by, version=version)
        rules = list(
            LeadRule.objects.filter(team=row.team_id)
            .order_by("position", "pk")
            .select_for_update(of=("self",))
        )
        place = next(n for n, one in enumerate(rules) if one.pk == row.pk)
        if place:
            rules[place - 1], rules[place] = rules[place], rules[place - 1]
        for number, one in enumerate(rules, 1):
            one.position = number
        LeadRule.objects.bulk_update(rules, ["position"])
        LeadRule.objects.filter(pk=row.pk).update(
            version=F("version") + 1, changed_by=by, changed_at=at
        )
    rule.refresh_from_db()


def _locked(rule: LeadRule, *, by: User, version: int | None) -> LeadRule:
    rows = LeadRule.objects.editable_by(by).select_for_update(of=("self",))
    row: LeadRule = rows.select_related("changed_by").get(pk=rule.pk)
    require_version(row, version)
    return row


def _say(row: LeadRule, said: LeadRuleInput, *, by: User) -> None:
    if not said.people:
        raise Refused(_("Choose who gets leads by it."), field="people")
    strangers = [
        one.name
        for one in said.people
        if not one.is_active or one.team_id is None or not by.scope.may_assign_to(one.pk)
    ]
    if strangers:
        raise Refused(
            _("You cannot give leads to %(names)s.") % {"names": ", ".join(strangers)},
            field="people",
        )
    row.name, row.region = said.name.strip(), said.region.strip()
    row.source, row.dealing, row.capacity = said.source, said.dealing, said.capacity
    values.check(row)


def _set_people(row: LeadRule, people: Iterable[User]) -> None:
    wanted = {one.pk for one in people}
    takers = LeadTaker.objects.filter(rule=row)
    takers.exclude(person_id__in=wanted).delete()
    there = set(takers.values_list("person_id", flat=True))
    # Who comes in begins where the others are, so that the next ten leads are not all theirs.
    LeadTaker.objects.bulk_create(
        LeadTaker(rule=row, person_id=pk, last_turn=row.turn) for pk in sorted(wanted - there)
    )


def _save(row: LeadRule, *fields: str, by: User, at: dt.datetime) -> None:
    row.version += 1
    row.changed_by, row.changed_at = by, at
    row.save(update_fields=[*fields, "version", "changed_by", "changed_at"])
