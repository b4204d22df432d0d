"""Writes a simulation into an empty database, in bulk and in one transaction."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from crm import normalise, reference
from crm.commands import search
from crm.commands.locked_deal import as_sum
from crm.models import (
    Activity,
    Company,
    Contact,
    ContactPoint,
    Deal,
    DealChange,
    DealContact,
    DealLine,
    Method,
    PointKind,
    Product,
    Source,
    StageVisit,
    StopCause,
    TouchPlan,
)
from crm.models.activity import TOUCHES, ActivityResult
from day.models import ProtectedTime
from demo import days, keeping, people, writing
from demo.process import DemoProcess
from demo.recorder import ProcessInForce, Recorder
from demo.recording import record
from demo.records import SimActivity, SimCompany, SimContact, SimDeal, Simulated
from demo.simulation import simulate
from exchange.commands.batch import fingerprints
from exchange.imports import bulk
from exchange.imports.bulk import Holding
from pipeline.models import Batch, BatchKind, Team, User
from pipeline.process.stages import Outcome
from reports.models import DayNote, FormTime
from salesprocess.lib.events import RecordRef, change_event, event_columns


class NotEmpty(Exception):
    """There is an organisation already; nothing was written."""


def fill(*, at: dt.datetime, seed: int | None = None, closed: int | None = None) -> Batch:
    """Fill an empty database with the demo organisation as it stands at the instant `at`.

    `seed` and `closed` are those of `simulate`, by default its own. All records carry the batch
    that is returned.

    Raises NotEmpty if there is an organisation.
    """
    chosen = {"seed": seed, "closed": closed}
    simulated = simulate(
        at=at, **{key: value for key, value in chosen.items() if value is not None}
    )
    with transaction.atomic():
        # Two fillings at once: the second one waits, and finds the first one's organisation.
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE pipeline_team IN SHARE ROW EXCLUSIVE MODE")
        if Team.objects.exists():
            raise NotEmpty
        reference.seed()
        batch = Batch.objects.create(kind=BatchKind.DEMO, name=people.ORGANISATION, at=simulated.at)
        Filling(simulated, batch).write()
        with connection.cursor() as cursor:
            # Without figures about the new rows the first pages would be planned badly.
            cursor.execute("ANALYZE")
        return batch


class Filling:
    """Numbers what others refer to, then writes table by table; an organisation of its own."""

    currency = people.CURRENCY

    def __init__(self, simulated: Simulated, batch: Batch) -> None:
        self.simulated = simulated
        self.at = simulated.at
        self.batch = batch
        self.sources = {source.name: source.pk for source in Source.objects.all()}
        self.methods = {method.name: method.pk for method in Method.objects.all()}
        self.causes = {cause.key: cause.pk for cause in StopCause.objects.all()}

    def write(self) -> None:
        written = self._organisation()
        written["product"] = bulk.write(Product, self._products())
        written["company"] = bulk.write(Company, self._companies())
        written["contact"] = bulk.write(Contact, self._contacts())
        bulk.write(ContactPoint, self._points())
        written["deal"] = bulk.write(Deal, self._deals())
        self._process()
        bulk.write(StageVisit, self._visits())
        self.recorder.write()
        bulk.write(DealContact, self._deal_contacts())
        bulk.write(DealLine, self._lines())
        bulk.write(DealChange, self._changes())
        written["activity"] = bulk.write(Activity, self._activities())
        bulk.write(TouchPlan, keeping.touch_plans(self.company, user=self.user, at=self.at))
        bulk.write(DayNote, days.notes(team=self.team, user=self.user, at=self.at))
        bulk.write(FormTime, days.form_times(user=self.user, at=self.at))
        bulk.write(ProtectedTime, days.kept_free(user=self.user))
        self.batch.summary = {"written": written, "as_filled": fingerprints(self.batch)}
        self.batch.save(update_fields=["summary"])
        search.index_batch(self.batch.pk)

    # Who sells -------------------------------------------------------------------------------

    def _organisation(self) -> dict[str, int]:
        teams = [Team(name=team.name, batch_id=self.batch.pk) for team in people.TEAMS]
        bulk.number(Team, teams)
        self.team = {team.name: team.pk for team in teams}
        users = self._users()
        bulk.number(User, users)
        self.user = {user.name: user.pk for user in users}
        for row, team in zip(teams, people.TEAMS, strict=True):
            row.parent_id = self.team[team.parent] if team.parent else None
            row.manager_id = self.user[team.manager] if team.manager else None
        teams[0].currency = people.CURRENCY
        teams[0].time_zone = people.TIME_ZONE
        teams[0].country = people.COUNTRY
        written = {"team": bulk.write(Team, teams), "user": bulk.write(User, users)}
        keeping.write_rules(team=self.team, user=self.user, at=self.at)
        return written

    def _users(self) -> list[User]:
        password = make_password(people.PASSWORD)  # once: a hash takes its time on purpose
        today = self.at.astimezone(people.zone()).date()
        return [
            User(
                name=person.name,
                email=person.email,
                password=password,
                role=person.role,
                style=person.style,
                team_id=self.team[person.team],
                hired_on=person.hired_on(today),
                is_active=not person.left_months,
                batch_id=self.batch.pk,
            )
            for person in people.PEOPLE
        ]

    # The other side --------------------------------------------------------------------------

    def _products(self) -> list[Product]:
        """Those that are not in the price list yet: what was kept of an earlier filling stays."""
        known = dict(Product.objects.values_list("name", "pk"))
        products = [
            Product(
                name=name,
                series=series,
                price=Decimal(price),
                currency=self.currency,
                batch_id=self.batch.pk,
            )
            for name, series, price in writing.PRODUCTS
            if name not in known
        ]
        bulk.number(Product, products)
        known |= {product.name: product.pk for product in products}
        self.product = [known[name] for name, _series, _price in writing.PRODUCTS]
        return products

    def _companies(self) -> Iterator[Company]:
        companies = self.simulated.companies
        ids = bulk.next_ids(Company, len(companies))
        self.company: dict[SimCompany, int] = dict(zip(companies, ids, strict=True))
        for company, pk in self.company.items():
            yield Company(
                pk=pk,
                name=company.name,
                relationship=company.relationship,
                relationship_before_win=company.relationship_before_win,
                parent_id=self.company[company.parent] if company.parent else None,
                website=company.website,
                industry=company.industry,
                employees=company.employees,
                country=company.country,
                owner_id=self.user[company.owner] if company.owner else None,
                created_at=company.created_at,
                changed_at=company.changed_at,
                changed_by_id=self.user[company.changed_by] if company.changed_by else None,
                batch_id=self.batch.pk,
            )

    def _contacts(self) -> Iterator[Contact]:
        pairs = [(c, contact) for c in self.simulated.companies for contact in c.contacts]
        ids = bulk.next_ids(Contact, len(pairs))
        self.contact: dict[SimContact, int] = {}
        for (company, contact), pk in zip(pairs, ids, strict=True):
            self.contact[contact] = pk
            yield Contact(
                pk=pk,
                name=contact.name,
                job_title=contact.title,
                company_id=self.company[company],
                owner_id=self.user[company.owner] if company.owner else None,
                created_at=company.created_at,
                changed_at=company.created_at,
                changed_by_id=self.user[company.owner] if company.owner else None,
                batch_id=self.batch.pk,
            )

    def _points(self) -> Iterator[ContactPoint]:
        for contact, pk in self.contact.items():
            if contact.email:
                yield ContactPoint(
                    contact_id=pk,
                    kind=PointKind.EMAIL,
                    value=normalise.email(contact.email),
                    typed=contact.email,
                )
            if contact.phone:
                yield ContactPoint(
                    contact_id=pk,
                    kind=PointKind.PHONE,
                    value=normalise.phone(contact.phone, country=people.COUNTRY),
                    typed=contact.phone,
                )

    # Deals and what became of them -----------------------------------------------------------

    def _deals(self) -> Iterator[Deal]:
        sims = self.simulated.deals
        ids = bulk.next_ids(Deal, len(sims))
        self.deal: dict[SimDeal, Deal] = {}
        for sim, pk in zip(sims, ids, strict=True):
            self.deal[sim] = self._deal(sim, pk)
            yield self.deal[sim]

    def _deal(self, sim: SimDeal, pk: int) -> Deal:
        held = sim.owned[-1]
        deal = Deal(
            pk=pk,
            name=sim.name,
            company_id=self.company[sim.company],
            owner_id=self._user_id(held.owner),
            team_id=self.team[held.team],
            amount=sim.amounts[-1][1],
            currency=self.currency,
            expected_close_on=sim.expected_close_on,
            source_id=self.sources[sim.source],
            source_detail=sim.source_detail,
            source_company_id=self.company[sim.source_company] if sim.source_company else None,
            method_id=self.methods[sim.method] if sim.method else None,
            initiator=sim.initiator,
            cause_id=self.causes[sim.cause] if sim.cause else None,
            closing_note=sim.closing_note,
            parked_until=sim.parked_until,
            created_at=sim.created_at,
            created_by_id=self.user[sim.created_by],
            batch_id=self.batch.pk,
        )
        bulk.repeat_latest_visit(deal, sim.visits)
        self._whats_next(deal, sim)
        deal.touched_at = max((d.done_at for d in sim.doings if _is_touch(d)), default=None)  # type: ignore[type-var]
        deal.changed_at = _last_change(sim)
        deal.changed_by_id = self._actor_id(sim, deal.changed_at)
        deal.version = len(sim.visits) + len(sim.changes) + len(sim.doings)
        return deal

    def _whats_next(self, deal: Deal, sim: SimDeal) -> None:
        """As `locked_deal.refresh_next` sets it; a test compares the two."""
        planned = [d for d in sim.doings if d.done_at is None and d.cancelled_at is None]
        if deal.outcome != Outcome.OPEN:
            return
        if planned:
            first = min(planned, key=lambda doing: _by(doing) or self.at)
            assert first.due is not None  # noqa: S101  # planned ones have it
            deal.next_on, deal.next_at, deal.next_kind = first.due.on, first.due.at, first.kind
            deal.attention_at = _by(first)
        if deal.attention_at is None and deal.parked_until is not None:
            deal.attention_at = dt.datetime.combine(
                deal.parked_until, dt.time.min, tzinfo=people.zone()
            )

    def _write_process(self) -> ProcessInForce:
        process = DemoProcess(batch=self.batch, team=self.team, user=self.user, at=self.at)
        process.write()
        return process

    def _process(self) -> None:
        self.process = self._write_process()
        self.recorder = Recorder(
            self.process,
            user=self.user,
            contact=self.contact,
            product=self.product,
            now=self.simulated.at,
        )

    def _visits(self) -> Iterator[StageVisit]:
        """With the process that was in force at each entry; records refer to visits by id."""
        for sim, deal in self.deal.items():
            visits = bulk.visit_rows(deal, sim.visits, held=self._held(sim))
            for visit in visits:
                visit.pk = self.recorder.next_id(StageVisit)
                visit.entered_by_id = self._actor_id(sim, visit.entered_at)
                if visit.left_at:
                    visit.left_by_id = self._actor_id(sim, visit.left_at)
                entered_at = visit.entered_at or self.at
                team = sim.holder(entered_at).team
                visit.version_ids = self.process.in_force(team, entered_at)
                visit.playbook = self.process.fingerprint(visit.version_ids)
            actors = [self._actor_id(sim, visit.entered_at) for visit in visits]
            record(self.recorder, sim, deal, visits, actors)
            yield from visits

    def _held(self, sim: SimDeal) -> Callable[[dt.datetime | None], Holding]:
        def held(at: dt.datetime | None) -> Holding:
            when = at or self.at
            holder = sim.holder(when)
            return Holding(
                owner_id=self._user_id(holder.owner),
                team_id=self.team[holder.team],
                amount=sim.amount(when),
            )

        return held

    def _deal_contacts(self) -> Iterator[DealContact]:
        for sim, deal in self.deal.items():
            for contact, role in sim.contacts:
                yield DealContact(deal_id=deal.pk, contact_id=self.contact[contact], role=role)

    def _lines(self) -> Iterator[DealLine]:
        for sim, deal in self.deal.items():
            prices = sim.priced(sim.amounts[-1][1])
            for (product, quantity), price in zip(sim.products, prices, strict=True):
                yield DealLine(
                    deal_id=deal.pk,
                    product_id=self.product[product],
                    quantity=Decimal(quantity),
                    unit_price=price,
                )

    def _changes(self) -> Iterator[DealChange]:
        for sim, deal in self.deal.items():
            for change in sim.changes:
                old, new = (self._kept(one, deal) for one in (change.old, change.new))
                yield DealChange(
                    deal_id=deal.pk,
                    at=change.at,
                    by_id=self.user[change.by],
                    reason=change.reason,
                    **event_columns(change_event(change.kind, old=old, new=new)),
                )

    def _activities(self) -> Iterator[Activity]:
        for sim, deal in self.deal.items():
            for doing in sim.doings:
                yield Activity(
                    kind=doing.kind,
                    subject=doing.subject,
                    body=doing.body,
                    deal_id=deal.pk,
                    company_id=deal.company_id,
                    contact_id=self.contact[doing.contact] if doing.contact else None,
                    method_id=self.methods[doing.method] if doing.method else None,
                    owner_id=self.user[doing.owner],
                    due_on=doing.due.on if doing.due else None,
                    due_at=doing.due.at if doing.due else None,
                    due_by=_by(doing),
                    done_at=doing.done_at,
                    cancelled_at=doing.cancelled_at,
                    result=doing.result or "",
                    stage=doing.stage,
                    created_at=doing.created_at,
                    created_by_id=self.user[doing.owner],
                    batch_id=self.batch.pk,
                )

    # Small things ----------------------------------------------------------------------------

    def _user_id(self, name: str | None) -> int | None:
        return self.user[name] if name else None

    def _actor_id(self, sim: SimDeal, at: dt.datetime | None) -> int:
        holder = sim.holder(at or self.at)
        return self.user[holder.owner or people.MANAGER_OF[holder.team]]

    def _kept(self, value: object, deal: Deal) -> object:
        """As history keeps it: people by reference, sums with their currency."""
        if isinstance(value, str):
            return RecordRef(kind="user", id=self.user[value], name=value)
        return as_sum(value, deal.currency) if isinstance(value, Decimal) else value


def _by(doing: SimActivity) -> dt.datetime | None:
    return doing.due.by(people.zone()) if doing.due else None


def _is_touch(doing: SimActivity) -> bool:
    reached = doing.result != ActivityResult.NO_ANSWER
    return doing.done_at is not None and doing.kind in TOUCHES and reached


def _last_change(sim: SimDeal) -> dt.datetime:
    found = [change.at for change in sim.changes]
    for visit in sim.visits:
        found += filter(None, (visit.entered_at, visit.left_at))
    for doing in sim.doings:
        found += filter(None, (doing.created_at, doing.done_at, doing.cancelled_at))
    return max(found)
