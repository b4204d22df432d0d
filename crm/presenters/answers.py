"""How the answer to a step is read, beside the step and in the timeline."""

import datetime as dt
from decimal import Decimal

from crm.presenters.cards import Reader
from pipeline.process.framework import shown
from pipeline.process.playbook import Answer
from salesprocess.lib.format import money


class AnswerPresenter(Reader):
    def typed(self, value: str, answer: str) -> str:
        """In the reader's language; as it stands where the step was of another type then."""
        try:
            if answer == Answer.MONEY:
                return money(Decimal(value), self.currency)
            if answer == Answer.DATE:
                return self._date(dt.date.fromisoformat(value))
            if answer == Answer.CHOICE:
                return shown(value)
        except (ValueError, ArithmeticError):
            return value
        return value
