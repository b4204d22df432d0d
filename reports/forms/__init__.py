from reports.forms.day_note import DayNoteForm
from reports.forms.form_time import FormTimeForm
from reports.forms.question import (
    FIRST_DAY,
    CompareWith,
    IdField,
    QuestionForm,
    Since,
    Span,
    span_label,
    span_of,
)

__all__ = [
    "FIRST_DAY",
    "CompareWith",
    "DayNoteForm",
    "FormTimeForm",
    "IdField",
    "QuestionForm",
    "Since",
    "Span",
    "span_label",
    "span_of",
]
