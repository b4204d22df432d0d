"""Takes the sample data out again, except what people have made their own."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from crm.commands import search
from crm.models import Activity, Company, Contact, Deal, Product, SearchKind
from pipeline.models import Batch, BatchKind, Team, User

CHANGED = "changed since"
USED = "needed by what stays"

# Records that do not say when they were changed, by the fields that count as a change.
WATCHED: dict[type[models.Model], tuple[str, ...]] = {
    Team: ("name", "parent_id", "manager_id", "currency", "time_zone", "country"),
    User: ("name", "email", "password", "role", "style", "team_id", "hired_on", "is_active"),
    Product: ("name", "series", "price", "currency", "retired"),
}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A sample record that stays, and why."""

    kind: str
    pk: int
    name: str
    why: str


def fingerprints(batch: Batch) -> dict[str, dict[str, str]]:
    """How the records of a batch stand now that do not say when they were changed."""
    return {
        model._meta.model_name or "": {
            str(pk): hashlib.sha256(repr(values).encode()).hexdigest()
            for pk, *values in _of(model, batch).values_list("pk", *fields)
        }
        for model, fields in WATCHED.items()
    }


def remove(*, at: dt.datetime) -> list[Kept] | None:
    """Delete the sample data, except what was changed since or is needed by a record that stays.

    What stays is the organisation's own from then on: no later removal asks for it. None if there
    is no sample data.
    """
    with transaction.atomic():
        batch = (
            Batch.objects.select_for_update()
            .filter(kind=BatchKind.SAMPLE, undone_at=None)
            .order_by("-pk")
            .first()
        )
        if batch is None:
            return None
        kept = _Removal(batch).run()
        batch.undone_at = at
        batch.save(update_fields=["undone_at"])
    return kept


class _Removal:
    """From the deals down to what they stand on: each kind stays as far as something needs it."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.kept: list[Kept] = []

    def run(self) -> list[Kept]:
        with connection.cursor() as cursor:
            # Closed visits are frozen; the undo of a batch says so for its own transaction.
            cursor.execute("SET LOCAL seven.undo = 'batch'")
        self._deals()
        self._contacts()
        self._companies()
        self._products()
        self._people()
        return self.kept

    def _deals(self) -> None:
        own = Activity.objects.filter(deal=OuterRef("pk")).exclude(batch=self.batch)
        changed = Q(Q(changed_at__gt=self.batch.at) | Q(Exists(own)))
        self._keep(Deal, self._ids(Deal, changed), CHANGED)
        self._forget(SearchKind.DEAL, Deal.objects.filter(pk__in=self._ids(Deal, ~changed)))

    def _contacts(self) -> None:
        changed = self._ids(Contact, Q(changed_at__gt=self.batch.at))
        used = self._ids(Contact, _needed(Contact)) - changed
        self._keep(Contact, changed, CHANGED)
        self._keep(Contact, used, USED)
        self._forget(SearchKind.CONTACT, self._gone(Contact, changed | used))

    def _companies(self) -> None:
        changed = self._ids(Company, Q(changed_at__gt=self.batch.at))
        stays = changed | self._ids(Company, _needed(Company, but=["parent"]))
        parents = dict(Company.objects.exclude(parent=None).values_list("pk", "parent_id"))
        stays |= set(Company.objects.exclude(batch=self.batch).values_list("pk", flat=True))
        stays = _with_ancestors(stays, parents)
        self._keep(Company, changed, CHANGED)
        self._keep(Company, (stays - changed) & self._ids(Company), USED)
        # A parent is protected from deletion even where its subsidiary goes as well.
        self._gone(Company, stays).update(parent=None)
        self._forget(SearchKind.COMPANY, self._gone(Company, stays))

    def _products(self) -> None:
        changed = self._changed(Product)
        used = self._ids(Product, _needed(Product)) - changed
        self._keep(Product, changed, CHANGED)
        self._keep(Product, used, USED)
        self._gone(Product, changed | used).delete()

    def _people(self) -> None:
        """People and teams need each other; whoever stays keeps the team and all above it."""
        changed_users, changed_teams = self._changed(User), self._changed(Team)
        users = changed_users | self._ids(User, _needed(User, but=["manager"]))
        users |= set(User.objects.exclude(batch=self.batch).values_list("pk", flat=True))
        teams = changed_teams | self._ids(Team, _needed(Team, but=["parent", "team"], of=User))
        teams |= set(Team.objects.exclude(batch=self.batch).values_list("pk", flat=True))
        team_of = dict(User.objects.exclude(team=None).values_list("pk", "team_id"))
        parents = dict(Team.objects.exclude(parent=None).values_list("pk", "parent_id"))
        managers = dict(Team.objects.exclude(manager=None).values_list("pk", "manager_id"))
        if users:  # nobody can do without an organisation
            teams |= set(Team.objects.filter(parent=None).values_list("pk", flat=True))
        while True:
            before = len(users) + len(teams)
            teams = _with_ancestors(teams | {team_of[u] for u in users if u in team_of}, parents)
            users |= {managers[team] for team in teams if team in managers}
            if len(users) + len(teams) == before:
                break
        self._keep(User, changed_users, CHANGED)
        self._keep(User, (users - changed_users) & self._ids(User), USED)
        self._keep(Team, changed_teams, CHANGED)
        self._keep(Team, (teams - changed_teams) & self._ids(Team), USED)
        self._gone(Team, teams).update(manager=None)
        self._gone(User, users).delete()
        while self._gone(Team, teams).filter(children=None).delete()[0]:
            pass  # leaves first: a team is protected by those below it

    # Small things ----------------------------------------------------------------------------

    def _ids(self, model: type[models.Model], condition: Q | None = None) -> set[int]:
        rows = _of(model, self.batch)
        if condition is not None:
            rows = rows.filter(condition)
        return set(rows.values_list("pk", flat=True))

    def _changed(self, model: type[models.Model]) -> set[int]:
        name = model._meta.model_name or ""
        before = self.batch.summary["as_filled"][name]
        now = fingerprints(self.batch)[name]
        return {int(pk) for pk, mark in now.items() if before.get(pk) != mark}

    def _gone(self, model: type[models.Model], stays: Iterable[int]) -> "models.QuerySet[Any]":
        return _of(model, self.batch).exclude(pk__in=list(stays))

    def _forget(self, kind: SearchKind, rows: "models.QuerySet[Any]") -> None:
        search.drop(kind, rows.values_list("pk", flat=True))
        rows.delete()

    def _keep(self, model: type[models.Model], ids: Iterable[int], why: str) -> None:
        rows = model._default_manager.filter(pk__in=list(ids)).order_by("pk")
        kind = str(model._meta.verbose_name)
        self.kept += [Kept(kind=kind, pk=row.pk, name=str(row), why=why) for row in rows]


def _of(model: type[models.Model], batch: Batch) -> "models.QuerySet[Any]":
    return model._default_manager.filter(batch=batch)


def _needed(
    model: type[models.Model], *, but: Iterable[str] = (), of: type[models.Model] | None = None
) -> Q:
    """Which rows of `model` some other row refers to and protects, through any field except `but`.

    `but` names fields of the model itself and of `of`, by default of every model.
    """
    needed = Q(pk__in=[])
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.on_delete != models.PROTECT:
            continue
        source, name = relation.field.model, relation.field.name
        if name in but and (of is None or source in (of, model)):
            continue
        needed |= Q(Exists(source._default_manager.filter(**{name: OuterRef("pk")})))
    return needed


def _with_ancestors(ids: Iterable[int], parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    for pk in ids:
        at: int | None = pk
        while at is not None and at not in found:
            found.add(at)
            at = parents.get(at)
    return found
