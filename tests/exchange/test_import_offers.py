"""Offers come in on the deals that they were made for, as revisions in the order of their sending."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crm.commands import deal as deal_commands
from crm.commands import offer as offer_commands
from crm.commands.writers.offer import OfferInput
from crm.models import Deal, DealChange, ImportedRow, Offer, OfferKind
from tests.conftest import Cast
from tests.exchange.test_import_activities import faults
from tests.exchange.test_import_parts import suggested, undone
from tests.exchange.uploads import browser, by_command, checked, loaded, page, uploaded
from tests.factories import NOW, ago, make_deal, won_deal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

DEALS = "No,Title,Value\nd1,Pump,500\nd2,Belt,90\n"
# Not in the order in which they were sent.
QUOTES = (
    "Quote ID,Opportunity ID,Quote Name,Grand Total,Sent On,Valid Until\n"
    'q2,d1,With the hall,"1,200.50",2026-03-05,2026-04-30\n'
    'q1,d1,First,"1,000.00",2026-02-01,2026-03-01\n'
    "q3,d2,,90,2026-03-06 09:30,\n"
    "q4,d9,,90,2026-03-06,\n"
    "q5,d2,,90,2026-03-12,\n"
    "q6,d2,,90,,\n"
)


def offers(deal: str) -> list[tuple[Any, ...]]:
    found = Offer.objects.filter(deal__name=deal).order_by("revision")
    names = ("revision", "value", "what_changed", "outcome", "decision_on", "sent_at")
    return [
        (*row[:4], row[4] and str(row[4]), f"{row[5]:%d.%m. %H:%M}")
        for row in found.values_list(*names)
    ]


PUMP = [
    (1, Decimal(1000), "First", "revised", "2026-03-01", "01.02. 11:00"),
    (2, Decimal("1200.50"), "With the hall", "open", "2026-04-30", "05.03. 11:00"),
]


@pytest.fixture
def deals(cast: Cast) -> None:
    job = checked(
        cast.ana, uploaded(cast.ana, DEALS), system="theirs", id="No", name="Title", amount="Value"
    )
    loaded(cast.ana, job)


@pytest.mark.usefixtures("deals")
def test_offers_come_in_as_revisions(cast: Cast, tmp_path: Path):
    job = suggested(cast.ana, QUOTES, kind="offers")
    assert not Offer.objects.exists()
    assert [line for line, _why in faults(job)] == [5, 6, 7]
    assert job.counts["first"][0]["title"] == "Pump"
    assert page(cast.ana, job)
    loaded(cast.ana, job)
    assert offers("Pump") == PUMP
    assert offers("Belt") == [(1, Decimal(90), "", "open", None, "06.03. 08:30")]
    assert Offer.objects.filter(by=cast.ana, at=NOW, premature=False).count() == 3
    pump = Deal.objects.get(name="Pump")
    # What the deal is worth, and where it is, stay what the file of the deals says.
    assert (pump.amount, pump.stage) == (Decimal(500), 1)
    told = DealChange.objects.filter(deal=pump, kind="offer").order_by("pk")
    assert [each.event.revision for each in told] == [1, 2]
    assert told[0].event.value.amount == 1000
    assert "1,200.50" in browser(cast.ana).get(f"/deals/{pump.pk}/").content.decode()
    again = loaded(cast.ana, suggested(cast.ana, QUOTES, kind="offers"))
    assert (again.counts["known"], Offer.objects.count()) == (3, 3)
    other = suggested(cast.ana, QUOTES.replace("1,200.50", "1,300.00"), kind="offers")
    assert "says something else now" in dict(faults(other))[2]
    undone(cast.ana, job)
    assert not Offer.objects.exists()
    assert not ImportedRow.objects.filter(kind="offers").exists()
    assert DealChange.objects.filter(deal=pump, kind="offer_withdrawn").count() == 2
    text = QUOTES.replace("d1", "Pump").replace("d2", "Belt")
    by_command(tmp_path / "in", text, job.answers["columns"], kind="offers")
    assert offers("Pump") == PUMP


@pytest.mark.usefixtures("deals")
def test_a_later_offer_revises_what_is_on_record(cast: Cast):
    pump = Deal.objects.get(name="Pump")
    first = offer_commands.make(
        pump,
        OfferInput(value=Decimal(800), kind=OfferKind.VERBAL, sent_at=ago(days=20)),
        by=cast.ana,
        at=ago(hours=1),
    )
    job = suggested(cast.ana, QUOTES, kind="offers")
    # It was sent before the one of the page: it would stand behind it.
    assert "sent later" in dict(faults(job))[3]
    loaded(cast.ana, job)
    assert [row[:4:3] for row in offers("Pump")] == [(1, "revised"), (2, "open")]
    undone(cast.ana, job)
    assert [row[:4:3] for row in offers("Pump")] == [(1, "open")]
    again = loaded(cast.ana, suggested(cast.ana, QUOTES, kind="offers"))
    offer_commands.withdraw(
        Offer.objects.get(deal=pump, outcome="open"), by=cast.ana, at=ago(hours=-1)
    )
    undone(cast.ana, again)
    assert [(name, why) for _kind, _pk, name, why in again.kept] == [
        ("Pump", "the deal was changed since")
    ]
    assert [row[:4:3] for row in offers("Pump")] == [(1, "open"), (2, "withdrawn")]
    first.refresh_from_db()
    assert first.outcome == "open"


CLOSED = "Title,Stage,Closed\nPump,Closed Won,2026-03-01\nBelt,Closed Lost,2026-03-02\n"


def test_offers_of_closed_deals_ended_as_these_did(cast: Cast):
    named = {"name": "Title", "stage": "Stage", "closed_on": "Closed"}
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, CLOSED), **named))
    won_deal(by=cast.ana, name="Here")
    assert Offer.objects.filter(deal__name="Here").exists()
    text = (
        "Deal,Amount,Sent on\nPump,6,2026-02-02\nPump,5,2026-02-01\nBelt,7,2026-02-03\n"
        "Here,7,2026-03-10\n"
    )
    job = loaded(cast.ana, suggested(cast.ana, text, kind="offers"))
    assert faults(job) == [(5, "The deal “Here” is closed with the offers that are on record.")]
    assert [row[1:4:2] for row in offers("Pump")] == [
        (Decimal(5), "revised"),
        (Decimal(6), "accepted"),
    ]
    belt = Deal.objects.get(name="Belt")
    offer = belt.offers.get()
    assert (offer.outcome, offer.known_at) == ("declined", belt.closed_at)
    deal_commands.reopen(belt, reason="They called", by=cast.ana, at=NOW)
    offer.refresh_from_db()
    assert offer.outcome == "open"


@pytest.mark.usefixtures("deals")
def test_only_on_deals_within_reach_and_in_their_currency(cast: Cast):
    job = suggested(cast.ana, "Deal,Amount,Sent on\nPump,CHF 7,2026-02-01\n", kind="offers")
    assert faults(job) == [(2, "The offer is in CHF, which the deal is not.")]
    deal_commands.hand_over(Deal.objects.get(name="Pump"), to=cast.carl, by=cast.adele, at=NOW)
    job = suggested(cast.ana, QUOTES, kind="offers")
    assert dict(faults(job))[2] == "The deal “d1” is out of your reach."
    # Of a colleague's deal of that name nobody else's file tells.
    make_deal(by=cast.carl, name="Theirs")
    job = suggested(cast.ana, "Deal,Amount,Sent on\nTheirs,7,2026-02-01\n", kind="offers")
    assert job.counts["new"] == 0


@pytest.mark.usefixtures("deals")
def test_an_offer_without_an_id_is_known_by_its_day(cast: Cast):
    text = "Deal,Amount,Sent on\nPump,6,2026-02-02\nPump,5,2026-02-01\n"
    loaded(cast.ana, suggested(cast.ana, text, kind="offers"))
    # The next export says more of the same, and has a new one.
    more = "Deal,Amount,Sent on,Subject\nPump,6,2026-02-02,Again\nPump,7,2026-02-03,New\n"
    job = suggested(cast.ana, more, kind="offers")
    assert faults(job) == [(2, "The deal has an offer of that day on record already.")]
    loaded(cast.ana, job)
    assert [row[1] for row in offers("Pump")] == [5, 6, 7]


def test_what_was_sent_after_the_end_of_a_deal_is_no_offer_of_it(cast: Cast):
    text = "Title,Stage,Closed\nPump,Closed Won,2026-03-01\nBelt,Closed Lost,\n"
    named = {"name": "Title", "stage": "Stage", "closed_on": "Closed"}
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))
    Deal.objects.filter(name="Belt").update(closed_at=None)
    text = "Deal,Amount,Sent on\nPump,6,2026-03-01\nPump,5,2026-03-02\nBelt,7,2026-02-03\n"
    job = loaded(cast.ana, suggested(cast.ana, text, kind="offers"))
    assert faults(job) == [(3, "The deal “Pump” was closed before this was sent.")]
    assert [row[1:4:2] for row in offers("Pump")] == [(6, "accepted")]
    # Nobody knows when the other one ended; opened again, it has its offer again.
    assert offers("Belt")[0][3] != "open"
    deal_commands.reopen(Deal.objects.get(name="Belt"), reason="They called", by=cast.ana, at=NOW)
    assert offers("Belt")[0][3] == "open"
