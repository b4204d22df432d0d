from reports.forms.question import (
    FIRST_DAY,
    CompareWith,
    IdField,
    QuestionForm,
    Since,
    Span,
    span_of,
)

__all__ = ["FIRST_DAY", "CompareWith", "IdField", "QuestionForm", "Since", "Span", "span_of"]
