"""Sample data in an organisation of one's own: a team of four with sixty deals, to look around in.

A part of the demo's simulation, by the organisation's own process and in its currency. The people
have no address and no password: nobody can sign in as one of them, and nothing is mailed to them.
All of it is one batch and leaves as one (`exchange.commands.batch`), but for what was changed.
"""

import datetime as dt

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from crm import reference
from demo import people, tour
from demo.filling import Filling
from demo.recorder import ProcessInForce
from demo.records import SimCompany, SimDeal, Simulated
from demo.simulation import simulate
from exchange.commands import batch as batch_commands
from exchange.commands.batch import Undone
from exchange.imports import bulk
from pipeline.models import Batch, BatchKind, Team, User
from pipeline.process.moves import LeftHow
from pipeline.process.playbook import StepRow, fingerprint
from pipeline.process.queries.in_force import current_version_ids
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

TEAM = "Vienna"
# Of each stage so many open deals, and so many closed ones of the last year.
OPEN_EACH, CLOSED = 5, 25
# How many closed deals the whole simulation has to make for that.
SIMULATED = 300
YEAR = dt.timedelta(days=365)


def add(*, by: User, at: dt.datetime) -> Batch:
    """Add the sample data as it would stand at the instant `at`; the batch that it is.

    Raises Refused while there is some.
    """
    with transaction.atomic():
        root = Team.objects.select_for_update().get(parent=None)
        if Batch.objects.sample() is not None:
            raise Refused(_("The sample data is here already."))
        reference.seed()
        batch = Batch.objects.create(kind=BatchKind.SAMPLE, name=_("Sample data"), by=by, at=at)
        _SampleFilling(excerpt(simulate(at=at, closed=SIMULATED)), batch, root).write()
    return batch


def take_away(*, by: User, at: dt.datetime) -> Undone:
    """Take the sample data away, but for what was changed or is used by something that stays.

    Raises Refused if there is none.
    """
    batch = Batch.objects.sample()
    if batch is None:
        raise Refused(_("There is no sample data."))
    # What people practised on leaves whole, whatever they did on it.
    tour.take_away(at=at)
    return batch_commands.undo(batch, by=by, at=at)


def excerpt(simulated: Simulated) -> Simulated:
    """The deals of one team that were its own all along, with the companies that they name."""
    own = [deal for deal in simulated.deals if all(held.team == TEAM for held in deal.owned)]
    deals = [deal for stage in Stage for deal in _open_in(own, stage)[:OPEN_EACH]]
    deals += _closed_since(own, simulated.at - YEAR)[-CLOSED:]
    deals.sort(key=lambda deal: deal.created_at)
    return Simulated(at=simulated.at, companies=_companies_of(deals), deals=deals)


def _open_in(deals: list[SimDeal], stage: Stage) -> list[SimDeal]:
    return [d for d in deals if d.visits[-1].left_how is None and d.visits[-1].stage == stage]


def _closed_since(deals: list[SimDeal], since: dt.datetime) -> list[SimDeal]:
    """Those that began and ended since then, by when they ended."""
    ended = {
        deal: deal.visits[-1].left_at
        for deal in deals
        if deal.visits[-1].left_how in (LeftHow.WON, LeftHow.STOPPED) and deal.created_at > since
    }
    return sorted(ended, key=lambda deal: ended[deal] or since)


def _companies_of(deals: list[SimDeal]) -> list[SimCompany]:
    found: dict[SimCompany, None] = {}
    for deal in deals:
        for company in (deal.company, deal.source_company):
            while company is not None:
                found[company] = None
                company = company.parent
    return list(found)


class _SampleFilling(Filling):
    """Beside what an organisation has: one team below it, by its own process."""

    def __init__(self, simulated: Simulated, batch: Batch, root: Team) -> None:
        super().__init__(simulated, batch)
        self.root = root
        self.currency = root.currency

    def _organisation(self) -> dict[str, int]:
        team = Team(name=self._team_name(), parent=self.root, batch=self.batch)
        bulk.number(Team, [team])
        self.team = {TEAM: team.pk}
        today = self.at.astimezone(people.zone()).date()
        users = [
            User(
                name=_("%(name)s (sample)") % {"name": person.name},
                password=make_password(None),
                role=person.role,
                style=person.style,
                team_id=team.pk,
                hired_on=person.hired_on(today),
                batch_id=self.batch.pk,
            )
            for person in self._people()
        ]
        bulk.number(User, users)
        self.user = {
            person.name: user.pk for person, user in zip(self._people(), users, strict=True)
        }
        team.manager_id = self.user[people.MANAGER_OF[TEAM]]
        return {"team": bulk.write(Team, [team]), "user": bulk.write(User, users)}

    def _people(self) -> list[people.DemoPerson]:
        return [person for person in people.PEOPLE if person.team == TEAM]

    def _team_name(self) -> str:
        """Another one while the team of an earlier time is still there, for what was kept of it."""
        taken = set(self.root.children.values_list("name", flat=True))
        name, number = _("Sample team"), 2
        while name in taken:
            name, number = _("Sample team %(n)s") % {"n": number}, number + 1
        return name

    def _write_process(self) -> ProcessInForce:
        return _OwnProcess(self.root.pk)


class _OwnProcess:
    """What the organisation works by today, as if it always had."""

    def __init__(self, team_id: int) -> None:
        self.version_ids = current_version_ids(team_id)

    def in_force(self, team: str, at: dt.datetime) -> tuple[int, ...]:
        return self.version_ids

    def own_steps(self, user_id: int, stage: Stage, at: dt.datetime) -> list[StepRow]:
        return []

    def fingerprint(self, version_ids: tuple[int, ...]) -> str:
        return fingerprint(version_ids)
