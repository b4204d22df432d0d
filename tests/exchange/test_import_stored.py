"""Files that are stored: no more than may be, and none that nothing came of."""

import os
from pathlib import Path
from typing import Any

import pytest

from exchange.commands import files
from exchange.commands.job import UNNAMED_AFTER, sweep_files
from exchange.imports import mapping
from exchange.models import ImportJob
from tests.conftest import Cast
from tests.exchange.uploads import browser, upload, uploaded
from tests.factories import NOW, ago

pytestmark = pytest.mark.django_db

TEXT = "Deal\nPump\n"
MAP = {"system": "old", "companies": {"file": "*.csv", "columns": {"name": "Deal"}}}


def stored(media: Path) -> list[str]:
    return sorted(path.name for path in (media / "imports").rglob("*")) if media.exists() else []


def fail(*_arguments: Any, **_options: Any) -> None:
    raise RuntimeError("after the file was stored")


@pytest.mark.parametrize("key", ["", "k"])
def test_nothing_stays_of_a_file_whose_transaction_fails(
    cast: Cast, media: Path, monkeypatch: pytest.MonkeyPatch, key: str
):
    client = browser(cast.ana)
    client.raise_request_exception = False
    path = media.parent / "deals.csv"
    path.write_text(TEXT)
    monkeypatch.setattr(ImportJob.objects, "create", fail)
    with path.open("rb") as file:
        said = {"kind": "deals", "file": file, "idempotency_key": key}
        assert client.post("/imports/", said).status_code == 500
    assert stored(media) == []
    with pytest.raises(RuntimeError):
        files.begin(mapping.of_content(MAP), [path], at=NOW, commit=True)
    assert stored(media) == []


def test_nothing_stays_of_a_file_that_is_refused(cast: Cast, media: Path):
    assert upload(cast.ana, "").status_code == 422
    assert stored(media) == []


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ("IMPORT_STORED_BYTES_PER_PERSON", "1 MB that one person may store; 1 MB are in use"),
        ("IMPORT_STORED_BYTES", "no room left for files"),
    ],
)
def test_no_more_is_stored_than_may_be_and_it_is_said_before(
    cast: Cast, media: Path, settings: Any, bound: str, words: str
):
    settings.IMPORT_STORED_BYTES_PER_PERSON = 500_000_000
    setattr(settings, bound, 2 * len(TEXT))
    who = {"IMPORT_STORED_BYTES": cast.carl}.get(bound, cast.ana)
    uploaded(who, TEXT)
    uploaded(cast.ana, TEXT)

    answer = upload(cast.ana, TEXT)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert len(stored(media)) == ImportJob.objects.count() == 2
    settings.IMPORT_STORED_BYTES_PER_PERSON = 500_000_000
    assert "take up 1 of 500 MB" in browser(cast.ana).get("/imports/").content.decode()
    # What is discarded frees its room.
    browser(cast.ana).post(f"/imports/{ImportJob.objects.latest('pk').pk}/discard/")
    uploaded(cast.ana, TEXT)


def test_a_sweep_finds_what_a_killed_process_has_left_and_nothing_else(
    cast: Cast, media: Path, tmp_path: Path
):
    path = tmp_path / "deals.csv"
    path.write_text(TEXT)
    kept = {Path(uploaded(cast.ana, TEXT).file.name).name, "deals.csv"}
    job = files.begin(mapping.of_content(MAP), [path], at=NOW, commit=True)
    left = media / "imports" / "left"
    left.mkdir()
    for name in ("old.csv", "new.csv"):
        (media / "imports" / name).write_text(TEXT)
        (left / name).write_text(TEXT)
    long_ago = ago(seconds=UNNAMED_AFTER.total_seconds() + 1).timestamp()
    for file in media.rglob("*"):
        if file.name != "new.csv":
            os.utime(file, (long_ago, long_ago))
    for file in media.rglob("new.csv"):
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))

    assert sweep_files(at=NOW) == 2

    assert set(stored(media)) == kept | {"new.csv", "left", Path(job.file.name).name}
    os.utime(left / "new.csv", (long_ago, long_ago))
    assert sweep_files(at=NOW) == 1
    assert not left.exists()
