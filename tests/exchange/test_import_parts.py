"""Products with their prices, the lines of deals, and who is on them with which role."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crm.commands import deal as deal_commands
from crm.commands import reference
from crm.models import Contact, Deal, DealContact, DealLine, ImportedRow, Product, SettingChange
from exchange import words
from exchange.commands import job as verbs
from exchange.imports import answers
from exchange.models import ImportJob
from pipeline.models import User
from salesprocess.lib.events import Sum, change_event
from tests.conftest import Cast
from tests.exchange.test_import_activities import bring_in_parties, faults
from tests.exchange.uploads import (
    answer,
    browser,
    by_command,
    loaded,
    page,
    upload,
    uploaded,
    worked,
)
from tests.factories import NOW, ago, make_company, make_contact, make_deal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def suggested(user: User, content: str, *, kind: str) -> ImportJob:
    """A file of which every suggestion is taken, checked."""
    job = uploaded(user, content, kind=kind)
    columns = answers.suggested_columns(job)["columns"]
    verbs.name_columns(job, system="theirs", columns=columns, like={}, by=user, at=NOW)
    if worked(job).state == "asking":
        answer(user, job)
        worked(job)
    assert job.state == "checked", job.error
    return job


def undone(user: User, job: ImportJob) -> ImportJob:
    browser(user).post(f"/imports/{job.pk}/undo/")
    assert worked(job).state == "undone"
    return job


PRODUCTS = (
    '"Product ID","Product Name","SKU","Unit price","Product category","Description"\n'
    '"p1","Pump","P-1","€ 1,200.50","Pumps","big"\n'
    '"p2","Valve","","12","",""\n'
    '"p3","Sensor","","$ 5","",""\n'
)


def test_products_come_in_with_their_prices(cast: Cast):
    job = loaded(cast.adele, suggested(cast.adele, PRODUCTS, kind="products"))
    assert [(line, "one of several" in words) for line, words in faults(job)] == [(4, True)]
    found = Product.objects.order_by("name").values_list("name", "price", "currency", "series")
    assert list(found) == [
        ("Pump", Decimal("1200.50"), "EUR", "Pumps"),
        ("Valve", Decimal(12), "EUR", ""),
    ]
    undone(cast.adele, job)
    assert not Product.objects.exists()


def test_a_product_that_somebody_went_on_with_is_kept_and_named(cast: Cast):
    job = loaded(cast.adele, suggested(cast.adele, PRODUCTS, kind="products"))
    pump = Product.objects.get(name="Pump")
    reference.edit(pump, by=cast.adele, at=NOW, price=Decimal(1300))
    undone(cast.adele, job)
    assert [(name, why) for _kind, _pk, name, why in job.kept] == [("Pump", "changed since")]
    assert [product.name for product in Product.objects.all()] == ["Pump"]


def test_a_price_that_differs_is_changed_unless_somebody_changed_it_here(cast: Cast):
    first = loaded(cast.adele, suggested(cast.adele, PRODUCTS, kind="products"))
    valve = Product.objects.get(name="Valve")
    reference.edit(valve, by=cast.adele, at=NOW, price=Decimal(13))
    later = (
        PRODUCTS.replace("1,200.50", "1,250.00").replace('"12"', '"14"').replace('"Pumps"', '"P"')
    )
    later = later.replace('"Pump"', '"The pump"')
    job = suggested(cast.adele, later, kind="products")
    html = page(cast.adele, job)
    assert "Change all, over people’s changes, too" in html
    assert "Rename it on its list" in html
    assert [
        (each.name, each.field, each.was, each.now, each.applied)
        for each in job.changes.order_by("line", "field")
    ] == [
        ("Pump", "price", {"amount": "1200.50", "currency": "EUR"},
         {"amount": "1250.00", "currency": "EUR"}, True),
        ("Pump", "series", "Pumps", "P", True),
        ("Valve", "price", {"amount": "13.00", "currency": "EUR"},
         {"amount": "14.00", "currency": "EUR"}, False),
    ]  # fmt: skip
    loaded(cast.adele, job)
    prices = {each.name: (each.price, each.series) for each in Product.objects.all()}
    assert prices == {"Pump": (Decimal(1250), "P"), "Valve": (Decimal(13), "")}
    told = SettingChange.objects.filter(name="Pump").order_by("kind")
    was, now = (Sum(amount=Decimal(n), currency="EUR") for n in ("1200.50", "1250"))
    assert [(each.event, each.by) for each in told] == [
        (change_event("price", old=was, new=now), cast.adele),
        (change_event("series", old="Pumps", new="P"), cast.adele),
    ]
    undone(cast.adele, job)
    assert Product.objects.get(name="Pump").price == Decimal("1200.50")
    # What files did here is nobody's change: the first one can still be taken back.
    undone(cast.adele, first)
    assert [each.name for each in Product.objects.all()] == ["Valve"]


def test_only_admins_bring_in_products(cast: Cast):
    response = upload(cast.mona, PRODUCTS, kind="products")
    assert response.status_code == 422
    assert 'value="products"' not in browser(cast.mona).get("/imports/").content.decode()


LINES = (
    '"Id","OpportunityId","Product2Id","Name","Quantity","UnitPrice","TotalPrice"\n'
    '"l1","d1","p1","Pump","2","1000.50","2001"\n'
    '"l2","d1","p2","Valve","0.5","","6"\n'
    '"l3","d9","p2","Valve","1","12","12"\n'
    '"l4","d1","p2","Valve","0","12","0"\n'
    '"l5","d1","p9","Hose","1","12","12"\n'
)


def lines() -> list[tuple[Any, ...]]:
    found = DealLine.objects.order_by("pk")
    return list(found.values_list("deal__name", "product__name", "quantity", "unit_price"))


def test_several_lines_of_one_deal(cast: Cast, tmp_path: Path):
    bring_in_parties(cast)
    loaded(cast.adele, suggested(cast.adele, PRODUCTS, kind="products"))
    job = loaded(cast.ana, suggested(cast.ana, LINES, kind="lines"))
    assert lines() == [
        ("Rollout", "Pump", Decimal(2), Decimal("1000.50")),
        ("Rollout", "Valve", Decimal("0.5"), None),
    ]
    assert [line for line, _words in faults(job)] == [4, 5, 6]
    (word,) = words.of_job(job)
    assert (word.field, word.text) == ("product", "p9")
    # A second time nothing comes in twice.
    again = loaded(cast.ana, suggested(cast.ana, LINES, kind="lines"))
    assert (again.counts["known"], len(lines())) == (2, 2)
    before = lines()
    undone(cast.ana, job)
    assert (lines(), ImportedRow.objects.filter(kind="lines").count()) == ([], 0)
    text = LINES.replace('"d1"', '"Rollout"').replace('"p1"', '"Pump"').replace('"p2"', '"Valve"')
    by_command(tmp_path / "in", text, job.answers["columns"], kind="lines")
    assert lines() == before


def test_a_line_of_a_deal_that_was_changed_since_is_kept(cast: Cast):
    bring_in_parties(cast)
    loaded(cast.adele, suggested(cast.adele, PRODUCTS, kind="products"))
    job = loaded(cast.ana, suggested(cast.ana, LINES, kind="lines"))
    Deal.objects.update(changed_at=ago(hours=-1))
    undone(cast.ana, job)
    assert sorted((kind, name) for kind, _pk, name, _why in job.kept) == [
        ("deal line", "Pump"),
        ("deal line", "Valve"),
    ]
    assert len(lines()) == 2


def test_a_price_in_another_currency_than_the_deals_stays_out(cast: Cast):
    make_deal(by=cast.ana, name="Rollout")
    Product.objects.create(name="Pump", currency="EUR")
    job = suggested(cast.ana, "Deal,Product,Price\nRollout,Pump,CHF 7\n", kind="lines")
    assert faults(job) == [(2, "The price is in CHF, which the deal is not.")]


ROLES = (
    '"OpportunityId","ContactId","Role","IsPrimary"\n'
    '"d1","p1","Economic Buyer","1"\n'
    '"d1","p7","Influencer","0"\n'
    '"d1","p1","Wizard","0"\n'
)


def people() -> list[tuple[Any, ...]]:
    found = DealContact.objects.order_by("contact__name")
    return list(found.values_list("deal__name", "contact__name", "role"))


def test_people_come_in_on_deals_with_their_roles(cast: Cast):
    bring_in_parties(cast)
    job = suggested(cast.ana, ROLES, kind="roles")
    assert [line for line, _words in faults(job)] == [3, 4]
    (word,) = words.of_job(job)
    assert (word.field, word.text) == ("role", "Wizard")
    loaded(cast.ana, job)
    assert people() == [("Rollout", "Ada Vogt", "decides")]
    undone(cast.ana, job)
    assert people() == []
    assert not ImportedRow.objects.filter(kind="roles").exists()


def test_who_is_on_the_deal_gets_the_role_if_none_was_said(cast: Cast):
    bring_in_parties(cast)
    deal, ada = Deal.objects.get(), Contact.objects.get()
    DealContact.objects.create(deal=deal, contact=ada)
    job = loaded(cast.ana, suggested(cast.ana, ROLES, kind="roles"))
    assert (job.counts["matched"], people()) == (1, [("Rollout", "Ada Vogt", "decides")])
    undone(cast.ana, job)
    assert people() == [("Rollout", "Ada Vogt", "unknown")]
    DealContact.objects.update(role="against_us")
    again = loaded(cast.ana, suggested(cast.ana, ROLES, kind="roles"))
    assert people() == [("Rollout", "Ada Vogt", "against_us")]
    undone(cast.ana, again)
    assert people() == [("Rollout", "Ada Vogt", "against_us")]


def test_several_people_of_one_cell(cast: Cast):
    norte = make_company(by=cast.ana)
    for name in ("Ada Vogt", "Ben Ko"):
        make_contact(by=cast.ana, name=name, company=norte)
    make_contact(by=cast.ana, name="Ada Vogt", company=make_company(by=cast.ana, name="Sur"))
    make_deal(by=cast.ana, name="Rollout", company=norte)
    text = (
        '"Deal Name","Associated Contact"\n'
        '"Rollout","Ada Vogt (ada@norte.example);Ben Ko (ben@norte.example)"\n'
        '"Rollout","Nobody"\n'
    )
    job = loaded(cast.ana, suggested(cast.ana, text, kind="roles"))
    assert people() == [("Rollout", "Ada Vogt", "unknown"), ("Rollout", "Ben Ko", "unknown")]
    assert [line for line, _words in faults(job)] == [3]


def test_only_on_deals_within_reach(cast: Cast):
    bring_in_parties(cast)
    deal_commands.hand_over(Deal.objects.get(), to=cast.carl, by=cast.adele, at=NOW)
    Deal.objects.update(name="Carls own word")
    for kind, text in (("roles", ROLES), ("lines", LINES)):
        job = suggested(cast.ana, text, kind=kind)
        assert faults(job)[0][1] == "The deal “d1” is out of your reach."
        assert job.counts["new"] == 0
    assert answer(cast.ana, job).status_code == 302


def test_people_of_a_deal_come_with_it_as_far_as_they_are_there(cast: Cast):
    norte = make_company(by=cast.ana)
    make_contact(by=cast.ana, name="Ada Vogt", company=norte)
    text = '"Name","Company","Contacts"\n"Rollout","Norte SA","Ada Vogt; Ben Ko"\n'
    job = loaded(cast.ana, suggested(cast.ana, text, kind="deals"))
    assert people() == [("Rollout", "Ada Vogt", "unknown")]
    (remark,) = job.faults.all()
    assert (remark.comes_in, remark.value, job.counts["new"]) == (True, "Ben Ko", 1)
