"""What a migration may not do while people work: the version before it still runs, and tables are large
(docs/OPERATIONS.md, "Changing tables"). Judged by the SQL that Django would send."""

import re
from collections.abc import Iterator

from django.db import connection
from django.db.migrations import Migration, RunPython
from django.db.migrations.state import ProjectState

# Of a table that the migration does not make itself: what it does, and what to do instead.
_RULES = (
    (
        r"ADD COLUMN (?!.*DEFAULT).* NOT NULL|ALTER COLUMN \S+ DROP DEFAULT",
        "the version before it cannot add a row: give the column a db_default, or let it be null",
    ),
    (
        r"ALTER COLUMN \S+ SET NOT NULL",
        "looks at every row under a lock: add a CHECK NOT VALID, validate it, then set it",
    ),
    (
        r"ALTER COLUMN \S+ TYPE",
        "may write the whole table anew under a lock: add another column, copy in batches, then change",
    ),
    (
        r"RENAME (COLUMN|TO)|DROP COLUMN|DROP TABLE",
        "the version before it asks for what is gone: leave it for one release, then take it away",
    ),
    (
        r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)|REINDEX (?!.*CONCURRENTLY)",
        "nobody writes until it is built: AddIndexConcurrently, in a migration that is not atomic",
    ),
    (
        r"ADD CONSTRAINT (?!.*NOT VALID)",
        "looks at every row under a lock: add it NOT VALID, and validate it in the next migration",
    ),
)
_ROWS = re.compile(r"(WITH .* )?(UPDATE|DELETE FROM|INSERT INTO) ", re.IGNORECASE | re.DOTALL)
_DDL = re.compile(r"(ALTER|CREATE|DROP) ", re.IGNORECASE)


def findings(migration: Migration, state: ProjectState) -> list[str]:
    """What blocks others, or breaks the version before; `state` is that of the models before it."""
    # Of its own, as `migrate` has it: in no transaction that a test is in.
    own = connection.copy()
    try:
        with own.schema_editor(collect_sql=True, atomic=False) as editor:
            migration.apply(state.clone(), editor, collect_sql=True)
    finally:
        own.close()
    sent = [line for text in editor.collected_sql if (line := text.strip())]
    return [*_of_tables(sent), *_of_rows(migration, sent)]


def _of_tables(sent: list[str]) -> Iterator[str]:
    made = {name for line in sent for name in re.findall(r"^CREATE TABLE (\S+)", line)}
    for line in sent:
        if any(table in line for table in made):
            continue
        for pattern, instead in _RULES:
            if re.search(pattern, line, re.IGNORECASE | re.DOTALL) and not line.startswith("--"):
                yield f"{line[:100]}: {instead}"


def _of_rows(migration: Migration, sent: list[str]) -> Iterator[str]:
    by_python = any(isinstance(each, RunPython) for each in migration.operations)
    writes = by_python or any(_ROWS.match(line) for line in sent)
    if writes and migration.atomic:
        yield "rows are written in one transaction: in batches, in a migration that is not atomic"
    if writes and any(_DDL.match(line) for line in sent):
        yield "rows are written beside a change of tables: in a migration of their own"
