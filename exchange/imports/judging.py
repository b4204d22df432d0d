"""What is asked of staged rows of every kind, for all rows at once.

A row's `state` is null until it is decided: refused (unread, if a cell of it could not be read), known (came in before, as the ledger says to who
imports), changed (came in before, and changes the record now), matched (a record that we had) or new. Statements are constants; `{s}` is the staging table of the kind.

Records on file are mostly looked up by an index from each row or word, in subqueries that the
planner cannot turn into joins: of tables that this very transaction is filling it knows nothing
true, and would compare every pair. `GROUP BY` in them keeps it from looking for the least id by
walking through all ids. What it knows at the beginning is seen to by `staging.inform_planner`.
"""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from exchange.imports import ledger, staging
from exchange.imports.kinds import ANSWERS, CONTACTS, RecordKind
from exchange.imports.mapping import KindMapping
from exchange.imports.staging import FAULTS, ImportRun, execute
from exchange.imports.updatable import FIELDS, said_of

_REFUSE = """
    WITH out AS (
        UPDATE {s} AS s SET state = coalesce(s.state, 'refused') {source}
        WHERE {open} AND ({condition})
        RETURNING s.file, s.line, ({value})::text AS value
    )
    INSERT INTO {faults} (kind, file, line, field, value, reason)
    SELECT %(kind)s, file, line, %(column)s, coalesce(left(value, 200), ''),
           replace(%(reason)s, '{{value}}', coalesce(left(value, 200), ''))
    FROM out
"""
_REMARK = """
    INSERT INTO {faults} (kind, file, line, field, value, reason, comes_in)
    SELECT %(kind)s, s.file, s.line, %(column)s, coalesce(left(({value})::text, 200), ''), %(reason)s, true
    FROM {s} AS s WHERE {condition}
"""
# What keeps a row out by itself is told of rows, too, that stay out for something else.
UNDECIDED = "s.state IS NULL"
NOT_IN = "(s.state IS NULL OR s.state IN ('refused', 'unread'))"
_KEY_BY_NAME = "UPDATE {s} SET external_id = lower(name)"
# Two rows that say the same may be two records: the second is told from the first by its number.
_KEY_BY_ROW = """
    UPDATE {s} AS s SET external_id = 'row ' || s.digest || ' ' || same.place
    FROM (
        SELECT no, row_number() OVER (PARTITION BY digest ORDER BY file, line) AS place
        FROM {s} WHERE state IS DISTINCT FROM 'unread'
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
        SELECT no, row_number() OVER w AS place,
            first_value({place_of}) OVER w AS first
        FROM {s} WHERE state IS DISTINCT FROM 'unread' WINDOW w AS (PARTITION BY external_id ORDER BY file, line)
    ) AS same
"""
_KNOWN = """
    UPDATE {s} SET state = 'known', record_id = before_id
    WHERE state IS NULL AND before_id IS NOT NULL
"""
# Looked at when all others are decided (exchange.imports.updates).
_DIFFERS = """
    UPDATE {s} SET state = 'differs'
    WHERE state IS NULL AND before_id IS NOT NULL AND before_digest <> digest
"""
# The name of the sequence is looked up once, not for each row.
NEXT = "nextval((SELECT pg_get_serial_sequence('{table}', 'id'))::regclass)"
_NUMBER = """
    UPDATE {s} SET state = 'new', record_id = {next} WHERE state IS NULL
"""
# Letters are folded as everywhere; who is called so to the letter goes before the others. -1 says
# that several records have that name.
THE_ONE = """
    CASE WHEN count(*) FILTER (WHERE lower({row}.name) = lower({typed})) = 1
         THEN min({row}.id) FILTER (WHERE lower({row}.name) = lower({typed}))
         WHEN count(*) > 1 THEN -1 ELSE min({row}.id) END
"""
_BY_NAME = """(
    SELECT {the_one} FROM {table} AS t WHERE seven_fold(t.name) = seven_fold(wanted.typed)
)"""
_RESOLVE = """
    UPDATE {s} AS s SET {into} = found.id
    FROM (
        SELECT wanted.typed, coalesce({by_id}{by_name}) AS id
        FROM (
            SELECT DISTINCT {column} AS typed FROM {s} AS s
            WHERE {open} AND {into} IS NULL AND {column} IS NOT NULL
        ) AS wanted
    ) AS found
    WHERE {open} AND s.{into} IS NULL AND s.{column} = found.typed
      AND found.id IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Judge:
    mapped: KindMapping
    run: ImportRun

    @property
    def kind(self) -> RecordKind:
        return self.mapped.kind

    @property
    def table(self) -> str:
        return staging.table_of(self.kind)

    @property
    def arguments(self) -> dict[str, Any]:
        # What a row without a currency is in.
        currency = self.mapped.currency or self.run.root.currency
        return {**self.run.arguments, "of": self.kind.name, "currency": currency}

    def execute(self, statement: str, **names: str) -> int:
        return execute(statement, self.arguments, s=self.table, **names)

    def refuse(
        self,
        condition: str,
        reason: str,
        *,
        field: str = "",
        value: str = "",
        source: str = "",
        among: str = UNDECIDED,
        heading: str = "",
        **more: Any,
    ) -> int:
        """Refuse the rows `among` the undecided that meet `condition`; returns how many. Among those that
        are NOT_IN each is told all of its faults.

        `reason` may contain “{value}”, which is by default the text of `field`; `more` are arguments
        of the condition. `heading` is the column that is at fault, by default the first of `field`.
        """
        arguments = {
            **self.arguments,
            **more,
            "kind": self.kind.name,
            "column": heading or (self.mapped.columns.get(field) or ("",))[0],
            "reason": reason,
        }
        return execute(
            _REFUSE,
            arguments,
            s=self.table,
            faults=FAULTS,
            open=among,
            condition=condition.format(s=self.table),
            source=source.format(s=self.table),
            value=value or (f"s.{field}" if field else "NULL"),
        )

    def identify(self, *, key: str = "", field: str = "name") -> None:
        """Identify each row by its foreign id, and leave out rows imported before or repeated. `key` is
        the statement that identifies rows of a kind by what is in `field`."""
        if key:
            self.execute(key)
        elif "id" in self.mapped.columns:
            self.refuse("s.id IS NULL", _("The row has no id."), field="id")
        elif self.kind.named:
            self.execute(_KEY_BY_NAME)
        elif self.run.repeats is None:
            self.execute(_KEY_BY_ROW)
        else:
            lines, places = list(self.run.repeats), list(self.run.repeats.values())
            execute(_KEY_BY_REPEAT, {"lines": lines, "places": places}, s=self.table)
        # The name that an upload is stored by is ours, and says nothing to anybody.
        place_of = "file || ', ' || line" if self.run.reach is None else "line::text"
        self.refuse(
            "same.no = s.no AND same.place > 1",
            _("The same record stands above already: {value}."),
            field="id" if "id" in self.mapped.columns else field,
            value="same.first",
            source=_AGAIN.format(s="{s}", place_of=place_of),
        )
        if not self.execute(ledger.came_before(self.kind)):
            return
        # By a piece of the same file, which may have had the same row above.
        self.refuse(
            "s.before_batch = %(batch)s",
            _("The same record stands above already: {value}."),
            field="id" if "id" in self.mapped.columns else field,
            value="s.external_id",
        )
        if self.kind.name in FIELDS or self.kind is ANSWERS:
            self.execute(_DIFFERS)
        else:
            self.refuse(
                "s.before_digest <> s.digest",
                _(
                    "The row came in before and says something else now. "
                    "The record was left as it is: change it on its page."
                ),
            )
        self.execute(_KNOWN)

    def resolve(
        self,
        column: str,
        into: str,
        *,
        of: RecordKind | None,
        model: type[models.Model],
        missing: str | None,
        by_name: bool = True,
    ) -> None:
        """Find the records that `column` names, by foreign id or by a name that only one has (not
        without `by_name`).

        `of` is the kind that foreign ids belong to, None where there are none. `missing` is why a
        row is refused whose name is not on record; None leaves it undecided.
        """
        if column not in self.mapped.columns:
            return
        keys = ("wanted.typed", "lower(wanted.typed)") if of else ()
        execute(
            _RESOLVE,
            self.arguments,
            s=self.table,
            open=NOT_IN,
            into=into,
            column=column,
            by_id="".join(f"{ledger.record_of(of, key)}, " for key in keys if of),
            by_name=_BY_NAME.format(
                table=model._meta.db_table,
                the_one=THE_ONE.format(row="t", typed="wanted.typed"),
            )
            if by_name
            else "NULL",
        )
        several = _("Several have the name “{value}”.")
        self.refuse(f"s.{into} = -1", several, field=column, among=NOT_IN)
        if missing is not None:
            nowhere = f"s.{into} IS NULL AND s.{column} IS NOT NULL"
            self.refuse(nowhere, missing, field=column, among=NOT_IN)

    def number(self, model: type[models.Model]) -> None:
        """Undecided rows are new: give them ids, and remember the source of each record."""
        self.execute(_NUMBER, next=NEXT.format(table=model._meta.db_table))
        self.enter()

    def enter(self) -> None:
        """Remember of decided rows which record each became."""
        # The planner has seen no row of this state.
        self.execute("ANALYZE {s} (no, state)")
        self.execute(ledger.ENTER, said="'{}'::jsonb" if self.run.is_trial else self._said())

    def _said(self) -> str:
        """The expression for what the next file is compared with; a check has none after it."""
        said = said_of(self.mapped)
        if self.kind is CONTACTS:
            # Of a row that named no company that is known, too.
            said = f"jsonb_build_object('company_typed', '') || {said}"
        return said

    def remark(
        self,
        condition: str,
        reason: str,
        *,
        field: str = "",
        value: str = "NULL",
        **more: Any,
    ) -> None:
        """Say something of rows that come in, or that are known, by a condition on `s`; `more` are its
        arguments."""
        arguments = {
            **self.arguments,
            **more,
            "kind": self.kind.name,
            "column": (self.mapped.columns.get(field) or ("",))[0],
            "reason": reason,
        }
        execute(_REMARK, arguments, s=self.table, faults=FAULTS, condition=condition, value=value)

    def counts(self) -> dict[str, int]:
        rows = staging.select(
            "SELECT state, count(*) FROM {s} WHERE state NOT IN ('refused', 'unread') GROUP BY 1",
            s=self.table,
        )
        refused = staging.select(
            "SELECT count(DISTINCT (file, line)) FROM {faults} WHERE kind = %s AND NOT comes_in",
            [self.kind.name],
            faults=FAULTS,
        )
        none = {"new": 0, "matched": 0, "changed": 0, "known": 0}
        return {**none, **dict(rows), "refused": refused[0][0]}
