"""What happened on the days of a chart, as numbers on it and a list beneath."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.axis import Axis
from reports.figures import Period
from reports.presenters.panels import ScaleMark
from reports.presenters.report import Report
from reports.queries.pins import Pin, PinKind, pins
from salesprocess.lib.format import day, number

# Percent of the width below which two numbers would lie on each other.
APART = 6
# Of one number so many things are told, and the others counted.
MOST = 4


def pinned(
    report: Report, first: dt.date, last: dt.date, *, within: Period | None = None
) -> list[ScaleMark]:
    """What happened between the first and the last day of a chart, at its place in percent of the
    width; what would lie on each other has one number. One query, and one for all charts `within`
    the same period."""
    span = max((last - first).days, 1)
    found: list[tuple[float, list[str]]] = []
    found_in = (within.start_on, within.end_on) if within else (first, last)
    for pin in _pins(report, *found_in):
        if not first <= pin.on <= last:
            continue
        at = 100 * (pin.on - first).days / span
        words = pin_words(pin, report.question.today)
        if found and at - found[-1][0] < APART:
            found[-1][1].append(words)
        else:
            found.append((at, [words]))
    return [
        # Near the edges half of the number would be cut off.
        ScaleMark(at=round(min(max(at, 2.5), 97.5), 2), text=_told(texts))
        for at, texts in found
    ]


class PinnedSpans(NamedTuple):
    """Where rows are spans of time: the number of each in which something happened, and what the
    numbers stand for (None where they are none)."""

    numbers: Mapping[Any, str]
    notes: list[ScaleMark] | None


def pinned_spans(report: Report, by: Axis, values: Iterable[Any]) -> PinnedSpans:
    """What happened in each row of a chart along an axis, if that is one of time. One query then."""
    spans = [value for value in values if isinstance(value, dt.date)] if by.time else []
    if not spans:
        return PinnedSpans({}, [] if by.time else None)
    found: dict[dt.date, list[str]] = {}
    for pin in _pins(report, spans[0], report.question.period.end_on):
        span = max(first for first in spans if first <= pin.on)
        found.setdefault(span, []).append(pin_words(pin, report.question.today))
    return PinnedSpans(
        numbers={first: str(number_) for number_, first in enumerate(found, start=1)},
        notes=[ScaleMark(at=0, text=_told(texts)) for texts in found.values()],
    )


def _pins(report: Report, first: dt.date, last: dt.date) -> Sequence[Pin]:
    """Several charts of a page over the same days ask once."""
    question = report.question
    return question.once(("pins", first, last), lambda: pins(question, first, last))


def _told(texts: Sequence[str]) -> str:
    told = list(texts[:MOST])
    if more := len(texts) - len(told):
        told.append(_("and %(n)s more") % {"n": number(more)})
    return "; ".join(told)


def pin_words(pin: Pin, today: dt.date) -> str:
    """`1 Mar: price list changed (North)`."""
    names = {"name": pin.text, "n": number(pin.number)}
    match pin.kind:
        case PinKind.NOTE:
            words = f"{pin.text} ({pin.team})"
        case PinKind.VERSION:
            words = _("process %(name)s, version %(n)s") % names
        case PinKind.PRICES:
            words = ngettext("%(n)s price changed", "%(n)s prices changed", pin.number) % names
        case PinKind.JOINED:
            words = _("%(name)s joined") % names
        case PinKind.LEFT:
            words = _("%(name)s left") % names
        case PinKind.RATES:
            words = _("rates of %(name)s") % names
    return f"{day(pin.on, today)}: {words}"
