"""What the style of somebody who sells makes of the day. Pure.

METHOD, "Legitimate styles", CHECKLIST E15 to E17: who looks after accounts works through customers, who
opens new business through leads and prospects, and who does both has to scratch time together for the
latter. So each has the work lists that are worked through, as many customers in the queue as fit between
the rest, other hours that are proposed to be kept free for prospecting, and another tab of the customers
to begin with. How often a customer is proposed to be touched is in `crm.touch_rhythm`. What urges more
is decided by `crm.attention` for all alike.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pipeline.models import SellingStyle
from salesprocess.lib.working_hours import WorkingHours


class WorkList(StrEnum):
    """A list that is worked through from top to bottom."""

    LEADS = "leads"
    PROSPECTING = "prospecting"
    TOUCH_DUE = "touch_due"
    DORMANT = "dormant"
    NO_PLAN = "no_plan"


@dataclass(frozen=True, kw_only=True)
class DayStyle:
    """`touches` is how many customers without a touch the queue holds at most, `kept_free` the
    minutes that are proposed to be kept free on each of `free_days`, as places among the working
    days of a week."""

    touches: int
    lists: tuple[WorkList, ...]
    begins_with_due: bool = False
    kept_free: int = 0
    free_days: tuple[int, ...] = ()


_STYLES: Mapping[SellingStyle, DayStyle] = {
    SellingStyle.ACCOUNT_MANAGEMENT: DayStyle(
        touches=8,
        lists=(WorkList.TOUCH_DUE, WorkList.DORMANT, WorkList.NO_PLAN),
        begins_with_due=True,
    ),
    SellingStyle.MIXED: DayStyle(
        touches=5,
        lists=(WorkList.LEADS, WorkList.PROSPECTING, WorkList.TOUCH_DUE),
        kept_free=120,
        free_days=(1, 3),
    ),
    SellingStyle.NEW_BUSINESS: DayStyle(
        touches=3,
        lists=(WorkList.LEADS, WorkList.PROSPECTING),
        kept_free=60,
        free_days=(0, 1, 2, 3, 4),
    ),
}


def day_style(style: str) -> DayStyle:
    return _STYLES[SellingStyle(style)]


class FreeHours(NamedTuple):
    """Hours of a weekday, Monday being 1."""

    weekday: int
    starts: dt.time
    ends: dt.time


def proposed_hours(style: str, hours: WorkingHours) -> list[FreeHours]:
    """What is proposed to be kept free for prospecting: at the beginning of the working day, before
    anything else comes (METHOD, stage 2: it is what is dropped when one is busy)."""
    own, days = day_style(style), sorted(hours.days)
    ends = min(hours.opens + own.kept_free, hours.closes)
    starts, until = (dt.time(*divmod(minutes, 60)) for minutes in (hours.opens, ends))
    return [FreeHours(days[n], starts, until) for n in own.free_days if n < len(days)]
