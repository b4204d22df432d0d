"""One event of every kind, as its command writes it; a test goes over all kinds and fails without."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from crm import events
from crm.events import EntryRef, Missed, PersonInRole
from pipeline.people import events as people
from salesprocess.lib.events import Event, KeptInWords, RecordRef, Sum
from tests.factories import NOW

DAY = dt.date(2026, 9, 14)
ANA = RecordRef(kind="user", id=1, name="Ana Ruiz")
PETRA = RecordRef(kind="contact", id=2, name="Petra Voss")
NORTH = RecordRef(kind="team", id=3, name="North")
NORTE = RecordRef(kind="company", id=4, name="Norte SA")
PHONE = RecordRef(kind="method", id=5, name="Phone")
FAIR = RecordRef(kind="source", id=6, name="Trade fair")
PRICE = RecordRef(kind="stopcause", id=7, name="Price")
SENSOR = RecordRef(kind="product", id=8, name="Sensor")
EUROS = Sum(amount=Decimal("1200.50"), currency="EUR")
CALL = EntryRef(kind="call", at=NOW)


def samples() -> Iterator[Event]:
    yield from _of_people()
    yield from _of_deals()
    yield from _of_records()
    yield from _of_entries()
    yield from _of_settings()
    yield KeptInWords(fact="amount", old="many", new="more")


def _of_people() -> Iterator[Event]:
    yield people.Added(name="Ana Ruiz")
    yield people.Invited(email="ana@norte.test")
    yield people.Joined(email="ana@norte.test")
    yield people.NameChanged(old="Ana", new="Ana Ruiz")
    yield people.EmailChanged(old="a@norte.test", new="ana@norte.test")
    yield people.RoleChanged(old="salesperson", new="manager")
    yield people.StyleChanged(old="mixed", new="new_business")
    yield people.TeamChanged(new=NORTH)
    yield people.HiredOnChanged(new=DAY)
    yield people.TimeZoneChanged(old="UTC", new="Europe/Vienna")
    yield people.ThemeChanged(old="auto", new="dark")
    yield people.LanguageChanged(old="en", new="de")
    yield people.KeysChanged(old="", new="log:k")
    yield people.SingleKeysChanged(old=True, new=False)
    yield people.StartPageChanged(old="", new="board")
    yield people.ProcessMailsChanged(old=True, new=False)
    yield people.FormTimesChanged(old=True, new=False)
    yield people.AccessChanged(old=True, new=False)
    yield people.SignedOutEverywhere(old=0, new=1)
    yield people.ParentChanged(new=NORTH)
    yield people.ManagerChanged(old=ANA)
    yield people.CurrencyChanged(old="EUR", new="CHF")
    yield people.CountryChanged(old="AT", new="DE")
    yield people.FiscalMonthChanged(new=4)
    yield people.WorkingDaysChanged(new="123456")
    yield people.WorkingFromChanged(new="08:30")
    yield people.WorkingUntilChanged(old="18:00")
    yield people.ReliableFromChanged(new=95)
    yield people.SecondFactorForChanged(new="managers")
    yield people.TargetIndustriesChanged(new="Food")
    yield people.TargetCountriesChanged(new="Austria")
    yield people.TargetEmployeesFromChanged(new=20)
    yield people.TargetEmployeesToChanged(new=500)
    yield people.SecondFactorsRemoved()
    yield people.SessionEnded(agent="Mozilla/5.0 (X11; Linux) Firefox/140.0")
    yield people.SignInChanged(what="passkey_added")
    yield people.ProcessOwnerChanged(new=ANA)


def _of_deals() -> Iterator[Event]:
    yield events.CompanyChanged(new=NORTE)
    yield events.AmountChanged(old=EUROS)
    yield events.ExpectedCloseChanged(new=DAY)
    yield events.SourceChanged(old=FAIR)
    yield events.SourceDetailChanged(old="Form", new="Stand 7")
    yield events.SourceCompanyChanged(new=NORTE)
    yield events.MethodChanged(new=PHONE)
    yield events.OwnerChanged(old=ANA, new=RecordRef(kind="user", id=9, name="Ben Okafor"))
    yield events.InitiatorChanged(old="customer")
    yield events.CauseChanged(old=PRICE)
    yield events.ClosingNoteChanged(old="Too dear.")
    yield events.ParkedUntilChanged(new=DAY)
    yield events.DealPersonChanged(new=PersonInRole(person=PETRA, role="decides"))
    yield events.DealLineChanged(
        new=events.LineFacts(product=SENSOR, quantity=Decimal("2.5"), unit_price=EUROS)
    )
    yield events.ActUndone(verb="win")
    yield events.DealRestored()
    yield events.NothingPlanned(why="their_turn")


def _of_records() -> Iterator[Event]:
    about = "Pallets warm up"
    yield events.NeedChanged(new=about)
    worth = events.NeedWorth(amount=Decimal(41000), currency="EUR", per="year")
    yield events.NeedWorthChanged(new=worth, about=about)
    yield events.NeedSaidByChanged(new=PETRA, about=about)
    yield events.NeedConfirmedChanged(new=DAY, about=about)
    yield events.NeedDropped(words=about)
    yield events.PathStepsChanged(new="Petra, the board")
    yield events.PathCriteriaChanged(new="Price")
    yield events.PathDecidesOnChanged(new=DAY)
    yield events.PathConfirmedOnChanged(old=DAY)
    yield events.PathConfirmedByChanged(new=PETRA)
    yield events.VerdictGiven(ruling="qualified", ours="yes", theirs="yes")
    yield events.OfferMade(revision=2, form="verbal", value=EUROS, sent_at=NOW, to=(PETRA,))
    yield events.OfferWithdrawn(revision=2)
    yield events.ConcernRaised(words="Too dear", is_question=True)
    yield events.ConcernSettled(words="Too dear", old="open", new="answered")
    yield events.ConcernWordsChanged(old="Dear", new="Too dear")
    yield events.ConcernCategoryChanged(old="terms", new="price", about="Too dear")
    yield events.ConcernAfterPriceChanged(old=False, new=True, about="Too dear")
    yield events.ConcernRaisedByChanged(new=events.US, about="Too dear")
    yield events.ConcernResponseChanged(new="It pays", about="Too dear")
    yield events.AttemptMade(reply="not_yet")
    yield events.LookedBack(decided_by="trust", stage=3)
    yield events.StepAnswered(answer="date", step="Budget", said="2026-09-14")
    yield events.StepUndone(step="Budget")
    yield events.StepSetAside(why="not_applicable", step="Budget")
    missing = (Missed(fact="agreement"), Missed(step="Budget"))
    yield events.GatePassed(why="not_applicable", stage=4, missing=missing)
    yield events.HandOffChanged(new="Plant Linz")
    yield events.HandOffPromisedChanged(new="Six depots")
    yield events.HandOffStartsChanged(new=DAY)
    yield events.HandOffDueChanged(new=DAY)
    yield events.HandOffSellerChanged(new=True)


def _of_entries() -> Iterator[Event]:
    yield events.EntryKindChanged(entry=CALL, old="call", new="meeting")
    yield events.EntryDoneAtChanged(entry=CALL, old=NOW, new=NOW - dt.timedelta(days=1))
    yield events.EntryBodyChanged(entry=CALL, old="Yes", new="No")
    yield events.EntryResultChanged(entry=CALL, new="reached")
    yield events.EntryContactChanged(entry=CALL, new=PETRA)
    yield events.EntryRemoved(entry=CALL, body="Yes")
    yield events.EntryRestored(entry=CALL)
    yield events.PlanTakenBack(plan="call", subject="About the offer")


def _of_settings() -> Iterator[Event]:
    yield events.Retired()
    yield events.BroughtBack()
    yield events.Deleted()
    yield events.Merged(into=PHONE)
    yield events.LeadTakenIn(lead=RecordRef(kind="deal", id=9, name="Line 3"))
    yield events.Unmerged(out_of=PHONE)
    yield events.PartyTakenIn(party=RecordRef(kind="company", id=8, name="Norte SA"))
    yield events.PartyGivenBack(party=RecordRef(kind="company", id=8, name="Norte SA"))
    yield events.SeriesChanged(new="Scales")
    yield events.RetentionChanged(old=24, new=36)
    yield events.PriceChanged(old=EUROS, new=Sum(amount=Decimal(1300), currency="EUR"))
    yield events.SourceKindChanged(old="event", new="partner")
    yield events.CauseKindChanged(old="ours", new="unknown")
    yield events.CauseInitiatorChanged(old="us", new="customer")
    yield events.RateChanged(on=DAY, old=Decimal("0.9"), new=Decimal("0.95"))
    yield events.RatesRebased(old=3, new=4)
