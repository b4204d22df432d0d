"""The search for those on record already, while somebody types."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Product
from crm.queries import duplicates
from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal

# Each line is one company, however it is written.
SAME = [
    ["Müller GmbH", "MÜLLER", "Mueller Ges.m.b.H.", "müller G. m. b. H.", "Müller AG"],
    [
        "Müller & Söhne GmbH & Co. KG",
        "Müller und Söhne",
        "Mueller and Soehne KG",
        "MÜLLER+SÖHNE OG",
    ],
    ["Acme, Inc.", "ACME", "Acme Corp.", "ACME L.L.C.", "The Acme Company", "Acme Co., Ltd."],
    ["Société Générale S.A.", "societe generale", "SAS Société Générale", "Societe-Generale SARL"],
    ["Straße Logistik AG", "strasse logistik", "Strasse-Logistik e.U."],
    ["Skoda s.r.o.", "Škoda, spol. s r.o.", "ŠKODA a.s.", "Skoda s. r. o."],
    ["Łódź Sp. z o.o.", "Lodz Sp. z o. o.", "ŁÓDŹ S.A.", "Łódź sp.z o.o."],
    ["Søren A/S", "Soeren ApS", "Sören AB", "SØREN Oy"],
    ["Norte S.L.", "NORTE, S.L.U.", "Norte S.p.A.", "Norte SRL", "Norte S.A. de C.V."],
    ["Van Dijk B.V.", "van Dijk N.V.", "Van Dijk BVBA"],
    ["Smith's Ltd", "Smiths Limited", "SMITH’S P.L.C.", "Smiths Pty Ltd", "Smith's LLP"],
    ["Duna Kft.", "Duna Zrt", "DUNA Bt."],
    ["Sava d.o.o.", "SAVA d. o. o.", "Sava d.d."],
    ["ООО «Газ»", "АО Газ", "газ"],
    ["华为技术有限公司", "华为技术"],
    ["株式会社ソニー", "ソニー"],
    ["AT&T Inc.", "AT & T", "A.T.&T."],
    ["Rhein-Main OHG", "Rhein Main", "RheinMain e.K."],
]


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0])
def test_a_company_form_hides_no_duplicate(cast: Cast, names: list[str]) -> None:
    companies = {name: make_company(by=cast.ana, name=name) for name in names}
    make_company(by=cast.ana, name="Other GmbH")
    for name, company in companies.items():
        shown = {
            row.name for row in duplicates.companies(name, user=cast.ben, rows=20) if row.is_same
        }
        assert shown == set(names), name
        same = {row.name for row in duplicates.same_companies(company, user=cast.ben)}
        assert set(names) - {name} <= same, name
        assert "Other GmbH" not in same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Agfa", "AG"),
        ("Cobalt", "Balt"),
        ("Norte", "Sur"),
        ("Bauer GmbH", "Baur GmbH"),
        ("Saab AB", "Sab AB"),
        ("Oyster Bay", "Ster Bay"),
        ("GmbH", "AG"),
    ],
)
def test_it_takes_no_two_companies_for_the_same(cast: Cast, one: str, other: str) -> None:
    make_company(by=cast.ana, name=other)
    assert [row.name for row in duplicates.companies(one, user=cast.ana) if row.is_same] == []


def test_a_name_that_is_only_a_form_stays_a_name(cast: Cast) -> None:
    make_company(by=cast.ana, name="Co.")
    assert [row.name for row in duplicates.companies("CO", user=cast.ana) if row.is_same] == ["Co."]


def test_a_pick_list_searches_as_the_search_does(cast: Cast) -> None:
    for name in ("Norte Aa", "Gran Norte", "Zeta Norte"):
        make_company(by=cast.ben, name=name)
    make_deal(by=cast.ana, company=make_company(by=cast.ben, name="Yeta Norte"))
    found = [row.name for row in duplicates.companies("norte", user=cast.ana)]
    assert found == ["Yeta Norte", "Norte Aa", "Gran Norte", "Zeta Norte"]
    make_company(by=cast.ana, name="HP Österreich")
    for text in ("HP", "oesterreich hp", "OSTERREICH"):
        assert [row.name for row in duplicates.companies(text, user=cast.ben)] == ["HP Österreich"]


def test_people_are_found_in_either_order_of_their_names(cast: Cast) -> None:
    make_contact(by=cast.ana, name="Søren Müller-Lüdenscheidt", phones=["0664 1234567"])
    texts = ["muller soren", "Mueller-Luedenscheidt, Soeren", "lüdenscheidt", "+43 664 1234567"]
    for text in texts:
        found = [row.name for row in duplicates.contacts(text, user=cast.ana)]
        assert found == ["Søren Müller-Lüdenscheidt"], text
    (one,) = duplicates.contacts("Soeren Mueller Luedenscheidt", user=cast.ana)
    assert one.is_same


def test_products_are_found_by_words_in_any_order(cast: Cast) -> None:
    product = Product.objects.create(name="Kälteanlage Größe 3", currency="EUR")
    for text in ("kalteanlage", "groesse kaelte", "3 GRÖSSE"):
        assert duplicates.products(text, user=cast.ana) == [product], text
    assert duplicates.exact_match(Product.objects.all(), "KALTEANLAGE GROSSE 3") == product


def test_a_misspelt_name_is_found_by_what_it_has_in_common(cast: Cast) -> None:
    make_company(by=cast.ana, name="Brunnmark Pumpen GmbH")
    found = duplicates.companies("Brunmark Pumpn", user=cast.ana)
    assert [row.name for row in found] == ["Brunnmark Pumpen GmbH"]
    assert not found[0].is_same


def test_it_looks_for_no_more_of_a_text_than_a_name_can_be(cast):
    norte = make_company(by=cast.ana, name="Norte SA")

    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = duplicates.companies(f"Norte SA{' ' * 300}{'x' * 1_000_000}", user=cast.ana)
        duplicates.contacts("y" * 1_000_000, user=cast.ana)
        duplicates.products("z" * 1_000_000, user=cast.ana)

    assert [company.id for company in found] == [norte.pk]
    assert max(len(query["sql"]) for query in asked) < 10_000
