"""What is filled in for a person to look at: what is known of other systems, and nothing else."""

import pytest
from django.utils import translation

from crm.models import ListKind
from crm.shipped import SOURCES
from crm.views.list_export import PARTS
from exchange.forms.columns import LABELS
from exchange.imports import guessing
from exchange.imports.kinds import COMPANIES, CONTACTS, DEALS, KINDS
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


THEIR_STAGES = {
    "HubSpot": {
        "Appointment Scheduled": 2, "Qualified To Buy": 3, "Presentation Scheduled": 4,
        "Decision Maker Bought-In": 6, "Contract Sent": 7, "appointmentscheduled": 2,
        "qualifiedtobuy": 3, "presentationscheduled": 4, "decisionmakerboughtin": 6,
        "contractsent": 7, "Contract Sent (Sales Pipeline)": 7,
    },
    "Salesforce": {
        "Prospecting": 2, "Qualification": 3, "Needs Analysis": 4, "Value Proposition": 4,
        "Id. Decision Makers": 4, "Perception Analysis": 4, "Proposal/Price Quote": 5,
        "Negotiation/Review": 6,
    },
    "Zoho": {
        "Qualification": 3, "Needs Analysis": 4, "Value Proposition": 4,
        "Identify Decision Makers": 4, "Proposal/Price Quote": 5, "Negotiation/Review": 6,
    },
    "Pipedrive": {
        "Qualified": 3, "Contact Made": 2, "Demo Scheduled": 4, "Proposal Made": 5,
        "Negotiations Started": 6, "Idea": 1, "Needs Defined": 4, "Qualifiziert": 3,
        "Kontakt hergestellt": 2, "Demo geplant": 4, "Angebot erstellt": 5,
        "Verhandlung begonnen": 6,
    },
    "Odoo": {"New": 1, "Qualified": 3, "Proposition": 5, "Neu": 1, "Qualifiziert": 3, "Angebot": 5},
    "EspoCRM": {"Prospecting": 2, "Qualification": 3, "Proposal": 5, "Negotiation": 6},
    "Dynamics": {"Qualify": 3, "Develop": 4, "Propose": 5, "Close": 7, "1-Qualify": 3},
}  # fmt: skip
WON = ["Closed Won", "closedwon", "Closed Won (Sales Pipeline)", "Won", "Gewonnen"]
LOST = ["Closed Lost", "closedlost", "Closed-Lost to Competition", "Lost", "Verloren"]


@pytest.mark.parametrize(
    ("word", "number"), [pair for stages in THEIR_STAGES.values() for pair in stages.items()]
)
def test_it_knows_the_stages_that_the_big_products_start_with(word: str, number: int):
    guess = guessing.stage(word)
    assert guess
    assert (guess.stage, guess.outcome) == (Stage(number), Outcome.OPEN)


@pytest.mark.parametrize("word", WON + LOST)
def test_it_knows_how_they_say_that_a_deal_is_closed(word: str):
    guess = guessing.stage(word)
    assert guess
    assert guess.outcome == (Outcome.WON if word in WON else Outcome.STOPPED)
    assert (guess.cause == "competitor") == ("Competition" in word)


@pytest.mark.parametrize(
    ("word", "cause"),
    [("Too expensive", "price"), ("Lost to competitor", "competitor"), ("Blue", ""),
     ("Keine Antwort", "no_response"), ("Duplicate", "duplicate")],
)  # fmt: skip
def test_it_knows_causes_by_their_words(word: str, cause: str):
    assert guessing.cause(word) == cause


@pytest.mark.parametrize(
    ("word", "source"),
    [("DIRECT_TRAFFIC", "Website"), ("Messe Wels", "Trade fair"), ("Steirerjobs", ""),
     ("Trade Show", "Trade fair"), ("Cold Call", "Own research"), ("Partner Referral", "Partner")],
)  # fmt: skip
def test_it_knows_sources_by_their_words(word: str, source: str):
    assert guessing.source(word) == source
    assert not source or source in {name for name, _kind in SOURCES}


@pytest.mark.parametrize("word", ["Hot", "Cold", "Renewal", "42", "Q3"])
def test_it_does_not_guess_a_stage_of_which_it_knows_nothing(word: str):
    assert guessing.stage(word) is None


def test_the_number_of_what_a_record_belongs_to_is_not_its_own():
    found = guessing.columns(DEALS, ["AccountId", "ContactId", "Name", "CloseDate"])
    assert "id" not in found
    assert (found["company_key"], found.get("company")) == (["AccountId"], None)


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
    fields = [field for kind in KINDS for field in kind.fields]
    assert {field.name for field in fields} == set(LABELS)
    assert all(field.headings for field in fields)


OWN = {
    ListKind.DEALS: (
        DEALS,
        "id name company stage amount currency expected_close_on entered_on created_on closed_on"
        " owner team source source_detail stop_cause",
    ),
    ListKind.COMPANIES: (
        COMPANIES,
        "id name relationship parent industry country employees website owner",
    ),
    ListKind.CONTACTS: (CONTACTS, "id name job_title company email phone owner"),
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", OWN)
def test_it_knows_the_columns_of_our_own_files(kind: ListKind, language: str) -> None:
    record_kind, fields = OWN[kind]
    with translation.override(language):
        header = [str(part.label) for part in PARTS[kind]]
    found = guessing.columns(record_kind, header)
    assert found.keys() == set(fields.split())
