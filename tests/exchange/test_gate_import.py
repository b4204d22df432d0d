"""Imports are let through every gate, and what was missing is kept: one judgement a deal."""

from pathlib import Path

import pytest

from crm.commands import deal_move as move_commands
from crm.models import Deal, Judgement
from exchange.imports import gaps
from pipeline.process.gates import Gap
from pipeline.process.stages import Outcome, Stage
from tests.conftest import Cast
from tests.exchange.test_import_rows import bring_in, row
from tests.factories import NOW


@pytest.mark.parametrize(
    ("stage", "outcome", "party", "missing"),
    [
        (1, Outcome.OPEN, False, set()),
        (2, Outcome.OPEN, False, {"G1-party"}),
        (2, Outcome.OPEN, True, set()),
        (3, Outcome.STOPPED, True, {"G2-conversation", "G3-agreement"}),
        (
            6,
            Outcome.OPEN,
            True,
            {
                "G2-conversation",
                "G3-agreement",
                "G4-qualified",
                "G5-problem",
                "G5-decision_path",
                "G6-offer",
            },
        ),
    ],
)
def test_it_judges_an_imported_deal_by_the_rules_of_typed_ones(stage, outcome, party, missing):
    found = gaps.findings(stage=Stage(stage), outcome=outcome, party=party)

    assert {one.key for one in found} == missing


def test_it_asks_a_win_for_its_offer():
    found = gaps.findings(stage=Stage.CLOSING, outcome=Outcome.WON, party=True)

    assert "G7-offer" in {one.key for one in found}


def test_it_keeps_one_judgement_of_each_deal_that_lacks_something(cast: Cast, tmp_path: Path):
    bring_in(
        tmp_path,
        row(id="1", title="Lead"),
        row(id="2", title="Talk", company="Norte SA", phase="Talks", since="2026-01-05"),
        row(id="3", title="Sold", company="Vega", phase="Won", since="2026-01-05", value="10"),
        row(id="4", title="Gone", phase="Lost", since="2026-01-05", closed="2026-02-05"),
    )

    kept = {one.deal.name: one for one in Judgement.objects.select_related("deal", "visit")}

    assert set(kept) == {"Talk", "Sold", "Gone"}
    talk, gone = kept["Talk"], kept["Gone"]
    assert (talk.reason, talk.verb, talk.to, talk.at) == ("imported", "open", 3, NOW)
    assert [each["gate"] for each in talk.findings] == ["G1", "G2", "G3"]
    assert talk.visit == talk.deal.visits.get()
    assert "G1" in [each["gate"] for each in gone.findings]
    assert kept["Sold"].verb == "win"
    assert "G7" in [each["gate"] for each in kept["Sold"].findings]


def test_what_an_import_passed_is_not_asked_again_and_what_lies_ahead_is(
    cast: Cast, tmp_path: Path
):
    bring_in(tmp_path, row(company="Norte SA", phase="Talks", since="2026-01-05"))
    deal = Deal.objects.get()

    with pytest.raises(Gap) as caught:
        move_commands.move(deal, to=Stage.NEEDS_ANALYSIS, by=cast.adele, at=NOW)

    assert {one.key for one in caught.value.findings} == {"G4-qualified"}
