"""What open deals warn of, whether something is next, and how true warnings were (METRICS K14 to K16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import NEXT_STATE, WARNING
from reports.figures import Figure
from reports.metric import Metric
from reports.metrics import attention
from reports.presenters.forest import rate_dot, table_of
from reports.presenters.panels import (
    Bar,
    Bars,
    Dots,
    LegendKey,
    PanelChoice,
    ReportPanel,
    ScaleMark,
    Segment,
    Table,
    TableHead,
    TableRow,
    at_percent,
)
from reports.presenters.report import Report, is_beyond_chance, of_words, unless_too_few
from salesprocess.lib.format import join_list, number, percent

_NEXT_CSS = {"overdue": "warn", "today": "won", "ahead": "accent", "nothing": "still"}


def next_panel(report: Report) -> ReportPanel:
    """One bar: what is overdue, due today, planned for later, and without anything planned."""
    question = report.question
    metric = attention.next_planned
    found = metric.measure(question, NEXT_STATE)
    whole = metric.whole(question)
    names = NEXT_STATE.named(question, found)
    start, parts = 0.0, []
    for state, name in names.items():
        n = found[state].n if state in found else 0
        width = at_percent(n, whole.n)
        parts.append(
            Segment(
                css=f"fill-{_NEXT_CSS[state]}",
                start=start,
                width=width,
                title=f"{name}: {number(n)}",
                href=report.rows(found[state]) if n else "",
            )
        )
        start += width
    return ReportPanel(
        key="next",
        title=_("Is something next?"),
        template="reports/panels/bars.html",
        drawing=Bars(
            rows=[
                Bar(
                    label=_("Open deals"),
                    segments=parts,
                    text=report.text(whole) if whole.n else "–",
                    note=of_words(whole),
                    href=report.rows(whole) if whole.n else "",
                )
            ]
        ),
        table=Table(
            heads=[TableHead(text=_("What’s next"), numeric=False), TableHead(text=_("Deals"))],
            rows=[
                TableRow(name=name, cells=[report.n_cell(_at(metric, report, found, state))])
                for state, name in names.items()
            ],
        ),
        legend=[
            LegendKey(css=f"key-{_NEXT_CSS[state]}", text=name) for state, name in names.items()
        ],
        definition=metric.definition,
        n=whole.n,
        empty="" if whole.n else _("No deal is open."),
    )


def _at(metric: Metric, report: Report, found: Mapping[str, Figure], value: str) -> Figure:
    return found.get(value) or metric.of_nothing(report.question, NEXT_STATE, value)


def warnings_panel(report: Report) -> ReportPanel:
    """What warns now; or, of the deals that were open when the period began, how true it was."""
    chosen, switch = report.chosen(
        "warnings", {"now": gettext_lazy("Now"), "true": gettext_lazy("How true they were")}
    )
    return _how_true(report, switch) if chosen == "true" else _now(report, switch)


def _now(report: Report, switch: Sequence[PanelChoice]) -> ReportPanel:
    question = report.question
    metric = attention.warned
    found = metric.measure(question, WARNING)
    whole = metric.whole(question)
    names = WARNING.named(question, WARNING.every)
    most = max((figure.part or 0 for figure in found.values()), default=0)
    return ReportPanel(
        key="warnings",
        title=_("What warns"),
        template="reports/panels/bars.html",
        drawing=Bars(
            rows=[
                Bar(
                    label=name,
                    segments=[
                        Segment(
                            css="fill-accent",
                            start=0,
                            width=at_percent(found[key].part or 0, most),
                            title=of_words(found[key]),
                            href=report.rows(found[key], part=True),
                        )
                    ]
                    if found[key].part
                    else [],
                    text=number(found[key].part or 0),
                    href=report.rows(found[key], part=True) if found[key].part else "",
                )
                for key, name in names.items()
            ]
        ),
        table=Table(
            heads=[TableHead(text=WARNING.label, numeric=False), TableHead(text=_("Open deals"))],
            rows=[
                TableRow(name=name, cells=[report.cell(found[key], part=bool(found[key].part))])
                for key, name in names.items()
            ],
        ),
        definition=metric.definition,
        n=whole.n,
        switch=switch,
        note=_("Some warning: %(part)s. A deal may warn of several things.")
        % {"part": of_words(whole)},
        empty="" if whole.n else _("No deal is open."),
        wide=True,
    )


def _how_true(report: Report, switch: Sequence[PanelChoice]) -> ReportPanel:
    """Stopped of what had warned of it, beside what had not: a warning that parts nothing is none."""
    question = report.question
    metric, other = attention.stopped_after_warning, attention.stopped_without_warning
    after, without = (each.measure(question, WARNING) for each in (metric, other))
    names = WARNING.named(question, WARNING.every)
    rows = [
        rate_dot(report, name, after[key], without[key], 100, [report.cell(without[key])])
        for key, name in names.items()
        if after[key].n or without[key].n
    ]
    told = [name for key, name in names.items() if is_beyond_chance(after[key], without[key])]
    chart = Dots(
        rows=rows,
        scale=[ScaleMark(at=at, text=percent(at / 100)) for at in (0, 25, 50, 75, 100)],
        heads=[
            TableHead(text=WARNING.label, numeric=False),
            TableHead(text=_("Stopped without it")),
            TableHead(text=_("Stopped with it")),
        ],
    )
    return ReportPanel(
        key="warnings",
        title=_("How true warnings were"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        definition=metric.definition,
        n=sum(after[key].n + without[key].n for key in list(names)[:1]),
        switch=switch,
        say=_("Beyond chance it was true of *%(names)s*.") % {"names": join_list(told)}
        if told
        else unless_too_few(
            _("No warning parted what was stopped from the rest beyond chance."),
            (min(after[key].n, without[key].n) for key in names),
            groups=1,
        ),
        legend=[
            LegendKey(css="key-now", text=_("with the warning")),
            LegendKey(css="key-ring", text=_("without it")),
        ],
        empty=""
        if rows
        else _("No deal that was open before the period was closed in it: take a longer one."),
        wide=True,
    )
