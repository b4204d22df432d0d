"""Concerns: raised, settled, open again; and what becomes of the answers."""

from typing import Any

import pytest

from crm.commands import concern as concerns
from crm.commands import deal as deals
from crm.commands import offer as offers
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.offer import OfferInput
from crm.events import (
    US,
    ConcernAfterPriceChanged,
    ConcernCategoryChanged,
    ConcernRaised,
    ConcernRaisedByChanged,
    ConcernWordsChanged,
)
from crm.models import Concern, ConcernCategory, Contact, Deal, Disposition, OfferKind
from crm.queries import answers
from crm.queries.records import records
from pipeline.models import User
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast
from tests.crm.conftest import Refusal
from tests.factories import NOW, cause_named, make_contact, make_deal


@pytest.fixture
def petra(cast: Cast) -> Contact:
    return make_contact(by=cast.ana, name="Petra Voss")


@pytest.fixture
def deal(cast: Cast, petra: Contact) -> Deal:
    return make_deal(by=cast.ana, contact=petra, stage=Stage.PROSPECTING)


def raised(deal: Deal, words: str = "90 days is our rule", **facts) -> Concern:
    usual: dict[str, Any] = {"category": ConcernCategory.TERMS, "after_price": True}
    assert deal.owner is not None
    return concerns.add(deal, ConcernInput(words=words, **usual | facts), by=deal.owner, at=NOW)


def settled(
    concern: Concern, response: str = "Sixty, with two years", *, by: User | None = None, **facts
) -> Concern:
    by = by or concern.deal.owner
    assert by is not None
    said = DispositionInput(response=response, **{"disposition": Disposition.ANSWERED} | facts)
    concerns.settle(concern, said, by=by, at=NOW)
    return concern


def stop(deal: Deal, cast: Cast) -> None:
    cause = cause_named("price")
    deals.stop(deal, initiator=Initiator.CUSTOMER, cause=cause, by=cast.ana, at=NOW)


def test_it_is_written_down_about_the_current_offer(cast: Cast, deal: Deal, petra: Contact):
    offer = offers.make(deal, OfferInput(value=None, kind=OfferKind.VERBAL), by=cast.ana, at=NOW)
    concern = raised(deal, raised_by=petra)

    concern.refresh_from_db()
    assert (concern.offer, concern.raised_by, concern.disposition) == (offer, petra, "open")
    assert (concern.after_price, concern.raised_by_us) == (True, False)
    change = deal.changes.get(kind="concern")
    assert change.event == ConcernRaised(words="90 days is our rule")


def test_it_is_settled_and_open_again_with_all_of_its_history(cast: Cast, deal: Deal):
    concern = settled(raised(deal))
    assert (concern.disposition, concern.response) == ("answered", "Sixty, with two years")
    assert (concern.disposed_at, concern.disposed_by) == (NOW, cast.ana)
    concerns.reopen(concern, reason="The board said no", by=cast.mona, at=NOW)
    assert (concern.disposition, concern.disposed_at) == ("open", None)
    assert concern.response == "Sixty, with two years"
    settled(concern, disposition=Disposition.CONCEDED, concession="60 days")

    assert concern.concession == "60 days"
    told = deal.changes.filter(kind="concern_settled").order_by("id")
    assert [(change.data["old"], change.data["new"]) for change in told] == [
        ("open", "answered"),
        ("answered", "open"),
        ("open", "conceded"),
    ]


def test_it_asks_what_was_given(cast: Cast, deal: Deal, refused: Refusal):
    concern = raised(deal)
    with refused("concession"):
        settled(concern, disposition=Disposition.CONCEDED)
    with refused("disposition"):
        settled(concern, disposition=Disposition.OPEN)


def test_it_can_be_put_right(cast: Cast, deal: Deal):
    concern = raised(deal)
    concerns.change(
        concern,
        ConcernInput(
            words="90 days is the rule",
            category=ConcernCategory.PRICE,
            after_price=False,
            raised_by_us=True,
            raised_by=None,
        ),
        by=cast.ana,
        at=NOW,
    )

    told = deal.changes.exclude(kind="concern").order_by("id")
    about = "90 days is the rule"
    assert [change.event for change in told] == [
        ConcernWordsChanged(old="90 days is our rule", new=about),
        ConcernCategoryChanged(old="terms", new="price", about=about),
        ConcernAfterPriceChanged(old=True, new=False, about=about),
        ConcernRaisedByChanged(new=US, about=about),
    ]


def test_it_takes_an_answer_on_a_closed_deal_and_no_other_change(
    cast: Cast, deal: Deal, refused: Refusal
):
    concern = raised(deal)
    stop(deal, cast)
    concerns.answer(concern, response="We cannot wait longer", by=cast.ana, at=NOW)
    assert (concern.response, concern.disposition) == ("We cannot wait longer", "open")
    with refused(None):
        settled(concern)
    with refused(None):
        raised(deal)
    with refused(None):
        concerns.reopen(concern, by=cast.ana, at=NOW)


def test_it_is_for_those_who_may_edit_the_deal(cast: Cast, deal: Deal, unseen):
    concern = raised(deal)
    with unseen(Deal.DoesNotExist):
        settled(concern, by=cast.ben)
    with unseen(Deal.DoesNotExist):
        concerns.answer(concern, response="No", by=cast.nora, at=NOW)


# The library -------------------------------------------------------------------------------------


def of_carl(cast: Cast, words: str, response: str, **facts) -> Concern:
    deal = make_deal(by=cast.carl, name=f"Carls {words}", stage=Stage.PROSPECTING)
    return settled(raised(deal, words, **facts), response)


def test_it_offers_what_colleagues_said_most_used_first(cast: Cast, deal: Deal):
    seldom = of_carl(cast, "They want 120 days", "Factoring")
    often = of_carl(cast, "We never pay at once", "A discount for ten days")
    of_carl(cast, "Too dear", "It is worth it", category=ConcernCategory.PRICE)
    for number in range(2):
        settled(raised(deal, f"Case {number}"), "Ours", used=often)
    mine = raised(deal, "Nothing like the others")
    found = answers.similar_answers(mine, cast.ana)

    assert [(one.id, one.uses, one.by) for one in found] == [
        (often.pk, 2, "Carl Meier"),
        (seldom.pk, 0, "Carl Meier"),
    ]
    assert [one.deal for one in found] == [None, None]


def test_it_puts_similar_words_before_others(cast: Cast, deal: Deal):
    of_carl(cast, "Your contract is too long", "Twelve months will do")
    near = of_carl(cast, "90 days payment is our rule", "Sixty, with two years")

    assert answers.similar_answers(raised(deal, "90 days is our rule"), cast.ana)[0].id == near.pk


def test_it_takes_over_the_words_of_an_answer_and_adds_none_to_the_library(cast: Cast, deal: Deal):
    used = of_carl(cast, "120 days", "Factoring")
    concern = settled(raised(deal), "", used=used)

    assert (concern.response, concern.used) == ("Factoring", used)
    assert [one.id for one in answers.find(cast.adele)[0]] == [used.pk]
    settled(concern, "Factoring, by our bank", used=used)
    assert {one.id for one in answers.find(cast.adele)[0]} == {used.pk, concern.pk}


def test_it_finds_answers_by_words_and_category(cast: Cast):
    terms = of_carl(cast, "120 days", "Factoring with our bank")
    price = of_carl(cast, "Too dear", "Factoring it in", category=ConcernCategory.PRICE)
    of_carl(cast, "Silence", "")

    def found(**asked) -> list[int]:
        return [one.id for one in answers.find(cast.ana, **asked)[0]]

    assert found() == [price.pk, terms.pk]
    assert found(words="BANK days") == [terms.pk]
    assert found(words="factoring", category="price") == [price.pk]
    assert found(words="bank%") == []
    assert found(words="\0") == [price.pk, terms.pk]


def test_it_pages_through_the_library(cast: Cast, deal: Deal):
    for number in range(3):
        settled(raised(deal, f"Concern {number}"), f"Answer {number}")
    first, more = answers.find(cast.ana, rows=2)
    rest, none = answers.find(cast.ana, rows=2, after=2)

    assert more
    assert not none
    assert [one.response for one in (*first, *rest)] == ["Answer 2", "Answer 1", "Answer 0"]


def test_it_names_the_deal_to_those_alone_who_may_see_it(cast: Cast):
    concern = of_carl(cast, "120 days", "Factoring")

    def deals_for(name: str) -> list[int | None]:
        return [one.deal for one in answers.find(getattr(cast, name))[0]]

    for name in ("carl", "nora", "rosa", "adele"):
        assert deals_for(name) == [concern.deal_id]
    for name in ("ana", "ben", "mona"):
        assert deals_for(name) == [None]


def test_it_gives_nothing_to_a_deactivated_person(cast: Cast):
    of_carl(cast, "120 days", "Factoring")
    cast.ana.is_active = False
    cast.ana.save()

    assert answers.find(cast.again(cast.ana)) == ([], False)


def test_it_shows_equal_answers_once_with_how_often_they_settled_it(cast: Cast, deal: Deal):
    first = of_carl(cast, "120 days", "Factoring")
    of_carl(cast, "Ninety days", " factoring ")
    of_carl(cast, "Too dear", "Factoring", category=ConcernCategory.PRICE)
    taken = settled(raised(deal, "60 days"), "", used=first)
    helped = settled(raised(deal, "30 days"), "Our bank does it", used=first)
    concerns.settle(
        raised(deal, "Never"),
        DispositionInput(disposition=Disposition.NOT_SOLVED, response="Factoring"),
        by=cast.ana,
        at=NOW,
    )
    found, _more = answers.find(cast.adele, category="terms")

    assert [(one.response.strip().lower(), one.said, one.settled) for one in found] == [
        ("factoring", 5, 4),
        ("our bank does it", 1, 1),
    ]
    assert not found[0].always
    assert taken.pk not in {one.id for one in found}
    assert found[1].id == helped.pk


def test_it_offers_an_equal_answer_once_and_counts_it_once(cast: Cast, deal: Deal):
    for words in ("120 days", "90 days", "60 days"):
        of_carl(cast, words, "Factoring")
    of_carl(cast, "Thirty", "By our bank")
    mine = raised(deal, "60 days is our rule")
    found = answers.similar_answers(mine, cast.ana)

    assert [(one.words, one.said) for one in found] == [("60 days", 3), ("Thirty", 1)]
    (shown,) = records(deal.pk, user=cast.ana.pk).concerns
    assert shown.answers == len(found)


def test_an_answer_that_stands_open_again_counts_for_nothing(cast: Cast, deal: Deal):
    first = of_carl(cast, "120 days", "Factoring")
    concern = settled(raised(deal, "60 days"), "", used=first)
    concerns.reopen(concern, by=cast.ana, at=NOW)
    (found,) = answers.find(cast.adele)[0]
    assert (found.id, found.said, found.settled) == (first.pk, 1, 1)
