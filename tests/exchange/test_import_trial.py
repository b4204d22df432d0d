"""Trying a file out must not keep anybody from working."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from crm.commands import search
from exchange.imports import mapping, staging
from tests.conftest import Cast
from tests.exchange.test_batch_undo import FILES, MAPPING
from tests.exchange.uploads import brought_in
from tests.factories import NOW, make_company, make_deal
from tests.kept_rows import tables

# Of the import itself, which one at a time does.
OWN = {"crm_importjob", "pipeline_batch"}


@pytest.mark.django_db(transaction=True)
def test_it_locks_nothing_that_people_edit(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_company(by=cast.ana, name="beta")
    make_deal(by=cast.ana, company="Gamma")
    for name, content in {**FILES, "map.toml": MAPPING}.items():
        (tmp_path / name).write_text(content)
    seen: list[str] = []
    drop = staging.drop

    def look(kinds: Sequence[Any]) -> None:
        drop(kinds)
        # All is written by now, and nothing yet taken back.
        with psycopg.connect(**connection.get_connection_params()) as other:
            for table in set(tables()) - OWN:
                other.execute(f"SELECT 1 FROM {table} FOR UPDATE NOWAIT")  # noqa: S608
                seen.append(table)

    monkeypatch.setattr(staging, "drop", look)
    brought_in(mapping.load(tmp_path / "map.toml"), [tmp_path], at=NOW, commit=False)
    assert len(seen) > 30


def test_it_makes_no_entries_of_search(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, content in {**FILES, "map.toml": MAPPING}.items():
        (tmp_path / name).write_text(content)
    kinds: list[str] = []

    def look(kind: str, ids: str) -> None:
        kinds.append(kind)

    monkeypatch.setattr(search, "index_selected", look)
    said = mapping.load(tmp_path / "map.toml")
    brought_in(said, [tmp_path], at=NOW, commit=False)
    assert not kinds
    brought_in(said, [tmp_path], at=NOW, commit=True)
    assert set(kinds) == {"company", "contact", "deal"}
