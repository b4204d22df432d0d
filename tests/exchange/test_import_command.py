"""`manage.py import`: what it says, what it keeps, and how it is taken back."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.models import Company, Deal
from exchange import tasks
from exchange.commands import files, work
from exchange.imports import mapping, reading
from exchange.models import ImportJob, ImportState
from pipeline.models import Batch
from tests.conftest import Cast
from tests.exchange.uploads import browser, by_command, checked, loaded, page, uploaded
from tests.factories import NOW

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
    assert not ImportJob.objects.exists()


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
        "changed": 0,
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


# One way -------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As the end of a process: nobody catches it."""


COMPANIES = """
[companies]
file = "companies-*.csv"
columns = { name = "name" }
"""


@pytest.fixture
def killed(cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ImportJob:
    """The job of a command that was killed at its third piece: of companies in two files, two rows a
    piece, and of deals."""
    monkeypatch.setattr(work, "PIECE", 2)
    (folder / "map.toml").write_text(MAPPING + COMPANIES)
    (folder / "companies-a.csv").write_text("name\nAlpha\nBeta\nGamma\n")
    (folder / "companies-b.csv").write_text("name\nDelta\nGamma\n")
    step, steps = work.step, iter(range(3))

    def dying(pk: int, **options: Any) -> bool:
        if next(steps) == 2:
            raise Killed
        return step(pk, **options)

    monkeypatch.setattr(work, "step", dying)
    with pytest.raises(Killed):
        called(str(folder), mapping=folder / "map.toml", commit=True)
    monkeypatch.setattr(work, "step", step)
    return ImportJob.objects.get()


def test_a_killed_one_goes_on_where_it_was(
    killed: ImportJob, folder: Path, media: Path, django_capture_on_commit_callbacks: Any
):
    assert (Company.objects.count(), Deal.objects.count()) == (4, 0)
    (folder / "companies-b.csv").unlink()  # the copies count
    with django_capture_on_commit_callbacks(execute=True):
        said = called(resume=killed.pk, report=folder / "out.csv")
    rows = [line.split() for line in said.splitlines()]
    assert ["companies", "5", "4", "0", "0", "0", "1"] in rows
    assert ["deals", "2", "1", "0", "0", "0", "1"] in rows
    assert "companies-b.csv, line 3" in said
    assert '"companies-b.csv",3' in (folder / "out.csv").read_text("utf-8-sig")
    batch = Batch.objects.get()
    assert f"Brought in as batch {batch.pk}." in said
    assert Company.objects.filter(batch=batch).count() == 4
    assert not [path for path in media.rglob("*") if path.is_file()]
    with pytest.raises(CommandError, match="no import"):
        called(resume=killed.pk)


def test_workers_leave_it_to_the_command_while_that_lives(killed: ImportJob):
    tasks.work_on_imports()
    assert ImportJob.objects.get().done == killed.done
    ImportJob.objects.update(changed_at=killed.changed_at - tasks.LEFT_AFTER)
    tasks.work_on_imports()
    assert ImportJob.objects.get().state == ImportState.DONE
    assert Company.objects.count() == 4


def test_its_job_has_a_page_for_admins(cast: Cast, killed: ImportJob):
    tasks.work_on_imports(pk=killed.pk)
    words = page(cast.adele, killed)
    assert "companies-b.csv" in words
    assert "Files by command" in words
    assert "Files by command" in browser(cast.adele).get("/imports/").content.decode()
    assert browser(cast.ana).get(f"/imports/{killed.pk}/").status_code == 404
    assert browser(cast.adele).get(f"/imports/{killed.pk}/errors.csv").status_code == 404


def test_a_page_can_finish_a_dry_run_that_was_left(cast: Cast, folder: Path):
    said = mapping.load(folder / "map.toml")
    job = files.begin(said, [folder], at=NOW, commit=False, by=cast.adele)
    files.finish(job, at=NOW)
    for query in ("", "?columns"):
        assert "Back to the columns" not in page(cast.adele, job, query)
    assert loaded(cast.adele, job).state == ImportState.DONE
    assert Deal.objects.get().created_by == cast.adele


def test_what_came_by_a_page_is_told_there_as_taken_back(cast: Cast):
    job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, "Deal\nPump\n"), name="Deal"))
    assert job.batch is not None
    called(undo=job.batch.pk)
    job.refresh_from_db()
    assert (job.state, job.counts["deleted"]) == (ImportState.UNDONE, 1)


def test_by_command_a_file_has_any_number_of_rows(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    text = "Name\nNorte SA\nSur SA\nEste SL\n"
    result = by_command(tmp_path / "in", text, {"name": ["Name"]}, kind="companies")
    assert (result.counts["companies"].read, Company.objects.count()) == (3, 3)
