"""The start of the reports: five numbers, and the five questions of a manager in their order."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.stages import Stage
from reports.axes import PERSON, STAGE
from reports.figures import MIN_ROWS, Figure, FigureCell
from reports.metric import METRICS, Metric, told_together
from reports.metrics import duration, effort, expected, flow, movement, outcomes, pipeline
from reports.movements import MOVED
from reports.pages.page import ReportPage
from reports.pages.pipeline import why_it_changed
from reports.presenters.panels import (
    Bar,
    Bars,
    LegendKey,
    ReportPanel,
    Segment,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
    scale_to,
)
from reports.presenters.report import Report, between_words, unless_too_few
from reports.presenters.stamp import wanted_of_stamp
from reports.presenters.stock_trends import (
    no_stock_trends_words,
    stock_trends,
    wanted_of_stock_trends,
)
from reports.presenters.trends import wanted_weekly, weekly
from reports.together import Wanted, ask_together
from salesprocess.lib.format import number, percent

_OPEN = (
    pipeline.open_deals,
    pipeline.open_value,
    pipeline.qualified_deals,
    pipeline.qualified_value,
)
_WAYS = {
    "advanced": flow.advanced,
    "back": flow.moved_back,
    "stopped": flow.stopped_there,
    "won": flow.won_there,
    "still": flow.still_there,
}
_NUMBERS = (
    outcomes.won_value,
    pipeline.qualified_value,
    expected.velocity,
    flow.newly_qualified,
)
# What to talk about, deal by deal.
_TALK = tuple(movement.STRIP[key] for key in ("idle", "pushed", "back"))


def _shows(report: Report) -> Sequence[ReportPanel]:
    question = report.question
    ended = (flow.flow_conversion, duration.median_days, duration.p75_days)
    entries = (flow.entered, flow.newly_qualified, *_WAYS.values())
    ask_together(
        [
            Wanted(question=question, metrics=(*_OPEN, *entries, *ended), axes=(STAGE,)),
            Wanted(question=question, metrics=expected.CLOSINGS),
            Wanted(question=question, metrics=(effort.far_unqualified,), axes=(PERSON,)),
            wanted_of_stamp(report),
        ]
    )
    return [
        _headlines(report),
        _questions(report),
        _drop_outs(report),
        _times(report),
        why_it_changed(report, _("What changed in the period")),
        _talks(report),
    ]


def _at(report: Report, metric: Metric, stage: int) -> Figure:
    return metric.at(report.question, STAGE, stage)


# In numbers --------------------------------------------------------------------------------------


def _headlines(report: Report) -> ReportPanel:
    question = report.question
    weighted = expected.weighted_value.whole(question)
    pushed = movement.pushed_share
    now = {metric.slug: metric.whole(question) for metric in (*_NUMBERS, pushed)}
    then = question.stood_before
    by_week = [outcomes.won_value, flow.newly_qualified, movement.pushes]
    wanted = [wanted_weekly(report, by_week), *wanted_of_stock_trends(report)]
    if then is not None:
        wanted += [
            Wanted(question=then, metrics=_OPEN, axes=(STAGE,)),
            Wanted(question=then, metrics=(*expected.CLOSINGS, flow.newly_qualified)),
        ]
    ask_together(wanted)
    was = {slug: METRICS[slug].whole(then) if then else None for slug in now}
    trends = weekly(report, by_week) | stock_trends(report)
    # A share of what stands open is not told by week; how often dates were pushed is.
    if movement.pushes.slug in trends:
        trends[pushed.slug] = trends[movement.pushes.slug]
    titles = {pipeline.qualified_value.slug: _("Open from stage 3 on")}
    more = {
        pipeline.qualified_value.slug: [
            _("weighted %(value)s") % {"value": report.text(weighted, short=True)},
            no_stock_trends_words(question),
        ],
        expected.velocity.slug: [no_stock_trends_words(question)],
    }
    numbers = [
        report.headline(
            figure,
            short=True,
            title=titles.get(slug, ""),
            was=was[slug],
            more=more.get(slug, ()),
            trend=trends.get(slug),
        )
        for slug, figure in now.items()
    ]
    return ReportPanel(
        key="numbers",
        title=_("In numbers"),
        template="reports/panels/numbers.html",
        drawing=numbers,
        wide=True,
    )


# The five questions ------------------------------------------------------------------------------


def _questions(report: Report) -> ReportPanel:
    """What is in it, is it qualified, what can we sell, did we make an offer, will they buy (METHOD,
    Management): each with what is there, its value, and the share that went on."""
    asked = (
        (_("1. What is in it?"), (Stage.LEAD_GENERATION, Stage.PROSPECTING)),
        (_("2. Is it qualified?"), (Stage.QUALIFICATION,)),
        (_("3. What can we sell them?"), (Stage.NEEDS_ANALYSIS,)),
        (_("4. Did we make an offer?"), (Stage.PROPOSAL,)),
        (_("5. Will they buy?"), (Stage.OBJECTIONS, Stage.CLOSING)),
    )
    rows = [
        TableRow(name=f"{question}" if stage == stages[0] else "", cells=_answer(report, stage))
        for question, stages in asked
        for stage in stages
    ]
    return ReportPanel(
        key="questions",
        title=_("Five questions"),
        table=Table(
            heads=[
                TableHead(text=_("Question"), numeric=False),
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Open")),
                TableHead(text=_("Value")),
                TableHead(text=_("Came in the period")),
                TableHead(text=_("Went on")),
                TableHead(text=_("Won after entering")),
            ],
            rows=rows,
        ),
        definition=expected.WEIGHTED,
        say=_says_shape(report),
        wide=True,
    )


def _answer(report: Report, stage: Stage) -> list[TableCell]:
    share = expected.won_after_entering(report.question)[stage.value]
    known = share.share is not None and share.n >= MIN_ROWS
    return [
        TableCell(text=str(stage.label)),
        report.cell(_at(report, pipeline.open_deals, stage)),
        report.cell(_at(report, pipeline.open_value, stage)),
        report.cell(_at(report, flow.entered, stage)),
        report.cell(_at(report, flow.flow_conversion, stage)),
        TableCell(
            text=percent(share.share, share.n)
            if known and share.share is not None
            else _("too few"),
            raw=share.share if known else None,
            note=f"n {number(share.n)}",
            tone="" if known else "young",
        ),
    ]


def _says_shape(report: Report) -> str:
    """Where the pipeline is fullest; it should be near the front (METHOD, Management)."""
    counts = {stage: _at(report, pipeline.open_deals, stage).n for stage in Stage}
    total = sum(counts.values())
    if total < MIN_ROWS:
        return unless_too_few("", [total], groups=1)
    fullest = max(Stage, key=lambda stage: counts[stage])
    said = {"stage": fullest.label, "n": number(counts[fullest]), "all": number(total)}
    if fullest.is_lead:
        return (
            _("Fullest near the front, as it should be: *%(stage)s* holds %(n)s of %(all)s.") % said
        )
    return _("A bulge: *%(stage)s* holds %(n)s of %(all)s, more than any stage before it.") % said


# Where deals drop out, and how long they take ----------------------------------------------------


def _drop_outs(report: Report) -> ReportPanel:
    entered = {stage: _at(report, flow.entered, stage) for stage in Stage}
    top = max((figure.n for figure in entered.values()), default=0)
    rows = []
    for stage, whole in entered.items():
        start, parts = 0.0, []
        for way, metric in _WAYS.items():
            figure = _at(report, metric, stage)
            width = at_percent(figure.n, top)
            title = f"{metric.definition.name}: {number(figure.n)}"
            href = report.rows(figure) if figure.n else ""
            parts.append(
                Segment(css=f"fill-{way}", start=start, width=width, title=title, href=href)
            )
            start += width
        went_on = _at(report, flow.flow_conversion, stage)
        rows.append(
            Bar(
                label=str(stage.label),
                stage=stage,
                segments=parts,
                text=number(whole.n),
                note=f"{report.text(went_on)} · {between_words(went_on)}".rstrip(" ·")
                if went_on.n
                else "",
                href=report.rows(whole) if whole.n else "",
                tone="young" if whole.is_small_sample else "",
            )
        )
    total = sum(figure.n for figure in entered.values())
    words = (_("went on"), _("moved back"), _("stopped"), _("won"), _("still there"))
    return ReportPanel(
        key="drop-outs",
        title=_("Where deals drop out"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=rows),
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Entered")),
                *(TableHead(text=word) for word in words),
            ],
            rows=[
                TableRow(
                    name=str(stage.label),
                    stage=stage,
                    cells=[
                        report.cell(_at(report, metric, stage))
                        for metric in (flow.entered, *_WAYS.values())
                    ],
                )
                for stage in Stage
            ],
        ),
        definition=flow.entered.definition,
        n=total,
        legend=[
            LegendKey(css=f"key-{way}", text=word) for way, word in zip(_WAYS, words, strict=True)
        ],
        empty="" if total else _("No deal entered a stage in this period."),
    )


def _times(report: Report) -> ReportPanel:
    half = {stage: _at(report, duration.median_days, stage) for stage in Stage}
    most = {stage: _at(report, duration.p75_days, stage) for stage in Stage}
    end, _ticks = scale_to(max((float(figure.value or 0) for figure in most.values()), default=0))
    rows = []
    for stage in Stage:
        median, p75 = (at_percent(figures[stage].value or 0, end) for figures in (half, most))
        href = report.rows(half[stage]) if half[stage].n else ""
        title = report.text(half[stage])
        rows.append(
            Bar(
                label=str(stage.label),
                stage=stage,
                segments=[
                    Segment(css="fill-accent", start=0, width=median, title=title, href=href),
                    Segment(
                        css="fill-sunk",
                        start=median,
                        width=max(p75 - median, 0),
                        title=report.text(most[stage]),
                    ),
                ],
                text=title,
                note=f"/ {report.text(most[stage])} · n {number(half[stage].n)}",
                href=href,
                tone="young" if half[stage].is_small_sample else "",
            )
        )
    total = sum(figure.n for figure in half.values())
    return ReportPanel(
        key="times",
        title=_("Time in stage"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=rows),
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Median")),
                TableHead(text=_("3 of 4")),
            ],
            rows=[
                TableRow(
                    name=str(stage.label),
                    stage=stage,
                    cells=[report.cell(half[stage], with_n=True), report.cell(most[stage])],
                )
                for stage in Stage
            ],
        ),
        definition=duration.median_days.definition,
        n=total,
        empty="" if total else _("No visit ended in this period."),
    )


# Who needs a talk --------------------------------------------------------------------------------


def _talks(report: Report) -> ReportPanel:
    """The people with open deals from A to Z, each with what to ask about; nothing is ranked."""
    told = told_together(report.question, MOVED)
    far = effort.far_unqualified.measure(report.question, PERSON)
    owners = {one.owner_id for one in told} | set(far)
    people = {
        **PERSON.named(report.question, owners),
        **({None: _("pool")} if None in owners else {}),
    }

    def cell(metric: Metric, person: int | None) -> TableCell:
        mine = [one for one in told if one.owner_id == person]
        n = metric.measures.read(mine).n  # type: ignore[union-attr, arg-type]
        at = FigureCell(metric=metric.slug, by=PERSON.key, key=person)
        return TableCell(text=number(n), raw=n, href=report.rows(at) if n else "")

    def too_far(person: int | None) -> TableCell:
        figure = far.get(person)
        n = (figure.part or 0) if figure else 0
        return TableCell(text=number(n), raw=n, href=report.rows(figure, part=True) if n else "")

    return ReportPanel(
        key="talks",
        title=_("Who needs a talk"),
        table=Table(
            heads=[
                TableHead(text=_("Person"), numeric=False),
                *(TableHead(text=metric.definition.name) for metric in _TALK),
                TableHead(text=effort.far_unqualified.definition.name),
            ],
            rows=[
                TableRow(
                    name=people[person],
                    cells=[*(cell(metric, person) for metric in _TALK), too_far(person)],
                )
                for person in sorted(people, key=lambda person: people[person].casefold())
            ],
        ),
        definition=movement.STRIP["idle"].definition,
        note=_("From A to Z, no ranking: each number is a question, no judgement."),
        empty="" if people else _("No deal is open."),
    )


PAGE = ReportPage(
    key="overview",
    title=gettext_lazy("Overview"),
    shows=_shows,
    asks=("compare", "as_of", "source", "style", "product"),
    basis=gettext_lazy("owner and team at entry; of what is open those of the day asked for"),
)
