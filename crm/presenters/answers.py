"""How the answer to a step is read, beside the step and in the timeline."""

import datetime as dt
from decimal import Decimal

from crm.presenters.viewer import Viewer
from pipeline.process.framework import translated_text
from pipeline.process.playbook import AnswerKind
from salesprocess.lib.format import money


def answer_words(viewer: Viewer, value: str, answer: str) -> str:
    """In the reader's language; as it stands where the step was of another type then."""
    try:
        if answer == AnswerKind.MONEY:
            return money(Decimal(value), viewer.currency)
        if answer == AnswerKind.DATE:
            return viewer.date(dt.date.fromisoformat(value))
        if answer == AnswerKind.CHOICE:
            return translated_text(value)
    except (ValueError, ArithmeticError):
        return value
    return value
