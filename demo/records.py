"""What the simulation hands to `filling`: records that refer to people by name and have no ids."""

import datetime as dt
import enum
from dataclasses import dataclass, field
from decimal import Decimal

from crm.models import ActivityKind, ActivityResult, DealRole, Relationship
from crm.models.due import Due
from demo.effects import Manner
from demo.paths import SimPath
from demo.people import DemoPerson
from pipeline.process.moves import Visit


class SimNextState(enum.Enum):
    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"
    PARKED = "parked"
    NOTHING = "nothing"


@dataclass(kw_only=True, eq=False)
class SimContact:
    name: str
    title: str
    email: str
    phone: str

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(kw_only=True, eq=False)
class SimCompany:
    """`customer_since` and `latest` (deal) count working days, as the drafts do (`WorkingTime`)."""

    name: str
    country: str
    industry: str
    employees: int
    website: str
    owner: str | None
    created_at: dt.datetime
    changed_at: dt.datetime
    changed_by: str | None
    contacts: list[SimContact]
    relationship: Relationship = Relationship.NEVER_BOUGHT
    relationship_before_win: Relationship | None = None
    customer_since: float | None = None
    parent: "SimCompany | None" = None
    deals: int = 0
    latest: float = 0.0


@dataclass(kw_only=True, eq=False)
class SimDraft:
    """A deal before its details are made: its final seller, its path, when it begins, and where it
    came from."""

    seller: DemoPerson | None
    team: str
    path: SimPath
    created: float
    repeat: bool
    source: str
    next_state: SimNextState | None = None

    @property
    def is_kept(self) -> bool:
        """Whether what is on record of an open deal is looked after."""
        return self.next_state not in (SimNextState.OVERDUE, SimNextState.NOTHING)

    @property
    def end(self) -> float:
        return self.created + self.path.days


@dataclass(frozen=True, kw_only=True)
class SimOwned:
    """The owner of a deal from an instant on; None while it is in a team's pool."""

    at: dt.datetime
    owner: str | None
    team: str


@dataclass(frozen=True, kw_only=True)
class SimChange:
    """A row of a deal's history. `old` and `new` are people's names where `kind` is the owner, sums in
    the organisation's currency, or days."""

    at: dt.datetime
    by: str
    kind: str
    old: str | Decimal | dt.date | None = None
    new: str | Decimal | dt.date | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SimActivity:
    """An activity, planned or done."""

    kind: ActivityKind
    owner: str
    created_at: dt.datetime
    subject: str = ""
    body: str = ""
    contact: SimContact | None = None
    method: str = ""
    due: Due | None = None
    done_at: dt.datetime | None = None
    cancelled_at: dt.datetime | None = None
    result: ActivityResult | None = None
    stage: int | None = None


@dataclass(kw_only=True, eq=False)
class SimDeal:
    name: str
    company: SimCompany
    contacts: list[tuple[SimContact, DealRole]]
    visits: list[Visit]
    # Each from its instant on, oldest first; the last ones are the deal's own.
    owned: list[SimOwned]
    amounts: list[tuple[dt.datetime, Decimal | None]]
    products: list[tuple[int, int]]
    created_by: str
    source: str
    source_detail: str
    source_company: SimCompany | None
    method: str
    manner: Manner
    expected_close_on: dt.date | None = None
    initiator: str = ""
    cause: str = ""
    closing_note: str = ""
    parked_until: dt.date | None = None
    changes: list[SimChange] = field(default_factory=list)
    doings: list[SimActivity] = field(default_factory=list)
    # The price of each product, for every amount that is what they come to; a guess is not.
    prices: dict[Decimal, list[Decimal]] = field(default_factory=dict)

    @property
    def created_at(self) -> dt.datetime:
        return self.owned[0].at

    def holder(self, at: dt.datetime) -> SimOwned:
        """Whose the deal was at an instant."""
        return next((owned for owned in reversed(self.owned) if owned.at <= at), self.owned[0])

    def amount(self, at: dt.datetime) -> Decimal | None:
        return next((amount for since, amount in reversed(self.amounts) if since <= at), None)

    def priced(self, amount: Decimal | None) -> list[Decimal | None]:
        """Unit prices at which the products add up to `amount`; empty for a rough estimate."""
        known = self.prices.get(amount) if amount is not None else None
        return [*known] if known is not None else [None] * len(self.products)


@dataclass(kw_only=True)
class Simulated:
    at: dt.datetime
    companies: list[SimCompany] = field(default_factory=list)
    deals: list[SimDeal] = field(default_factory=list)
