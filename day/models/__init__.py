from day.models.day_order import DayOrder
from day.models.protected_time import ProtectedTime
from day.models.snooze import NotToday, Snooze

__all__ = ["DayOrder", "NotToday", "ProtectedTime", "Snooze"]
