"""Records for tests, made by the same commands as the pages use."""

import datetime as dt
from decimal import Decimal
from typing import Any

from crm.commands import activity as activity_commands
from crm.commands import company as company_commands
from crm.commands import contact as contact_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_win as win_commands
from crm.commands.contact import NewContact
from crm.commands.gate_input import GateInput
from crm.commands.writers.activity import About, Next
from crm.commands.writers.conversation import ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import Activity, ActivityKind, Company, Contact, Deal, OfferKind, StopCause
from pipeline.models import Role, Team, User
from pipeline.process.stages import Initiator, Stage

# A Wednesday; every test's clock stands here unless it says otherwise (`cast` fixtures).
NOW = dt.datetime(2026, 3, 11, 10, 0, tzinfo=dt.UTC)


def ago(**units: float) -> dt.datetime:
    return NOW - dt.timedelta(**units)


def make_team(*, name: str, parent: Team | None, manager: User | None = None) -> Team:
    settings = {} if parent else {"currency": "EUR", "time_zone": "Europe/Vienna", "country": "AT"}
    return Team.objects.create(name=name, parent=parent, manager=manager, **settings)


def make_user(
    *, name: str, team: Team | None, role: Role = Role.SALESPERSON, **fields: Any
) -> User:
    fields.setdefault("email", f"{name.split()[0].lower()}@seven.test")
    fields.setdefault("password", "right horse")
    return User.objects.create_user(name=name, team=team, role=role, **fields)


def make_company(*, by: User, name: str = "Norte SA", **fields: Any) -> Company:
    return company_commands.create(name=name, by=by, at=ago(days=40), **fields)


def make_contact(*, by: User, name: str = "Jordi Pla", **fields: Any) -> Contact:
    return contact_commands.create(name=name, by=by, at=ago(days=40), **fields)


def make_deal(
    *,
    by: User,
    name: str = "Line 3 retrofit",
    stage: Stage = Stage.LEAD_GENERATION,
    at: dt.datetime | None = None,
    amount: Decimal | int | None = None,
    **fields: Any,
) -> Deal:
    """A deal that begins in `stage`, with what the gates before it ask for."""
    if amount is not None:
        fields["amount"] = Decimal(amount)
    fields.setdefault("gate_input", needed_for(stage, known=fields))
    return deal_commands.open(name=name, by=by, at=at or ago(days=10), stage=stage, **fields)


def ready_deal(*, by: User, **fields: Any) -> Deal:
    """A deal of which all is known that the gates on the way to a win ask for."""
    return make_deal(by=by, gate_input=needed_for(Stage.CLOSING, known=fields), **fields)


def needed_for(stage: Stage, *, known: dict[str, Any] | None = None) -> GateInput:
    """What the gates ask for on the way to `stage`, and no more."""
    known = known or {}
    said: dict[str, Any] = {}
    if stage >= Stage.PROSPECTING and not known.get("contact"):
        said["contact"] = NewContact(name="Petra Voss")
    if stage >= Stage.QUALIFICATION:
        said["conversation"] = ConversationInput()
    if stage >= Stage.NEEDS_ANALYSIS:
        said["verdict"] = VerdictInput()
    if stage >= Stage.PROPOSAL:
        said["need"] = NeedInput(words="The old line stands still")
        said["path"] = DecisionPathInput(steps="The board", decides=NewContact(name="Dora Sato"))
    if stage >= Stage.OBJECTIONS:
        said["offer"] = OfferInput(kind=OfferKind.VERBAL)
    return GateInput(**said)


def won_deal(*, by: User, value: int = 1000, **fields: Any) -> Deal:
    deal = make_deal(by=by, stage=Stage.CLOSING, **fields)
    win_commands.win(deal, value=Decimal(value), by=by, at=ago(days=1))
    return deal


def stopped_deal(*, by: User, cause: str = "price", **fields: Any) -> Deal:
    deal = make_deal(by=by, **fields)
    deal_commands.stop(
        deal, initiator=Initiator.CUSTOMER, cause=cause_named(cause), by=by, at=ago(days=1)
    )
    return deal


def cause_named(key: str) -> StopCause:
    return StopCause.objects.get(key=key)


def plan_call(
    deal: Deal, *, by: User, due_at: dt.datetime | None = None, due_on: dt.date | None = None
) -> Activity:
    """A call at an hour, or on a day."""
    return activity_commands.plan(
        About(deal=deal),
        next=Next(kind=ActivityKind.CALL, due_at=due_at, due_on=due_on),
        by=by,
        at=ago(hours=1),
    )
