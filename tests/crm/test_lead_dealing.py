"""Rules of a pool: who gets a new lead, in which turn, and why; by page, by file and by command."""

from functools import partial

import pytest

from crm.commands import bulk as bulk_commands
from crm.commands import deal as deal_commands
from crm.commands import lead as lead_commands
from crm.commands import lead_rule as rule_commands
from crm.commands.lead_rule import LeadRuleInput
from crm.commands.undo import undo, undoable
from crm.models import Deal, Dealing, LeadAssignment, LeadRule, LeadTaker, Source, UndoableAct
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Stale
from tests.conftest import Cast
from tests.crm.threads import at_once
from tests.factories import NOW, make_company, make_deal


def rule(cast: Cast, *people: str, name: str = "All", **said) -> LeadRule:
    takers = tuple(getattr(cast, who) for who in people or ("ana", "ben"))
    return rule_commands.add(
        cast.north, LeadRuleInput(name=name, people=takers, **said), by=cast.mona, at=NOW
    )


def comes_in(cast: Cast, **fields) -> str:
    """Whom a lead that comes into the pool of North goes to."""
    lead = make_deal(by=cast.mona, team=cast.north, **fields)
    return lead.owner.name.split()[0].lower() if lead.owner else ""


def test_it_gives_leads_in_turn_and_says_why(cast):
    rule(cast)

    assert [comes_in(cast) for _n in range(4)] == ["ana", "ben", "ana", "ben"]
    log = LeadAssignment.objects.order_by("pk")
    assert [(row.to, row.rule_name, row.waiting) for row in log] == [
        (cast.ana, "All", 0),
        (cast.ben, "All", 0),
        (cast.ana, "All", 1),
        (cast.ben, "All", 1),
    ]


def test_it_gives_them_to_whoever_has_the_fewest_to_sort(cast):
    rule(cast, dealing=Dealing.MOST_ROOM)
    for _n in range(2):
        make_deal(by=cast.ana)

    assert [comes_in(cast) for _n in range(3)] == ["ben", "ben", "ana"]


def test_it_asks_the_first_rule_that_fits_and_has_room(cast):
    fair, web = Source.objects.get(name="Trade fair"), Source.objects.get(name="Website")
    austrian = make_company(by=cast.mona, name="Linz AG", country="Austria")
    rule(cast, "ana", name="Fairs", source=fair, capacity=1)
    rule(cast, "ben", name="At home", region="austria")

    assert comes_in(cast, source=web) == ""
    assert comes_in(cast, source=web, company=austrian) == "ben"
    assert comes_in(cast, source=fair) == "ana"
    # Ana is full: the next rule that fits, else the pool.
    assert comes_in(cast, source=fair, company=austrian) == "ben"
    assert comes_in(cast, source=fair) == ""
    last = LeadAssignment.objects.latest("pk")
    assert (last.rule_name, last.to) == ("Fairs", None)


def test_it_leaves_alone_what_is_no_new_lead_of_the_pool(cast):
    rule(cast)

    assert make_deal(by=cast.carl).owner == cast.carl
    assert comes_in(cast, stage=Stage.PROSPECTING) == ""
    assert not LeadAssignment.objects.exists()


def test_it_passes_over_who_left_and_follows_a_rule_that_rests(cast):
    made = rule(cast)
    cast.ana.is_active = False
    cast.ana.save()

    assert [comes_in(cast) for _n in range(2)] == ["ben", "ben"]
    rule_commands.switch(made, is_on=False, by=cast.mona, at=NOW)
    assert comes_in(cast) == ""


def test_a_leader_gives_out_by_the_rules_what_lies_in_the_pool(cast, refused, unseen):
    lead = make_deal(by=cast.mona, team=cast.north)
    with refused(None):
        lead_commands.deal_out(lead, by=cast.mona, at=NOW)
    rule(cast, "ben")
    with unseen(Deal.DoesNotExist):
        lead_commands.deal_out(lead, by=cast.ana, at=NOW)

    lead_commands.deal_out(lead, by=cast.mona, at=NOW)

    assert lead.owner == cast.ben
    assert lead.changes.get().reason == "All"


def test_a_turn_comes_back_with_the_lead_that_took_it(cast):
    pool = [make_deal(by=cast.mona, team=cast.north, name=f"Lead {n}") for n in range(3)]
    rule(cast)

    def give(lead: Deal) -> UndoableAct:
        with undoable(verb="deal_out", by=cast.mona, at=NOW) as acts:
            lead_commands.deal_out(lead, by=cast.mona, at=NOW)
        return acts[0]

    acts = [give(lead) for lead in pool[:2]]
    assert [lead.owner for lead in pool[:2]] == [cast.ana, cast.ben]
    for lead, act in zip(pool[:2], acts, strict=True):
        undo(lead, act=act.pk, by=cast.mona, at=NOW)
        assert lead.owner is None
    # As if nobody had had one: Ana is the first again.
    assert set(LeadTaker.objects.values_list("last_turn", flat=True)) == {0}
    assert comes_in(cast) == "ana"

    # Who has had another one since does not go before the others because of that.
    given = give(pool[0])
    assert pool[0].owner == cast.ben
    assert [comes_in(cast) for _n in range(2)] == ["ana", "ben"]
    undo(pool[0], act=given.pk, by=cast.mona, at=NOW)
    assert comes_in(cast) == "ana"


def test_many_that_are_given_at_once_leave_no_turn_behind(cast):
    pool = [make_deal(by=cast.mona, team=cast.north, name=f"Lead {n}").pk for n in range(3)]
    rule(cast)
    bulk_commands.deal_out(pool, by=cast.mona, at=NOW)
    assert not Deal.objects.filter(pk__in=pool, owner=None).exists()
    results = bulk_commands.undo(NOW, of=Deal, by=cast.mona, at=NOW)
    assert [one.refused for one in results] == [""] * 3
    assert set(LeadTaker.objects.values_list("last_turn", flat=True)) == {0}


def test_only_who_leads_the_team_sets_its_rules(cast, refused, unseen):
    said = LeadRuleInput(name="Mine", people=(cast.ana,))
    for who in (cast.ana, cast.nora):
        with refused("team"):
            rule_commands.add(cast.north, said, by=who, at=NOW)
    made = rule(cast)
    with unseen(LeadRule.DoesNotExist):
        rule_commands.change(made, said, by=cast.nora, at=NOW)
    with refused("people"):
        rule_commands.change(
            made, LeadRuleInput(name="All", people=(cast.carl,)), by=cast.mona, at=NOW
        )


def test_who_changes_a_rule_sees_what_another_did_and_keeps_the_turns(cast):
    made = rule(cast)
    seen = made.version
    assert comes_in(cast) == "ana"
    rule_commands.change(
        made, LeadRuleInput(name="Two", people=(cast.ana, cast.ben)), by=cast.rosa, at=NOW
    )

    with pytest.raises(Stale):
        rule_commands.switch(made, is_on=False, by=cast.mona, at=NOW, version=seen)
    assert comes_in(cast) == "ben"


def test_a_rule_is_asked_earlier(cast):
    rule(cast, "ana", name="First")
    second = rule(cast, "ben", name="Second")

    rule_commands.move_up(second, by=cast.mona, at=NOW)

    assert comes_in(cast) == "ben"


@pytest.mark.django_db(transaction=True)
def test_leads_that_come_in_at_once_go_in_turn(cast):
    rule(cast)

    def come_in(number: int) -> Deal:
        return deal_commands.open(name=f"Lead {number}", team=cast.north, by=cast.mona, at=NOW)

    ends = at_once(*(partial(come_in, number) for number in range(6)))

    assert sorted(end.owner_id for end in ends) == sorted([cast.ana.pk, cast.ben.pk] * 3)
    assert LeadRule.objects.get().turn == 6
