"""How long one types in forms: for oneself alone, beside the middle of several people."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.colleagues import colleagues
from reports.figures import LEAST_PEOPLE, Definition, Goal
from reports.presenters.multiples import FactLine
from reports.presenters.panels import ReportPanel, Table, TableCell, TableHead, TableRow
from reports.presenters.report import Report
from reports.queries.form_times import TypedTime, times_in_forms
from salesprocess.lib.format import number

_DEFINITION = Definition(
    key="K22",
    goal=Goal.USEFUL,
    name=gettext_lazy("Time in forms"),
    text=gettext_lazy(
        "From the first key in a form to its sending, counted by the browser; pauses of more than two "
        "minutes are left out. Kept are the seconds of a day, never a single form or an hour."
    ),
    basis=gettext_lazy("by the day on which the form was sent; who sent it"),
    covers=gettext_lazy("forms sent from browsers with scripts, of people who let it be counted"),
)


class FormTimesBox(NamedTuple):
    """`may_forget`: there is something of one's own that can be deleted."""

    rows: list[FactLine]
    may_forget: bool
    last: str = ""


def form_times_panel(report: Report) -> ReportPanel:
    """Nobody else's is ever on it: who asks about another person sees the own times as well."""
    question = report.question
    reader = question.reader
    found = times_in_forms(reader, [each.id for each in colleagues(question)], question.period)
    own, usual = found.own, found.usual
    rows = [_own_line(reader.form_times, own)]
    rows += [
        FactLine(name=str(each.kind.label), text=_minutes(each.seconds), note=_each(each))
        for each in own
    ]
    rows.append(
        FactLine(
            name=_("The middle of several people"),
            text=_("not told")
            if usual is None
            else _("%(minutes)s a day") % {"minutes": _minutes(usual.seconds_a_day)},
            note=_("nothing is told of fewer than %(n)s") % {"n": number(LEAST_PEOPLE)}
            if usual is None
            else _("of %(n)s people, on days with a form") % {"n": number(usual.people)},
        )
    )
    return ReportPanel(
        key="forms",
        title=_("Time in forms"),
        template="reports/panels/form_times.html",
        drawing=FormTimesBox(rows=rows, may_forget=bool(own)),
        definition=_DEFINITION,
        note=_(
            "Your browser counts it, and only you see it: no manager, no admin, no file of others. You "
            "can switch it off in your profile, and delete what was counted."
        ),
        table=_table(own) if own else None,
        has_twin=False,
    )


def _own_line(is_counted: bool, own: Sequence[TypedTime]) -> FactLine:
    sent, seconds = sum(each.sent for each in own), sum(each.seconds for each in own)
    if not own:
        words = _("nothing yet") if is_counted else _("switched off")
        return FactLine(name=_("Your time in forms"), text=words)
    forms = ngettext("%(n)s form", "%(n)s forms", sent) % {"n": number(sent)}
    note = "" if is_counted else _("switched off by now")
    return FactLine(
        name=_("Your time in forms"),
        text=_minutes(seconds),
        note=" · ".join(filter(None, (forms, note))),
    )


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return _("%(n)s s") % {"n": number(math.ceil(seconds))}
    return _("%(n)s min") % {"n": number(round(seconds / 60))}


def _each(one: TypedTime) -> str:
    words = ngettext("%(n)s form, %(s)s", "%(n)s forms, %(s)s each", one.sent)
    return words % {"n": number(one.sent), "s": _minutes(one.seconds / one.sent)}


def _table(own: Sequence[TypedTime]) -> Table:
    return Table(
        heads=[
            TableHead(text=_("Forms"), numeric=False),
            TableHead(text=_("Sent")),
            TableHead(text=_("Seconds")),
        ],
        rows=[
            TableRow(
                name=str(each.kind.label),
                cells=[
                    TableCell(text=number(each.sent), raw=each.sent),
                    TableCell(text=number(each.seconds), raw=each.seconds),
                ],
            )
            for each in own
        ],
    )
