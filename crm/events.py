"""What happens to deals, parties and settings, as their history keeps it; pure.

To add a kind: a class here, the command that writes it, its sentence in `crm.presenters.events`, and
one of it in `tests/crm/event_samples.py`; tests that go over all kinds fail without.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic

from django.utils.translation import gettext_lazy as _

from salesprocess.lib.events import Event, RecordRef, Sum, V, ValueChanged

# Facts of a deal; NameChanged, CurrencyChanged and TeamChanged are those of everything -----------


class CompanyChanged(ValueChanged[RecordRef], kind="company", label=_("Company")): ...


class AmountChanged(ValueChanged[Sum], kind="amount", label=_("Value")): ...


class ExpectedCloseChanged(
    ValueChanged[dt.date], kind="expected_close_on", label=_("Closing date")
): ...


class SourceChanged(ValueChanged[RecordRef], kind="source", label=_("Source")): ...


class SourceDetailChanged(ValueChanged[str], kind="source_detail", label=_("Source detail")): ...


class SourceCompanyChanged(
    ValueChanged[RecordRef], kind="source_company", label=_("Customer it came from")
): ...


class MethodChanged(ValueChanged[RecordRef], kind="method", label=_("Method")): ...


class OwnerChanged(ValueChanged[RecordRef], kind="owner"):
    """Of a deal, or who looks after a company or a contact."""


class InitiatorChanged(ValueChanged[str], kind="initiator", label=_("Who stopped it")): ...


class CauseChanged(ValueChanged[RecordRef], kind="cause", label=_("Cause")): ...


class ClosingNoteChanged(
    ValueChanged[str], kind="closing_note", label=_("What was said of it")
): ...


class ParkedUntilChanged(ValueChanged[dt.date], kind="parked_until"): ...


@dataclass(frozen=True, kw_only=True)
class PersonInRole:
    """Somebody of the other side, and what he or she is to the deal (`DealRole`)."""

    person: RecordRef
    role: str = ""


class DealPersonChanged(ValueChanged[PersonInRole], kind="contact", label=_("Person")): ...


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    product: RecordRef
    quantity: Decimal
    unit_price: Sum | None = None


class DealLineChanged(ValueChanged[LineFacts], kind="line", label=_("Product")): ...


@dataclass(frozen=True, kw_only=True)
class ActUndone(Event, kind="undone"):
    """A verb was done and taken back at once; `verb` as in `UndoableAct`."""

    verb: str


@dataclass(frozen=True, kw_only=True)
class NothingPlanned(Event, kind="nothing_planned"):
    """Something was logged and nothing comes next; `why` is a `crm.proposal.NothingNext`."""

    why: str


@dataclass(frozen=True, kw_only=True)
class LeadTakenIn(Event, kind="lead_taken_in"):
    """A lead turned out to be the same: what was known of it came to this deal. The lead has `Merged`."""

    lead: RecordRef


@dataclass(frozen=True, kw_only=True)
class PartyTakenIn(Event, kind="party_taken_in"):
    """A company or contact turned out to be the same: all that belonged to it came to this one."""

    party: RecordRef


@dataclass(frozen=True, kw_only=True)
class PartyGivenBack(Event, kind="party_given_back"):
    """That was undone: the other one is there again."""

    party: RecordRef


class DealRestored(Event, kind="restored"):
    """It had been opened by mistake and taken back, and is there again."""


# Records of a deal ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RecordPartChanged(ValueChanged[V], Generic[V]):
    """A part of a record; `about` says of which one, unless that is the part itself."""

    about: str = ""


class NeedChanged(RecordPartChanged[str], kind="need", label=_("Need")): ...


@dataclass(frozen=True, kw_only=True)
class NeedWorth:
    """What solving a need brings `per` month, year or once (`Per`)."""

    amount: Decimal
    currency: str = ""
    per: str


class NeedWorthChanged(
    RecordPartChanged[NeedWorth], kind="need_worth", label=_("Worth of a need")
): ...


class NeedSaidByChanged(
    RecordPartChanged[RecordRef], kind="need_said_by", label=_("Who said the need")
): ...


class NeedConfirmedChanged(
    RecordPartChanged[dt.date], kind="need_confirmed_on", label=_("Need confirmed")
): ...


@dataclass(frozen=True, kw_only=True)
class NeedDropped(Event, kind="need_dropped"):
    words: str


class PathStepsChanged(RecordPartChanged[str], kind="path_steps", label=_("Decision path")): ...


class PathCriteriaChanged(
    RecordPartChanged[str], kind="path_criteria", label=_("By what they decide")
): ...


class PathDecidesOnChanged(
    RecordPartChanged[dt.date], kind="path_decides_on", label=_("Day of their decision")
): ...


class PathConfirmedOnChanged(
    RecordPartChanged[dt.date], kind="path_confirmed_on", label=_("Decision path confirmed")
): ...


class PathConfirmedByChanged(
    RecordPartChanged[RecordRef],
    kind="path_confirmed_by",
    label=_("Who confirmed the decision path"),
): ...


@dataclass(frozen=True, kw_only=True)
class VerdictGiven(Event, kind="verdict"):
    """A `Ruling`, and how sure either side is (`Confidence`)."""

    ruling: str
    ours: str
    theirs: str


@dataclass(frozen=True, kw_only=True)
class OfferMade(Event, kind="offer"):
    """`form` is an `OfferKind`; `to` are people."""

    revision: int
    form: str
    value: Sum | None = None
    sent_at: dt.datetime
    to: tuple[RecordRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OfferWithdrawn(Event, kind="offer_withdrawn"):
    revision: int


@dataclass(frozen=True, kw_only=True)
class ConcernRaised(Event, kind="concern"):
    """Before the price it is a question (CHECKLIST F7)."""

    words: str
    is_question: bool = False


@dataclass(frozen=True, kw_only=True)
class ConcernSettled(Event, kind="concern_settled"):
    """It has another `Disposition` than before; reopening is one of them."""

    words: str
    old: str
    new: str


class ConcernWordsChanged(
    RecordPartChanged[str], kind="concern_words", label=_("Words of a concern")
): ...


class ConcernCategoryChanged(
    RecordPartChanged[str], kind="concern_category", label=_("Kind of a concern")
): ...


class ConcernAfterPriceChanged(
    RecordPartChanged[bool], kind="concern_after_price", label=_("Before or after the price")
): ...


# Who raised a concern, where that was ourselves.
US = RecordRef(kind="us")


class ConcernRaisedByChanged(
    RecordPartChanged[RecordRef], kind="concern_raised_by", label=_("Who raised a concern")
): ...


class ConcernResponseChanged(
    RecordPartChanged[str], kind="concern_response", label=_("Answer to a concern")
): ...


@dataclass(frozen=True, kw_only=True)
class AttemptMade(Event, kind="attempt"):
    """We asked for the agreement; `reply` is a `Reply`."""

    reply: str


@dataclass(frozen=True, kw_only=True)
class LookedBack(Event, kind="looked_back"):
    """What decided a deal that ended, a `DecidedBy`, and in which stage, if anybody can say."""

    decided_by: str
    stage: int | None = None


@dataclass(frozen=True, kw_only=True)
class StepAnswered(Event, kind="step"):
    """`answer` says how `said` is to be read: the type of a question's answer, else what kind of
    step it is; `step` is what everybody calls it."""

    answer: str
    step: str
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class StepUndone(Event, kind="step_undone"):
    step: str


@dataclass(frozen=True, kw_only=True)
class StepSetAside(Event, kind="step_aside"):
    """`why` is a `Reason`."""

    why: str
    step: str


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What a gate missed: a fact by its key, or a step by its label."""

    fact: str = ""
    step: str = ""


@dataclass(frozen=True, kw_only=True)
class GatePassed(Event, kind="gate"):
    """Somebody went ahead to a stage without what its gate asks for; `why` is a `Reason`."""

    why: str
    stage: int
    missing: tuple[Missed, ...] = ()


class HandOffChanged(RecordPartChanged[str], kind="hand_off", label=_("Who delivers")): ...


class HandOffPromisedChanged(
    RecordPartChanged[str], kind="hand_off_promised", label=_("What was promised")
): ...


class HandOffStartsChanged(
    RecordPartChanged[dt.date], kind="hand_off_starts_on", label=_("Begin of delivery")
): ...


class HandOffDueChanged(
    RecordPartChanged[dt.date], kind="hand_off_due_on", label=_("Delivery due")
): ...


class HandOffSellerChanged(
    RecordPartChanged[bool], kind="hand_off_seller", label=_("The salesperson takes part")
): ...


# What was logged, put right; those who may see it are those who may see what was said (kind talk_…) --


@dataclass(frozen=True, kw_only=True)
class EntryRef:
    """Which entry it was: an `ActivityKind`, and when it was done."""

    kind: str
    at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EntryPartChanged(ValueChanged[V], Generic[V]):
    entry: EntryRef


class EntryKindChanged(EntryPartChanged[str], kind="talk_kind", label=_("What was done")): ...


class EntryDoneAtChanged(EntryPartChanged[dt.datetime], kind="talk_done_at", label=_("When")): ...


class EntryBodyChanged(EntryPartChanged[str], kind="talk_body", label=_("What was said")): ...


class EntryResultChanged(EntryPartChanged[str], kind="talk_result", label=_("Result")): ...


class EntryContactChanged(EntryPartChanged[RecordRef], kind="talk_contact", label=_("With")): ...


@dataclass(frozen=True, kw_only=True)
class EntryRemoved(Event, kind="talk_removed"):
    entry: EntryRef
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class EntryRestored(Event, kind="talk_restored"):
    """What had been removed is there again."""

    entry: EntryRef


@dataclass(frozen=True, kw_only=True)
class PlanTakenBack(Event, kind="taken_back"):
    """What was completed a moment ago was not done: it is planned again. `plan` is an `ActivityKind`."""

    plan: str
    subject: str = ""


# Rows of lists, and rates; Added and NameChanged are those of everything --------------------------


class Retired(Event, kind="retired"): ...


class BroughtBack(Event, kind="brought_back"): ...


class Deleted(Event, kind="deleted"): ...


@dataclass(frozen=True, kw_only=True)
class Merged(Event, kind="merged"):
    """Of a row of a list, or of a lead that is the same as a deal."""

    into: RecordRef


@dataclass(frozen=True, kw_only=True)
class Unmerged(Event, kind="unmerged"):
    out_of: RecordRef


class RetentionChanged(ValueChanged[int], kind="retention", label=_("Kept for months")):
    """None is without end."""


class SeriesChanged(ValueChanged[str], kind="series", label=_("Series")): ...


class PriceChanged(ValueChanged[Sum], kind="price", label=_("Price")): ...


class SourceKindChanged(ValueChanged[str], kind="source_kind", label=_("Kind")): ...


class CauseKindChanged(ValueChanged[str], kind="stop_cause_kind", label=_("Kind")): ...


class CauseInitiatorChanged(
    ValueChanged[str], kind="stop_cause_initiator", label=_("Who decided")
): ...


@dataclass(frozen=True, kw_only=True)
class RateChanged(Event, kind="rate"):
    """What a currency is worth from a day on: a rate that is new, another one, or taken back."""

    on: dt.date
    old: Decimal | None = None
    new: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class RatesRebased(Event, kind="rates_rebased"):
    """Another currency of the organisation: how many rates there were, and are."""

    old: int
    new: int
