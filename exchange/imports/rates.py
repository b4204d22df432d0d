"""Imports exchange rates: what one unit of a foreign currency is worth, from a day on."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.commands import rate as commands
from crm.models import Rate
from exchange.imports.judging import Judge
from exchange.imports.staging import execute, select
from pipeline.models import Batch, User
from salesprocess.lib.refused import Refused

_KEY = "UPDATE {s} SET external_id = upper(currency) || ' ' || day WHERE state IS NULL"
_WORTH = "UPDATE {s} SET value = round(1 / units, 8) WHERE value IS NULL AND units IS NOT NULL"
_ON_RECORD = """
    UPDATE {s} AS s SET state = 'matched', record_id = r.id FROM crm_rate AS r
    WHERE s.state IS NULL AND r.currency = upper(s.currency) AND r."on" = s.day
      AND r.value = s.value
"""
_OPEN = "SELECT no, upper(currency), day, value FROM {s} WHERE state IS NULL ORDER BY no"
_DECIDE = """
    UPDATE {s} AS s SET state = 'new', record_id = made.id
    FROM unnest(%(rows)s::bigint[], %(ids)s::bigint[]) AS made (no, id) WHERE s.no = made.no
"""
_FORGET = "DELETE FROM crm_importedrow WHERE kind = 'rates' AND batch_id = %(batch)s"


def import_rates(judge: Judge) -> None:
    """Judge and write the staged rates, by the command of the page; a rate of a day that is on record
    stays."""
    judge.execute(_WORTH)
    judge.refuse("s.value IS NULL OR s.value <= 0", _("No rate is named."), field="value")
    judge.identify(key=_KEY, field="currency")
    judge.execute(_ON_RECORD)
    judge.refuse(
        'r.currency = upper(s.currency) AND r."on" = s.day',
        _("There is another rate of that day: change it under Settings."),
        field="value",
        value="s.value",
        source="FROM crm_rate AS r",
    )
    rows: list[int] = []
    ids: list[int] = []
    for no, currency, on, value in select(_OPEN, s=judge.table):
        try:
            ids.append(_write(judge, currency, on, value))
        except (Refused, ValidationError) as error:
            words = error.message if isinstance(error, Refused) else " ".join(error.messages)
            judge.refuse("s.no = %(no)s", words, field="currency", no=no)
        else:
            rows.append(no)
    execute(_DECIDE, {"rows": rows, "ids": ids}, s=judge.table)
    judge.enter()


def _write(judge: Judge, currency: str, on: dt.date, value: Decimal) -> int:
    batch = judge.run.batch
    made = commands.set_rate(currency=currency, on=on, value=value, by=batch.by, at=batch.at)
    # As it was entered, which tells what was changed since.
    batch.summary.setdefault("rates", {})[str(made.pk)] = str(value)
    return int(made.pk)


def take_back(
    batch: Batch, *, by: User | None, at: dt.datetime
) -> tuple[int, list[tuple[Rate, bool]]]:
    """Remove the rates that a batch has entered; how many, and which stay, each with whether it was
    changed since: the others are those that sums are counted by."""
    gone = 0
    left: list[tuple[Rate, bool]] = []
    for pk, value in batch.summary.get("rates", {}).items():
        rate = Rate.objects.filter(pk=pk).first()
        if rate is None:
            continue
        if rate.value != Decimal(value):
            left.append((rate, True))
            continue
        try:
            commands.remove_rate(rate, by=by, at=at)
            gone += 1
        except Refused:
            left.append((rate, False))
    execute(_FORGET, {"batch": batch.pk})
    return gone, left
