"""What is filled in for a person to look at: what is known of other systems, and nothing else."""

import pytest

from exchange.forms import LABELS
from exchange.imports import guessing
from exchange.imports.kinds import CONTACTS, DEALS, KINDS, PRODUCTS
from pipeline.process.stages import Outcome, Stage


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("Decision Maker Bought-In (Sales Pipeline)", Stage.OBJECTIONS),
        ("Presentation Scheduled", Stage.NEEDS_ANALYSIS),
        ("Id. Decision Makers", Stage.NEEDS_ANALYSIS),
        ("Value Proposition", Stage.NEEDS_ANALYSIS),
        ("Contract Sent", Stage.CLOSING),
        ("Negotiation/Review", Stage.OBJECTIONS),
        ("Neu", Stage.LEAD_GENERATION),
        ("", Stage.LEAD_GENERATION),
    ],
)
def test_it_knows_stages_by_their_words(word: str, stage: Stage):
    guess = guessing.stage(word)
    assert guess
    assert (guess.stage, guess.outcome) == (stage, Outcome.OPEN)


@pytest.mark.parametrize("word", ["Hot", "Cold", "Renewal", "42", "Q3"])
def test_it_does_not_guess_a_stage_of_which_it_knows_nothing(word: str):
    assert guessing.stage(word) is None


def test_the_number_of_what_a_record_belongs_to_is_not_its_own():
    found = guessing.columns(DEALS, ["AccountId", "ContactId", "Name", "CloseDate"])
    assert "id" not in found
    assert found["company"] == ["AccountId"]


def test_a_whole_name_goes_before_its_parts():
    assert guessing.columns(CONTACTS, ["FirstName", "LastName", "Name"])["name"] == ["Name"]
    assert guessing.columns(CONTACTS, ["Nachname", "Vorname"])["name"] == ["Vorname", "Nachname"]


def test_a_status_beside_a_stage_says_how_it_ended():
    assert guessing.columns(DEALS, ["Name", "Stage", "Status"])["stage"] == ["Stage", "Status"]
    assert guessing.columns(DEALS, ["Name", "Status"])["stage"] == ["Status"]
    guesses = [guessing.stage(f"Proposal {status}") for status in ("Open", "Won", "Lost")]
    assert [(each.stage, each.outcome) for each in guesses if each] == [
        (Stage.PROPOSAL, Outcome.OPEN),
        (Stage.CLOSING, Outcome.WON),
        (Stage.PROPOSAL, Outcome.STOPPED),
    ]


def test_each_field_that_a_page_asks_for_has_a_label_and_headings() -> None:
    # Products come by command only.
    fields = [field for kind in KINDS if kind is not PRODUCTS for field in kind.fields]
    assert {field.name for field in fields} == set(LABELS)
    assert all(field.headings for field in fields)
