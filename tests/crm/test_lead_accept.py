"""Sorting a new lead: accept it, with its first touch; or find out that it is there already."""

import datetime as dt

import pytest

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_merge, lead
from crm.commands import undo as undo_commands
from crm.commands.contact import NewContact
from crm.commands.gate_input import GateInput
from crm.commands.undo import undoable
from crm.commands.writers.activity import About, Next
from crm.events import LeadTakenIn, Merged
from crm.first_touch import first_touches
from crm.models import (
    Activity,
    ActivityKind,
    Deal,
    DealLine,
    DecisionPath,
    EvidenceFile,
    Product,
    Rate,
    Source,
    StepResult,
)
from crm.models.step_result import StepState
from pipeline.process.gates import Gap
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Stale
from salesprocess.lib.working_hours import WorkingHours
from tests.crm.test_act_undo import world
from tests.crm.truth import faults_of
from tests.factories import NOW, ago, make_company, make_contact, make_deal, ready_deal

FIRST = Next(kind=ActivityKind.CALL, due_at=NOW + dt.timedelta(hours=3))


def accept(deal, *, by, **given):
    lead.accept(deal, **{"first": FIRST, "by": by, "at": NOW} | given)


def test_it_plans_the_first_touch_and_moves_on_to_prospecting(cast):
    new = make_deal(by=cast.ana, contact=make_contact(by=cast.ana))
    assert new in Deal.objects.to_sort()

    accept(new, by=cast.ana)

    assert (new.stage, new.next_kind, new.next_at) == (Stage.PROSPECTING, "call", FIRST.due_at)
    assert new not in Deal.objects.to_sort()
    # Nothing was said to anybody: nothing counts as done.
    assert not Activity.objects.done().filter(deal=new).exists()
    assert faults_of(new) == []


def test_it_goes_by_the_gates(cast):
    new = make_deal(by=cast.ana)
    with pytest.raises(Gap):
        accept(new, by=cast.ana)
    assert new in Deal.objects.to_sort()

    accept(new, by=cast.ana, gate_input=GateInput(contact=NewContact(name="Søren Dahl")))

    assert new.contacts.get().name == "Søren Dahl"


def test_out_of_the_pool_it_becomes_ones_own(cast):
    new = make_deal(by=cast.mona, team=cast.north, contact=make_contact(by=cast.mona))

    accept(new, by=cast.ben, version=new.version)

    assert (new.owner, new.stage) == (cast.ben, Stage.PROSPECTING)
    assert Activity.objects.get().owner == cast.ben


def test_it_ends_a_snooze_and_refuses_what_was_taken_up(cast, refused):
    new = make_deal(by=cast.ana, contact=make_contact(by=cast.ana))
    deal_commands.park(new, until=dt.date(2026, 4, 1), by=cast.ana, at=NOW)

    accept(new, by=cast.ana)

    assert new.parked_until is None
    with refused(None):
        accept(new, by=cast.ana)


def test_accepting_is_taken_back_whole(cast):
    new = make_deal(by=cast.ana, contact=make_contact(by=cast.ana))
    before = world()
    with undoable(verb="accept", by=cast.ana, at=NOW) as acts:
        accept(new, by=cast.ana)

    undo_commands.undo(new, act=acts[0].pk, by=cast.ana, at=NOW)

    after = world()
    added = set(after) - set(before)
    assert {table for table, _pk in added} == {"crm_dealchange"}
    assert {key: after[key] for key in before} == before


def test_what_is_proposed_lies_in_working_hours():
    hours = WorkingHours()

    def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
        return dt.datetime(2026, 3, day, hour, minute)  # noqa: DTZ001  # its own zone's clock

    assert first_touches(at(11, 13, 40), hours) == (at(11, 15), at(12, 9))
    assert first_touches(at(11, 7), hours) == (at(11, 9), at(12, 9))
    # Too late today, and Friday's next day is Monday.
    assert first_touches(at(13, 16, 10), hours) == (at(16, 9), at(17, 9))
    assert first_touches(at(14, 10), hours) == (at(16, 9), at(17, 9))


# The same as … ---------------------------------------------------------------------------------------


def both(cast):
    """A lead with all that can come with one, and the deal that it is the same as."""
    norte = make_company(by=cast.ana)
    jordi = make_contact(by=cast.ana, company=norte)
    into = ready_deal(by=cast.ana, name="Line 3", company=norte)
    new = make_deal(by=cast.ana, name="Fair card", company=norte, contact=jordi, amount=900)
    activity_commands.log(
        About(deal=new, contact=jordi),
        kind=ActivityKind.NOTE,
        body="Wants a visit.",
        by=cast.ana,
        at=NOW,
        next=FIRST,
    )
    file = EvidenceFile.objects.create(
        deal=new, name="card.png", size=1, content=b"x", at=NOW, by=cast.ana
    )
    StepResult.objects.create(
        deal=new, stage=1, key="card", label="Card", state=StepState.DONE, file=file, at=NOW
    )
    DealLine.objects.create(
        deal=new, product=Product.objects.create(name="Ponda", currency="EUR"), quantity=1
    )
    return new, into, jordi


def test_what_is_known_of_a_lead_goes_to_the_deal_that_it_is(cast):
    new, into, jordi = both(cast)

    deal_merge.merge(new, into=into, by=cast.ana, at=NOW)

    assert {row.body for row in into.activities.all()} == {"Wants a visit.", ""}
    assert into.files.get().name == "card.png"
    assert into.step_results.get(key="card").file == into.files.get()
    assert jordi in into.contacts.all()
    assert into.lines.get().product.name == "Ponda"
    assert (into.next_kind, into.amount) == ("call", 900)
    assert (new.outcome, new.cause.key) == (Outcome.STOPPED, "duplicate")
    assert new.changes.get(kind=Merged.kind).event.into.id == into.pk
    assert into.changes.get(kind=LeadTakenIn.kind).event.lead.name == "Fair card"
    assert new.visits.count() == 1
    assert faults_of(new) == faults_of(into) == []


def test_merging_is_taken_back_whole(cast):
    new, into, _jordi = both(cast)
    before = world()
    with undoable(verb="same_as", by=cast.ana, at=NOW, also=lambda: into) as acts:
        deal_merge.merge(new, into=into, by=cast.ana, at=NOW)

    undo_commands.undo(new, act=acts[0].pk, by=cast.ana, at=NOW)

    after = world()
    assert {table for table, _pk in set(after) - set(before)} == {"crm_dealchange"}
    assert {key: after[key] for key in before} == before


def test_it_merges_only_into_another_open_deal_in_reach(cast, refused, unseen):
    new, into, _jordi = both(cast)
    with refused("into"):
        deal_merge.merge(new, into=new, by=cast.ana, at=NOW)
    carls = make_deal(by=cast.carl)
    with unseen(Deal.DoesNotExist):
        deal_merge.merge(new, into=carls, by=cast.ana, at=NOW)
    deal_commands.edit(Deal.objects.get(pk=new.pk), name="Card", by=cast.mona, at=NOW)
    with pytest.raises(Stale):
        deal_merge.merge(new, into=into, by=cast.ana, at=NOW, version=new.version)


def test_no_price_comes_to_be_read_in_another_currency(cast, refused):
    ponda = Product.objects.create(name="Ponda", currency="EUR")
    Rate.objects.create(currency="USD", on=ago(days=60).date(), value=1)
    euros = make_deal(by=cast.ana, name="In euros", amount=900)
    dollars = make_deal(by=cast.ana, name="In dollars", amount=700, currency="USD")
    line = DealLine.objects.create(deal=euros, product=ponda, quantity=1, unit_price=1000)
    for one, other in ((euros, dollars), (dollars, euros)):
        with refused("into"):
            deal_merge.merge(one, into=other, take=["amount"], by=cast.ana, at=NOW)
    DealLine.objects.filter(pk=line.pk).update(unit_price=None)
    deal_merge.merge(euros, into=dollars, by=cast.ana, at=NOW)
    assert (dollars.lines.get().pk, dollars.currency) == (line.pk, "USD")


@pytest.mark.parametrize("take", [[], ["source"]])
def test_what_says_more_of_a_source_stays_with_it(cast, take):
    fair, website = (Source.objects.get(name=name) for name in ("Trade fair", "Website"))
    norte = make_company(by=cast.ana)
    into = make_deal(by=cast.ana, name="Line 3", source=website, source_company=norte)
    other = make_deal(by=cast.ana, name="Line 3 again", source=fair, source_detail="Hannover")
    deal_merge.merge(other, into=into, take=take, by=cast.ana, at=NOW)
    into.refresh_from_db()
    told = (into.source, into.source_detail, into.source_company)
    assert told == ((fair, "Hannover", None) if take else (website, "", norte))


def test_an_opportunity_that_is_another_one_goes_there_with_what_is_known(cast):
    """What was done in its own stages stays with it; of what both say, one chooses."""
    norte = make_company(by=cast.ana)
    into = ready_deal(by=cast.ana, name="Line 3", company=norte, amount=500)
    other = ready_deal(by=cast.ana, name="Line 3 again", company=norte, amount=900)
    other.refresh_from_db()
    DecisionPath.objects.filter(deal=into).delete()
    steps, offers = other.decision_path.steps, other.offers.count()
    words = set(other.needs.values_list("words", flat=True))
    before = world()
    with undoable(verb="same_as", by=cast.ana, at=NOW, also=lambda: into) as acts:
        deal_merge.merge(other, into=into, take=["name", "amount"], by=cast.ana, at=NOW)
    into.refresh_from_db()
    assert Deal.objects.filter(pk=into.pk, name="Line 3 again", amount=900).exists()
    assert words <= set(into.needs.values_list("words", flat=True))
    assert into.decision_path.steps == steps
    assert Deal.objects.get(pk=other.pk).offers.count() == offers
    assert Deal.objects.filter(pk=other.pk, outcome="stopped", cause__key="duplicate").exists()
    undo_commands.undo(other, act=acts[0].pk, by=cast.ana, at=NOW)
    after = world()
    assert {key: after[key] for key in before} == before


def test_the_page_of_a_deal_compares_it_with_the_one_that_it_may_be(cast, client):
    norte = make_company(by=cast.ana)
    into = ready_deal(by=cast.ana, name="Line 3", company=norte, amount=500)
    other = ready_deal(by=cast.ana, name="Line 3 again", company=norte, amount=900)
    client.force_login(cast.ana)
    assert f"/leads/{other.pk}/same/" in client.get(f"/deals/{other.pk}/").content.decode()
    sheet = client.get(f"/leads/{other.pk}/same/?into={into.pk}").content.decode()
    assert 'name="take" value="amount"' in sheet
    assert "instead of €500" in sheet
    said = {"into": into.pk, "take": ["amount"], "version": other.version}
    assert client.post(f"/leads/{other.pk}/same/", said).status_code == 302
    into.refresh_from_db()
    assert Deal.objects.filter(pk=into.pk, name="Line 3", amount=900).exists()
