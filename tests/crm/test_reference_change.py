"""The lists that admins keep: what can be done to a row, and that nothing disappears under its users."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from crm.commands import deal as deal_commands
from crm.commands import deal_line as line_commands
from crm.commands import offer as offer_commands
from crm.commands import reference as commands
from crm.commands import saved_view as view_commands
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.events import PriceChanged, SeriesChanged
from crm.models import (
    Deal,
    DealLine,
    ImportedRow,
    ListKind,
    Method,
    OfferKind,
    OfferLine,
    Product,
    SavedView,
    SettingChange,
    Source,
    StopCause,
)
from crm.queries.reference import REFERENCE_LISTS, referring_fields
from pipeline.models import Batch, User
from pipeline.people.events import Added
from salesprocess.lib.events import Sum
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.crm.truth import rows
from tests.factories import NOW, ago, cause_named, make_deal, ready_deal, stopped_deal

MODELS = [reference_list.model for reference_list in REFERENCE_LISTS.values()]


def make_product(cast: Cast, name: str = "Floor scale", price: int | None = 2450) -> Product:
    product = Product(name=name, currency="EUR", price=None if price is None else Decimal(price))
    return commands.add(product, by=cast.adele, at=ago(days=30))


def put_on(deal: Deal, product: Product, *, by: User) -> DealLine:
    return line_commands.add(
        deal, product=product, quantity=Decimal(2), unit_price=Decimal(100), by=by, at=ago(hours=3)
    )


def made(cast: Cast, model: Any) -> tuple[Any, Any]:
    """A row of each kind that is in use, and another one."""
    if model is Product:
        one, other = make_product(cast, "One"), make_product(cast, "Other")
        put_on(make_deal(by=cast.ana), one, by=cast.ana)
        return one, other
    if model is StopCause:
        stopped_deal(by=cast.ana, cause="price")
        return cause_named("price"), cause_named("competitor")
    one, other = model.objects.order_by("pk")[:2]
    deal = make_deal(by=cast.ana)
    deal_commands.edit(deal, by=cast.ana, at=ago(days=2), **{model.__name__.lower(): one})
    return one, other


def everything() -> list[Any]:
    return [rows(model) for model in (*MODELS, Deal, DealLine, OfferLine, SavedView, ImportedRow)]


@pytest.mark.parametrize("model", MODELS)
def test_what_is_in_use_is_not_deleted_but_retired_and_brought_back(cast: Cast, model: Any):
    one, _other = made(cast, model)
    with pytest.raises(Refused):
        commands.delete(one, by=cast.adele, at=NOW)
    commands.retire(one, by=cast.adele, at=NOW)
    assert one not in model.objects.active()
    commands.bring_back(one, by=cast.adele, at=NOW)
    assert one in model.objects.active()


@pytest.mark.parametrize("model", MODELS)
def test_what_nothing_uses_can_be_deleted(cast: Cast, model: Any):
    _one, other = made(cast, model)
    commands.delete(other, by=cast.adele, at=NOW)
    assert not model.objects.filter(pk=other.pk).exists()
    assert SettingChange.objects.latest("pk").kind == "deleted"


@pytest.mark.parametrize("model", MODELS)
def test_a_merge_moves_every_use_and_its_undo_leaves_all_as_it_was(cast: Cast, model: Any):
    one, other = made(cast, model)
    before = everything()
    change = commands.merge(one, into=other, by=cast.adele, at=NOW)
    assert not model.objects.filter(pk=one.pk).exists()
    for user, field in referring_fields(model):
        assert not user._base_manager.filter(**{f"{field}_id": one.pk}).exists()
    assert commands.unmerge(change, by=cast.adele, at=NOW) == 0
    assert everything() == before


def test_whoever_refers_to_a_list_is_known_without_saying_so():
    found = {(model.__name__, field) for one in MODELS for model, field in referring_fields(one)}
    assert found == {
        ("DealLine", "product"),
        ("OfferLine", "product"),
        ("Deal", "source"),
        ("Deal", "method"),
        ("Deal", "cause"),
        ("Activity", "method"),
        ("LeadRule", "source"),
    }


def test_the_undo_of_a_merge_leaves_alone_what_was_changed_since(cast: Cast):
    fair, other = Source.objects.get(name="Trade fair"), Source.objects.get(name="Other")
    visits, _goes, own = (make_deal(by=cast.ana, name=n, source=fair) for n in "abc")
    deal_commands.edit(own, by=cast.ana, at=ago(days=2), source=other)
    change = commands.merge(fair, into=other, by=cast.adele, at=NOW)
    deal_commands.edit(visits, by=cast.ana, at=NOW, source=Source.objects.get(name="Partner"))
    assert commands.unmerge(change, by=cast.adele, at=NOW) == 1
    names = dict(Deal.objects.values_list("name", "source__name"))
    assert names == {"a": "Partner", "b": "Trade fair", "c": "Other"}


def test_a_merge_can_be_undone_once_and_for_thirty_days(cast: Cast, clock):
    one, other = made(cast, Method)
    change = commands.merge(one, into=other, by=cast.adele, at=NOW)
    late = NOW + dt.timedelta(days=30, seconds=1)
    with pytest.raises(Refused, match="30 days"):
        commands.unmerge(change, by=cast.adele, at=late)
    commands.unmerge(change, by=cast.adele, at=NOW + dt.timedelta(days=29))
    with pytest.raises(SettingChange.DoesNotExist):
        commands.unmerge(change, by=cast.adele, at=NOW)


def test_a_merge_is_not_undone_into_a_name_that_was_given_away(cast: Cast):
    phone, mail = Method.objects.get(name="Phone"), Method.objects.get(name="E-mail")
    change = commands.merge(phone, into=mail, by=cast.adele, at=NOW)
    commands.edit(mail, name="Phone", by=cast.adele, at=NOW)
    with pytest.raises(commands.NameTaken):
        commands.unmerge(change, by=cast.adele, at=NOW)


def test_a_merge_into_what_went_itself_is_undone_after_that(cast: Cast):
    phone, mail, visit = (Method.objects.get(name=n) for n in ("Phone", "E-mail", "Visit"))
    first = commands.merge(phone, into=mail, by=cast.adele, at=NOW)
    second = commands.merge(mail, into=visit, by=cast.adele, at=NOW)
    with pytest.raises(Refused, match="undo that first"):
        commands.unmerge(first, by=cast.adele, at=NOW)
    commands.unmerge(second, by=cast.adele, at=NOW)
    commands.unmerge(first, by=cast.adele, at=NOW)
    assert Method.objects.filter(name__in=["Phone", "E-mail", "Visit"]).count() == 3


def test_nothing_is_merged_into_itself_or_into_what_is_gone(cast: Cast):
    phone, mail = Method.objects.get(name="Phone"), Method.objects.get(name="E-mail")
    with pytest.raises(Refused):
        commands.merge(phone, into=phone, by=cast.adele, at=NOW)
    commands.delete(mail, by=cast.adele, at=NOW)
    mail.pk = 10**9
    with pytest.raises(Method.DoesNotExist):
        commands.merge(phone, into=mail, by=cast.adele, at=NOW)


def test_a_saved_view_asks_for_what_a_source_was_merged_into(cast: Cast):
    fair, other = Source.objects.get(name="Trade fair"), Source.objects.get(name="Other")
    query = f"outcome=any&source={fair.pk}"
    view = view_commands.save(kind=ListKind.DEALS, name="Fairs", query=query, by=cast.ana, at=NOW)
    change = commands.merge(fair, into=other, by=cast.adele, at=NOW)
    view.refresh_from_db()
    assert view.query == f"outcome=any&source={other.pk}"
    commands.unmerge(change, by=cast.adele, at=NOW)
    view.refresh_from_db()
    assert view.query == query


def test_the_next_file_finds_what_a_product_was_merged_into(cast: Cast):
    one, other = made(cast, Product)
    batch = Batch.objects.create(kind="import", name="Old", by=cast.adele, at=NOW)
    row = ImportedRow.objects.create(
        system="old",
        kind="products",
        external_id="7",
        digest="",
        record_id=one.pk,
        created=True,
        batch=batch,
    )
    commands.merge(one, into=other, by=cast.adele, at=NOW)
    row.refresh_from_db()
    assert row.record_id == other.pk


def test_a_sent_offer_keeps_the_name_under_which_it_was_made(cast: Cast):
    one, other = made(cast, Product)
    deal = ready_deal(by=cast.ana)
    offer_commands.make(
        deal,
        OfferInput(value=Decimal(10), kind=OfferKind.VERBAL, lines=[OfferLineInput(product=one)]),
        by=cast.ana,
        at=ago(hours=2),
    )
    commands.edit(one, name="One, 2nd edition", by=cast.adele, at=NOW)
    assert OfferLine.objects.get(product=one).what == "One"
    commands.merge(one, into=other, by=cast.adele, at=NOW)
    line = OfferLine.objects.get(offer__deal=deal)
    assert (line.product, line.what) == (other, "One")


def test_a_new_price_is_for_new_lines_only(cast: Cast):
    product = make_product(cast)
    line = put_on(make_deal(by=cast.ana), product, by=cast.ana)
    commands.edit(product, price=Decimal(9999), by=cast.adele, at=NOW)
    line.refresh_from_db()
    assert line.unit_price == Decimal(100)


@pytest.mark.parametrize("typed", ["Phone", " phone ", "PHONE", "Telefon", "telefon"])
def test_a_name_is_given_once_in_whatever_language_it_is_read(cast: Cast, typed: str):
    with pytest.raises(commands.NameTaken) as taken:
        commands.add(Method(name=typed), by=cast.adele, at=NOW)
    assert taken.value.other == Method.objects.get(name="Phone")


def test_a_shipped_name_that_comes_back_is_read_by_everybody_again(cast: Cast):
    commands.delete(Method.objects.get(name="Letter"), by=cast.adele, at=NOW)
    row = commands.add(Method(name="Brief"), by=cast.adele, at=NOW)
    assert row.name == "Letter"
    with translation.override("de"):
        assert str(row) == "Brief"


def test_saving_what_is_shown_renames_nothing(cast: Cast):
    letter = Method.objects.get(name="Letter")
    with translation.override("de"):
        commands.edit(letter, name="Brief", by=cast.adele, at=NOW)
    letter.refresh_from_db()
    assert letter.name == "Letter"
    assert not SettingChange.objects.exists()


def test_two_who_edit_a_row_notice_each_other(cast: Cast):
    letter = Method.objects.get(name="Letter")
    commands.edit(letter, name="Post", version=1, by=cast.adele, at=NOW)
    with pytest.raises(Stale):
        commands.edit(letter, name="Mailing", version=1, by=cast.adele, at=NOW)


@pytest.mark.parametrize(
    "verb",
    [
        lambda row, by: commands.add(Method(name="Fax"), by=by, at=NOW),
        lambda row, by: commands.edit(row, name="Fax", by=by, at=NOW),
        lambda row, by: commands.retire(row, by=by, at=NOW),
        lambda row, by: commands.bring_back(row, by=by, at=NOW),
        lambda row, by: commands.delete(row, by=by, at=NOW),
        lambda row, by: commands.merge(row, into=Method.objects.order_by("-pk")[0], by=by, at=NOW),
    ],
)
def test_only_an_admin_changes_a_list(cast: Cast, verb):
    before = everything()
    with pytest.raises(Refused):
        verb(Method.objects.first(), cast.rosa)
    assert everything() == before


def test_the_cause_of_a_verdict_is_only_renamed(cast: Cast):
    cause = cause_named("disqualified")
    for verb in (commands.retire, commands.delete):
        with pytest.raises(Refused):
            verb(cause, by=cast.adele, at=NOW)
    with pytest.raises(Refused):
        commands.merge(cause, into=cause_named("price"), by=cast.adele, at=NOW)
    with pytest.raises(Refused):
        commands.edit(cause, kind="unknown", by=cast.adele, at=NOW)
    commands.edit(cause, name="No fit", by=cast.adele, at=NOW)


def test_a_new_cause_gets_a_key_of_its_own(cast: Cast):
    for name, key in (("No fit", "no_fit"), ("no-fit", "no_fit_2"), ("不合适", "cause")):
        row = commands.add(StopCause(name=name, kind="ours"), by=cast.adele, at=NOW)
        assert row.key == key


def test_history_says_who_changed_what_from_what_to_what(cast: Cast):
    product = make_product(cast)
    commands.edit(product, price=Decimal(2480), series="Scales", by=cast.adele, at=NOW)
    old, new = (Sum(amount=Decimal(one), currency="EUR") for one in (2450, 2480))
    changes = SettingChange.objects.order_by("pk")
    assert [change.event for change in changes] == [
        Added(),
        PriceChanged(old=old, new=new),
        SeriesChanged(new="Scales"),
    ]
    assert {change.by for change in changes} == {cast.adele}


@pytest.mark.django_db
def test_the_database_takes_no_name_twice():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'stop_cause_name_once'")
        assert "lower" in cursor.fetchone()[0]
