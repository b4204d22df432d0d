"""The settings, page by page: admins only, one row open at a time, and nothing lost on the way."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.commands import deal_line as line_commands
from crm.commands import offer as offer_commands
from crm.commands import rate as rate_commands
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.models import (
    Deal,
    Method,
    OfferKind,
    OfferLine,
    Product,
    Rate,
    SettingChange,
    Source,
    StopCause,
)
from pipeline.models import Language, PeopleChange, Team, User
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal, ready_deal, stopped_deal

LISTS = ("products", "sources", "methods", "stop-causes")
PAGES = (
    *(f"/settings/{kind}/" for kind in LISTS),
    "/settings/organisation/",
    "/settings/rates/",
    "/settings/process-owner/",
    "/settings/thresholds/",
    "/settings/target-customer/",
    "/settings/changes/",
)
TODAY = NOW.date()


@pytest.fixture
def admin(client: Client, cast: Cast) -> Client:
    client.force_login(cast.adele)
    return client


def text(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, url
    return b"".join(response).decode()


def send(client: Client, url: str, status: int = 302, **data: Any) -> str:
    response = client.post(url, data)
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("href", PAGES)
def test_a_fresh_organisation_can_be_set_up(admin: Client, href: str):
    assert 'class="settings-menu"' in text(admin, href)


def test_only_admins_find_the_way_to_the_settings(client: Client, cast: Cast):
    for person, found in ((cast.adele, True), (cast.rosa, False), (cast.ana, False)):
        client.force_login(person)
        assert ('href="/settings/"' in text(client, "/profile/")) is found


def test_a_product_is_sold_retired_and_stays_where_it_was_sold(admin: Client, cast: Cast):
    facts: dict[str, Any] = {"name": "Floor scale", "price": "2,450", "currency": "eur"}
    send(admin, "/settings/products/add/", **facts)
    product = Product.objects.get()
    assert (product.price, product.currency) == (Decimal(2450), "EUR")

    deal = make_deal(by=cast.ana)
    ana = Client()
    ana.force_login(cast.ana)
    pick = "/products/pick/?product_name=Floor"
    assert "Floor scale" in text(ana, pick)
    send(ana, f"/deals/{deal.pk}/lines/", product=product.pk, quantity="2", status=302)
    assert deal.lines.get().unit_price == Decimal(2450)

    send(admin, f"/settings/products/{product.pk}/retire/", version=1)
    assert "Floor scale" not in text(ana, pick)
    again = {"product": product.pk, "product_name": "Floor scale", "quantity": "1"}
    send(ana, f"/deals/{deal.pk}/lines/", status=422, **again)
    assert "Floor scale" in text(ana, f"/deals/{deal.pk}/")


def test_a_retired_value_stays_in_the_form_of_a_record_that_has_it(admin: Client, cast: Cast):
    fair = Source.objects.get(name="Trade fair")
    has, has_not = (make_deal(by=cast.ana, source=source) for source in (fair, None))
    send(admin, f"/settings/sources/{fair.pk}/retire/")
    assert "Trade fair" in text(admin, f"/deals/{has.pk}/edit/source/")
    assert "Trade fair" not in text(admin, f"/deals/{has_not.pk}/edit/source/")
    assert "Trade fair" not in text(admin, "/deals/new/")


def test_the_next_revision_of_an_offer_keeps_a_product_that_was_retired_since(
    admin: Client, cast: Cast
):
    product = Product.objects.create(name="Scale", currency="EUR")
    deal = ready_deal(by=cast.ana)
    line = OfferLineInput(product=product)
    value = Decimal(10)
    offer_commands.make(
        deal,
        OfferInput(value=value, kind=OfferKind.VERBAL, lines=[line]),
        by=cast.ana,
        at=ago(hours=2),
    )
    send(admin, f"/settings/products/{product.pk}/retire/")
    said: dict[str, Any] = {"kind": "verbal", "value": "12", "what_changed": "Dearer"}
    said |= {"line0-what": "Scale", "line0-quantity": "1"}
    send(admin, f"/deals/{deal.pk}/offers/", **said)
    lines = OfferLine.objects.filter(offer__deal=deal).order_by("-offer__revision")
    assert [one.product for one in lines] == [product, product]
    other = ready_deal(by=cast.ana, name="Another")
    send(admin, f"/deals/{other.pk}/offers/", **said)
    assert OfferLine.objects.get(offer__deal=other).product is None


def test_the_use_of_a_retired_source_can_be_looked_at(admin: Client, cast: Cast):
    fair = Source.objects.get(name="Trade fair")
    make_deal(by=cast.ana, name="From the fair", source=fair)
    make_deal(by=cast.ana, name="From elsewhere")
    send(admin, f"/settings/sources/{fair.pk}/retire/")
    link = f"/deals/?source={fair.pk}&amp;outcome=open"
    assert link in text(admin, "/settings/sources/?show=retired")
    page = text(admin, link.replace("&amp;", "&"))
    assert "From the fair" in page
    assert "From elsewhere" not in page
    assert "Trade fair" not in text(admin, "/deals/")


def test_save_needs_only_what_is_changed(admin: Client, cast: Cast):
    product = Product.objects.create(name="Scale", series="S", price=Decimal(5), currency="EUR")
    send(admin, f"/settings/products/{product.pk}/edit/", price="7.50")
    product.refresh_from_db()
    assert (product.name, product.series, product.price) == ("Scale", "S", Decimal("7.5"))


def test_a_name_that_is_taken_is_said_under_its_field_and_offers_the_merge(admin: Client):
    one, other = (Product.objects.create(name=name, currency="EUR") for name in ("A", "B"))
    page = send(admin, f"/settings/products/{one.pk}/edit/", name="b", status=422)
    assert "“B” exists." in page
    assert f"?merge={one.pk}&amp;into={other.pk}" in page
    assert 'value="b"' in page


def test_whoever_was_slower_is_told_and_loses_no_word(admin: Client, cast: Cast):
    letter = Method.objects.get(name="Letter")
    send(admin, f"/settings/methods/{letter.pk}/edit/", name="Post", version=1)
    url = f"/settings/methods/{letter.pk}/edit/"
    page = send(admin, url, name="Mailing", version=1, status=409)
    assert "it is “Post” by now" in page
    assert 'value="Mailing"' in page
    send(admin, url, name="Mailing", version=2)
    letter.refresh_from_db()
    assert letter.name == "Mailing"


@pytest.mark.parametrize(
    ("kind", "facts", "field"),
    [
        ("products", {"name": "", "currency": "EUR"}, "name"),
        ("products", {"name": "A", "currency": "XXQ"}, "currency"),
        ("products", {"name": "A", "currency": "EUR", "price": "-1"}, "price"),
        ("products", {"name": "A", "currency": "EUR", "price": "dear"}, "price"),
        ("products", {"name": "A" * 121, "currency": "EUR"}, "name"),
        ("sources", {"name": "A", "kind": "rumour"}, "kind"),
        ("stop-causes", {"name": "A", "kind": "ours", "initiator": "moon"}, "initiator"),
        ("methods", {"name": "A" * 121}, "name"),
    ],
)
def test_what_cannot_be_is_said_under_its_field(
    admin: Client, kind: str, facts: dict[str, Any], field: str
):
    page = send(admin, f"/settings/{kind}/add/", status=422, **facts)
    assert f'id="row-{field}_error"' in page


def test_what_is_in_use_is_shown(admin: Client, cast: Cast):
    product = Product.objects.create(name="Scale", currency="EUR")
    for value in (None, 1000):
        deal = make_deal(by=cast.ana)
        for _twice in range(2):
            line_commands.add(
                deal,
                product=product,
                quantity=Decimal(1),
                unit_price=None,
                by=cast.ana,
                at=ago(hours=3),
            )
        if value:
            deal_commands.stop(
                deal,
                initiator="customer",  # type: ignore[arg-type]  # a value of Initiator
                cause=StopCause.objects.get(key="price"),
                by=cast.ana,
                at=ago(days=1),
            )
    row = text(admin, "/settings/products/").split(f'id="r{product.pk}"')[1].split("</tr>")[0]
    assert re.findall(r"<td class=\"num\"[^>]*>\s*(\d+)", row) == ["1", "0"]
    price = StopCause.objects.get(key="price")
    row = text(admin, "/settings/stop-causes/").split(f'id="r{price.pk}"')[1].split("</tr>")[0]
    assert re.findall(r"<td class=\"num\"[^>]*>\s*(\d+)", row) == ["1", "1"]


def test_what_nothing_uses_shows_delete_in_place_of_retire(admin: Client, cast: Cast):
    stopped_deal(by=cast.ana, cause="price")
    page = text(admin, "/settings/stop-causes/")
    ids = dict(StopCause.objects.values_list("key", "pk"))
    assert f"/settings/stop-causes/{ids['price']}/retire/" in page
    assert f"/settings/stop-causes/{ids['price']}/delete/" not in page
    assert f"/settings/stop-causes/{ids['withdrawn']}/delete/" in page


def test_a_merge_is_compared_done_told_and_undone(admin: Client, cast: Cast):
    fair, other = Source.objects.get(name="Trade fair"), Source.objects.get(name="Other")
    deal = make_deal(by=cast.ana, source=fair)
    page = text(admin, f"/settings/sources/?merge={fair.pk}&into={other.pk}")
    assert "Merge the two" in page
    send(admin, f"/settings/sources/{fair.pk}/merge/", into=other.pk)
    deal.refresh_from_db()
    assert deal.source == other
    changes = text(admin, "/settings/changes/")
    assert "merged into Other" in words_of(changes)
    undo = re.search(r'action="(/settings/changes/\d+/undo/)"', changes)
    assert undo is not None
    send(admin, undo[1])
    assert Deal.objects.get().source == fair
    assert undo[1] not in text(admin, "/settings/changes/")


def test_a_price_list_of_any_length_is_paged_at_the_same_cost(
    admin: Client, cast: Cast, django_assert_max_num_queries: Any
):
    Product.objects.bulk_create(
        Product(name=f"Part {n:04}", series=f"S{n % 7}", currency="EUR") for n in range(120)
    )
    with django_assert_max_num_queries(12):
        page = text(admin, "/settings/products/?page=3")
    assert page.count("<tr id=") == 20
    assert "Page 3 of 3" in page
    assert "Part 0077" in text(admin, "/settings/products/?q=0077")
    pk = Product.objects.get(name="Part 0119").pk
    assert 'value="Part 0119"' in text(admin, f"/settings/products/?edit={pk}")
    assert text(admin, "/settings/products.csv").count("Part ") == 120


def test_a_rate_is_entered_corrected_and_taken_back(admin: Client, cast: Cast):
    enter = "/settings/rates/enter/"
    send(admin, enter, currency="chf", value="1.05", on=TODAY.isoformat())
    send(admin, enter, currency="CHF", value="1.06", on=TODAY.isoformat())
    rate = Rate.objects.get()
    assert rate.value == Decimal("1.06")
    changes = words_of(text(admin, "/settings/changes/?of=rate"))
    assert "rate from 11 Mar 2026: 1.05 → 1.06" in changes
    send(admin, f"/settings/rates/{rate.pk}/remove/")
    assert not Rate.objects.exists()


@pytest.mark.parametrize(
    ("currency", "value", "day"),
    [
        ("EUR", "1.05", TODAY.isoformat()),
        ("XXQ", "1.05", TODAY.isoformat()),
        ("CHF", "0", TODAY.isoformat()),
        ("CHF", "-1", TODAY.isoformat()),
        ("CHF", "much", TODAY.isoformat()),
        ("CHF", "1.05", "soon"),
        ("", "1.05", TODAY.isoformat()),
    ],
)
def test_a_rate_that_is_none_is_refused(admin: Client, currency: str, value: str, day: str):
    page = send(admin, "/settings/rates/enter/", 422, currency=currency, value=value, on=day)
    assert 'class="errors"' in page
    assert not Rate.objects.exists()


def test_a_currency_that_is_in_use_says_when_it_has_no_rate(admin: Client, cast: Cast):
    rate_commands.set_rate(currency="USD", on=ago(days=3).date(), value=Decimal("0.9"))
    make_deal(by=cast.ana, currency="USD", amount=10, at=ago(days=2))
    assert "3 days old" in text(admin, "/settings/products/")
    rate = Rate.objects.get()
    send(admin, f"/settings/rates/{rate.pk}/remove/")
    assert Rate.objects.exists(), "the only rate of a currency in use stays"
    Rate.objects.update(on=TODAY + dt.timedelta(days=1))
    page = text(admin, "/settings/rates/?days=USD")
    assert "no rate: not counted" in page
    assert "to come" in page
    assert "USD without a rate" in page


def organisation(**facts: str) -> dict[str, Any]:
    return {
        "name": "Austral GmbH",
        "currency": "EUR",
        "time_zone": "Europe/Vienna",
        "country": "AT",
        "fiscal_month": "1",
    } | facts


def test_the_organisation_is_changed_with_its_history(admin: Client, cast: Cast):
    said = organisation(name="Austral AG", time_zone="Europe/Zurich", fiscal_month="7")
    send(admin, "/settings/organisation/", **said)
    root = Team.objects.root()
    assert (root.name, root.time_zone, root.fiscal_month) == ("Austral AG", "Europe/Zurich", 7)
    changes = words_of(text(admin, "/settings/changes/?of=organisation"))
    assert "The year begins in: – → July" in changes
    send(admin, "/settings/organisation/", status=422, **organisation(time_zone="Moon/Base"))
    send(admin, "/settings/organisation/", status=422, **organisation(country="QQ"))
    send(admin, "/settings/organisation/", status=422, **organisation(currency="XXQ"))


def test_the_working_hours_are_set_and_shown_in_words(admin: Client, cast: Cast):
    hours = {"working_days": "123456", "working_from": "08:30", "working_until": "16:00"}
    send(admin, "/settings/organisation/", **organisation(**hours))
    found = Team.objects.root().working_hours
    assert found == (frozenset({1, 2, 3, 4, 5, 6}), 510, 960)
    changes = words_of(text(admin, "/settings/changes/?of=organisation"))
    assert "Working days: – → Monday to Saturday" in changes
    assert "Work begins at: – → 08:30" in changes
    backwards = organisation(working_from="16:00", working_until="08:30")
    assert "Work ends after it begins." in send(
        admin, "/settings/organisation/", status=422, **backwards
    )


def test_two_admins_who_change_the_organisation_notice_each_other(admin: Client, cast: Cast):
    seen = 0
    send(admin, "/settings/organisation/", seen=seen, **organisation(name="First"))
    page = send(admin, "/settings/organisation/", 409, seen=seen, **organisation(name="Second"))
    assert "was faster" in page
    assert Team.objects.root().name == "First"


def test_the_process_owner_is_an_active_admin(admin: Client, cast: Cast):
    send(admin, "/settings/process-owner/", status=422, process_owner=cast.rosa.pk)
    send(admin, "/settings/process-owner/", process_owner=cast.adele.pk)
    assert Team.objects.root().process_owner == cast.adele
    User.objects.filter(pk=cast.adele.pk).update(language=Language.GERMAN)
    assert "Prozessverantwortung" in text(admin, "/settings/process-owner/")


def test_reliability_is_raised_and_never_below_ninety(admin: Client, cast: Cast):
    send(admin, "/settings/thresholds/", status=422, reliable_from="89")
    send(admin, "/settings/thresholds/", reliable_from="95")
    assert Team.objects.root().reliable_from == 95
    send(admin, "/settings/thresholds/", reliable_from="90")
    assert Team.objects.root().reliable_from is None
    assert PeopleChange.objects.filter(kind="reliable_from").count() == 2


def test_settings_are_read_in_german(admin: Client, cast: Cast):
    User.objects.filter(pk=cast.adele.pk).update(language=Language.GERMAN)
    send(admin, "/settings/methods/add/", name="Fax")
    page = text(admin, "/settings/methods/")
    assert "Brief" in page
    assert "Nicht mehr anbieten" in page or "Löschen" in page
    assert "hinzugefügt" in words_of(text(admin, "/settings/changes/"))
    assert SettingChange.objects.get().name == "Fax"
