"""Eighteen months of the demo organisation, decided without a database: pure and seeded.

Everybody's deals get a path each (`paths`): closed ones end somewhere in the period, open ones
end now. Then they are told in the order in which they began, so that a customer is one only from
the first win on (`story`).
"""

import datetime as dt
import random

from crm.models import Relationship
from demo import layers, writing
from demo.effects import CARE, CARELESS, DRIFTING_DAYS, MEASURING_DAYS, Manners
from demo.names import CULTURES, TITLES, Culture, NameBook, ascii_name
from demo.paths import PathMaker, SimAct, SimPath
from demo.people import MANAGER_OF, PEOPLE, DemoPerson, left_on, zone
from demo.plan import deal_out
from demo.records import SimCompany, SimContact, SimDeal, SimDraft, SimNextState, Simulated
from demo.story import tell
from demo.telling import Teller
from demo.working_time import WorkingTime
from pipeline.models import SellingStyle
from pipeline.process.stages import Stage

SEED = 7
MONTHS = 18
CLOSED_DEALS = 2_620

# How many open deals an average seller has in each stage: fullest near the front, with a bulge.
FULLNESS = {1: 12, 2: 10, 3: 8, 4: 5, 5: 7, 6: 5, 7: 3}
IN_POOLS = {Stage.LEAD_GENERATION: 16, Stage.PROSPECTING: 6}

# By style: how much of the business is repeat business, and customers from before the CRM.
REPEAT_SHARE = {
    SellingStyle.ACCOUNT_MANAGEMENT: 0.72,
    SellingStyle.MIXED: 0.42,
    SellingStyle.NEW_BUSINESS: 0.14,
}
OLD_CUSTOMERS = {
    SellingStyle.ACCOUNT_MANAGEMENT: 32,
    SellingStyle.MIXED: 16,
    SellingStyle.NEW_BUSINESS: 5,
}
# Working days without a deal after which an old customer may have gone quiet.
QUIET = 130
CULTURES_OF = {
    "Vienna": ("german", "german", "slavic", "slavic", "italian"),
    "Alps": ("german", "german", "french", "italian", "iberian"),
    "Hamburg": ("german", "german", "dutch", "english", "french"),
    "Nordics": ("nordic", "nordic", "nordic", "english", "dutch"),
}


def simulate(*, at: dt.datetime, seed: int = SEED, closed: int = CLOSED_DEALS) -> Simulated:
    """The demo as it stands at the instant `at`; the same for one seed and instant.

    `closed` is the number of deals that were won or stopped; the open ones come on top.
    """
    return _Simulation(at=at, seed=seed).run(closed)


class _Simulation:
    def __init__(self, *, at: dt.datetime, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # chance must be repeatable here
        self.time = WorkingTime(zone())
        self.today = at.astimezone(self.time.zone).date()
        self.now = self.time.latest(at)
        self.begin = self.now - MONTHS * 365 / 12 * 5 / 7
        self.manners = Manners(
            rng=self.rng,
            drifts_since=self._days_ago(DRIFTING_DAYS, at),
            measures_since=self._days_ago(MEASURING_DAYS, at),
        )
        self.book = NameBook(self.rng)
        self.result = Simulated(at=at)
        self.of_owner: dict[str, list[SimCompany]] = {}

    def run(self, closed: int) -> Simulated:
        sellers = [person for person in PEOPLE if person.sells]
        for person in sellers:
            for _ in range(OLD_CUSTOMERS[person.style]):
                self._old_customer(person)
        drafts = self._closed(sellers, closed) + self._open(sellers) + self._pools()
        at = self.result.at
        teller = Teller(self.rng, self.time, at=at, now=self.now, today=self.today)
        for draft in sorted(drafts, key=lambda draft: draft.created):
            company = self._company(draft)
            deal = tell(teller, draft, company, self._brought_by(draft, company))
            self.result.deals.append(deal)
            self._remember(company, draft, deal)
        self._settle()
        return self.result

    # Whose deals, and which way they go ------------------------------------------------------

    def _closed(self, sellers: list[DemoPerson], count: int) -> list[SimDraft]:
        weight = {p.name: p.share * (self._until(p) - self._since(p)) for p in sellers}
        total = sum(weight.values())
        return [
            self._closed_draft(person)
            for person in sellers
            for _ in range(round(count * weight[person.name] / total))
        ]

    def _closed_draft(self, person: DemoPerson) -> SimDraft:
        since, until = self._since(person), self._until(person)
        repeat = self.rng.random() < REPEAT_SHARE[person.style]
        source = self._source(repeat=repeat)
        while True:
            created = self.rng.uniform(since, until)
            manner = self.manners.draw(person, source, repeat=repeat, when=created)
            path = PathMaker(self.rng, manner).closed(self._start(repeat=repeat), created)
            if created + path.days < until:
                return SimDraft(
                    seller=person,
                    team=person.team,
                    path=path,
                    created=created,
                    repeat=repeat,
                    source=source,
                )

    def _open(self, sellers: list[DemoPerson]) -> list[SimDraft]:
        drafts = []
        for person in sellers:
            if person.left_months:
                continue
            own = [
                self._open_draft(person, Stage(stage))
                for stage, usual in FULLNESS.items()
                for _ in range(max(2, round(usual * person.share * self.rng.uniform(0.75, 1.2))))
            ]
            care = CARELESS.get(person.name, CARE)
            for draft, state in zip(own, deal_out(self.rng, len(own), care=care), strict=True):
                draft.next_state = state
            drafts += own
        return drafts

    def _open_draft(self, person: DemoPerson, stage: Stage) -> SimDraft:
        repeat = self.rng.random() < REPEAT_SHARE[person.style]
        source = self._source(repeat=repeat)
        manner = self.manners.draw(person, source, repeat=repeat, when=self.now)
        maker = PathMaker(self.rng, manner)
        while True:
            path = maker.open_in(stage, self._start(repeat=repeat))
            created = self.now - path.days
            if created > self._since(person):
                return SimDraft(
                    seller=person,
                    team=person.team,
                    path=path,
                    created=created,
                    repeat=repeat,
                    source=source,
                )

    def _pools(self) -> list[SimDraft]:
        """What nobody has taken yet."""
        teams = list(CULTURES_OF)
        drafts = []
        for stage, count in IN_POOLS.items():
            for number in range(count):
                path = SimPath(start=stage, rest=self.rng.uniform(0.1, 9))
                drafts.append(
                    SimDraft(
                        seller=None,
                        team=teams[number % len(teams)],
                        path=path,
                        created=self.now - path.rest,
                        repeat=False,
                        source=self._source(repeat=False),
                        next_state=SimNextState.NOTHING,
                    )
                )
        return drafts

    def _source(self, *, repeat: bool) -> str:
        if repeat:
            return writing.REPEAT_SOURCE
        names = [name for name, _weight, _details in writing.SOURCES]
        return self.rng.choices(names, [weight for _name, weight, _d in writing.SOURCES])[0]

    def _start(self, *, repeat: bool) -> Stage:
        chance = self.rng.random()
        if repeat and chance < 0.06:
            return Stage.QUALIFICATION
        return Stage.PROSPECTING if chance < 0.18 else Stage.LEAD_GENERATION

    def _days_ago(self, days: int, at: dt.datetime) -> float:
        return self.time.count(layers.instants(at)(days))

    def _since(self, person: DemoPerson) -> float:
        hired = dt.datetime.combine(person.hired_on(self.today), dt.time(9), tzinfo=self.time.zone)
        return max(self.begin, self.time.count(hired))

    def _until(self, person: DemoPerson) -> float:
        if not person.left_months:
            return self.now
        left = dt.datetime.combine(left_on(person, self.today), dt.time(16), tzinfo=self.time.zone)
        return self.time.count(left)

    # With which companies --------------------------------------------------------------------

    def _old_customer(self, person: DemoPerson) -> None:
        company = self._new_company(person.team, person.name, self.begin)
        company.relationship = Relationship.CUSTOMER
        company.customer_since = self.begin
        mine = self.of_owner[person.name]
        if len(mine) > 1 and self.rng.random() < 0.12:
            company.parent = mine[0]

    def _company(self, draft: SimDraft) -> SimCompany:
        """Repeat business is with one's customers; other deals are with somebody new, or again."""
        name = draft.seller.name if draft.seller else draft.team
        known = self.of_owner.setdefault(name, [])
        if draft.repeat:
            customers = [c for c in known if _is_customer(c, draft.created)]
            if customers:
                return self.rng.choice(customers)
            draft.repeat, draft.source = False, writing.OWN_SOURCE
        if known and self.rng.random() < 0.62:
            others = [c for c in known if c.customer_since is None and c.deals < 5]
            if others:
                return self.rng.choice(others)
        return self._new_company(
            draft.team, draft.seller.name if draft.seller else None, draft.created
        )

    def _new_company(self, team: str, owner: str | None, created: float) -> SimCompany:
        rng = self.rng
        culture = CULTURES[rng.choice(CULTURES_OF[team])]
        name, country, industry = self.book.company(culture)
        site = "-".join(ascii_name(name).split()[:2])
        company = SimCompany(
            name=name,
            country=country,
            industry=industry,
            employees=int(rng.lognormvariate(4.6, 1.0)) + 4,
            website=f"https://{site}.example" if rng.random() < 0.85 else "",
            owner=owner,
            created_at=self.time.instant(created),
            changed_at=self.time.instant(created),
            changed_by=owner or MANAGER_OF[team],
            contacts=self._contacts(culture, country, site),
        )
        self.result.companies.append(company)
        self.of_owner.setdefault(owner or team, []).append(company)
        return company

    def _contacts(self, culture: Culture, country: str, site: str) -> list[SimContact]:
        found: dict[str, SimContact] = {}
        for _ in range(self.rng.choice((1, 1, 2, 2, 3))):
            name = self.book.person(culture)
            email = ascii_name(name).replace(" ", ".")
            found[name] = SimContact(
                name=name,
                title=self.rng.choice(TITLES),
                email=f"{email}@{site}.example" if self.rng.random() < 0.9 else "",
                phone=self.book.phone(culture, country) if self.rng.random() < 0.7 else "",
            )
        return list(found.values())

    def _brought_by(self, draft: SimDraft, company: SimCompany) -> SimCompany | None:
        """The customer from which a deal came: itself, or one of the same seller's."""
        if draft.repeat:
            return company
        known = self.of_owner[draft.seller.name] if draft.seller else []
        customers = [c for c in known if _is_customer(c, draft.created) and c is not company]
        return self.rng.choice(customers) if customers else None

    def _remember(self, company: SimCompany, draft: SimDraft, deal: SimDeal) -> None:
        company.deals += 1
        company.latest = draft.end
        if draft.path.steps and draft.path.steps[-1].act == SimAct.WIN:
            if company.customer_since is None or company.customer_since > draft.end:
                company.customer_since = draft.end
            if company.relationship != Relationship.CUSTOMER:
                company.relationship_before_win = company.relationship
                company.relationship = Relationship.CUSTOMER
                company.changed_at = self.time.instant(draft.end)
                company.changed_by = deal.owned[-1].owner

    def _settle(self) -> None:
        """Old customers that were not heard of lately have gone quiet; a leaver's have an heir."""
        heir_of = {person.name: person.heir for person in PEOPLE if person.left_months}
        for company in self.result.companies:
            company.owner = heir_of.get(company.owner or "", company.owner)
            old = company.customer_since == self.begin and company.latest < self.now - QUIET
            if old and self.rng.random() < 0.5:
                company.relationship = self.rng.choice((Relationship.FORMER, Relationship.INACTIVE))


def _is_customer(company: SimCompany, when: float) -> bool:
    return company.customer_since is not None and company.customer_since <= when
