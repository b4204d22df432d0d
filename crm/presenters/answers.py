"""How the answer to a step is read, beside the step and in the timeline."""

import datetime as dt
from decimal import Decimal

from crm.presenters.viewer import Viewer
from pipeline.process.framework import translated_text
from pipeline.process.playbook import AnswerKind
from salesprocess.lib.format import money


def answer_words(viewer: Viewer, value: str, answer: AnswerKind) -> str:
    """In the reader's language; as it stands where the step was of another type then."""
    try:
        match answer:
            case AnswerKind.MONEY:
                return money(Decimal(value), viewer.currency)
            case AnswerKind.DATE:
                return viewer.date(dt.date.fromisoformat(value))
            case AnswerKind.CHOICE:
                return translated_text(value)
            case AnswerKind.TEXT | AnswerKind.NUMBER | AnswerKind.CONTACT:
                return value
    except (ValueError, ArithmeticError):
        return value
