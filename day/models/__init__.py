from day.models.day_order import DayOrder
from day.models.outside_time import OutsideKind, OutsideTime
from day.models.protected_time import ProtectedTime
from day.models.snooze import NotToday, Snooze

__all__ = ["DayOrder", "NotToday", "OutsideKind", "OutsideTime", "ProtectedTime", "Snooze"]
