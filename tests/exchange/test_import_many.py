"""What a file tells of deals that there are takes as many readings of a table for many as for few."""

import pytest
from django.db import connection

from exchange.imports import ways
from tests.conftest import Cast
from tests.exchange.uploads import checked, loaded, uploaded

pytestmark = pytest.mark.django_db

HEADS = {
    "deals": ("Id,Name,Stage,Stage change\n", "{n},Deal {n},Proposal,2026-02-10 09:00\n"),
    "history": ("Deal,Stage,At\n", "{n},Prospecting,2026-01-05 09:00\n"),
}
COLUMNS = {
    "deals": {"id": "Id", "name": "Name", "stage": "Stage", "entered_on": "Stage change"},
    "history": {"deal": "Deal", "to_stage": "Stage", "happened_on": "At"},
}
_READ = """
    SELECT relname, seq_scan FROM pg_stat_xact_all_tables
    WHERE relname IN ('crm_importedrow', 'import_ways', 'import_said')
"""


def read() -> dict[str, int]:
    """How often each table was read from its beginning."""
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        return dict(cursor.fetchall())


@pytest.mark.parametrize("kind", ["deals", "history"])
def test_no_table_is_read_once_for_each_deal(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: str
):
    head, row = HEADS["deals"]
    text = head + "".join(row.format(n=n) for n in range(30)).replace("Proposal", "Prospecting")
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **COLUMNS["deals"]))
    found: list[dict[str, int]] = []
    drop = ways.drop_table

    def counted() -> None:
        now = read()
        found.append({name: number - before.get(name, 0) for name, number in now.items()})
        drop()

    monkeypatch.setattr(ways, "drop_table", counted)
    # Of so few rows all are read where anything else would do as well.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    head, row = HEADS[kind]
    for number in (3, 30):
        before = read()
        text = head + "".join(row.format(n=n) for n in range(number))
        job = checked(cast.ana, uploaded(cast.ana, text, kind=kind), **COLUMNS[kind])
        assert job.counts["new"] + job.counts["changed"] == number
    few, many = found
    assert few == many
