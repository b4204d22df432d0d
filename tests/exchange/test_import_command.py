"""`manage.py import`: what it says, what it keeps, and how it is taken back."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.models import Deal
from pipeline.models import Batch
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

MAPPING = """
system = "old"
[deals]
file = "deals.csv"
columns = { id = "id", name = "title", amount = "value" }
stages = { "" = { stage = "lead_generation" } }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAPPING)
    (tmp_path / "deals.csv").write_text("id,title,value\n1,Pump,5\n2,=Valve,five\n")
    (tmp_path / "notes.txt").write_text("nothing")
    return tmp_path


def called(*args: Any, **options: Any) -> str:
    out = StringIO()
    call_command("import", *args, stdout=out, **options)
    return out.getvalue()


def test_it_keeps_nothing_without_commit(cast: Cast, folder: Path):
    said = called(str(folder), mapping=folder / "map.toml")
    assert "Not in the mapping, so not read: map.toml, notes.txt" in said
    assert "deals.csv, line 3, value “five”: This is no number" in said
    assert "dry run: nothing stays" in said
    assert not Deal.objects.exists()


def test_it_brings_in_reports_and_takes_back(cast: Cast, folder: Path, tmp_path: Path):
    options = {"mapping": folder / "map.toml", "report": tmp_path / "out.csv"}
    said = called(str(folder / "deals.csv"), commit=True, by="ADELE@seven.test", **options)
    batch = Batch.objects.get()
    assert f"Brought in as batch {batch.pk}." in said
    assert batch.by == cast.adele
    assert Deal.objects.get().created_by == cast.adele
    assert batch.summary["rows"]["deals"] == {
        "read": 2,
        "new": 1,
        "matched": 0,
        "known": 0,
        "refused": 1,
    }
    assert '"deals.csv",3,"value","five"' in (tmp_path / "out.csv").read_text("utf-8-sig")

    assert "nothing new" in called(str(folder / "deals.csv"), commit=True, **options)
    said = called(undo=batch.pk)
    assert said.split()[:2] == ["deals", "1"]
    assert not Deal.objects.exists()
    with pytest.raises(CommandError, match="already"):
        called(undo=batch.pk)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("deals.csv", "id,title\n1,Pump\n"), "Nothing was brought in. deals.csv has no column"),
        (("deals.csv", "id,title,value\n1,Pump,1.234\n"), "Nothing was brought in. .* ambiguous"),
        (("map.toml", MAPPING.replace("title", "name")), "has no column “name”"),
    ],
)
def test_it_says_in_words_why_nothing_came_in(
    cast: Cast, folder: Path, change: tuple[str, str], words: str
):
    (folder / change[0]).write_text(change[1])
    with pytest.raises(CommandError, match=words):
        called(str(folder), mapping=folder / "map.toml", commit=True)
    assert not Deal.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Name the files and their --mapping"),
        ({"undo": 12345}, "There is no batch 12345"),
        ({"undo": 1, "by": "nobody@seven.test"}, "Nobody here has the address"),
    ],
)
def test_it_says_what_is_missing(cast: Cast, options: dict[str, Any], words: str):
    with pytest.raises(CommandError, match=words):
        called(**options)


def test_it_disarms_what_the_files_say_before_it_reaches_a_terminal(cast: Cast, folder: Path):
    (folder / "deals.csv").write_text("id,title,value\n1,Pump,\x1b[31mfive\n")
    assert "\x1b" not in called(str(folder), mapping=folder / "map.toml")
