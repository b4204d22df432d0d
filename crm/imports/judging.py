"""What is asked of staged rows of every kind, for all rows at once.

A row's `state` is null until it is decided: refused, known (came in before), matched (a record that
we had) or new. Statements are constants; `{s}` is the staging table of the kind.
"""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from crm.imports import staging
from crm.imports.kinds import Kind
from crm.imports.mapping import KindMapping
from crm.imports.staging import FAULTS, Run, execute

_REFUSE = """
    WITH out AS (
        UPDATE {s} AS s SET state = 'refused' {source}
        WHERE s.state IS NULL AND ({condition})
        RETURNING s.file, s.line, ({value})::text AS value
    )
    INSERT INTO {faults} (kind, file, line, field, value, reason)
    SELECT %(kind)s, file, line, %(column)s, coalesce(left(value, 200), ''),
           replace(%(reason)s, '{{value}}', coalesce(left(value, 200), ''))
    FROM out
"""
_KEY_BY_NAME = "UPDATE {s} SET external_id = lower(name)"
_KEY_BY_ID = "UPDATE {s} SET external_id = id"
# Two rows that say the same may be two records: the second is told from the first by its number.
_KEY_BY_ROW = """
    UPDATE {s} AS s SET external_id = 'row ' || s.digest || ' ' || same.place
    FROM (
        SELECT no, row_number() OVER (PARTITION BY digest ORDER BY file, line) AS place FROM {s}
    ) AS same
    WHERE same.no = s.no
"""
_KEY_BY_REPEAT = """
    UPDATE {s} AS s SET external_id = 'row ' || s.digest || ' ' || coalesce(again.place, 1)
    FROM {s} AS r LEFT JOIN unnest(%(lines)s::int[], %(places)s::int[]) AS again (line, place)
      ON again.line = r.line
    WHERE r.no = s.no
"""
_AGAIN = """
    FROM (
        SELECT no, row_number() OVER w AS place, first_value(file || ', ' || line) OVER w AS first
        FROM {s} WINDOW w AS (PARTITION BY external_id ORDER BY file, line)
    ) AS same
"""
_OF_LEDGER = "l.system = %(system)s AND l.kind = %(of)s AND l.external_id = {key}"
_KNOWN = """
    UPDATE {s} AS s SET state = 'known', record_id = l.record_id FROM crm_importedrow AS l
    WHERE s.state IS NULL AND {of_ledger}
"""
_NUMBER = """
    UPDATE {s} SET state = 'new', record_id = nextval(pg_get_serial_sequence(%(table)s, 'id'))
    WHERE state IS NULL
"""
_ENTER = """
    INSERT INTO crm_importedrow (system, kind, external_id, digest, record_id, created, batch_id)
    SELECT %(system)s, %(of)s, external_id, digest, record_id, state = 'new', %(batch)s
    FROM {s} WHERE state IN ('new', 'matched')
"""
_RESOLVE_BY_ID = """
    UPDATE {s} AS s SET {into} = l.record_id FROM crm_importedrow AS l
    WHERE s.state IS NULL AND s.{into} IS NULL AND {of_ledger}
"""
# -1 says that several records have that name.
_RESOLVE_BY_NAME = """
    UPDATE {s} AS s SET {into} = found.id
    FROM (
        SELECT wanted.key, CASE WHEN count(*) = 1 THEN min(t.id) ELSE -1 END AS id
        FROM (
            SELECT DISTINCT lower({column}) AS key FROM {s} WHERE {into} IS NULL AND state IS NULL
        ) AS wanted JOIN {table} AS t ON lower(t.name) = wanted.key
        GROUP BY wanted.key
    ) AS found
    WHERE s.state IS NULL AND s.{into} IS NULL AND lower(s.{column}) = found.key
"""


@dataclass(frozen=True, kw_only=True)
class Judge:
    mapped: KindMapping
    run: Run

    @property
    def kind(self) -> Kind:
        return self.mapped.kind

    @property
    def table(self) -> str:
        return staging.table_of(self.kind)

    @property
    def arguments(self) -> dict[str, Any]:
        return {**self.run.arguments, "of": self.kind.name}

    def execute(self, statement: str, **names: str) -> int:
        return execute(statement, self.arguments, s=self.table, **names)

    def refuse(
        self, condition: str, reason: str, *, field: str = "", value: str = "", source: str = ""
    ) -> int:
        """Refuse the undecided rows that meet `condition`; how many. `reason` may say “{value}”,
        which is by default the text of `field`."""
        arguments = {
            **self.arguments,
            "kind": self.kind.name,
            "column": (self.mapped.columns.get(field) or (field,))[0],
            "reason": reason,
        }
        return execute(
            _REFUSE,
            arguments,
            s=self.table,
            faults=FAULTS,
            condition=condition.format(s=self.table),
            source=source.format(s=self.table),
            value=value or (f"s.{field}" if field else "NULL"),
        )

    def identify(self) -> None:
        """Know each row by its foreign id, and leave out what came in before or comes twice."""
        if "id" in self.mapped.columns:
            self.execute(_KEY_BY_ID)
            self.refuse("s.id IS NULL", _("The row has no id."), field="id")
        elif self.kind.named:
            self.execute(_KEY_BY_NAME)
        elif self.run.repeats is None:
            self.execute(_KEY_BY_ROW)
        else:
            lines, places = list(self.run.repeats), list(self.run.repeats.values())
            execute(_KEY_BY_REPEAT, {"lines": lines, "places": places}, s=self.table)
        self.refuse(
            "same.no = s.no AND same.place > 1",
            _("The same record stands above already: {value}."),
            field="id" if "id" in self.mapped.columns else "name",
            value="same.first",
            source=_AGAIN,
        )
        of_ledger = _OF_LEDGER.format(key="s.external_id")
        # By a piece of the same file, which may have had the same row above.
        self.refuse(
            f"{of_ledger} AND l.batch_id = %(batch)s",
            _("The same record stands above already: {value}."),
            field="id" if "id" in self.mapped.columns else "name",
            value="s.external_id",
            source="FROM crm_importedrow AS l",
        )
        self.refuse(
            f"{of_ledger} AND l.digest <> s.digest",
            _(
                "The row came in before and says something else now. "
                "The record was left as it is: change it on its page."
            ),
            source="FROM crm_importedrow AS l",
        )
        self.execute(_KNOWN, of_ledger=of_ledger)

    def resolve(
        self,
        column: str,
        into: str,
        *,
        of: Kind | None,
        model: type[models.Model],
        missing: str | None,
    ) -> None:
        """Find the records that `column` names, by foreign id or by a name that only one has.

        `of` is the kind that foreign ids belong to, None where there are none. `missing` is why a
        row is refused whose name is not on record; None leaves it undecided.
        """
        if column not in self.mapped.columns:
            return
        if of is not None:
            for key in (f"s.{column}", f"lower(s.{column})"):
                execute(
                    _RESOLVE_BY_ID,
                    {**self.arguments, "of": of.name},
                    s=self.table,
                    into=into,
                    of_ledger=_OF_LEDGER.format(key=key),
                )
        self.execute(_RESOLVE_BY_NAME, into=into, column=column, table=model._meta.db_table)
        self.refuse(f"s.{into} = -1", _("Several have the name “{value}”."), field=column)
        if missing is not None:
            self.refuse(f"s.{into} IS NULL AND s.{column} IS NOT NULL", missing, field=column)

    def number(self, model: type[models.Model]) -> None:
        """What is still undecided is new: give it ids, and remember where every record is from."""
        execute(_NUMBER, {"table": model._meta.db_table}, s=self.table)
        self.execute(_ENTER)

    def counts(self) -> dict[str, int]:
        rows = staging.select(
            "SELECT state, count(*) FROM {s} WHERE state <> 'refused' GROUP BY 1", s=self.table
        )
        refused = staging.select(
            "SELECT count(*) FROM {faults} WHERE kind = %s", [self.kind.name], faults=FAULTS
        )
        return {"new": 0, "matched": 0, "known": 0, **dict(rows), "refused": refused[0][0]}
