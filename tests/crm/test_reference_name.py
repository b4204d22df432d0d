"""What a source, a method and a stop cause are called: in the reader's language as long as they are
the shipped ones, as the organisation wrote it once it did."""

from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from crm.commands import deal as commands
from crm.models import Deal, DealChange, Method, Source, StopCause
from crm.shipped import NAMES, name_on_record, shipped_name, spellings
from pipeline.models import Language, User
from pipeline.process.stages import Initiator
from tests.conftest import Cast
from tests.exchange.test_import_rows import bring_in, row
from tests.factories import ago, cause_named, make_deal


@pytest.fixture
def german(client: Client, cast: Cast) -> Client:
    User.objects.filter(pk=cast.ana.pk).update(language=Language.GERMAN)
    client.force_login(cast.ana)
    return client


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return b"".join(response).decode()


def stopped(cast: Cast) -> Deal:
    deal = make_deal(by=cast.ana, source=Source.objects.get(name="Trade fair"), at=ago(days=9))
    method = Method.objects.get(name="Letter")
    commands.edit(deal, by=cast.ana, at=ago(days=5), method=method)
    cause = cause_named("competitor")
    commands.stop(deal, initiator=Initiator.CUSTOMER, cause=cause, by=cast.ana, at=ago(days=1))
    return deal


PLACES = {
    "page": ("/deals/{pk}/", ["Messe", "Brief", "Mitbewerber"], ["Trade fair", "Letter"]),
    "board": ("/board/", ["Messe"], ["Trade fair"]),
    "leads": ("/leads/list/?outcome=stopped", ["Messe", "Mitbewerber"], ["Trade fair", "Chose a"]),
    "file": ("/lists/deals.csv", ["Messe", "Mitbewerber"], ["Trade fair", "Chose a"]),
    "source": ("/deals/{pk}/edit/source/", ["Messe", "Bestandskunde"], ["Trade fair"]),
    "method": ("/deals/{pk}/edit/method/", ["Brief", "Besuch"], ["Letter", ">Visit"]),
    "new": ("/deals/new/", ["Messe"], ["Trade fair"]),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_read_in_german_wherever_it_is_shown(german: Client, cast: Cast, place: str):
    deal = stopped(cast)
    url, words, english = PLACES[place]
    page = text(german, url.format(pk=deal.pk))
    assert [word for word in words if word not in page] == []
    assert [word for word in english if word in page] == []


def test_it_is_read_in_german_where_a_deal_is_stopped(german: Client, cast: Cast):
    deal = make_deal(by=cast.ana)
    page = text(german, f"/deals/{deal.pk}/stop/")
    assert "Ungünstiger Zeitpunkt" in page
    assert "Bad timing" not in page


def test_it_is_read_as_the_organisation_renamed_it(german: Client, cast: Cast):
    deal = stopped(cast)
    Source.objects.filter(name="Trade fair").update(name="Hannover fair")
    assert "Hannover fair" in text(german, f"/deals/{deal.pk}/")


def test_history_keeps_the_name_and_each_reader_reads_it(german: Client, cast: Cast):
    with translation.override("de"):
        deal = stopped(cast)
    change = DealChange.objects.get(deal=deal, kind="method")
    assert change.data["new"]["name"] == "Letter"
    assert "Brief" in text(german, f"/deals/{deal.pk}/timeline/")


def test_a_list_is_sorted_by_the_name_that_it_shows(german: Client, cast: Cast):
    # "Messe" comes before "Sonstiges", though "Other" comes before "Trade fair".
    for name in ("Other", "Trade fair"):
        make_deal(by=cast.ana, name=f"by {name}", source=Source.objects.get(name=name))
    page = text(german, "/leads/list/?sort=source")
    assert page.index("by Trade fair") < page.index("by Other")
    User.objects.filter(pk=cast.ana.pk).update(language=Language.ENGLISH)
    page = text(german, "/leads/list/?sort=source")
    assert page.index("by Other") < page.index("by Trade fair")


def test_a_file_may_name_it_in_any_language(cast: Cast, tmp_path: Path):
    bring_in(tmp_path, row(source="messe", company="A"), row(id="2", source="Trade fair"))
    assert set(Deal.objects.values_list("source__name", flat=True)) == {"Trade fair"}


def test_a_name_of_ones_own_comes_before_a_translation(cast: Cast, tmp_path: Path):
    own = Source.objects.create(name="Messe", kind="event")
    bring_in(tmp_path, row(source="Messe", company="A"))
    assert Deal.objects.get().source == own


def test_every_shipped_name_is_said_in_every_language(db: None):
    with translation.override("de"):
        same = {name for name in NAMES if shipped_name(name) == name}
    assert same == {"Partner", "Website"}
    assert spellings("Letter") == {"letter", "brief"}
    assert name_on_record(" BRIEF ", ["Phone", "Letter"]) == "Letter"
    assert name_on_record("Fax", ["Phone"]) == "Fax"
    assert shipped_name(None) == ""


def test_what_is_shown_of_a_row_is_what_people_read(cast: Cast):
    with translation.override("de"):
        assert str(StopCause.objects.get(key="price")) == "Preis"
        assert str(Source.objects.get(name="Own research")) == "Eigene Recherche"
