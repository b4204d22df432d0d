"""`python -m bench.imports`: what it costs to bring in a file of leads, against the least possible.

The limit is the same file by COPY into a bare staging table and one upsert into a table with the
indexes of deals and a trigram index on the name: no row is judged, nobody is looked for, no visit
is written. A file with companies and people is more than one table can hold, so for that there is a
second limit: the same COPY, and a bare insert of all that the file says into the eight tables where
it belongs, still with nothing judged and nobody looked for. They take turns on an embedded
PostgreSQL of the bench's own. The product's way is the one of the pages: check (a load that is taken
back) and load, by the steps of a worker; once for leads alone, once with companies and people.
"""

import argparse
import csv
import io
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.servers import throwaway

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state" / "bench-imports"
HEADER = ("No", "Lead", "Company", "Person", "E-mail", "Phone", "Owner", "Value", "Stage", "Since")
NAMED = {
    "id": ["No"],
    "name": ["Lead"],
    "company": ["Company"],
    "contact": ["Person"],
    "email": ["E-mail"],
    "phone": ["Phone"],
    "owner": ["Owner"],
    "amount": ["Value"],
    "stage": ["Stage"],
    "entered_on": ["Since"],
}
# A lead alone is a deal, its visit, its line of search and its foreign id. With a company, a person
# and two ways to reach them it is more than twice as many rows, each looked for first.
SHAPES = {
    "leads alone": ("id", "name", "owner", "amount", "stage", "entered_on"),
    "with company, person, e-mail, phone": tuple(NAMED),
}
STAGES = {"New": {"stage": "lead_generation"}, "Contacted": {"stage": "prospecting"}}
LIMIT = [
    "DROP TABLE IF EXISTS limit_lead",
    "CREATE TABLE limit_lead (LIKE crm_deal INCLUDING DEFAULTS INCLUDING INDEXES,"
    " external_id text UNIQUE)",
    "CREATE INDEX ON limit_lead USING gin (name gin_trgm_ops)",
]
STAGED = (
    "CREATE TEMP TABLE staged (no text, lead text, company text, person text, email text,"
    " phone text, owner text, value numeric, stage text, since date) ON COMMIT DROP"
)
UPSERT = """
    INSERT INTO limit_lead (id, name, team_id, stage, amount, currency, source_detail, outcome,
                            initiator, created_at, changed_at, version, next_kind, closing_note,
                            external_id)
    SELECT nextval((SELECT pg_get_serial_sequence('crm_deal', 'id'))::regclass), lead, 1, 1, value, 'EUR', '', 'open',
           '', since, since, 1, '', '', no
    FROM staged
    ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, amount = excluded.amount
"""
# Each row with the ids of its records; companies are four rows each.
PARTS = """
    CREATE TEMP TABLE parts ON COMMIT DROP AS
    SELECT staged.*, once.company_id,
           nextval((SELECT pg_get_serial_sequence('crm_contact', 'id'))::regclass) AS contact_id,
           nextval((SELECT pg_get_serial_sequence('crm_deal', 'id'))::regclass) AS deal_id
    FROM staged JOIN (
        SELECT company, nextval((SELECT pg_get_serial_sequence('crm_company', 'id'))::regclass)
               AS company_id
        FROM (SELECT DISTINCT company FROM staged) AS named
    ) AS once USING (company)
"""
OWNED = {"owner_id": "%(by)s"}
STAMPS = {
    "created_at": "%(at)s",
    "changed_at": "%(at)s",
    "changed_by_id": "%(by)s",
    "batch_id": "%(batch)s",
}
COMPANIES = "(SELECT DISTINCT company_id, company FROM parts) AS firms"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.imports")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with throwaway(STATE), tempfile.TemporaryDirectory() as media:
        os.environ["MEDIA_ROOT"] = media
        _measure(options.rows, options.rounds)


def _measure(rows: int, rounds: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from crm import reference
    from pipeline.models import Role, User
    from pipeline.people.commands import people

    call_command("migrate", verbosity=0)
    reference.seed()
    root = people.found_organisation(
        name="Austral GmbH", currency="EUR", time_zone="Europe/Vienna", country="AT"
    )
    admin = User.objects.create_user(name="Adele Winter", team=root, role=Role.ADMIN)
    _say(f"{rows:,} leads, median of {rounds}, seconds and times the limit")
    for place, (shape, fields) in enumerate(SHAPES.items()):
        _measure_shape(shape, fields, rows, range(place * rounds, (place + 1) * rounds), admin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"  peak memory of the process  {peak:8.0f} MB")


def _measure_shape(
    shape: str, fields: Sequence[str], rows: int, rounds: Iterable[int], admin: Any
) -> None:
    limits, wholes, checks, loads = [], [], [], []
    _say(f" {shape}")
    for number in rounds:
        text = lead_file(rows, number, owner=admin.name)
        limits.append(_timed(partial(_limit, text)))
        if "company" in fields:
            wholes.append(_timed(partial(_limit_of_all, text, admin)))
        job = named_job(text, fields, admin)
        checks.append(_timed(partial(_until, job, "checking")))
        _begin_load(job, admin)
        loads.append(_timed(partial(_until, job, "loading")))
        if job.state != "done" or job.counts["new"] != rows:
            raise SystemExit(f"it did not come in: {job.state} {job.counts} {job.error}")
        # On a busy machine a round takes minutes: who stops it has what was measured by then.
        _say(f"  round: limit {limits[-1]:.2f}, check {checks[-1]:.2f}, load {loads[-1]:.2f}")
    limit, check, load = (statistics.median(each) for each in (limits, checks, loads))
    whole = statistics.median(wholes) if wholes else limit
    times = [f"{load / each:6.1f}" for each in dict.fromkeys((limit, whole))]
    times_of_check = [f"{check / each:6.1f}" for each in dict.fromkeys((limit, whole))]
    _say(f"  COPY and upsert into one table, unjudged   {limit:8.2f}")
    if wholes:
        _say(f"  COPY and insert into its eight, unjudged   {whole:8.2f} {whole / limit:6.1f}")
    _say(f"  load, judged, no duplicates                {load:8.2f} {' '.join(times)}")
    _say(f"  the check before it                        {check:8.2f} {' '.join(times_of_check)}")


def lead_file(rows: int, number: int, *, owner: str) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(HEADER)
    for n in range(rows):
        key = f"{number}-{n}"
        writer.writerow(
            [
                key,
                f"Lead {key}",
                f"Company {number}-{n // 4}",
                f"Person {key}",
                f"p{key}@bench.test",
                f"+43 660 {number:02}{n:06}",
                owner,
                f"{1000 + n % 977}.50",
                "New" if n % 3 else "Contacted",
                f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}",
            ]
        )
    return sink.getvalue()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a tool for a terminal


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _limit(text: str) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for statement in LIMIT:
            cursor.execute(statement)
    with transaction.atomic(), connection.cursor() as cursor:
        _copy(text, cursor)
        cursor.execute(UPSERT)


def _copy(text: str, cursor: Any) -> None:
    start = io.StringIO(text)
    cursor.execute(STAGED)
    with cursor.copy("COPY staged FROM STDIN (FORMAT csv, HEADER)") as copy:
        while block := start.read(1 << 16):
            copy.write(block)


def _limit_of_all(text: str, by: Any) -> None:
    from django.db import connection, transaction
    from django.utils import timezone

    from crm import models
    from exchange.imports.bulk import insert_select
    from pipeline.models import Batch, BatchKind

    at = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        batch = Batch.objects.create(kind=BatchKind.IMPORT, name="bare", by=by, at=at)
        said = {"by": by.pk, "team": by.team_id, "at": at, "batch": batch.pk}
        _copy(text, cursor)
        cursor.execute(PARTS)
        firm = {"id": "company_id", "name": "company", **OWNED, **STAMPS}
        insert_select(models.Company, firm, COMPANIES, said)
        person = {"id": "contact_id", "name": "person", "company_id": "company_id"}
        insert_select(models.Contact, person | OWNED | STAMPS, "parts", said)
        for kind in ("email", "phone"):
            point = {"contact_id": "contact_id", "kind": f"'{kind}'", "value": kind, "typed": kind}
            insert_select(models.ContactPoint, point, "parts", said)
        deal = {
            "id": "deal_id",
            "name": "lead",
            "company_id": "company_id",
            "team_id": "%(team)s",
            "stage": "1",
            "stage_entered_at": "since",
            "amount": "value",
            "currency": "'EUR'",
            "created_by_id": "%(by)s",
        }
        insert_select(models.Deal, deal | OWNED | STAMPS, "parts", said)
        visit = {
            "deal_id": "deal_id",
            "sequence": "1",
            "stage": "1",
            "entered_at": "since",
            "entered_how": "'imported'",
            "entry_owner_id": "%(by)s",
            "entry_team_id": "%(team)s",
            "entry_amount": "value",
        }
        insert_select(models.StageVisit, visit, "parts", said)
        between = {"deal_id": "deal_id", "contact_id": "contact_id"}
        insert_select(models.DealContact, between, "parts", said)
        row = {
            "owner_id": "%(by)s",
            "system": "'bare'",
            "kind": "'deals'",
            "external_id": "no",
            "digest": "no",
            "record_id": "deal_id",
            "created": "true",
            "batch_id": "%(batch)s",
        }
        insert_select(models.ImportedRow, row, "parts", said)
        _let_be_found("company", "company_id", "company", "company", COMPANIES, said)
        everything = "concat_ws(' ', person, company, email, phone)"
        _let_be_found("contact", "contact_id", "person", everything, "parts", said)
        _let_be_found("deal", "deal_id", "lead", "concat_ws(' ', lead, company)", "parts", said)


def _let_be_found(kind: str, key: str, title: str, words: str, source: str, said: Any) -> None:
    from crm.models import SearchEntry
    from exchange.imports.bulk import insert_select

    entry = {
        "kind": f"'{kind}'",
        "record_id": key,
        "title": title,
        "plain": f"seven_spellings({words}, E'\\n')",
        "keys": {
            "company": f"seven_company_keys({title})",
            "contact": f"seven_person_keys({title})",
            "deal": "'{}'::text[]",
        }[kind],
    }
    if kind == "deal":
        entry["team_id"] = "%(team)s"
    insert_select(SearchEntry, entry | OWNED, source, said)


def named_job(text: str, fields: Sequence[str], by: Any) -> Any:
    from django.core.files.base import ContentFile
    from django.utils import timezone

    from exchange.commands import job as verbs

    at = timezone.now()
    job = verbs.create(ContentFile(text.encode()), name="leads.csv", kind="deals", by=by, at=at)
    like = {"stages": STAGES}
    columns = {field: NAMED[field] for field in fields}
    verbs.name_columns(job, system="old", columns=columns, like=like, by=by, at=at)
    return job


def _begin_load(job: Any, by: Any) -> None:
    from django.utils import timezone

    from exchange.commands import job as verbs

    verbs.load(job, by=by, at=timezone.now())


def _until(job: Any, state: str) -> None:
    """The steps of a worker, until the job has left `state`."""
    from django.utils import timezone

    from exchange.commands import work

    while job.state == state:
        work.step(job.pk, at=timezone.now())
        job.refresh_from_db()


if __name__ == "__main__":
    main()
