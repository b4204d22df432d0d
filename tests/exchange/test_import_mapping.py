"""A mapping is checked when it is read: a typing error is said with the words that would be right."""

from pathlib import Path

import pytest

from exchange.imports import mapping
from exchange.imports.faults import Unreadable
from pipeline.process.stages import Initiator, Outcome, Stage

GOOD = """
system = "old"
[deals]
file = "deals.csv"
columns = { id = "Id", stage = "Phase", email = ["Mail", "Mail 2"] }
stages.Lost = { stage = "proposal", outcome = "stopped", initiator = "customer", cause = "price" }
stages.New = { stage = "lead_generation" }
"""


def loaded(folder: Path, text: str) -> mapping.Mapping:
    (folder / "map.toml").write_text(text)
    return mapping.load(folder / "map.toml")


def test_it_says_what_foreign_columns_and_stages_are(tmp_path: Path):
    (deals,) = loaded(tmp_path, GOOD).kinds
    assert deals.wanted == {"Id", "Phase", "Mail", "Mail 2"}
    assert deals.stages["New"] == mapping.StageMeaning(stage=Stage.LEAD_GENERATION)
    assert deals.stages["Lost"] == mapping.StageMeaning(
        stage=Stage.PROPOSAL,
        outcome=Outcome.STOPPED,
        initiator=Initiator.CUSTOMER,
        cause="price",
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('system = "old"', "", "Say which system"),
        (
            "[deals]",
            "[deal]",
            "knows no “deal”. It can have: activities, answers, companies",
        ),
        ('file = "deals.csv"', "", "needs the name of a file"),
        ('id = "Id"', 'ident = "Id"', r"\[deals.columns\] knows no “ident”"),
        ('id = "Id"', "id = 3", "id must name a column"),
        ('id = "Id"', 'id = ["a", "b"]', "id can come from one column"),
        ('"proposal"', '"offer"', "stage can be: lead_generation, prospecting"),
        ('outcome = "stopped", ', "", "only a stop, has an initiator and a cause"),
        (', cause = "price"', "", "only a stop, has an initiator and a cause"),
        ('initiator = "customer"', 'initiator = "them"', "initiator can be: customer, us"),
        ('cause = "price"', 'cause = "price", ignore = ["x"]', "ignore can be: amount"),
        ('file = "deals.csv"', 'file = "deals.csv"\nmake = ["x"]', "make can be: company, contact"),
        ('file = "deals.csv"', 'file = "deals.csv"\nformats.X = "%Y"', "knows no “X”"),
        ("[deals]", '[format]\ndecimal = ";"\n[deals]', r"decimal can be: \., ,"),
        (
            "[deals]",
            '[format]\nencoding = "latin"\n[deals]',
            "encoding can be: utf-8, cp1252, cp1250",
        ),
        ("[deals]", '[people]\nfile = "p.csv"\n[deals]', "needs a column for name"),
        ("[deals]", "[deals", "map.toml: Expected"),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, old: str, new: str, words: str):
    assert old in GOOD
    with pytest.raises(Unreadable, match=words):
        loaded(tmp_path, GOOD.replace(old, new))


def test_it_needs_stages_for_deals(tmp_path: Path):
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith("stages"))
    with pytest.raises(Unreadable, match="must say what each foreign stage is"):
        loaded(tmp_path, text)


def test_it_says_that_there_is_no_such_file(tmp_path: Path):
    with pytest.raises(Unreadable, match=r"none\.toml: No such file"):
        mapping.load(tmp_path / "none.toml")
