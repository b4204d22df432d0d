"""Who looks after a company or a contact changes by one command, with a row of history."""

import pytest
from django.urls import reverse

from crm.commands import bulk, party
from crm.events import OwnerChanged
from crm.models import Company, Contact, PartyChange
from crm.queries import search
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Refused, Stale
from tests.factories import NOW, make_company, make_contact, make_deal

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["company", "contact"])
def kept(request, cast):
    """A company, and a contact, that Ana looks after."""
    if request.param == "company":
        return make_company(name="Norte SA", by=cast.ana, owner=cast.ana)
    return make_contact(name="Jordi Puig", by=cast.ana, owner=cast.ana)


def address(record, verb="hand-over/"):
    return f"/{'companies' if isinstance(record, Company) else 'contacts'}/{record.pk}/{verb}"


def fresh(record):
    return type(record).objects.get(pk=record.pk)


@pytest.mark.parametrize("name", ["ana", "mona", "rosa", "adele"])
def test_it_is_handed_over_by_the_owner_or_those_above(cast, kept, name):
    by = getattr(cast, name)

    party.hand_over(kept, to=cast.ben, by=by, at=NOW, reason=" On leave ")

    found = fresh(kept)
    assert (found.owner, found.version, found.changed_by) == (cast.ben, 2, by)
    (change,) = PartyChange.objects.all()
    assert (change.company or change.contact) == kept
    assert change.event == OwnerChanged(old=RecordRef.to(cast.ana), new=RecordRef.to(cast.ben))
    assert (change.reason, change.by) == ("On leave", by)


@pytest.mark.parametrize("name", ["ben", "carl", "nora"])
def test_it_is_refused_to_everybody_else(cast, client, kept, name):
    by = getattr(cast, name)
    with pytest.raises(type(kept).DoesNotExist):
        party.hand_over(kept, to=by, by=by, at=NOW)

    client.force_login(by)
    assert client.get(address(kept)).status_code == 404
    assert client.post(address(kept), {"to": by.pk}).status_code == 404
    assert fresh(kept).owner == cast.ana


def test_it_goes_to_nobody_out_of_reach_deactivated_or_who_has_it(cast, kept):
    cast.ben.is_active = False
    cast.ben.save()
    for to in (cast.carl, cast.again(cast.ben), cast.ana):
        with pytest.raises(Refused) as refused:
            party.hand_over(kept, to=to, by=cast.again(cast.mona), at=NOW)
        assert refused.value.field == "to"
    assert not PartyChange.objects.exists()


def test_it_is_taken_by_anybody_where_nobody_has_it(cast, kept):
    type(kept).objects.update(owner=None)

    party.hand_over(kept, to=cast.ben, by=cast.ben, at=NOW)

    assert fresh(kept).owner == cast.ben
    assert PartyChange.objects.get().event == OwnerChanged(new=RecordRef.to(cast.ben))


def test_it_keeps_the_deals_with_their_owners(cast, client):
    company = make_company(by=cast.ana, owner=cast.ana)
    deal = make_deal(by=cast.ana, company=company)

    party.hand_over(company, to=cast.ben, by=cast.ana, at=NOW)

    deal.refresh_from_db()
    assert deal.owner == cast.ana


def test_it_is_refused_from_a_page_that_is_out_of_date(cast, client, kept):
    party.hand_over(kept, to=cast.ben, by=cast.mona, at=NOW)
    client.force_login(cast.mona)

    late = client.post(address(kept), {"to": cast.mona.pk, "version": 1})

    assert late.status_code == 409
    text = late.content.decode()
    assert str(cast.ben) in text
    assert str(cast.mona) in text
    assert fresh(kept).owner == cast.ben
    if isinstance(kept, Company):
        with pytest.raises(Stale):
            party.hand_over(kept, to=cast.mona, by=cast.mona, at=NOW, version=1)


def test_it_is_asked_and_told_on_the_page(cast, client, kept):
    client.force_login(cast.mona)
    page = client.get(address(kept, "")).content.decode()
    assert f'href="{address(kept)}"' in page
    form = client.get(address(kept)).content.decode()
    assert f'value="{cast.ben.pk}"' in form
    assert f'value="{cast.ana.pk}"' not in form

    answer = client.post(address(kept), {"to": cast.ben.pk, "reason": "On leave", "version": 1})

    assert answer.url == address(kept, "")
    page = client.get(answer.url).content.decode()
    for words in ("Handed over to <", f"Handed over to {cast.ben}", "from Ana Ruiz", "On leave"):
        assert words in page or words.endswith("<")


def test_it_is_not_offered_to_who_may_not(cast, client, kept):
    client.force_login(cast.carl)

    assert address(kept) not in client.get(address(kept, "")).content.decode()


def test_it_is_found_as_the_new_owners(cast, kept):
    party.hand_over(kept, to=cast.ben, by=cast.ana, at=NOW)

    assert [hit.owner_id for hit in search.search(kept.name, reader=cast.ben)] == [cast.ben.pk]


@pytest.mark.parametrize("model", [Company, Contact])
def test_many_are_handed_over_each_with_its_result(cast, model):
    make = make_company if model is Company else make_contact
    mine, his, bens = (
        make(name=name, by=cast.ana, owner=owner)
        for name, owner in (("Mine", cast.ana), ("Carls", cast.carl), ("Bens", cast.ben))
    )
    ids = [mine.pk, his.pk, bens.pk, mine.pk, 987_654]

    results = bulk.hand_over_parties(ids, of=model, to=cast.ben, by=cast.mona, at=NOW)

    assert [(each.id, bool(each.refused)) for each in results] == [
        (mine.pk, False),
        (his.pk, True),
        (bens.pk, True),
        (987_654, True),
    ]
    assert fresh(mine).owner == cast.ben
    assert fresh(his).owner == cast.carl


@pytest.mark.parametrize("kind", ["company", "contact"])
def test_the_list_asks_for_just_those_that_are_ticked_or_all(cast, client, kind):
    make = make_company if kind == "company" else make_contact
    rows = [make(name=f"Row {n}", by=cast.ana, owner=cast.ana) for n in range(3)]
    other = make(name="Other", by=cast.carl, owner=cast.carl)
    client.force_login(cast.mona)
    verb = reverse(f"crm:{kind}_bulk", args=["hand-over"])
    many = "companies" if kind == "company" else "contacts"
    page = client.get(f"/{many}/").content.decode()
    assert f'name="id" value="{rows[0].pk}"' in page
    assert verb in page
    assert "park" not in page.split('class="bulkbar"')[1].split("</form>")[0]

    asked = client.get(verb, {"id": [rows[0].pk, other.pk]}).content.decode()
    assert "1 of them is not yours to change" in asked
    told = client.post(
        verb, {"ids": f"{rows[0].pk},{other.pk}", "to": cast.ben.pk}
    ).content.decode()
    assert ("1 company handed over" if kind == "company" else "1 person handed over") in told
    assert f'href="/{many}/{other.pk}/"' in told

    everything = client.get(verb, {"all": "1", "list": many, "query": "q=Row"}).content.decode()
    shown = everything.split('name="ids" value="')[1].split('"')[0]
    assert shown == ",".join(str(row.pk) for row in rows)
    assert client.post(verb, {"ids": shown, "to": cast.ben.pk}).status_code == 200
    assert {fresh(row).owner for row in rows} == {cast.ben}


def test_the_list_of_companies_knows_no_other_verb(cast, client):
    client.force_login(cast.mona)

    assert client.get("/companies/bulk/stop/", {"id": 1}).status_code == 404
