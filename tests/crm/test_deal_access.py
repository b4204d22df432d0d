"""Who sees, changes and takes which deal, with everything that hangs on it."""

import pytest

from crm.models import (
    Activity,
    Company,
    Contact,
    ContactPoint,
    Deal,
    DealChange,
    DealContact,
    DealLine,
    Lead,
    Opportunity,
    Product,
    StageVisit,
)
from pipeline.process.stages import Stage
from tests.factories import NOW, make_company, make_contact, make_deal, plan_call

# Who owns the deal of that name; a pool's deal lies in the team's.
OWN = ("adele", "rosa", "mona", "nora", "ana", "ben", "carl")
POOLS = ("root", "west", "north", "south")

SEES = {
    "ana": {"ana", "north"},
    "ben": {"ben", "north"},
    "carl": {"carl", "south"},
    "mona": {"mona", "ana", "ben", "north"},
    "nora": {"nora", "carl", "south"},
    "rosa": {"rosa", "mona", "nora", "ana", "ben", "carl", "west", "north", "south"},
    "adele": {*OWN, *POOLS},
}
# What lies in a pool is claimed before it is changed, unless one leads the team.
CHANGES = SEES | {"ana": {"ana"}, "ben": {"ben"}, "carl": {"carl"}}
CLAIMS = {who: sees & set(POOLS) for who, sees in SEES.items()}


def make_deals(cast):
    """One deal of everybody and of every pool, each with all that can hang on one."""
    found = {}
    product = Product.objects.create(name="Line 3", currency="EUR")
    for name in (*OWN, *POOLS):
        whose = {"team": getattr(cast, name)} if name in POOLS else {"owner": getattr(cast, name)}
        deal = make_deal(by=cast.adele, name=name, contact=make_contact(by=cast.adele), **whose)
        plan_call(deal, by=cast.adele, due_at=NOW)
        DealLine.objects.create(deal=deal, product=product)
        DealChange.objects.create(deal=deal, at=NOW, kind="name")
        found[name] = deal
    return found


@pytest.fixture(scope="module")
def kept_deals(keep):
    return keep(make_deals)


@pytest.fixture
def deals(kept_deals, cast):
    return kept_deals.lay_out()


@pytest.mark.parametrize("who", SEES)
def test_it_is_seen_by(cast, deals, who):
    user = cast.again(getattr(cast, who))

    assert {deal.name for deal in Deal.objects.visible_to(user)} == SEES[who]


@pytest.mark.parametrize("who", CHANGES)
def test_it_is_changed_by(cast, deals, who):
    user = cast.again(getattr(cast, who))

    assert {deal.name for deal in Deal.objects.editable_by(user)} == CHANGES[who]


@pytest.mark.parametrize("who", CLAIMS)
def test_it_is_taken_out_of_a_pool_by(cast, deals, who):
    user = cast.again(getattr(cast, who))

    assert {deal.name for deal in Deal.objects.claimable_by(user)} == CLAIMS[who]


@pytest.mark.parametrize("who", SEES)
@pytest.mark.parametrize("model", [StageVisit, DealContact, DealLine, DealChange, Activity])
def test_its_parts_are_seen_with_it(cast, deals, who, model):
    user = cast.again(getattr(cast, who))

    assert {part.deal.name for part in model.objects.visible_to(user)} == SEES[who]


@pytest.mark.parametrize("who", CHANGES)
@pytest.mark.parametrize("model", [DealContact, DealLine, DealChange, Activity])
def test_its_parts_are_changed_with_it(cast, deals, who, model):
    user = cast.again(getattr(cast, who))

    assert {part.deal.name for part in model.objects.editable_by(user)} == CHANGES[who]


def test_its_history_is_edited_by_nobody(cast, deals):
    assert not any(StageVisit.objects.editable_by(person).exists() for person in cast.people)


def test_a_closed_one_cannot_be_taken(cast, deals):
    Deal.objects.filter(name="north").update(outcome="won", stage=Stage.CLOSING)

    assert not Deal.objects.claimable_by(cast.ana).exists()


def test_leads_and_opportunities_are_scoped_as_deals_are(cast, deals):
    make_deal(by=cast.ben, name="His opportunity", stage=Stage.QUALIFICATION)
    make_deal(by=cast.ana, name="Her opportunity", stage=Stage.QUALIFICATION)

    assert {lead.name for lead in Lead.objects.visible_to(cast.ana)} == {"ana", "north"}
    assert [row.name for row in Opportunity.objects.visible_to(cast.ana)] == ["Her opportunity"]


def test_companies_and_contacts_are_seen_by_everybody_and_changed_by_their_own(cast):
    his = make_company(by=cast.ben, owner=cast.ben, name="His")
    make_company(by=cast.ben, name="Nobody's")
    make_contact(by=cast.ben, owner=cast.ben, name="His", company=his, phones=["01 234567"])
    make_contact(by=cast.ben, name="Nobody's", emails=["jordi@norte.test"])

    for model in (Company, Contact):
        for person in cast.people:
            assert model.objects.visible_to(person).count() == 2
        for who in ("ben", "mona", "rosa", "adele"):
            assert model.objects.editable_by(getattr(cast, who)).count() == 2
        for who in ("ana", "carl", "nora"):
            assert [row.name for row in model.objects.editable_by(getattr(cast, who))] == [
                "Nobody's"
            ]
    assert [point.typed for point in ContactPoint.objects.editable_by(cast.ana)] == [
        "jordi@norte.test"
    ]
    assert ContactPoint.objects.visible_to(cast.ana).count() == 2
    assert ContactPoint.objects.editable_by(cast.adele).count() == 2


def test_an_admin_sees_and_changes_activities_of_a_company_without_a_deal(cast):
    company = make_company(by=cast.ana, owner=cast.ana)
    mine = Activity.objects.create(
        kind="task", company=company, owner=cast.ana, due_at=NOW, due_by=NOW, created_at=NOW
    )

    seen_by = {
        who for who in SEES if Activity.objects.visible_to(getattr(cast, who)).filter(pk=mine.pk)
    }
    changed_by = {
        who for who in SEES if Activity.objects.editable_by(getattr(cast, who)).filter(pk=mine.pk)
    }
    assert seen_by == changed_by == {"ana", "mona", "rosa", "adele"}


def test_a_completed_activity_is_changed_by_its_doer_only(cast, deals):
    Activity.objects.filter(deal=deals["ana"]).update(done_at=NOW, owner=cast.ana)

    may = {
        who
        for who in SEES
        if Activity.objects.editable_by(getattr(cast, who)).filter(deal=deals["ana"])
    }
    assert may == {"ana"}
