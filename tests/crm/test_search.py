import datetime as dt

import pytest
from django.core.management import call_command

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.models import SearchEntry
from crm.queries.search import search
from pipeline.models import User
from pipeline.stages import Initiator
from tests.conftest import Cast
from tests.factories import NOW, cause_named, make_company, make_contact, make_deal


def found(text: str, reader: User) -> list[str]:
    return [hit.title for hit in search(text, reader=reader)]


def test_it_finds_a_part_of_a_word_without_case_and_accents(cast: Cast) -> None:
    make_company(by=cast.ana, name="Cerámica Órbigo")
    assert found("CERAMICA", cast.ana) == ["Cerámica Órbigo"]
    assert found("orbig", cast.ana) == ["Cerámica Órbigo"]


def test_it_needs_all_words(cast: Cast) -> None:
    company = make_company(by=cast.ana, name="Norte SA")
    make_deal(by=cast.ana, name="Line 3 retrofit", company=company)
    make_deal(by=cast.ana, name="Line 4 retrofit")
    assert found("retrofit norte", cast.ana) == ["Line 3 retrofit"]


@pytest.mark.parametrize("text", ["", "no", "a b", "  "])
def test_it_finds_nothing_for_less_than_three_letters(cast: Cast, text: str) -> None:
    make_company(by=cast.ana, name="no a b")
    assert found(text, cast.ana) == []


@pytest.mark.parametrize(
    "text", ["%%%", "100% ___", "'; --", "\\\\\\", "\x00abc".replace("\x00", "")]
)
def test_it_takes_signs_as_they_are(cast: Cast, text: str) -> None:
    make_company(by=cast.ana, name="Norte SA")
    assert found(text, cast.ana) == []


def test_it_finds_people_by_address_and_number(cast: Cast) -> None:
    make_contact(by=cast.ana, name="Jordi Pla", emails=["Jordi@norte.es"], phones=["0664 123 4567"])
    assert found("jordi@norte", cast.ana) == ["Jordi Pla"]
    assert found("6641234567", cast.ana) == ["Jordi Pla"]


def test_it_keeps_deals_to_those_who_may_see_them(cast: Cast) -> None:
    make_deal(by=cast.ana, name="Secret retrofit")
    readers = [user.name for user in cast.people if found("secret", user)]
    assert readers == ["Adele Winter", "Rosa Lang", "Mona Reyes", "Ana Ruiz"]


def test_it_follows_a_hand_over(cast: Cast) -> None:
    deal = make_deal(by=cast.ana, name="Secret retrofit")
    deal_commands.hand_over(deal, to=cast.ben, by=cast.mona, at=NOW)
    assert found("secret", cast.ben) == ["Secret retrofit"]
    assert found("secret", cast.ana) == []


def test_it_follows_a_new_name_of_the_company(cast: Cast) -> None:
    company = make_company(by=cast.ana, name="Norte SA")
    make_deal(by=cast.ana, name="Retrofit", company=company)
    make_contact(by=cast.ana, name="Jordi Pla", company=company)
    company_commands.edit(company, by=cast.ana, at=NOW, name="Boreal SL")
    assert sorted(found("boreal", cast.ana)) == ["Boreal SL", "Jordi Pla", "Retrofit"]
    assert found("norte", cast.ana) == []


def test_it_shows_what_is_open_first(cast: Cast) -> None:
    closed = make_deal(by=cast.ana, name="Aaa retrofit")
    make_deal(by=cast.ana, name="Zzz retrofit")
    deal_commands.stop(
        closed,
        initiator=Initiator.CUSTOMER,
        cause=cause_named("price"),
        by=cast.ana,
        at=NOW - dt.timedelta(days=1),
    )
    assert found("retrofit", cast.ana) == ["Zzz retrofit", "Aaa retrofit"]


def test_it_can_be_made_anew(cast: Cast) -> None:
    make_deal(by=cast.ana, name="Retrofit", company="Norte SA")
    before = list(SearchEntry.objects.order_by("kind").values_list("kind", "title", "plain"))
    SearchEntry.objects.all().delete()
    call_command("reindex")
    assert (
        list(SearchEntry.objects.order_by("kind").values_list("kind", "title", "plain")) == before
    )
