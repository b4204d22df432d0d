import datetime as dt
from collections.abc import Iterator
from itertools import combinations, product

import pytest
from django.core.management import call_command

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.models import Company, Deal, DealRole, SearchEntry, SearchKind
from crm.queries.search import find, find_again, ids, search
from pipeline.models import User
from pipeline.process.stages import Initiator
from tests.conftest import Cast
from tests.factories import NOW, cause_named, make_company, make_contact, make_deal, stopped_deal


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


# What is on record, and all that finds it: the way it is written is nobody's concern.
WRITTEN = {
    "Müller & Söhne GmbH": [
        "müller",
        "MULLER",
        "mueller soehne",
        "Müller und Söhne",
        "söhne müller",
        "Mu\u0308ller",
        "Söhne and Mueller",
    ],
    "Mueller Kälte": ["müller", "mueller", "kaelte", "kalte"],
    "Straßenbau Weiß": ["strassenbau", "STRASSENBAU WEISS", "weiß"],
    "Søren Østergård A/S": ["soren", "soeren", "ostergard", "oestergaard", "østergård"],
    "Łódzka Spółka Źródło": ["lodzka", "spolka zrodlo", "ŁÓDZKA"],
    "Đurđevac Mlin": ["durdevac", "đurđevac"],
    "Ærø Færge": ["aero", "faerge"],
    "Œuvres Réunies": ["oeuvres", "reunies"],
    "Istanbul Işık": ["istanbul isik", "İSTANBUL", "ışık"],
    "O’Brien Fittings": ["o'brien", "O‘Brien", "obrien", "O`Brien"],
    "L'Oréal": ["l’oréal", "loreal", "oreal"],
    "Rhein–Main Logistik": ["rhein-main", "rhein main", "rheinmain", "main rhein"],
    "ﬁnoﬃce": ["finoffice", "office"],
    "Ｆｕｌｌ Width": ["full width", "ｗｉｄｔｈ"],
    "AT&T": ["at&t", "att", "AT & T"],
    "Sociedad Norte S.A.": ["norte sa", "norte s.a."],
    "Ges. f. Wärme m.b.H.": ["waerme", "mbh"],
    "HP": ["hp", "ＨＰ"],
    "3M": ["3m"],
    "华为技术有限公司": ["华为", "技术", "华"],
    "李": ["李"],
    "삼성전자": ["삼성", "전자"],
    "ﾊﾟﾅｿﾆｯｸ": ["パナ", "パナソニック"],
    "Газпром": ["газпром", "ГАЗ", "пром"],
    "Ελλάδα": ["ελλαδα", "ΕΛΛΆΔΑ"],
    "Bauer": ["bauer", "BAUER"],
    "Baur": ["baur"],
    "Israel Chemicals": ["israel"],
}


@pytest.fixture
def written(cast: Cast) -> Cast:
    for name in WRITTEN:
        make_company(by=cast.ana, name=name)
    return cast


def test_it_finds_a_name_however_its_letters_are_written(written: Cast) -> None:
    asked = [(text, name) for name, texts in WRITTEN.items() for text in texts]
    assert [(text, name) for text, name in asked if name not in found(text, written.ben)] == []


def test_a_list_finds_what_the_search_finds(written: Cast) -> None:
    for name, texts in WRITTEN.items():
        for text in texts:
            listed = Company.objects.filter(
                pk__in=ids(SearchKind.COMPANY, text, reader=written.ben)
            )
            assert name in [company.name for company in listed], text


@pytest.mark.parametrize(
    ("text", "other"),
    [("baur", "Bauer"), ("bauer", "Baur"), ("isral", "Israel Chemicals")],
)
def test_other_letters_find_other_names(written: Cast, text: str, other: str) -> None:
    assert other not in found(text, written.ana)


@pytest.mark.parametrize("text", ["", "n", "a b", "  ", "&", "-- --"])
def test_it_finds_nothing_for_less_than_two_letters(cast: Cast, text: str) -> None:
    make_company(by=cast.ana, name="no a b")
    assert found(text, cast.ana) == []


def test_two_letters_find_who_is_called_so_and_one_s_own_that_begins_so(cast: Cast) -> None:
    for name in ("HP", "HP Austria", "Hpx", "Chp"):
        make_company(by=cast.ana, name=name)
    make_deal(by=cast.ben, name="Hpc rollout")
    assert found("hp", cast.ben) == ["Hpc rollout", "HP", "HP Austria"]


@pytest.mark.parametrize(
    "text", ["%%%", "100% ___", "'; --", "\\\\\\", "\x00abc".replace("\x00", "")]
)
def test_it_takes_signs_as_they_are(cast: Cast, text: str) -> None:
    make_company(by=cast.ana, name="Norte SA")
    assert found(text, cast.ana) == []


def test_it_finds_people_by_address_in_either_order_of_their_name(cast: Cast) -> None:
    make_contact(by=cast.ana, name="Jordi Pla", emails=["Jordi@norte.es"])
    for text in ("jordi@norte", "jordi@norte.es", "pla jordi", "Jordi norte.es"):
        assert found(text, cast.ana) == ["Jordi Pla"], text


@pytest.mark.parametrize("typed", ["+43 664 1234567", "0664 123 45 67", "(0664) 1234567"])
def test_it_finds_a_number_however_it_is_written(cast: Cast, typed: str) -> None:
    make_contact(by=cast.ana, name="Jordi Pla", phones=[typed])
    make_contact(by=cast.ana, name="Eva Mas", phones=["+43 1 7654321"])
    asked = [
        "0664/1234567",
        "00436641234567",
        "+43 664 1234567",
        "+43 (0)664 123 45 67",
        "+43 664 12",
        "(0664) 123-45 67",
        "0664 123",
        "6641234567",
        "４５６７",
        "123–4567",
        "0664.123.4567",
        "Pla 0664 123",
        "0664 123 jordi",
        "4567",
    ]
    assert [text for text in asked if found(text, cast.ana) != ["Jordi Pla"]] == []


@pytest.mark.parametrize("text", ["12 2024", "halle 2024", "2024 halle 12", "4711", "A4711"])
def test_a_number_in_a_name_is_found_as_words(cast: Cast, text: str) -> None:
    make_company(by=cast.ana, name="Halle 12 Umbau 2024 A4711")
    assert found(text, cast.ana) == ["Halle 12 Umbau 2024 A4711"]


def test_my_own_comes_first_then_names_that_begin_so(cast: Cast) -> None:
    """Rest and parts of words come behind, whatever their letters."""
    for name in ("Norte Aa", "Norte Bb", "Gran Norte", "Connorte"):
        make_company(by=cast.ben, name=name)
    mine = make_company(by=cast.ben, name="Zeta Norte")
    make_deal(by=cast.ana, name="Line 3", company=mine)
    make_deal(by=cast.ben, name="Norte first", company=mine)
    assert found("nor", cast.ana) == [
        "Line 3",
        "Zeta Norte",
        "Norte Aa",
        "Norte Bb",
        "Gran Norte",
        "Connorte",
    ]


def test_the_people_of_my_own_deals_come_first(cast: Cast) -> None:
    make_contact(by=cast.ben, name="Aina Pla")
    mine = make_contact(by=cast.ben, name="Zoe Pla")
    deal = make_deal(by=cast.ana, name="Line 3")
    deal_commands.set_contact(deal, contact=mine, role=DealRole.UNKNOWN, by=cast.ana, at=NOW)
    assert found("pla", cast.ana) == ["Zoe Pla", "Aina Pla"]


def test_three_letters_show_the_company_of_any_of_my_own_deals(cast: Cast) -> None:
    """Twenty open deals among many records that begin alike."""
    own = [f"{first}{second}ster {n}" for n, (first, second) in enumerate(product("NVO", "aeiou"))]
    own += [f"Nova {n}" for n in range(5)]
    for n in range(60):
        make_company(by=cast.ben, name=f"{('Nas', 'Ves', 'Ost', 'Nov')[n % 4]}a {n}")
    for name in own:
        make_deal(by=cast.ana, name="Retrofit", company=make_company(by=cast.ben, name=name))
    missed = [
        name
        for name in own
        if name not in [hit.hint for hit in search(name[:3], reader=cast.ana, most=8)]
    ]
    assert missed == []


def test_three_letters_and_enter_reach_each_of_my_own_open_deals(cast: Cast) -> None:
    """The first three of its name or of its company's, or the first letters of three of its words:
    also where many begin alike, where two are with one company, and where words repeat."""
    things = ("Ponda 400 for line 3", "Linelink for both halls", "Care plan", "Etika trial")
    own = [
        make_deal(by=cast.ana, name=name, company=make_company(by=cast.ben, name=company))
        for company in (
            "Norte Aceites",
            "Norcelone Caffè",
            "Nordhavn Køl",
            "Alpen Molkerei",
            "Ålpen",
        )
        for name in things
    ]
    for n in range(60):
        make_company(by=cast.ben, name=f"Nor{n} Alp")
        make_contact(by=cast.ben, name=f"Care Alp{n}")
        make_deal(by=cast.carl, name=f"Ponda Norte {n}")

    def is_first(typed: str, deal: Deal) -> bool:
        first = find(typed, reader=cast.ana, each=6)[:1]
        return [(hit.kind, hit.record_id) for hit in first] == [("deal", deal.pk)]

    def ways(deal: Deal) -> Iterator[str]:
        company = deal.company
        assert company is not None
        yield from (deal.name[:3], company.name[:3])
        initials = "".join(word[0] for word in f"{company.name} {deal.name}".split())
        yield from ("".join(letters) for letters in combinations(initials, 3))

    assert [deal.name for deal in own if not any(is_first(way, deal) for way in ways(deal))] == []


def test_hits_stand_in_groups_each_with_its_count_and_its_best(cast: Cast) -> None:
    norte = make_company(by=cast.ben, name="Norte SA", owner=cast.ana)
    make_company(by=cast.ben, name="Norte Sur")
    jordi = make_contact(by=cast.ben, name="Jordi Norte", phones=["+34 93 555 01 01"])
    mine = make_deal(by=cast.ana, name="Line 3", company=norte, amount=48_000)
    deal_commands.set_contact(mine, contact=jordi, role=DealRole.UNKNOWN, by=cast.ana, at=NOW)
    others = [make_deal(by=cast.ben, name=f"Norte {n}") for n in range(3)]
    stopped_deal(by=cast.ana, name="Norte once")
    rows = find("norte", reader=cast.mona, each=2)
    assert [(row.group.name, row.title, row.found) for row in rows] == [
        ("COMPANIES", "Norte SA", 2),
        ("COMPANIES", "Norte Sur", 2),
        ("PEOPLE", "Jordi Norte", 1),
        ("COLLEAGUES_DEALS", "Line 3", 4),
        ("COLLEAGUES_DEALS", "Norte 0", 4),
        ("CLOSED", "Norte once", 1),
    ]
    own = find("norte", reader=cast.ana, each=2)
    assert [(row.group.name, row.title) for row in own] == [
        ("MY_DEALS", "Line 3"),
        ("COMPANIES", "Norte SA"),
        ("COMPANIES", "Norte Sur"),
        ("PEOPLE", "Jordi Norte"),
        ("CLOSED", "Norte once"),
    ]
    assert own[0].amount == 48_000
    assert own[0].stage == mine.stage
    assert (own[1].deals, own[2].deals, rows[0].deals) == (1, 0, 1)
    assert own[3].phone == "+34 93 555 01 01"
    assert others[0].pk not in [row.record_id for row in own]


def test_where_one_was_is_shown_only_while_one_may_see_it(cast: Cast) -> None:
    company = make_company(by=cast.ben, name="Norte SA")
    deal = make_deal(by=cast.ben, name="Line 3")
    was = [("deal", deal.pk), ("company", company.pk), ("contact", 1)]
    assert [row.title for row in find_again(was, reader=cast.ben)] == ["Line 3", "Norte SA"]
    assert [row.title for row in find_again(was[::-1], reader=cast.ana)] == ["Norte SA"]


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
