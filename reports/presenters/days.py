"""Days, as boxes about time write them and draw their scale."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from reports.figures import Unit
from reports.presenters.panels import ScaleMark, at_percent, scale_to
from reports.presenters.report import value_text


def days_words(value: Any) -> str:
    """A length in days; None is what has not come to that yet."""
    return value_text(value, Unit.DAYS) if value is not None else _("not yet")


def days_scale(values: Sequence[Any]) -> tuple[float, list[ScaleMark]]:
    """The end of a scale of days for these values, with its marks."""
    end, ticks = scale_to(max((float(value) for value in values if value is not None), default=0))
    return end, [ScaleMark(at=at_percent(tick, end), text=days_words(tick)) for tick in ticks]
