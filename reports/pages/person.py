"""One person: the same page for the person and for who leads him or her."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pipeline.audit.queries import Look
from pipeline.process.stages import Phase, Stage
from reports.axes import STAGE
from reports.colleagues import Colleague, colleagues
from reports.figures import LEAST_PEOPLE, MIN_ROWS, Figure
from reports.metric import METRICS, figures
from reports.metrics import activity, flow
from reports.metrics import effort as effort_metrics
from reports.metrics.styles import usual_flow, weeks_of
from reports.pages.page import ReportPage
from reports.presenters.multiples import FactLine, FactList
from reports.presenters.panels import (
    Dot,
    Dots,
    Headline,
    LegendKey,
    ReportPanel,
    ScaleMark,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.people import (
    TALKS,
    StageEffort,
    question_about,
)
from reports.presenters.repairs import repairs_panel
from reports.presenters.report import Report, between_words, of_words
from reports.presenters.results import results_panel, wanted_of_results
from reports.presenters.stamp import wanted_of_stamp
from reports.presenters.standing import gaps_of, standing_of
from reports.presenters.trends import weekly
from reports.queries.looks import looks_at
from reports.together import Wanted, ask_together
from salesprocess.lib.chance import wilson
from salesprocess.lib.format import day, number, percent

# What is done, and what comes of it: of one person that costs little.
_DONE = (*TALKS, activity.activities, activity.activity_yield)


def _shows(report: Report) -> Sequence[ReportPanel]:
    question = report.question
    assert question.person is not None  # noqa: S101  # a page about somebody
    (person,) = colleagues(question)
    effort = (flow.flow_conversion, *_DONE)
    ask_together(
        [
            Wanted(question=question, metrics=effort, axes=(STAGE,)),
            Wanted(question=question, metrics=(effort_metrics.leads_to_no_close,)),
            *wanted_of_results(report),
            wanted_of_stamp(report),
        ]
    )
    if standing_of(report, person.id).is_behind:
        panels = [_gaps(report, person)]
    else:
        efforts = _efforts(report, person)
        panels = [
            _numbers(report, person),
            results_panel(report, is_own=person.id == question.reader.pk),
            _stages(report, person, efforts),
            _effects(report, efforts),
        ]
    return [*panels, _lookers(report, person), repairs_panel(report)]


def _efforts(report: Report, person: Colleague) -> list[StageEffort]:
    """As on the page of all people, of this one alone."""
    question = report.question
    went = flow.flow_conversion.measure(question, STAGE)
    talks = figures(question, TALKS, STAGE)[activity.conversations.slug]
    usual = usual_flow(question)
    return [
        StageEffort(
            stage=stage,
            went_on=went.get(stage) or flow.flow_conversion.of_nothing(question, STAGE, stage),
            talks=talks.get(stage) or activity.conversations.of_nothing(question, STAGE, stage),
            past=(past.went_on, past.n) if (past := usual.past.get((person.id, stage))) else None,
            usual=usual.usual.get((person.style, stage)),
        )
        for stage in STAGE.every
    ]


def _gaps(report: Report, person: Colleague) -> ReportPanel:
    standing = standing_of(report, person.id)
    return ReportPanel(
        key="gaps",
        title=_("No figures yet"),
        say=_("What was not recorded cannot be told from what was not done."),
        template="reports/panels/gaps.html",
        drawing=gaps_of(report, standing),
        definition=standing.whole.definition,
        n=standing.whole.n,
        coverage=standing.coverage,
        table=Table(
            heads=[
                TableHead(text=_("Rule"), numeric=False),
                TableHead(text=_("Kept")),
                TableHead(text=_("To repair")),
            ],
            rows=[
                TableRow(
                    name=str(gap.name),
                    cells=[TableCell(text=gap.share), TableCell(text=gap.text, href=gap.href)],
                )
                for gap in gaps_of(report, standing)
            ],
        ),
        wide=True,
    )


def _numbers(report: Report, person: Colleague) -> ReportPanel:
    question = report.question
    past = usual_flow(question).past

    def went_on(stage: Stage, title: str) -> Headline:
        now = flow.flow_conversion.at(question, STAGE, stage.value)
        own = past.get((person.id, stage.value))
        share = Decimal(own.went_on) / own.n if own else None
        was = replace(now, part=own.went_on, n=own.n, value=share) if own else None
        return report.headline(now, title=title, part=True, was=was)

    talks = _summed(figures(question, TALKS, STAGE)[activity.conversations.slug])
    weeks = weeks_of(question.period)
    told = weekly(report, (activity.conversations,))
    return ReportPanel(
        key="numbers",
        title=_("In numbers"),
        template="reports/panels/numbers.html",
        wide=True,
        drawing=[
            report.headline(
                replace(activity.conversations.of_nothing(question), n=talks, value=talks),
                title=_("Talks a week"),
                text=number(round(talks / weeks)),
                trend=told.get(activity.conversations.slug),
            ),
            went_on(Stage.QUALIFICATION, _("Qualified")),
            went_on(Stage.PROPOSAL, _("Offers that went on")),
            went_on(Stage.CLOSING, _("Won")),
        ],
    )


def _summed(found: dict[object, Figure]) -> int:
    return sum(figure.n for figure in found.values())


def _stages(report: Report, person: Colleague, efforts: Sequence[StageEffort]) -> ReportPanel:
    rows = [_dot(report, each) for each in efforts]
    legend = [
        LegendKey(css="key-now", text=_("in this period")),
        LegendKey(css="key-ring", text=_("before")),
        LegendKey(css="key-norm", text=_("usual in the own style")),
    ]
    return ReportPanel(
        key="stages",
        title=_("Stage by stage"),
        template="reports/panels/dots.html",
        drawing=Dots(
            rows=rows,
            scale=[ScaleMark(at=at, text=f"{at} %") for at in (0, 25, 50, 75, 100)],
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Went on")),
                TableHead(text=_("Before")),
                TableHead(text=_("Usual")),
            ],
        ),
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Went on")),
                TableHead(text=_("Before")),
                TableHead(text=_("Usual")),
            ],
            rows=[TableRow(name=row.label, stage=row.stage, cells=row.cells) for row in rows],
        ),
        definition=flow.flow_conversion.definition,
        n=sum(each.went_on.n for each in efforts),
        say=question_about(efforts),
        legend=legend,
        note=_(
            "Style: %(style)s. What is usual is the middle of several people of it, in all teams."
        )
        % {"style": person.style_name},
        wide=True,
    )


def _dot(report: Report, effort: StageEffort) -> Dot:
    went = effort.went_on
    few = went.is_small_sample
    low, high = went.interval or (0, 0)
    past, usual = effort.past, effort.usual
    share = float(went.value or 0)
    return Dot(
        label=str(Stage(effort.stage).label),
        stage=effort.stage,
        at=None if few else share * 100,
        low=low * 100,
        high=high * 100,
        past=past[0] / past[1] * 100 if past and past[1] >= MIN_ROWS and not few else None,
        usual=usual.share * 100 if usual else None,
        title=f"{of_words(went)} {between_words(went)}",
        href=report.rows(went) if went.n else "",
        few=few,
        cells=[
            report.cell(went),
            TableCell(
                text=percent(past[0] / past[1]) if past and past[1] >= MIN_ROWS else "–",
                note=_("%(part)s of %(n)s") % {"part": past[0], "n": past[1]} if past else "",
            ),
            TableCell(
                text=percent(usual.share) if usual else "–",
                note=_("%(n)s people") % {"n": usual.people} if usual else "",
            ),
        ],
    )


def _effects(report: Report, efforts: Sequence[StageEffort]) -> ReportPanel:
    """What was done beside what came of it, with the two phases apart (CHECKLIST B11, B12)."""
    question = report.question
    found = figures(question, _DONE, STAGE)
    acts, yields = found[activity.activities.slug], found[activity.activity_yield.slug]
    rows = []
    for phase in Phase:
        own = [each for each in efforts if Stage(each.stage).phase == phase]
        rows += [
            TableRow(
                name=str(Stage(each.stage).label),
                stage=each.stage,
                cells=[
                    report.cell(each.talks),
                    report.cell(acts.get(each.stage) or activity.activities.of_nothing(question)),
                    report.cell(
                        yields.get(each.stage) or activity.activity_yield.of_nothing(question)
                    ),
                    report.cell(each.went_on),
                ],
            )
            for each in own
        ]
        rows.append(_phase(report, phase, own))
    outside = acts.get(None)
    nowhere = effort_metrics.leads_to_no_close.whole(question)
    if outside:
        rows.append(
            TableRow(
                name=_("Outside the two phases"),
                cells=[
                    TableCell(text="–"),
                    report.cell(outside),
                    TableCell(text="–"),
                    TableCell(text="–"),
                ],
            )
        )
    if part := nowhere.part:
        rows.append(
            TableRow(
                name=str(nowhere.definition.name),
                cells=[
                    TableCell(text="–"),
                    TableCell(
                        text=number(part),
                        raw=part,
                        href=report.rows(nowhere, part=True),
                        note=_share_of(part, nowhere.n),
                        tone="young" if nowhere.is_small_sample else "",
                    ),
                    TableCell(text="–"),
                    TableCell(text="–"),
                ],
            )
        )
    return ReportPanel(
        key="effects",
        title=_("What was done, and what came of it"),
        definition=activity.activity_yield.definition,
        table=Table(
            heads=[
                TableHead(text=_("Stage"), numeric=False),
                TableHead(text=_("Talks")),
                TableHead(text=_("Activities")),
                TableHead(text=_("Led on within two weeks")),
                TableHead(text=_("Stays that went on")),
            ],
            rows=rows,
        ),
        wide=True,
    )


def phase_effect(efforts: Sequence[StageEffort]) -> tuple[int, int]:
    """What went on, of what ended, in the stages of one phase."""
    return sum(each.went_on.part or 0 for each in efforts), sum(each.went_on.n for each in efforts)


def _share_of(part: int, n: int) -> str:
    """What share of all it is; of few rows only of how many."""
    said = {"share": percent(part / n), "n": number(n)}
    return (_("%(share)s of %(n)s") if n >= MIN_ROWS else _("of %(n)s")) % said


def _phase(report: Report, phase: Phase, own: Sequence[StageEffort]) -> TableRow:
    acts = figures(report.question, _DONE, STAGE)[activity.activities.slug]
    part, n = phase_effect(own)
    note = ""
    if n >= MIN_ROWS:
        low, high = wilson(part, n)
        note = _("between %(low)s and %(high)s") % {"low": percent(low), "high": percent(high)}
    done = sum(acts[each.stage].n for each in own if each.stage in acts)
    whole = _summed(acts)
    return TableRow(
        name=_("Phase: %(phase)s") % {"phase": phase.label},
        cells=[
            TableCell(text=number(sum(each.talks.n for each in own))),
            TableCell(
                text=number(done),
                raw=done,
                note=_share_of(done, whole) if whole else "",
            ),
            TableCell(text="–"),
            TableCell(
                text=percent(part / n, n) if n else _("unknown"),
                raw=part / n if n else None,
                note=" ".join(
                    filter(
                        None,
                        (_("%(part)s of %(n)s") % {"part": number(part), "n": number(n)}, note),
                    )
                ),
                tone="young" if n < MIN_ROWS else "",
            ),
        ],
    )


def _lookers(report: Report, person: Colleague) -> ReportPanel:
    question = report.question
    reader = question.reader
    rows = [
        FactLine(
            name=_("%(name)s (you)") % {"name": look.name}
            if look.by_id == reader.pk
            else look.name,
            text=day(look.last, question.today),
            note=" · ".join(filter(None, (str(what.label), _metric_of(look), _days(look.days)))),
        )
        for what, look in looks_at(person.id, reader=reader, at=timezone.now())
    ]
    own = person.id == reader.pk
    title = _("Who looked at your figures") if own else _("Who looked at these figures")
    if not rows:
        return ReportPanel(key="looks", title=title, empty=_("Nobody did in the last 90 days."))
    return ReportPanel(
        key="looks",
        title=title,
        template="reports/panels/facts.html",
        drawing=FactList(
            rows=rows,
            last=_(
                "Others see no more than you do. Colleagues see middles of %(n)s people or more."
            )
            % {"n": LEAST_PEOPLE}
            if own
            else _("%(name)s sees the same list, and that you looked.") % {"name": person.name},
        ),
        table=Table(
            heads=[
                TableHead(text=_("Who"), numeric=False),
                TableHead(text=_("Last"), numeric=False),
                TableHead(text=_("What"), numeric=False),
            ],
            rows=[
                TableRow(
                    name=str(row.name), cells=[TableCell(text=row.text), TableCell(text=row.note)]
                )
                for row in rows
            ],
        ),
    )


def _metric_of(look: Look) -> str:
    """Which list of records it was; of those of before it is not known."""
    metric = METRICS.get(look.what.partition("/")[2])
    return str(metric.definition.name) if metric else ""


def _days(count: int) -> str:
    return ngettext("on %(n)s day", "on %(n)s days", count) % {"n": count}


PAGE = ReportPage(
    key="person",
    title=gettext_lazy("People"),
    shows=_shows,
    asks=("compare",),
    basis=gettext_lazy("owner at entry; beside the own past and the middle of the own style"),
)
