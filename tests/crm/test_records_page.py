"""The records of a deal on its page: what stands there, for whom, and what a press does."""

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import concern as concerns
from crm.commands import deal as deals
from crm.commands import hand_off
from crm.commands import need as needs
from crm.commands import offer as offers
from crm.commands.contact import NewContact
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.models import (
    ClosingAttempt,
    Concern,
    ConcernCategory,
    Deal,
    DealRole,
    DecisionPath,
    Disposition,
    HandOff,
    Need,
    Offer,
    OfferKind,
    Verdict,
)
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, make_company, make_contact, make_deal, stopped_deal, won_deal

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/deals/1/"}
VERBAL: dict[str, Any] = {"kind": OfferKind.VERBAL}


@pytest.fixture
def deal(cast: Cast) -> Deal:
    contact = make_contact(by=cast.ana, name="Petra Voss")
    return make_deal(by=cast.ana, contact=contact, stage=Stage.QUALIFICATION, amount=50_000)


def get(client: Client, user: User, deal: Deal, path: str = "", **asked: str) -> str:
    client.force_login(user)
    response = client.get(f"/deals/{deal.pk}/{path}", asked)
    assert response.status_code == 200, response
    text: str = response.content.decode()
    return text


def post(client: Client, user: User, deal: Deal, path: str, **said: object):
    client.force_login(user)
    return client.post(f"/deals/{deal.pk}/{path}", said, headers=HTMX)


def cards(page: str) -> set[str]:
    return {
        name
        for name in ("verdict", "needs", "offers", "concerns", "attempts", "hand-off")
        if f'id="{name}-title"' in page
    }


def raised(deal: Deal, words: str, by: User, **facts) -> Concern:
    usual: dict[str, Any] = {"category": ConcernCategory.TERMS, "after_price": True}
    return concerns.add(deal, ConcernInput(words=words, **usual | facts), by=by, at=NOW)


def full_deal(cast: Cast, deal: Deal, *, rows: int) -> None:
    """`rows` of everything that the cards show in rows."""
    for number in range(rows):
        need = needs.add(
            deal, NeedInput(words=f"Need {number}", worth=Decimal(5)), by=cast.ana, at=NOW
        )
        lines = [OfferLineInput(what=f"Line {number}", need=need), OfferLineInput(what="Gift")]
        offers.make(
            deal, OfferInput(value=Decimal(number), lines=lines, **VERBAL), by=cast.ana, at=NOW
        )
        concern = raised(deal, f"Concern {number}", cast.ana)
        if number % 2:
            settled: dict[str, Any] = {"disposition": Disposition.ANSWERED, "response": "So"}
            concerns.settle(concern, DispositionInput(**settled), by=cast.ana, at=NOW)


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_it_takes_one_query_for_all_of_them(client: Client, cast: Cast, deal: Deal, rows: int):
    full_deal(cast, deal, rows=rows)
    client.force_login(cast.ana)
    client.get(f"/deals/{deal.pk}/")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/deals/{deal.pk}/")
    recorded = ("crm_need", "crm_offer", "crm_concern", "crm_handoff", "crm_verdict")
    asked = [q["sql"] for q in queries if any(table in q["sql"] for table in recorded)]
    # One for the cards; the facts of the steps are asked for apart.
    assert len([sql for sql in asked if "hand.seller_involved" in sql]) == 1


@pytest.mark.parametrize(
    ("stage", "near"),
    [
        (Stage.LEAD_GENERATION, set()),
        (Stage.PROSPECTING, set()),
        (Stage.QUALIFICATION, {"verdict"}),
    ],
)
def test_it_shows_the_cards_that_are_near(client: Client, cast: Cast, stage: Stage, near):
    deal = make_deal(by=cast.ana, stage=stage)
    page = get(client, cast.ana, deal)

    assert cards(page) == near
    assert 'id="new-offers"' in page


def test_it_shows_a_card_with_something_in_it_at_any_stage(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana)
    raised(deal, "How long does it last?", cast.ana, after_price=False)
    page = get(client, cast.ana, deal)

    assert cards(page) == {"concerns"}
    assert "question before the price" in page
    assert "Question raised" in page
    assert 'id="new-concerns"' not in page


def tabs(page: str) -> dict[str, bool]:
    """The parts of the record, and whether each is shown at first."""
    found = re.findall(r'id="tab-(\w+)" aria-controls="record-\w+" aria-selected="(\w+)"', page)
    return {key: chosen == "true" for key, chosen in found if key not in FRAME}


FRAME = {"timeline", "history", "files"}


@pytest.mark.parametrize(
    ("stage", "first"),
    [
        (Stage.QUALIFICATION, "verdict"),
        (Stage.NEEDS_ANALYSIS, "needs"),
        (Stage.OBJECTIONS, "concerns"),
        (Stage.CLOSING, "attempts"),
    ],
)
def test_its_tabs_begin_with_what_is_at_work(client: Client, cast: Cast, stage: Stage, first: str):
    deal = make_deal(by=cast.ana, stage=stage)
    raised(deal, "Too dear", cast.ana)
    needs.add(deal, NeedInput(words="Heat"), by=cast.ana, at=NOW)
    page = get(client, cast.ana, deal)

    assert [key for key, chosen in tabs(page).items() if chosen] == [first]
    assert tabs(page).keys() == {key.replace("-", "_") for key in cards(page)}
    assert '<span class="num warn">1 open</span>' in page
    raised(deal, "Too late", cast.ana)
    assert '<span class="num warn">2 open</span>' in get(client, cast.ana, deal)


def test_it_shows_no_record_where_there_is_none_to_read_or_write(client: Client, cast: Cast):
    pooled = make_deal(by=cast.mona, team=cast.north)
    assert 'id="records-title"' not in get(client, cast.ana, pooled)
    assert 'id="records-title"' in get(client, cast.mona, pooled)


def test_it_writes_down_a_need(client: Client, cast: Cast, deal: Deal):
    assert "In the" not in get(client, cast.ana, deal, "needs/")[:10]
    said: dict[str, Any] = {"words": "Pallets warm up", "worth": "41 000", "per": "year"}
    response = post(client, cast.ana, deal, "needs/", **said)

    assert response.status_code == 200
    assert "deal-changed" in json.loads(response["HX-Trigger"])
    page = get(client, cast.ana, deal)
    assert "Pallets warm up" in page
    assert "€41,000 a year" in page
    need = Need.objects.get()
    post(client, cast.ana, deal, f"needs/{need.pk}/confirm/")
    assert "confirmed" in get(client, cast.ana, deal)
    post(client, cast.ana, deal, f"needs/{need.pk}/drop/")
    need.refresh_from_db()
    assert need.dropped_at == NOW
    post(client, cast.ana, deal, f"needs/{need.pk}/drop/")
    need.refresh_from_db()
    assert need.dropped_at is None


def test_it_says_what_is_wrong_with_what_was_sent(client: Client, cast: Cast, deal: Deal):
    response = post(client, cast.ana, deal, "needs/", words="", per="year")
    assert response.status_code == 422
    stale = post(client, cast.ana, deal, "needs/", words="Heat", per="year", version="99")
    assert stale.status_code == 409
    assert "Heat" in stale.content.decode()
    assert not Need.objects.exists()


def test_it_writes_the_path_with_roles(client: Client, cast: Cast, deal: Deal):
    petra = deal.contacts.get(name="Petra Voss")
    said: dict[str, Any] = {"steps": "Petra, then the board", f"role_{petra.pk}": "decides"}
    post(client, cast.ana, deal, "decision-path/", **said, decides_on="2026-04-06")

    page = get(client, cast.ana, deal)
    assert "Petra, then the board" in page
    assert "Mon 6 Apr" in page
    assert deal.deal_contacts.get(contact=petra).role == DealRole.DECIDES
    assert DecisionPath.objects.get().decides_on == dt.date(2026, 4, 6)


def test_it_praises_a_disqualification(client: Client, cast: Cast, deal: Deal):
    said: dict[str, Any] = {
        "ruling": "disqualified",
        "ours": "no",
        "theirs": "unsure",
        "ours_why": "No budget",
    }
    response = post(client, cast.ana, deal, "verdict/", **said)

    assert "no loss" in json.loads(response["HX-Trigger"])["toast"]["text"]
    assert Verdict.objects.get().ruling == "disqualified"
    deal.refresh_from_db()
    assert deal.cause is not None
    assert deal.cause.key == "disqualified"
    assert "Disqualified" in get(client, cast.ana, deal)


def test_it_records_a_word_with_the_value_of_the_deal(client: Client, cast: Cast, deal: Deal):
    sheet = get(client, cast.ana, deal, "offers/", kind="verbal")
    assert 'value="50000"' in sheet
    assert 'name="go_reason"' in sheet
    post(client, cast.ana, deal, "offers/", kind="verbal", value="50000")

    offer = Offer.objects.get()
    assert (offer.kind, offer.value, offer.premature) == ("verbal", Decimal(50_000), True)
    assert "Made before problem and decision path were known" in get(client, cast.ana, deal)


def test_it_copies_the_last_revision_and_shows_what_is_not_covered(
    client: Client, cast: Cast, deal: Deal
):
    petra = deal.contacts.get(name="Petra Voss")
    first = needs.add(deal, NeedInput(words="Pallets warm up"), by=cast.ana, at=NOW)
    needs.add(deal, NeedInput(words="Nobody hears the alarm"), by=cast.ana, at=NOW)
    lines = [
        OfferLineInput(what="Sensors", quantity=Decimal(5), unit_price=Decimal(90), need=first)
    ]
    lines.append(OfferLineInput(what="Coffee"))
    made: dict[str, Any] = {
        "value": Decimal(63_900),
        "recipients": [petra],
        "lines": lines,
        **VERBAL,
    }
    offers.make(deal, OfferInput(**made, decision_on=dt.date(2026, 4, 6)), by=cast.ana, at=NOW)
    sheet = get(client, cast.ana, deal, "offers/")
    for copied in ('value="Sensors"', 'value="63900"', 'value="2026-04-06"', 'value="Coffee"'):
        assert copied in sheet
    said: dict[str, Any] = {
        "kind": "verbal",
        "value": "74400",
        "what_changed": "6 depots",
        "line0-what": "Sensors",
    }
    said |= {"line0-quantity": "6", "line0-need": str(first.pk), "line7-what": "Coffee"}
    post(client, cast.ana, deal, "offers/", **said, recipients=petra.pk)

    page = get(client, cast.ana, deal)
    for words in ("€74,400", "+€10,500", "6 depots", "current", "to Petra Voss"):
        assert words in page
    assert "No line covers:" in page
    assert "Covers no need:" in page
    current = deal.offers.get(revision=2)
    assert [line.what for line in current.lines.order_by("id")] == ["Sensors", "Coffee"]
    sheet = get(client, cast.ana, deal, f"offers/{current.pk}/")
    assert "Pallets warm up" in sheet
    post(client, cast.ana, deal, f"offers/{current.pk}/", reason="Wrong")
    current.refresh_from_db()
    assert current.outcome == "withdrawn"


def test_it_tells_mistakes_in_lines(client: Client, cast: Cast, deal: Deal):
    said: dict[str, Any] = {"kind": "verbal", "line0-what": "Sensors", "line0-quantity": "-1"}
    response = post(client, cast.ana, deal, "offers/", **said)
    assert response.status_code == 422
    assert "a number above zero" in response.content.decode()
    assert not Offer.objects.exists()


def test_it_asks_for_another_line(client: Client, cast: Cast, deal: Deal):
    page = get(client, cast.ana, deal, "offers/line/", n="4")
    assert 'name="line4-what"' in page
    assert "?n=5" in page


def test_it_knows_whether_a_price_was_named(client: Client, cast: Cast, deal: Deal):
    assert 'value="before" checked' in get(client, cast.ana, deal, "concerns/")
    offers.make(deal, OfferInput(value=None, **VERBAL), by=cast.ana, at=NOW)
    assert 'value="before" checked' in get(client, cast.ana, deal, "concerns/")
    offers.make(deal, OfferInput(value=Decimal(5), **VERBAL), by=cast.ana, at=NOW)
    assert 'value="after" checked' in get(client, cast.ana, deal, "concerns/")


def test_it_settles_a_concern_by_a_press(client: Client, cast: Cast, deal: Deal):
    concern = raised(deal, "Who installs at night?", cast.ana)
    post(client, cast.ana, deal, f"concerns/{concern.pk}/settle/", disposition="withdrawn")
    concern.refresh_from_db()
    assert (concern.disposition, concern.disposed_by) == ("withdrawn", cast.ana)
    assert "1 settled" in get(client, cast.ana, deal)
    post(client, cast.ana, deal, f"concerns/{concern.pk}/reopen/")
    concern.refresh_from_db()
    assert concern.disposition == "open"
    assert "1 open" in get(client, cast.ana, deal)


def test_it_offers_what_colleagues_said_and_takes_it_over(client: Client, cast: Cast, deal: Deal):
    carls = make_deal(by=cast.carl, name="Canary of Carl")
    answer = raised(carls, "They want 120 days", cast.carl)
    said: dict[str, Any] = {
        "disposition": Disposition.ANSWERED,
        "response": "Factoring with our bank",
    }
    concerns.settle(answer, DispositionInput(**said), by=cast.carl, at=NOW)
    concern = raised(deal, "90 days is our rule", cast.ana)
    assert "1 answer by a colleague" in get(client, cast.ana, deal)
    form = get(client, cast.ana, deal, f"concerns/{concern.pk}/settle/", used=str(answer.pk))
    assert form.count("Factoring with our bank") == 2
    assert "Carl Meier" in form
    assert "Canary" not in form
    post(
        client,
        cast.ana,
        deal,
        f"concerns/{concern.pk}/settle/",
        disposition="answered",
        used=answer.pk,
        response="Factoring, as colleagues do",
    )

    concern.refresh_from_db()
    assert concern.used == answer
    client.force_login(cast.ana)
    library = client.get("/concerns/answers/", {"q": "bank", "category": "terms"}).content.decode()
    assert "Factoring with our bank" in library
    assert "said 2 times · settled it every time" in library
    assert "Canary" not in library
    assert f"/deals/{carls.pk}/" not in library


def test_it_counts_attempts_and_goes_on_to_winning(client: Client, cast: Cast, deal: Deal):
    response = post(client, cast.ana, deal, "attempts/", reply="not_yet", why="In May")
    assert response.content == b""
    response = post(client, cast.ana, deal, "attempts/", reply="yes")
    assert f"/deals/{deal.pk}/win/" in response.content.decode()
    page = get(client, cast.ana, deal)
    assert "2 times" in page
    assert ClosingAttempt.objects.count() == 2
    client.force_login(cast.ana)
    plain = client.post(f"/deals/{deal.pk}/attempts/", {"reply": "yes"})
    assert plain["Location"] == f"/deals/{deal.pk}/win/"


def test_it_asks_who_delivers_what_was_won(client: Client, cast: Cast):
    deal = won_deal(by=cast.ana)
    page = get(client, cast.ana, deal)
    assert "now delivery has to know" in page
    assert 'id="new-offers"' not in page
    post(client, cast.ana, deal, "hand-off/", to="Plant Linz", seller_involved="on")
    assert HandOff.objects.get().seller_involved
    page = get(client, cast.ana, deal)
    assert "Plant Linz" in page
    assert "The salesperson takes part" in page


def after(page: str) -> list[str]:
    """What can be done next with a deal that is closed, the first thing first."""
    strip = page.split('<section class="nextstrip closed loud')[1].split("</section>")[0]
    assert strip.count("btn-primary") == 1
    return re.findall(r'class="btn(?: btn-primary)?" id="([\w-]+)"', strip)


def test_the_next_thing_is_the_loudest_on_a_closed_deal(client: Client, cast: Cast):
    stopped = stopped_deal(by=cast.ana, company=make_company(by=cast.ana, name="Norte SA"))
    page = get(client, cast.ana, stopped)
    assert "The next deal with Norte SA" in page
    assert after(page) == ["next-deal", "next-touch", "write-look-back"]
    assert f'href="/deals/new/?company={stopped.company_id}"' in page
    assert "expected</span>" not in page
    won = won_deal(by=cast.ana, company=make_company(by=cast.ana, name="Sur SA"))
    page = get(client, cast.ana, won)
    assert after(page) == ["write-hand-off", "next-deal", "write-look-back"]
    assert 'id="hand-off-title"' not in page
    post(client, cast.ana, won, "hand-off/", to="Plant Linz")
    page = get(client, cast.ana, won)
    assert "Keep in touch with Sur SA" in page
    assert after(page) == ["next-touch", "next-deal", "write-look-back"]
    assert f'href="/companies/{won.company_id}/plan/"' in page
    assert 'id="hand-off-title"' in page
    # Without a company, who was talked with is touched; who may only look is offered nothing.
    alone = stopped_deal(by=cast.ana, contact=make_contact(by=cast.ana, name="Petra Voss"))
    assert "The next deal with Petra Voss" in get(client, cast.ana, alone)
    assert "/contacts/" in get(client, cast.ana, alone).split("next-touch")[1][:60]
    Deal.objects.filter(pk=alone.pk).update(owner=None)
    assert 'id="next-deal"' not in get(client, cast.ben, alone)


def test_it_hands_nothing_over_that_is_not_won(client: Client, cast: Cast, deal: Deal):
    assert post(client, cast.ana, deal, "hand-off/", to="Plant").status_code == 404


def test_it_lets_nobody_write_who_may_only_look(client: Client, cast: Cast):
    pooled = make_deal(by=cast.mona, team=cast.north, stage=Stage.QUALIFICATION)
    raised(pooled, "Too dear", cast.mona)
    page = get(client, cast.ana, pooled)
    assert "Too dear" in page
    for part in ("needs", "verdict", "offers", "attempts"):
        assert f"/deals/{pooled.pk}/{part}/" not in page
    assert "/settle/" not in page


def test_it_keeps_records_with_their_own_deal(client: Client, cast: Cast, deal: Deal):
    other = make_deal(by=cast.ana, name="Other")
    need = needs.add(other, NeedInput(words="Heat"), by=cast.ana, at=NOW)
    concern = raised(other, "Too dear", cast.ana)
    offer = offers.make(other, OfferInput(value=None, **VERBAL), by=cast.ana, at=NOW)
    client.force_login(cast.ana)
    for path in (f"needs/{need.pk}/", f"concerns/{concern.pk}/", f"offers/{offer.pk}/"):
        assert client.get(f"/deals/{deal.pk}/{path}").status_code == 404
        assert client.get(f"/deals/{other.pk}/{path}").status_code == 200


def test_it_tells_all_of_it_in_the_timeline(client: Client, cast: Cast, deal: Deal):
    full_deal(cast, deal, rows=2)
    need = deal.needs.earliest("id")
    needs.drop(need, by=cast.ana, at=NOW)
    offers.withdraw(deal.offers.get(revision=2), reason="Wrong", by=cast.ana, at=NOW)
    petra = deal.contacts.get(name="Petra Voss")
    post(client, cast.ana, deal, "decision-path/", steps="So", confirmed_by=petra.pk)
    post(client, cast.ana, deal, "attempts/", reply="no", why="Too early")
    said: dict[str, Any] = {
        "ruling": "qualified",
        "ours": "yes",
        "theirs": "yes",
        "ours_why": "They pay",
    }
    post(client, cast.ana, deal, "verdict/", **said)
    page = get(client, cast.ana, deal, "timeline/", show="changes")
    for words in (
        "Need: written down",
        "Need dropped",
        "Offer 1 made",
        "Offer 2 withdrawn",
        "Concern raised",
        "Concern: Answered",
        "Decision path: written down",
        "Who confirmed the decision path: written down",
        "Asked for the agreement: No",
        "Verdict: Qualified",
        "We in them: Yes · they in us: Yes",
        "By word",
    ):
        assert words in page, words


def test_it_tells_a_hand_off_in_the_timeline(client: Client, cast: Cast):
    deal = won_deal(by=cast.ana)
    said: dict[str, Any] = {
        "to": "Plant Linz",
        "starts_on": dt.date(2026, 4, 1),
        "seller_involved": True,
    }
    hand_off.write(deal, **said, by=cast.ana, at=NOW)
    page = get(client, cast.ana, deal)
    for words in ("Who delivers: written down", "Begin of delivery: written down", "Wed 1 Apr"):
        assert words in page


def test_it_puts_a_new_person_into_the_choices(client: Client, cast: Cast, deal: Deal):
    deals.set_contact(deal, contact=NewContact(name="Horst Brandt"), by=cast.ana, at=NOW)
    for path in ("needs/", "concerns/", "offers/", "decision-path/"):
        assert "Horst Brandt" in get(client, cast.ana, deal, path)
