"""What is won, what is not, and why (METRICS K4, K24 to K27; CHECKLIST A17, C18, C22, F12, F15)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import (
    CAUSE,
    CUSTOMER,
    DECIDED_BY,
    DECIDED_IN,
    MONTH,
    PERSON,
    PRODUCT,
    SOURCE,
    STAGE,
    STYLE,
    TEAM,
)
from reports.axis import Axis
from reports.figures import Figure, FigureCell
from reports.metric import WHOLE, Metric, figures
from reports.metrics import leads, outcomes
from reports.pages.page import ReportPage
from reports.presenters.forest import apart, beside_keys, counted, forest, table_of
from reports.presenters.panels import (
    Matrix,
    MatrixRow,
    MatrixSquare,
    ReportPanel,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report, compared, unless_too_few
from reports.presenters.trends import wanted_weekly, weekly
from reports.together import Wanted, ask_together
from salesprocess.lib.format import join_list, number, percent

RATES: dict[str, Metric] = {
    "closed": outcomes.closed_win_rate,
    "narrow": outcomes.narrow_win_rate,
    "broad": outcomes.broad_win_rate,
    "begun": outcomes.created_win_rate,
    "careful": outcomes.careful_win_rate,
}
_OF_CLOSED = [RATES[key] for key in ("closed", "narrow", "broad")]
_RATE_WORDS = {
    "closed": gettext_lazy("Closed"),
    "narrow": gettext_lazy("Against somebody"),
    "broad": gettext_lazy("Broad"),
    "begun": gettext_lazy("Of those begun"),
    "careful": gettext_lazy("Overdue ones counted"),
}
_ALONG: dict[str, Axis] = {axis.key: axis for axis in (SOURCE, PRODUCT, STYLE, TEAM, PERSON, MONTH)}
# So many customers, or people, are the first ones.
FIRST = 3


def _shows(report: Report) -> Sequence[ReportPanel]:
    closed = (
        *_OF_CLOSED,
        outcomes.won_value,
        outcomes.average_won_value,
        outcomes.stopped_deals,
        outcomes.attempts_per_win,
        outcomes.lost_without_asking,
        outcomes.days_to_disqualify,
        outcomes.repeat_business,
        outcomes.repeat_won_value,
        leads.objection_frequency,
        leads.front_load_rate,
        leads.won_front_loaded,
        leads.won_not_front_loaded,
    )
    question = report.question
    figures(question, closed)
    figures(question, (outcomes.reopen_rate, outcomes.reopen_win_rate))
    befores = [Wanted(question=question.before, metrics=_OF_CLOSED)] if question.before else []
    others = (outcomes.created_win_rate, outcomes.careful_win_rate)
    ask_together(
        [
            Wanted(question=question, metrics=others),
            Wanted(question=question, metrics=(outcomes.agreed_attempts,)),
            wanted_weekly(report, _OF_CLOSED),
            *befores,
        ]
    )
    return [
        _rates(report),
        _along(report),
        _causes(report),
        _looked_back(report),
        _around(report),
        _objections(report),
        _concentration(report),
    ]


def _rates(report: Report) -> ReportPanel:
    question = report.question
    # A young period of what began looks low until its deals are decided: it is set beside none.
    was = (
        {slug: found[WHOLE] for slug, found in figures(question.before, _OF_CLOSED).items()}
        if question.before
        else {}
    )
    then = was.get(outcomes.closed_win_rate.slug)
    told = weekly(report, _OF_CLOSED)
    return ReportPanel(
        key="rates",
        title=_("Win rates"),
        template="reports/panels/numbers.html",
        drawing=[
            report.headline(
                metric.whole(question),
                was=was.get(metric.slug),
                trend=told.get(metric.slug),
            )
            for metric in RATES.values()
        ],
        say=compared(
            report,
            outcomes.closed_win_rate.whole(question),
            then,
            apart=_("The win rate went from %(other)s to *%(one)s*: more than chance makes."),
            alike=_("No difference beyond chance to the period before."),
        )
        if then
        else "",
        wide=True,
    )


def _along(report: Report) -> ReportPanel:
    question = report.question
    rate, rates = report.chosen("rate", _RATE_WORDS)
    metric = RATES[rate]
    labels = {key: axis.label for key, axis in _ALONG.items() if key in metric.axes}
    along, axes = report.chosen("along", labels)
    by = _ALONG[along]
    found = figures(question, (metric, outcomes.won_value), by)
    values = found[outcomes.won_value.slug]

    def cells(value: Any) -> list[TableCell]:
        figure = (
            outcomes.won_value.whole(question)
            if value == WHOLE
            else values.get(value) or outcomes.won_value.of_nothing(question, by, value)
        )
        return [
            counted(report, figure),
            TableCell(text=report.text(figure, short=True), raw=figure.value),
        ]

    chart = forest(
        report,
        metric,
        by,
        heads=[TableHead(text=_("Won")), TableHead(text=_("Won value"))],
        cells=cells,
    )
    whole = metric.whole(question)
    named = {
        name: found[metric.slug].get(key)
        for key, name in by.named(question, found[metric.slug]).items()
    }
    names = apart({name: each for name, each in named.items() if each}, whole)
    return ReportPanel(
        key="along",
        title=_("Win rate by …"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        # Of people nobody says who stands apart: what to ask is on their own pages.
        say=""
        if by is PERSON
        else _("Beyond chance apart from all together: *%(names)s*.") % {"names": join_list(names)}
        if names
        else unless_too_few(
            _("No difference beyond chance."), (each.n for each in named.values() if each)
        ),
        legend=beside_keys(chart),
        switch=axes,
        second_switch=rates,
        empty="" if whole.n else _("No deal was closed in this period: take a longer one."),
        wide=True,
    )


def _causes(report: Report) -> ReportPanel:
    """Cause × stage; each number opens its deals (METRICS K24)."""
    question = report.question
    metric = outcomes.stopped_deals
    found = metric.measure(question, CAUSE, STAGE)
    whole = metric.whole(question)
    most = max((figure.n for figure in found.values()), default=1)
    rows, lines = [], []
    for cause, name in CAUSE.named(question, {cause for cause, _stage in found}).items():
        cells = [found.get((cause, stage)) for stage in STAGE.every]
        n = sum(cell.n for cell in cells if cell)
        href = report.rows(FigureCell(metric=metric.slug, by=CAUSE.key, key=cause))
        rows.append(
            MatrixRow(
                name=name,
                squares=[
                    *(_square(report, cell, most) for cell in cells),
                    MatrixSquare(text=number(n), href=href),
                ],
            )
        )
        together = TableCell(text=number(n), raw=n, href=href)
        lines.append(
            TableRow(name=name, cells=[*(_plain(report, cell) for cell in cells), together])
        )
    stages = STAGE.named(question, STAGE.every)
    return ReportPanel(
        key="causes",
        title=_("Why deals stop, and where"),
        template="reports/panels/matrix.html",
        drawing=Matrix(
            first=_("Cause"),
            heads=[TableHead(text=str(stage), title=name) for stage, name in stages.items()]
            + [TableHead(text=_("All"))],
            rows=rows,
        ),
        table=Table(
            heads=[
                TableHead(text=_("Cause"), numeric=False),
                *(TableHead(text=f"{stage} {name}") for stage, name in stages.items()),
                TableHead(text=_("All")),
            ],
            rows=lines,
        ),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        empty="" if whole.n else _("No deal was stopped in this period."),
    )


def _looked_back(report: Report) -> ReportPanel:
    """What people say decided the deals that ended, of the won and of the stopped alike (C26)."""
    question = report.question
    metrics = (outcomes.won, outcomes.stopped_deals)
    found = figures(question, metrics, DECIDED_BY, DECIDED_IN)
    counts: dict[str, Counter[str | None]] = {}
    stages: dict[str | None, Counter[int]] = {}
    for slug, figures_of in found.items():
        count = counts.setdefault(slug, Counter())
        for (what, stage), figure in figures_of.items():
            count[what] += figure.n
            if stage is not None:
                stages.setdefault(what, Counter())[stage] += figure.n
    together: Counter[str | None] = sum(counts.values(), Counter())
    ended = together.total()
    said = ended - together[None]
    names = STAGE.named(question, STAGE.every)

    def row(what: str, name: str) -> TableRow:
        cells = [
            TableCell(
                text=number(counts[metric.slug][what]),
                raw=counts[metric.slug][what],
                href=report.rows(FigureCell(metric=metric.slug, by=DECIDED_BY.key, key=what))
                if counts[metric.slug][what]
                else "",
            )
            for metric in metrics
        ]
        most = stages.get(what, Counter()).most_common(1)
        where = names[most[0][0]] if most else ""
        return TableRow(name=name, cells=[*cells, TableCell(text=where, raw=where)])

    rows = [
        row(what, name)
        for what, name in DECIDED_BY.named(question, DECIDED_BY.every).items()
        if together[what]
    ]
    return ReportPanel(
        key="looked_back",
        title=_("What decided it, looking back"),
        table=Table(
            heads=[
                TableHead(text=_("What decided it"), numeric=False),
                TableHead(text=_("Won")),
                TableHead(text=_("Stopped")),
                TableHead(text=_("Most often in stage"), numeric=False),
            ],
            rows=sorted(rows, key=lambda one: -sum(int(cell.raw or 0) for cell in one.cells[:2])),
        ),
        n=said,
        coverage=question.coverage(known=said, population=ended),
        say=_("*%(said)s* of %(ended)s deals that ended were looked back on.")
        % {"said": number(said), "ended": number(ended)}
        if said
        else "",
        empty=""
        if said
        else _(
            "Nobody has looked back on a deal of this period: it is offered where a deal has ended."
        ),
    )


def _square(report: Report, figure: Figure | None, most: int) -> MatrixSquare:
    if figure is None or not figure.n:
        return MatrixSquare(text="·")
    shade = 1 + round(3 * (figure.n - 1) / max(most - 1, 1))
    return MatrixSquare(text=number(figure.n), href=report.rows(figure), shade=shade)


def _plain(report: Report, figure: Figure | None) -> TableCell:
    if figure is None or not figure.n:
        return TableCell(text="0", raw=0)
    return TableCell(text=number(figure.n), raw=figure.n, href=report.rows(figure))


def _around(report: Report) -> ReportPanel:
    """What lies around a closing: attempts, returns, and how soon we let go."""
    some = (
        outcomes.attempts_per_win,
        outcomes.agreed_attempts,
        outcomes.lost_without_asking,
        outcomes.reopen_rate,
        outcomes.reopen_win_rate,
        outcomes.days_to_disqualify,
    )
    return ReportPanel(
        key="around",
        title=_("Asked, opened again, let go"),
        template="reports/panels/numbers.html",
        drawing=[report.headline(metric.whole(report.question)) for metric in some],
        table=_facts(report, some),
    )


def _facts(report: Report, metrics: Sequence[Metric]) -> Table:
    found = [metric.whole(report.question) for metric in metrics]
    return Table(
        heads=[
            TableHead(text=_("Figure"), numeric=False),
            TableHead(text=_("Value")),
            TableHead(text="n"),
        ],
        rows=[
            TableRow(
                name=str(figure.definition.name),
                cells=[
                    TableCell(text=report.text(figure), raw=figure.value),
                    TableCell(text=number(figure.n), raw=figure.n, href=report.rows(figure)),
                ],
            )
            for figure in found
        ],
    )


def _objections(report: Report) -> ReportPanel:
    question = report.question
    first, other = (
        leads.won_front_loaded.whole(question),
        leads.won_not_front_loaded.whole(question),
    )
    say = compared(
        report,
        first,
        other,
        apart=_("Where we raised it first, *%(one)s* were won, else %(other)s."),
        alike=_("Raising it first makes no difference beyond chance: %(one)s, else %(other)s."),
    )
    some = (leads.objection_frequency, leads.front_load_rate)
    return ReportPanel(
        key="objections",
        title=_("Objections, and who raised them"),
        template="reports/panels/numbers.html",
        drawing=[
            *(report.headline(metric.whole(question)) for metric in some),
            report.headline(first, title=_("Won, raised by us first")),
            report.headline(other, title=_("Won, raised by them")),
        ],
        say=say,
        table=_facts(report, (*some, leads.won_front_loaded, leads.won_not_front_loaded)),
    )


def _concentration(report: Report) -> ReportPanel:
    """How much of what was won hangs on a few customers, or people, and how much of it came again
    (CHECKLIST A17, F15)."""
    question = report.question
    rows = []
    found = outcomes.won_value.measure(question, CUSTOMER, PERSON)
    for place, words in enumerate(
        (_("the first %(n)s of %(all)s customers"), _("the first %(n)s of %(all)s people"))
    ):
        sums: dict[Any, Any] = {}
        for pair, figure in found.items():
            if pair[place] is not None:
                sums[pair[place]] = sums.get(pair[place], 0) + (figure.value or 0)
        worth = sorted(sums.values(), reverse=True)
        whole = sum(worth)
        if not whole or len(worth) <= FIRST:
            continue
        share = sum(worth[:FIRST]) / whole
        rows.append(
            TableRow(
                name=words % {"n": FIRST, "all": number(len(worth))},
                cells=[TableCell(text=percent(share), raw=share)],
            )
        )
    won = outcomes.won_value.whole(question)
    again = outcomes.repeat_won_value.whole(question)
    if rows and again.value is not None and won.value:
        share = again.value / won.value
        cell = TableCell(text=percent(share), raw=share, href=report.rows(again))
        rows.append(TableRow(name=_("customers who had bought before"), cells=[cell]))
    return ReportPanel(
        key="concentration",
        title=_("How much hangs on a few"),
        definition=won.definition,
        n=won.n,
        coverage=won.coverage,
        table=Table(
            heads=[
                TableHead(text=_("Of the value that was won"), numeric=False),
                TableHead(text=_("Share")),
            ],
            rows=rows,
        ),
        empty=""
        if rows
        else _("Too few customers and people to say how much hangs on a few of them."),
    )


PAGE = ReportPage(
    key="wins",
    title=gettext_lazy("Wins"),
    shows=_shows,
    basis=gettext_lazy("by the day of closing; present owner and team"),
)
