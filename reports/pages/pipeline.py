"""What became of the pipeline since a day, and who is stuck in it now."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import HAPPENED, NEXT_STATE, STAGE, WARNING
from reports.figures import Figure, FigureCell, Period
from reports.metric import WHOLE, figures, told_together
from reports.metrics import (
    attention,
    duration,
    expected,
    flow,
    movement,
    outcomes,
    promise,
)
from reports.metrics import pipeline as stock
from reports.movements import MOST_TOLD, MOVED
from reports.pages.page import ReportPage
from reports.presenters.panels import (
    Changes,
    LegendKey,
    Matrix,
    MatrixRow,
    MatrixSquare,
    PanelChoice,
    ReportPanel,
    StripPart,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report, between_words
from reports.presenters.stamp import wanted_of_stamp
from reports.presenters.stock_charts import (
    MARKS,
    aging,
    change_line,
    closes_words,
    cumulative_flow,
    flow_table,
    waterfall,
    waterfall_table,
)
from reports.presenters.warnings import next_panel, warnings_panel
from reports.queries.stock import ages_at_the_end, changed_deals, happened_to, stock_by_week
from reports.question import Question, months_before, quarter_name
from reports.together import Wanted, ask_together
from salesprocess.lib.format import day, money_short, number

SHOWN = MOST_TOLD
MONTHS = 6
WEEKS = 53
_ICONS = {
    "new": "plus",
    "forward": "arrow-right",
    "back": "arrow-back-up",
    "up": "arrow-up",
    "down": "arrow-down",
    "pulled": "calendar-plus",
    "pushed": "calendar-plus",
    "idle": "clock",
    "won": "trophy",
    "stopped": "square-x",
}


def _shows(report: Report) -> Sequence[ReportPanel]:
    question = report.question
    of_quarters = expected.quarters(question)
    ask_together(
        [
            Wanted(question=question, metrics=(expected.due_value,)),
            *(Wanted(question=each, metrics=(outcomes.won_value,)) for each in of_quarters),
            Wanted(question=of_quarters[1], metrics=(expected.qualified_win_rate, *_SLIPS)),
            Wanted(question=question, metrics=(attention.next_planned,), axes=(NEXT_STATE,)),
            Wanted(question=question, metrics=(attention.warned,)),
            Wanted(question=question, metrics=(attention.warned,), axes=(WARNING,)),
            Wanted(question=_last_year(question), metrics=_BANDS, axes=(STAGE,)),
            wanted_of_stamp(report),
        ]
    )
    return [
        _changes(report),
        why_it_changed(report, _("Why it changed")),
        _promised(report),
        _enough(report),
        next_panel(report),
        _aging(report),
        warnings_panel(report),
        _flow(report),
    ]


# What changed --------------------------------------------------------------------------------------


def _changes(report: Report) -> ReportPanel:
    question = report.question
    found = figures(question, [movement.changed, *movement.STRIP.values()])
    figure = {key: found[each.slug][WHOLE] for key, each in movement.STRIP.items()}
    whole = found[movement.changed.slug][WHOLE]
    labels = {key: each.definition.name for key, each in movement.STRIP.items()}
    chosen, choices = report.chosen("part", {"all": _("All"), **labels})
    metric = movement.STRIP.get(chosen, movement.changed)
    deals = sum(one.n for one in told_together(question, MOVED))
    lines = changed_deals(question, metric.measures.where, most=SHOWN)  # type: ignore[union-attr]
    parts = [
        StripPart(
            label=choice.label,
            count=number(whole.n if key == "all" else figure[key].n),
            note=_("of %(n)s deals") % {"n": number(deals)}
            if key == "all"
            else report.text(figure[key], short=True),
            href=choice.href,
            icon=_ICONS.get(key, ""),
            is_current=choice.is_current,
        )
        for key, choice in zip(["all", *movement.STRIP], choices, strict=True)
    ]
    shown = whole if chosen == "all" else figure[chosen]
    said = {"shown": number(len(lines)), "all": number(shown.n)}
    return ReportPanel(
        key="changes",
        title=_("What changed since %(day)s") % {"day": day(question.since, question.today)},
        template="reports/panels/changes.html",
        drawing=Changes(
            parts=parts,
            lines=[change_line(report, one) for one in lines],
            shown=_("%(shown)s of %(all)s shown") % said,
            rows_href=report.rows(FigureCell(metric=metric.slug)),
        ),
        definition=metric.definition,
        say=_says_what(whole, figure, deals) if chosen == "all" else "",
        note="" if lines else _("Nothing of that since then: choose an earlier day, or All."),
        wide=True,
    )


def _says_what(whole: Figure, figure: dict[str, Figure], deals: int) -> str:
    said = {"n": number(whole.n), "deals": number(deals)}
    words = _("*%(n)s of %(deals)s* deals changed or fell silent.") % said
    parts = {"pushed": number(figure["pushed"].n), "idle": number(figure["idle"].n)}
    return words + " " + _("Pushed: %(pushed)s. Nothing heard from us: %(idle)s.") % parts


# Why it changed ------------------------------------------------------------------------------------


def why_it_changed(report: Report, title: str) -> ReportPanel:
    question = report.question
    chosen, choices = report.chosen(
        "book", {"open": _("All open"), "quarter": _("Closing this quarter")}
    )
    boxes = movement.DUE if chosen == "quarter" else movement.ALL_OPEN
    found = figures(question, boxes.values())
    figure = {key: found[box.slug][WHOLE] for key, box in boxes.items()}
    empty = all(one.n == 0 for one in figure.values())
    return ReportPanel(
        key="waterfall",
        title=title,
        template="reports/panels/bars.html",
        drawing=waterfall(report, boxes, figure),
        table=waterfall_table(report, boxes, figure),
        definition=boxes["start"].definition,
        n=figure["start"].n,
        coverage=figure["end"].coverage,
        switch=choices,
        legend=[
            LegendKey(css="key-accent", text=_("came in")),
            LegendKey(css="key-back", text=_("went down or out")),
            LegendKey(css="key-stopped", text=_("stopped")),
            LegendKey(css="key-won", text=_("won")),
        ],
        note=closes_words(report, figure),
        empty=_("No deal was open in these days.") if empty else "",
        todo=[PanelChoice(label=_("All open"), href=report.address(book=None), is_current=False)]
        if empty
        else (),
    )


# Promised and happened -------------------------------------------------------------------------------


def _months(question: Question) -> list[Period]:
    """The last months up to that of the day asked for, whole ones."""
    firsts = [months_before(question.last_day, MONTHS - 1 - number) for number in range(MONTHS)]
    last = dt.timedelta(days=1)
    return [
        Period(start_on=first, end_on=months_before(first, -1) - last, zone=question.period.zone)
        for first in firsts
    ]


def _promised(report: Report) -> ReportPanel:
    question = report.question
    months = _months(question)
    found = happened_to([question.about(month) for month in months])
    columns = [*(f"{month.start_on}" for month in months), "open", "stopped"]
    names = HAPPENED.named(question, columns)
    most = max((n for row in found for n in row.values()), default=1)
    rows = []
    for month, counts in zip(months, found, strict=True):
        asking = report.about(month)
        key, total = f"{month.start_on}", sum(counts.values())
        squares = [_square(asking, column, counts.get(column, 0), key, most) for column in columns]
        whole = FigureCell(metric=promise.slipped.slug)
        rows.append(
            MatrixRow(
                name=names[key],
                squares=squares,
                note=number(total),
                href=asking.rows(whole) if total else "",
            )
        )
    past = [
        (counts.get(f"{m.start_on}", 0), sum(counts.values()))
        for m, counts in zip(months[:-1], found[:-1], strict=True)
    ]
    total = sum(sum(counts.values()) for counts in found)
    return ReportPanel(
        key="promised",
        title=_("Promised and happened"),
        template="reports/panels/matrix.html",
        drawing=Matrix(
            heads=[TableHead(text=names[column]) for column in columns],
            rows=rows,
            first=_("Promised"),
        ),
        table=Table(
            heads=[
                TableHead(text=_("Promised"), numeric=False),
                *(TableHead(text=names[column]) for column in columns),
            ],
            rows=[
                TableRow(
                    name=row.name,
                    href=row.href,
                    cells=[TableCell(text=one.text, href=one.href) for one in row.squares],
                )
                for row in rows
            ],
        ),
        definition=promise.slipped.definition,
        n=total,
        say=_says_kept(question, past),
        note=_("Framed: won in the month that was promised. The last month is still running."),
        empty="" if total else _("No open deal was to close in these months."),
    )


def _square(report: Report, column: str, n: int, promised: str, most: int) -> MatrixSquare:
    cell = FigureCell(metric=promise.slipped.slug, by=HAPPENED.key, key=column)
    is_month = column not in ("open", "stopped")
    if not n and is_month and column < promised:
        return MatrixSquare(text="")
    return MatrixSquare(
        text=number(n) if n else "·",
        href=report.rows(cell) if n else "",
        shade=1 + round(3 * n / most) if n and is_month else 1 if n else 0,
        framed=column == promised,
    )


def _says_kept(question: Question, past: Sequence[tuple[int, int]]) -> str:
    kept, n = (sum(numbers) for numbers in zip(*past, strict=True))
    rate = replace(promise.slipped.of_nothing(question), n=n, part=kept)
    if not (between := between_words(rate)):
        return ""
    said = {"n": number(n), "kept": number(kept), "between": between}
    return (
        _("Of %(n)s promised before this month, *%(kept)s were won in their month* (%(between)s).")
        % said
    )


_SLIPS = (promise.slipped, promise.slipped_value)


def _enough(report: Report) -> ReportPanel:
    """Whether what is due this quarter covers what is not won yet (METRICS K9), and what slipped in
    the quarter before."""
    question = report.question
    _so_far, before = expected.quarters(question)
    due, cover = (metric.whole(question) for metric in (expected.due_value, expected.cover))
    needed = expected.cover_needed.whole(before)
    gap = expected.still_missing(question).get(WHOLE)
    of_before = report.about(before.period)
    return ReportPanel(
        key="enough",
        title=_("Is there enough for this quarter?"),
        template="reports/panels/numbers.html",
        drawing=[
            report.headline(due, short=True, more=[_missing_words(report, gap)]),
            report.headline(
                cover,
                text=_("nothing to cover") if gap is not None and gap <= 0 else "",
                more=[_("%(needed)s needed") % {"needed": report.text(needed)}]
                if needed.value is not None
                else (),
            ),
            *(of_before.headline(metric.whole(before)) for metric in _SLIPS),
        ],
        definition=cover.definition,
        note=_(
            "Needed by the win rate of %(quarter)s; slipped then: by the dates of its first day."
        )
        % {"quarter": quarter_name(before.period.start_on, first_month=question.first_month)},
    )


def _missing_words(report: Report, gap: Decimal | None) -> str:
    if gap is None:
        return ""
    if gap <= 0:
        return _("as much is won as in the quarter before")
    words = _("%(value)s short of the quarter before")
    return words % {"value": money_short(gap.quantize(Decimal(1)), report.currency)}


# Ages ----------------------------------------------------------------------------------------------


_BANDS = (duration.median_days, duration.p75_days, duration.p90_days)


def _last_year(question: Question) -> Question:
    last = question.last_day
    return question.about(
        replace(question.period, start_on=last - dt.timedelta(days=364), end_on=last)
    )


def _aging(report: Report) -> ReportPanel:
    question = report.question
    found = figures(_last_year(question), _BANDS, STAGE)
    none = {metric.slug: metric.of_nothing(question) for metric in _BANDS}
    bands = {
        stage: [found[each.slug].get(stage, none[each.slug]).value for each in _BANDS]
        for stage in STAGE.every
    }
    ages = ages_at_the_end(question, most=MARKS)
    n = sum(each.n for each in ages.values())
    cells = {
        stage: FigureCell(metric=stock.open_deals.slug, by=STAGE.key, key=stage)
        for stage in STAGE.every
    }
    hrefs = {stage: report.rows(cell) for stage, cell in cells.items()}
    drawn = aging(report, ages, bands, hrefs)  # type: ignore[arg-type]
    finished = sum(figure.n for figure in found[duration.median_days.slug].values())
    return ReportPanel(
        key="aging",
        title=_("How long each open deal has been where it is"),
        template="reports/panels/aging.html",
        drawing=drawn,
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Open")),
                *(
                    TableHead(text=text)
                    for text in (_("Half by, d"), _("3 of 4, d"), _("9 of 10, d"))
                ),
            ],
            rows=[
                TableRow(
                    name=row.label,
                    stage=row.stage,
                    cells=[
                        TableCell(text=row.text, href=row.href),
                        *(
                            TableCell(text=number(band) if band is not None else "–", raw=band)
                            for band in bands[row.stage]
                        ),
                    ],
                )
                for row in drawn.rows
            ],
        ),
        definition=duration.median_days.definition,
        n=n,
        legend=[
            LegendKey(css="key-half", text=_("half of the finished visits")),
            LegendKey(css="key-three", text=_("3 of 4")),
            LegendKey(css="key-nine", text=_("9 of 10")),
            LegendKey(css="key-accent", text=_("something planned")),
            LegendKey(css="key-bare", text=_("nothing planned")),
            LegendKey(css="key-warn", text=_("longer than nine in ten")),
        ],
        note=_(
            "%(n)s finished visits of the last 12 months; at most %(most)s deals a stage are drawn, the "
            "longest."
        )
        % {"n": number(finished), "most": number(MARKS)},
        empty="" if n else _("No deal is open."),
        wide=True,
    )


# Flow ----------------------------------------------------------------------------------------------


def _flow(report: Report) -> ReportPanel:
    weeks = stock_by_week(report.question, weeks=WEEKS)
    choices = {"all": _("With what ended"), "stock": _("Open alone")}
    chosen, switch = report.chosen("flow", choices)
    is_empty = not any(week.stages or week.ended for week in weeks)
    return ReportPanel(
        key="flow",
        title=_("How stock and flow move"),
        template="reports/panels/lines.html",
        drawing=cumulative_flow(report, weeks, with_ended=chosen == "all"),
        switch=switch,
        table=flow_table(report, weeks),
        definition=flow.stood.definition,
        legend=[
            *(
                LegendKey(css=f"key-s{stage}", text=name)
                for stage, name in STAGE.named(report.question, STAGE.every).items()
            ),
            LegendKey(css="key-ended", text=_("ended since the first week")),
        ],
        note=_("The height of a band is how many deals stand there, its slope how fast they come."),
        empty=_("Nothing happened in these 52 weeks.") if is_empty else "",
        wide=True,
    )


PAGE = ReportPage(
    key="pipeline",
    title=gettext_lazy("Pipeline"),
    shows=_shows,
    asks=("since", "as_of", "source", "style", "product"),
    asked={"since": "7d"},
    basis=gettext_lazy(
        "by every dated change, nothing of today’s columns; owner and team on the day"
    ),
)
