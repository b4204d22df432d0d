"""History that was kept in words is carried over to typed events: every old form, and what was none."""

import datetime as dt
import importlib
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from crm import events
from crm.events import NeedWorth, PersonInRole
from pipeline.people import events as people
from salesprocess.lib.events import Event, KeptInWords, RecordRef, Sum, event_of
from tests.conftest import Cast
from tests.crm.event_samples import ANA, CALL, DAY, NORTE, NORTH, PETRA, PHONE, PRICE
from tests.factories import NOW, make_deal

old_words: Any = importlib.import_module("pipeline.migrations._typed_events")
of_crm: Any = importlib.import_module("crm.migrations.0030_typed_events")
of_people: Any = importlib.import_module("pipeline.migrations.0016_typed_events")

A_CALL = f"call {NOW.isoformat()}"
# In another zone, as the machine of who wrote had it.
SENT = NOW.astimezone(dt.timezone(dt.timedelta(hours=2))).isoformat()
EUROS = Sum(amount=Decimal(63900), currency="EUR")
SENSOR = RecordRef(kind="product", name="Sensor à la carte")


def unnamed(kind: str, name: str) -> RecordRef:
    return RecordRef(kind=kind, name=name)


def in_role(name: str, role: str = "") -> PersonInRole:
    return PersonInRole(person=unnamed("contact", name), role=role)


def line(price: Sum | None = None) -> events.LineFacts:
    return events.LineFacts(product=SENSOR, quantity=Decimal("2.5"), unit_price=price)


# Field, old, new and reason as they were, and what becomes of them.
OF_RECORDS: list[tuple[str, str, str, str, Event]] = [
    ("name", "A", "B", "", people.NameChanged(old="A", new="B")),
    ("company", "", "4 Norte SA", "", events.CompanyChanged(new=NORTE)),
    ("amount", "", "63900", "", events.AmountChanged(new=EUROS)),
    ("amount", "63900", "", "Why", events.AmountChanged(old=EUROS)),
    ("currency", "EUR", "CHF", "", people.CurrencyChanged(old="EUR", new="CHF")),
    ("expected_close_on", "", "2026-09-14", "", events.ExpectedCloseChanged(new=DAY)),
    ("source_company", "4 Norte SA", "", "", events.SourceCompanyChanged(old=NORTE)),
    ("method", "5 Phone", "", "", events.MethodChanged(old=PHONE)),
    ("owner", "", "1 Ana Ruiz", "Ill", events.OwnerChanged(new=ANA)),
    ("team", "3 North", "", "", people.TeamChanged(old=NORTH)),
    ("initiator", "customer", "", "", events.InitiatorChanged(old="customer")),
    ("cause", "7 Price", "", "", events.CauseChanged(old=PRICE)),
    ("closing_note", "a\nb", "", "", events.ClosingNoteChanged(old="a\nb")),
    ("parked_until", "2026-09-14", "", "", events.ParkedUntilChanged(old=DAY)),
    ("contact", "", "Petra (Decides)", "", events.DealPersonChanged(new=in_role("Petra", "decides"))),
    ("contact", "P (x) (Für uns)", "P (x)", "",
     events.DealPersonChanged(old=in_role("P (x)", "for_us"), new=in_role("P (x)"))),
    ("line", "2.5 × Sensor à la carte", "", "", events.DealLineChanged(old=line())),
    ("line", "", "2.5 × Sensor à la carte à 63900", "", events.DealLineChanged(new=line(EUROS))),
    ("undone", "win", "", "", events.ActUndone(verb="win")),
    ("need", "", "Heat", "", events.NeedChanged(new="Heat")),
    ("need_worth", "", "500 month", "Heat", events.NeedWorthChanged(
        new=NeedWorth(amount=Decimal(500), currency="EUR", per="month"), about="Heat")),
    ("need_said_by", "", "2 Petra Voss", "Heat", events.NeedSaidByChanged(new=PETRA, about="Heat")),
    ("need_dropped", "Heat", "", "", events.NeedDropped(words="Heat")),
    ("path_confirmed_by", "2 Petra Voss", "", "", events.PathConfirmedByChanged(old=PETRA)),
    ("verdict", "", "qualified yes no", "They pay",
     events.VerdictGiven(ruling="qualified", ours="yes", theirs="no")),
    ("offer", "", f"2 verbal 63900 {SENT} Voss, Petra, Lang", "More", events.OfferMade(
        revision=2, form="verbal", value=EUROS, sent_at=NOW,
        to=(unnamed("contact", "Voss, Petra, Lang"),))),
    ("offer", "", f"1 written - {SENT} ", "",
     events.OfferMade(revision=1, form="written", sent_at=NOW)),
    ("offer", "2", "", "Wrong", events.OfferWithdrawn(revision=2)),
    ("concern", "", "open Too dear", "", events.ConcernRaised(words="Too dear")),
    ("concern", "", "question How long?", "",
     events.ConcernRaised(words="How long?", is_question=True)),
    ("concern", "open", "answered Too dear", "It pays",
     events.ConcernSettled(words="Too dear", old="open", new="answered")),
    ("concern_after_price", "after", "before", "Dear",
     events.ConcernAfterPriceChanged(old=True, new=False, about="Dear")),
    ("concern_raised_by", "us", "2 Petra Voss", "Dear",
     events.ConcernRaisedByChanged(old=events.US, new=PETRA, about="Dear")),
    ("attempt", "", "not_yet", "In May", events.AttemptMade(reply="not_yet")),
    ("step", "", "text Their budget\nTwo\nlines", "",
     events.StepAnswered(answer="text", step="Their budget", said="Two\nlines")),
    ("step", "", "check Done", "", events.StepAnswered(answer="check", step="Done")),
    ("step", "Their budget", "", "", events.StepUndone(step="Their budget")),
    ("step_aside", "", "done_before Their budget", "Last year",
     events.StepSetAside(why="done_before", step="Their budget")),
    ("gate", "", "done_before 4\n=agreement\nTheir budget", "So", events.GatePassed(
        why="done_before", stage=4,
        missing=(events.Missed(fact="agreement"), events.Missed(step="Their budget")))),
    ("hand_off_seller", "", "yes", "", events.HandOffSellerChanged(new=True)),
    ("hand_off_due_on", "", "2026-09-14", "", events.HandOffDueChanged(new=DAY)),
    ("talk_kind", "call", "meeting", A_CALL,
     events.EntryKindChanged(entry=CALL, old="call", new="meeting")),
    ("talk_done_at", NOW.isoformat(), SENT, A_CALL,
     events.EntryDoneAtChanged(entry=CALL, old=NOW, new=NOW)),
    ("talk_contact", "2 Petra Voss", "", A_CALL,
     events.EntryContactChanged(entry=CALL, old=PETRA)),
    ("talk_removed", "A secret", "", A_CALL, events.EntryRemoved(entry=CALL, body="A secret")),
    ("taken_back", "call About it", "", "",
     events.PlanTakenBack(plan="call", subject="About it")),
    # What cannot be read is kept word for word, with what was said of it.
    *(
        (field, old, new, "Why", KeptInWords(fact=field, old=old, new=new))
        for field, old, new in (
            ("colour", "red", "green"),
            ("amount", "", "many"),
            ("amount", "NaN", "1e9999999"),
            ("expected_close_on", "2026-02-31", ""),
            ("owner", "Ana", ""),
            ("line", "", "six sensors"),
            ("need_worth", "", "500"),
            ("verdict", "", "qualified"),
            ("offer", "", "1 written"),
            ("offer", "", "1 written - yesterday Petra"),
            ("offer", "", "1 written - 2026-09-14T08:00:00 Petra"),
            ("concern", "", "Too dear"),
            ("step", "", ""),
            ("gate", "", "done_before 9"),
            ("gate", "", ""),
            ("hand_off_seller", "no", ""),
            ("talk_body", "a", "b"),
            ("talk_removed", "a \U0001f4de \u2028", ""),
        )
    ),
]  # fmt: skip

OF_PEOPLE: list[tuple[str, str, str, Event]] = [
    ("added", "", "Ana Ruiz", people.Added(name="Ana Ruiz")),
    ("invited", "", "ana@norte.test", people.Invited(email="ana@norte.test")),
    ("joined", "", "ana@norte.test", people.Joined(email="ana@norte.test")),
    ("role", "manager", "admin", people.RoleChanged(old="manager", new="admin")),
    ("team", "", "3 North", people.TeamChanged(new=NORTH)),
    ("manager", "1 Ana Ruiz", "", people.ManagerChanged(old=ANA)),
    ("hired_on", "", "2026-09-14", people.HiredOnChanged(new=DAY)),
    ("process_mails", "True", "False", people.ProcessMailsChanged(old=True, new=False)),
    ("is_active", "True", "False", people.AccessChanged(old=True, new=False)),
    ("sign_outs", "0", "1", people.SignedOutEverywhere(old=0, new=1)),
    ("fiscal_month", "", "4", people.FiscalMonthChanged(new=4)),
    ("email", "", "ana@norte.test", people.EmailChanged(new="ana@norte.test")),
    ("is_active", "1", "0", KeptInWords(fact="is_active", old="1", new="0")),
    ("shoe_size", "", "41", KeptInWords(fact="shoe_size", new="41")),
]

# Setting, verb, field, old and new as they were.
OF_SETTINGS: list[tuple[str, str, str, str, str, Event]] = [
    ("method", "added", "", "", "", people.Added()),
    ("source", "retired", "", "", "", events.Retired()),
    ("source", "deleted", "", "", "", events.Deleted()),
    ("method", "changed", "name", "A", "B", people.NameChanged(old="A", new="B")),
    ("source", "changed", "kind", "event", "", events.SourceKindChanged(old="event")),
    ("stop_cause", "changed", "kind", "", "ours", events.CauseKindChanged(new="ours")),
    ("stop_cause", "changed", "initiator", "us", "", events.CauseInitiatorChanged(old="us")),
    ("product", "changed", "price", "", "63900",
     events.PriceChanged(new=Sum(amount=Decimal(63900)))),
    ("method", "merged", "", "Fax", "Phone", events.Merged(into=PHONE)),
    ("stop_cause", "unmerged", "", "Price", "Cost",
     events.Unmerged(out_of=unnamed("stopcause", "Price"))),
    ("rate", "changed", "2026-09-14", "0.9", "1",
     events.RateChanged(on=DAY, old=Decimal("0.9"), new=Decimal(1))),
    ("rate", "deleted", "2026-09-14", "0.9", "", events.RateChanged(on=DAY, old=Decimal("0.9"))),
    ("rate", "changed", "all", "3", "4", events.RatesRebased(old=3, new=4)),
    ("rate", "added", "", "", "1", KeptInWords(fact="added", new="1")),
    ("product", "painted", "", "", "red", KeptInWords(fact="painted", new="red")),
]  # fmt: skip


def old_table(name: str, columns: str) -> None:
    """Before the table of today, for this test alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE {name} (id bigserial, field text, old text, new text, {columns},"
            " kind text DEFAULT '', data jsonb DEFAULT '{}') ON COMMIT DROP"
        )


def fill(name: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows)  # noqa: S608


def kept(name: str, more: str = "''") -> list[tuple[Event, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT kind, data, {more} FROM {name} ORDER BY id")  # noqa: S608
        return [(event_of(kind, data), said) for kind, data, said in cursor.fetchall()]


@pytest.fixture
def deal_rows(cast: Cast) -> list[tuple[Any, ...]]:
    old_table("crm_dealchange", "deal_id bigint, at timestamptz, reason text")
    old_table("crm_partychange", "reason text")
    old_table("crm_settingchange", "verb text, setting text, record_id bigint, kept jsonb")
    deal = make_deal(by=cast.ana)
    deal.currency = "EUR"
    deal.save(update_fields=["currency"])
    return [(deal.pk, NOW, *row[:4]) for row in OF_RECORDS if row[0] != "currency"]


@pytest.fixture
def carried(deal_rows: list[tuple[Any, ...]]) -> Any:
    """The migration of the tables of crm, on what was put into them."""

    def carry() -> None:
        with connection.schema_editor(atomic=False) as editor:
            of_crm.forwards(None, editor)

    fill("crm_dealchange", "deal_id, at, field, old, new, reason", deal_rows)
    return carry


def test_each_old_form_of_a_record_is_read_and_none_is_lost(carried: Any):
    carried()
    wanted = [row for row in OF_RECORDS if row[0] != "currency"]
    for (found, reason), (*old, said, event) in zip(
        kept("crm_dealchange", "reason"), wanted, strict=True
    ):
        assert found == event, old
        # It went into the event where it says of what it is.
        moved = getattr(event, "about", None) or getattr(event, "entry", None)
        assert reason == ("" if moved else said)


def test_a_sum_is_in_the_currency_of_then(cast: Cast, carried: Any):
    deal = make_deal(by=cast.ana, name="In dollars", currency="EUR")
    hour = dt.timedelta(hours=1)
    rows = [
        (deal.pk, NOW, "amount", "", "1", ""),
        (deal.pk, NOW + hour, "currency", "CHF", "USD", ""),
        (deal.pk, NOW + 2 * hour, "amount", "1", "2", ""),
        (deal.pk, NOW + 3 * hour, "currency", "USD", "EUR", ""),
        (deal.pk, NOW + 4 * hour, "amount", "2", "3", ""),
    ]
    fill("crm_dealchange", "deal_id, at, field, old, new, reason", rows)
    carried()
    last = [event for event, _reason in kept("crm_dealchange")][-5::2]
    sums = [event.new for event in last if isinstance(event, events.AmountChanged)]
    assert [one.currency for one in sums if one] == ["CHF", "USD", "EUR"]


def test_settings_are_read_by_their_verb(carried: Any):
    rows = [
        (setting, verb, field, old, new, '{"into": 5}' if verb == "merged" else None)
        for setting, verb, field, old, new, _event in OF_SETTINGS
    ]
    fill("crm_settingchange", "setting, verb, field, old, new, kept", rows)
    carried()
    found = [event for event, _said in kept("crm_settingchange")]
    assert found == [row[-1] for row in OF_SETTINGS]


def test_people_and_teams_are_read(cast: Cast):
    old_table("pipeline_peoplechange", "team_id bigint")
    rows = [(None, *row[:3]) for row in OF_PEOPLE]
    fill("pipeline_peoplechange", "team_id, field, old, new", [*rows, (3, "added", "", "3 North")])
    with connection.schema_editor(atomic=False) as editor:
        of_people.forwards(None, editor)
    wanted = [row[-1] for row in OF_PEOPLE]
    found = [event for event, _said in kept("pipeline_peoplechange")]
    assert found == [*wanted, people.Added(name="North")]


def test_many_rows_are_carried_over_in_turns(carried: Any, deal_rows: list[tuple[Any, ...]]):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_partychange (field, old, new, reason)"
            " SELECT 'owner', '', '1 Ana Ruiz', '' FROM generate_series(1, 4001)"
        )
    carried()
    found = kept("crm_partychange")
    assert len(found) == 4001
    assert {event for event, _said in found} == {events.OwnerChanged(new=ANA)}


def test_on_the_way_back_nothing_goes(carried: Any):
    carried()
    with connection.schema_editor(atomic=False) as editor:
        of_crm.backwards(None, editor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT field, old, new, reason FROM crm_dealchange ORDER BY id")
        back = cursor.fetchall()
    wanted = [row for row in OF_RECORDS if row[0] != "currency"]
    for (field, old, new, reason), (*was, said, event) in zip(back, wanted, strict=True):
        assert reason.replace("+00:00", "") == said.replace("+00:00", "")
        if isinstance(event, KeptInWords) or field in ("name", "need", "parked_until"):
            assert [field, old, new] == was
        names = [part for part in was[2].split() if part.isalpha() and part[0].isupper()]
        assert all(name in f"{old}{new}" for name in names)
