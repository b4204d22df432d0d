from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm.commands import deal_move as move_commands
from crm.management.commands import check_history
from crm.models import Deal, StageVisit
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal, ready_deal, won_deal


def check() -> str:
    out = StringIO()
    try:
        call_command("check_history", stdout=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def test_it_finds_nothing_wrong_with_what_the_commands_wrote(cast: Cast):
    deal = ready_deal(by=cast.ana)
    move_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=2))
    won_deal(by=cast.ben)
    assert check() == "2 deals have an unbroken history.\n"


def test_it_looks_at_every_deal_where_there_are_more_than_fit_in_memory(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(check_history, "CHUNK", 2)
    deals = [make_deal(by=cast.ana) for _ in range(5)]
    Deal.objects.filter(pk=deals[4].pk).update(stage=Stage.PROPOSAL)
    assert f"deal {deals[4].pk}: stage is 5" in check()
    assert "1 of 5 deals" in check()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"stage": Stage.PROPOSAL}, "stage is 5, the latest visit's 1"),
        ({"stage_entered_at": NOW}, "entered at"),
        ({"outcome": "won", "stage": 7}, "outcome is won, the latest visit says open"),
    ],
)
def test_it_finds_a_deal_that_does_not_repeat_its_latest_visit(
    cast: Cast, wrong: dict[str, object], said: str
):
    deal = make_deal(by=cast.ana)
    Deal.objects.filter(pk=deal.pk).update(**wrong)
    assert f"deal {deal.pk}: " in check()
    assert said in check()


def test_it_finds_another_closing_date(cast: Cast):
    deal = won_deal(by=cast.ana)
    Deal.objects.filter(pk=deal.pk).update(closed_at=NOW)
    assert "closed at" in check()


def test_it_finds_a_broken_chain(cast: Cast):
    deal = make_deal(by=cast.ana)
    StageVisit.objects.create(
        deal=deal,
        sequence=3,
        stage=Stage.LEAD_GENERATION,
        entered_at=NOW,
        entered_how="back",
        reason="none",
        left_at=NOW,
        left_how="stopped",
        entry_team=deal.team,
    )
    assert "follows a visit that goes on" in check()


def test_it_finds_a_deal_without_visits(cast: Cast):
    team = cast.north
    deal = Deal.objects.create(
        name="Bare", team=team, currency="EUR", created_at=NOW, changed_at=NOW
    )
    assert f"deal {deal.pk}: has no visits" in check()


def test_it_fails_so_that_a_script_notices(cast: Cast):
    deal = make_deal(by=cast.ana)
    Deal.objects.filter(pk=deal.pk).update(stage=Stage.PROPOSAL)
    with pytest.raises(CommandError, match="1 of 1 deals"):
        call_command("check_history", stdout=StringIO())
