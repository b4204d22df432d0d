"""What figures of the published sample must be, computed from its files alone.

`expected(axis, measure)` gives the figure of each part of the axis: of everybody ("all"), by the
quarter or month of closing ("2017-Q2", "2017-06"), by that in which the conversation began
("engaged_quarter", "engaged_month"), by regional office, manager, agent, product or account, or by
the number of the stage in which a deal stands. A deal that has no place on an axis, such as an open
one on that of closing, is left out. Nothing here knows a table or a query of the product.
"""

import csv
import datetime as dt
import statistics
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.utils.functional import cached_property

from tests.published_sample import SAMPLE

# The sample tells days; they count as noon where its organisation is.
ZONE = zoneinfo.ZoneInfo("America/New_York")
_STAGES = {"Prospecting": 2, "Engaging": 3, "Lost": 3, "Won": 7}


@dataclass(frozen=True)
class Row:
    state: str
    agent: str
    manager: str
    office: str
    product: str
    account: str
    engaged_on: dt.date | None
    closed_on: dt.date | None
    value: Decimal

    @cached_property
    def days(self) -> float:
        """From the conversation to the close, as time that went by."""
        assert self.engaged_on is not None
        assert self.closed_on is not None
        return (_noon(self.closed_on) - _noon(self.engaged_on)) / 86_400


def _noon(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(12), tzinfo=ZONE).timestamp()


@cache
def rows() -> tuple[Row, ...]:
    agents = {row["sales_agent"]: row for row in _read("sales_teams.csv")}
    return tuple(
        Row(
            state=row["deal_stage"],
            agent=row["sales_agent"],
            manager=agents[row["sales_agent"]]["manager"],
            office=agents[row["sales_agent"]]["regional_office"],
            product=row["product"].replace("GTXPro", "GTX Pro"),
            account=row["account"],
            engaged_on=_day(row["engage_date"]),
            closed_on=_day(row["close_date"]),
            value=Decimal(row["close_value"] or 0),
        )
        for row in _read("sales_pipeline.csv")
    )


def _read(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(newline="") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _month(day: dt.date | None) -> str | None:
    return f"{day:%Y-%m}" if day else None


def _quarter(day: dt.date | None) -> str | None:
    return f"{day.year}-Q{(day.month + 2) // 3}" if day else None


AXES: dict[str, Callable[[Row], Any]] = {
    "all": lambda row: "all",
    "month": lambda row: _month(row.closed_on),
    "quarter": lambda row: _quarter(row.closed_on),
    "engaged_month": lambda row: _month(row.engaged_on),
    "engaged_quarter": lambda row: _quarter(row.engaged_on),
    "office": lambda row: row.office,
    "manager": lambda row: row.manager,
    "agent": lambda row: row.agent,
    "product": lambda row: row.product,
    "account": lambda row: row.account or None,
    "stage": lambda row: _STAGES[row.state],
}


def _won(part: list[Row]) -> list[Row]:
    return [row for row in part if row.state == "Won"]


def _lost(part: list[Row]) -> list[Row]:
    return [row for row in part if row.state == "Lost"]


def _open(part: list[Row]) -> list[Row]:
    return [row for row in part if row.closed_on is None]


def _closed(part: list[Row]) -> list[Row]:
    return [row for row in part if row.closed_on is not None]


def _of(
    summary: Callable[[list[Any]], Any], pick: Callable[[Row], Any]
) -> Callable[[list[Row]], Any]:
    return lambda chosen: summary([pick(row) for row in chosen]) if chosen else None


_average_days, _median_days = (
    _of(summary, lambda row: row.days) for summary in (statistics.fmean, statistics.median)
)
_average_value, _median_value = (
    _of(summary, lambda row: row.value) for summary in (statistics.mean, statistics.median)
)

MEASURES: dict[str, Callable[[list[Row]], Any]] = {
    "deals": len,
    "open": lambda part: len(_open(part)),
    "won": lambda part: len(_won(part)),
    "lost": lambda part: len(_lost(part)),
    "closed": lambda part: len(_closed(part)),
    # Those whose conversation is dated entered qualification on that day.
    "entered_qualification": lambda part: sum(row.engaged_on is not None for row in part),
    # Part and whole, so that nothing is lost by rounding.
    "closed_win_rate": lambda part: (len(_won(part)), len(_closed(part))),
    "created_win_rate": lambda part: (len(_won(part)), len(part)),
    "won_value": lambda part: sum((row.value for row in _won(part)), Decimal(0)),
    "average_won_value": lambda part: _average_value(_won(part)),
    "median_won_value": lambda part: _median_value(_won(part)),
    # Days; None where nothing was closed so.
    "average_cycle": lambda part: _average_days(_won(part)),
    "median_cycle": lambda part: _median_days(_won(part)),
    "median_lost_cycle": lambda part: _median_days(_lost(part)),
    # Stays in qualification that ended, either way.
    "median_days_in_qualification": lambda part: _median_days(_closed(part)),
}


def expected(axis: str, measure: str) -> dict[Any, Any]:
    """The figure `measure` (a key of MEASURES) of each part of `axis` (a key of AXES)."""
    return {key: MEASURES[measure](part) for key, part in _parts(axis).items()}


@cache
def _parts(axis: str) -> dict[Any, list[Row]]:
    parts: dict[Any, list[Row]] = {}
    for row in rows():
        if (key := AXES[axis](row)) is not None:
            parts.setdefault(key, []).append(row)
    return parts
