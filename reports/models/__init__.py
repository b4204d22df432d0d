from reports.models.day_note import DayNote
from reports.models.page_look import LookedAt, PageLook

__all__ = ["DayNote", "LookedAt", "PageLook"]
