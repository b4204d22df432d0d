from reports.models.day_note import DayNote
from reports.models.form_time import FormKind, FormTime
from reports.models.saved_report import (
    MOST_QUERY,
    ReportPin,
    ReportSubscription,
    SavedReport,
    WhyEnded,
)

__all__ = [
    "MOST_QUERY",
    "DayNote",
    "FormKind",
    "FormTime",
    "ReportPin",
    "ReportSubscription",
    "SavedReport",
    "WhyEnded",
]
