from reports.models.day_note import DayNote
from reports.models.form_time import FormKind, FormTime
from reports.models.page_look import LookedAt, PageLook

__all__ = ["DayNote", "FormKind", "FormTime", "LookedAt", "PageLook"]
