"""Whoever moves to another team takes the open deals along."""

from crm import tasks
from crm.commands import people as commands
from crm.models import Deal
from pipeline.models import OutboxRow, Team
from pipeline.people.commands import people
from pipeline.people.events import TeamChanged
from pipeline.process.stages import Stage
from salesprocess.lib.events import RecordRef
from tests.factories import NOW, make_deal, won_deal


def move_ana(cast, team):
    people.change(cast.ana, team=team, by=cast.rosa, at=NOW)


def teams_of(*deals):
    return [Deal.objects.get(pk=deal.pk).team for deal in deals]


def test_it_brings_open_deals_along_and_leaves_closed_ones(cast):
    lead, offer = make_deal(by=cast.ana), make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    won, of_ben = won_deal(by=cast.ana), make_deal(by=cast.ben)

    move_ana(cast, cast.south)
    tasks.relay_outbox()

    assert teams_of(lead, offer) == [cast.south] * 2
    assert teams_of(won, of_ben) == [cast.north] * 2
    change = offer.changes.get(kind="team")
    assert change.event == TeamChanged(old=RecordRef.to(cast.north), new=RecordRef.to(cast.south))
    assert change.by == cast.rosa
    assert OutboxRow.objects.get().done_at is not None


def test_it_counts_as_a_change_of_the_deal(cast):
    deal = make_deal(by=cast.ana)
    move_ana(cast, cast.south)
    tasks.relay_outbox()

    assert Deal.objects.get(pk=deal.pk).version == deal.version + 1


def test_it_may_be_done_twice(cast):
    deal = make_deal(by=cast.ana)
    move_ana(cast, cast.south)

    done = [commands.bring_along(cast.again(cast.ana), by=cast.rosa, at=NOW) for _ in range(2)]

    assert done == [1, 0]
    assert deal.changes.filter(kind="team").count() == 1


def test_it_goes_by_the_team_of_now_when_the_move_was_taken_back(cast):
    deal = make_deal(by=cast.ana)
    move_ana(cast, cast.south)
    move_ana(cast, cast.north)

    tasks.relay_outbox()

    assert teams_of(deal) == [cast.north]
    assert not deal.changes.filter(kind="team").exists()


def test_it_leaves_nothing_to_do_when_the_team_stays(cast):
    people.change(cast.ana, name="Ana R. Ruiz", by=cast.rosa, at=NOW)

    assert not OutboxRow.objects.exists()
    assert Team.objects.get(pk=cast.north.pk).members.count() == 3
