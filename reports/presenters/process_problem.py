"""Is the process the problem? What nearly everybody goes past, sets aside or leaves out says more of
the process than of people (METHOD, Management: the system is fixed first)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from reports.axes import ASKED_FOR, PERSON, REACHED, STAGE, STEP, TEAM, VERSION
from reports.colleagues import colleagues
from reports.figures import MIN_ROWS, Figure
from reports.gone_past import AskedFor, gone_past_by
from reports.metric import Metric
from reports.metrics import paths, process
from reports.presenters.by_stage import by_stage, stage_names
from reports.presenters.forest import apart, rate_dot, table_of
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
from reports.presenters.report import (
    Report,
    is_beyond_chance,
    is_young,
    of_words,
    unless_too_few,
)
from reports.presenters.standing import RULES, standing_of
from reports.queries.versions import latest_two
from reports.together import Wanted
from salesprocess.lib.format import join_list, number, percent

# From this share of the people on it is nearly everybody; of fewer than three it is nobody's habit.
NEARLY_ALL, FEWEST_PEOPLE = 0.75, 3
# So many rows are shown of each list.
SHOWN = 4
# Of fewer moves nothing is said of a version.
ENOUGH_MOVES = 30


def wanted_of_process(report: Report) -> list[Wanted]:
    """What the boxes read, to be asked for together with other things."""
    question = report.question
    return [
        Wanted(question=question, metrics=(process.gone_past_rate,)),
        Wanted(question=question, metrics=(process.steps_set_aside,), axes=(STEP,)),
        Wanted(question=question, metrics=(process.backfilled,), axes=(STAGE,)),
        Wanted(question=question, metrics=(process.gates_kept,), axes=(TEAM, VERSION)),
        Wanted(question=question, metrics=(process.gates_kept,), axes=(PERSON, STAGE)),
    ]


def process_panels(report: Report) -> list[ReportPanel]:
    return [
        _gone_past(report),
        _set_aside(report),
        _caught_up(report),
        _skipped(report),
        _versions(report),
    ]


# What is gone past ---------------------------------------------------------------------------------


def _gone_past(report: Report) -> ReportPanel:
    question = report.question
    metric = process.gone_past_rate
    found = metric.measure(question, ASKED_FOR)
    names = ASKED_FOR.named(question, found)
    whole = metric.whole(question)
    shown = [key for key in found if found[key].part][:SHOWN]
    return ReportPanel(
        key="process",
        title=_("Is the process the problem?"),
        template="reports/panels/bars.html" if shown else "",
        drawing=Bars(
            rows=[
                _bar(report, found[key], names[key], stage=AskedFor.of(key).stage) for key in shown
            ]
        ),
        table=_table(report, _("What was missing"), {names[key]: found[key] for key in shown})
        if shown
        else None,
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        say=" ".join(filter(None, (_accused(report, found, names), *_rules(report)))),
        note=_("Moved on without it, of the visits to its stage that ended forwards."),
        empty="" if whole.n else _("No deal moved forward in this period."),
        todo=[PanelChoice(label=_("Process"), href=reverse("pipeline:process"), is_current=False)],
        wide=True,
    )


def _accused(report: Report, found: Mapping[str, Figure], names: Mapping[str, str]) -> str:
    """What is gone past more than the rest beyond chance, and by nearly everybody who came that way."""
    question = report.question
    gone = gone_past_by(question)
    none = unless_too_few(
        _("Nothing that gates ask for is gone past more than the rest beyond chance."),
        [each.n for each in found.values()] or [process.gone_past_rate.whole(question).n],
        groups=1,
    )
    rates = {key: figure for key, figure in found.items() if not figure.is_small_sample}
    if not rates:
        return none
    worst = max(rates, key=lambda key: rates[key].value or 0)
    others = [figure for key, figure in rates.items() if key != worst]
    stands_out = apart({worst: rates[worst]}, process.gone_past_rate.whole(question))
    if not stands_out or any((each.value or 0) >= (rates[worst].value or 0) for each in others):
        return none
    asked_for = AskedFor.of(worst)
    moved = process.gates_kept.measure(question, PERSON, STAGE)
    came = {
        person for (person, stage), each in moved.items() if stage == asked_for.stage and each.n
    }
    did = gone.people[asked_for] & came
    said = {
        "what": names[worst],
        "part": of_words(rates[worst]),
        "people": number(len(did)),
        "all": number(len(came)),
    }
    if len(came) >= FEWEST_PEOPLE and len(did) >= NEARLY_ALL * len(came):
        return (
            _(
                "Very likely: *%(what)s* was gone past in %(part)s moves, by %(people)s of %(all)s "
                "people. Ask the step before you ask the people."
            )
            % said
        )
    return (
        _(
            "*%(what)s* is gone past most, in %(part)s moves, but by %(people)s of %(all)s people: no "
            "matter of the process alone."
        )
        % said
    )


def _rules(report: Report) -> Sequence[str]:
    """The rules of consistency that nearly nobody keeps."""
    if not report.question.reader.is_manager:
        return ()
    standings = [standing_of(report, each.id) for each in colleagues(report.question)]
    told = [each for each in standings if each.whole.n >= MIN_ROWS]
    if len(told) < FEWEST_PEOPLE:
        return ()
    broken = {
        str(name): sum(_is_broken(report, each.figures[rule.slug]) for each in told)
        for rule, name, _missing in RULES
    }
    names = [name for name, people in broken.items() if people >= NEARLY_ALL * len(told)]
    if not names:
        return ()
    return (
        _("Nearly nobody keeps *%(rules)s*: that too is a question to the process.")
        % {"rules": join_list(names)},
    )


def _is_broken(report: Report, figure: Figure) -> bool:
    return not report.question.coverage(known=figure.part or 0, population=figure.n).is_reliable


# What is set aside, caught up on and left out ------------------------------------------------------


def _set_aside(report: Report) -> ReportPanel:
    question = report.question
    metric = process.steps_set_aside
    found = metric.measure(question, STEP)
    told = {key: each for key, each in found.items() if each.part and not each.is_small_sample}
    keys = sorted(told, key=lambda key: (-(told[key].value or 0), key))[:SHOWN]
    names = STEP.named(question, keys)
    rows = {names[key]: told[key] for key in keys}
    return _list(
        report,
        "set-aside",
        _("Set aside most often"),
        metric,
        rows,
        stages=[AskedFor.of(key).stage for key in keys],
        note=_("A step that does not fit the deals it is asked of."),
        empty=_("No step of ten records or more was set aside in this period."),
    )


def _caught_up(report: Report) -> ReportPanel:
    metric = process.backfilled
    found = {stage: each for stage, each in by_stage(report, metric).items() if each.n}
    names = stage_names(report)
    return _list(
        report,
        "caught-up",
        _("Recorded afterwards"),
        metric,
        {names[stage]: each for stage, each in found.items()},
        stages=list(found),
        note=_("Three steps or more within a minute, or a day after the talk that proves them."),
        empty=_("No step was recorded in this period."),
    )


def _skipped(report: Report) -> ReportPanel:
    metric = paths.skipped
    found = {stage: each for stage, each in by_stage(report, metric, REACHED).items() if each.part}
    names = stage_names(report)
    return _list(
        report,
        "skipped",
        _("Stages left out"),
        metric,
        {names[stage]: each for stage, each in found.items()},
        stages=list(found),
        note=_("Of the deals that went past them."),
        empty=_("No deal that began in this period left a stage out."),
    )


def _list(
    report: Report,
    key: str,
    title: str,
    metric: Metric,
    rows: Mapping[str, Figure],
    *,
    stages: Sequence[int],
    note: str,
    empty: str,
) -> ReportPanel:
    bars = [
        _bar(report, figure, name, stage=stage)
        for (name, figure), stage in zip(rows.items(), stages, strict=True)
    ]
    return ReportPanel(
        key=key,
        title=title,
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars),
        table=_table(report, _("What"), rows),
        definition=metric.definition,
        n=sum(figure.n for figure in rows.values()),
        note=note,
        empty="" if rows else empty,
    )


def _bar(report: Report, figure: Figure, name: str, *, stage: int) -> Bar:
    interval = None if figure.is_small_sample else figure.interval
    share = at_percent(figure.value or 0, 1)
    return Bar(
        label=name,
        stage=stage,
        href=report.rows(figure, part=True) if figure.part else "",
        segments=[
            Segment(
                css="fill-accent",
                start=0,
                width=share,
                title=of_words(figure),
                href=report.rows(figure, part=True) if figure.part else "",
            )
        ],
        whisker=None if interval is None else (interval[0] * 100, interval[1] * 100),
        text=report.text(figure),
        note=of_words(figure),
        tone="young" if is_young(figure) else "",
    )


def _table(report: Report, head: str, rows: Mapping[str, Figure]) -> Table:
    return Table(
        heads=[TableHead(text=head, numeric=False), TableHead(text=_("Share"))],
        rows=[
            TableRow(name=name, cells=[report.cell(figure, part=bool(figure.part))])
            for name, figure in rows.items()
        ],
    )


# Before and after ----------------------------------------------------------------------------------


def _versions(report: Report) -> ReportPanel:
    """Gates kept under the newest version of each team's process, beside the one before."""
    question = report.question
    metric = process.gates_kept
    pairs = latest_two(question, enough=ENOUGH_MOVES)
    found = metric.measure(question, TEAM, VERSION)
    teams = TEAM.named(question, pairs)
    rows, parted = [], []
    for team, name in teams.items():
        before, now = (found[team, version] for version in pairs[team])
        cells = [report.cell(before)]
        rows.append(rate_dot(report, name, now, before, 100, cells))
        if is_beyond_chance(before, now):
            said = {"team": name, "now": report.text(now), "before": report.text(before)}
            parted.append(_("*%(team)s* keeps %(now)s of its gates, %(before)s before") % said)
    chart = Dots(
        rows=rows,
        scale=[ScaleMark(at=at, text=percent(at / 100)) for at in (0, 25, 50, 75, 100)],
        heads=[
            TableHead(text=_("Team"), numeric=False),
            TableHead(text=_("Before")),
            TableHead(text=_("Newest version")),
        ],
    )
    return ReportPanel(
        key="versions",
        title=_("Gates kept, before and after a version"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        definition=metric.definition,
        say=_("Beyond chance: %(parted)s. Ask the version.") % {"parted": join_list(parted)}
        if parted
        else _("No difference beyond chance between a version and the one before."),
        legend=[
            LegendKey(css="key-now", text=_("newest version")),
            LegendKey(css="key-ring", text=_("the one before")),
        ],
        empty=""
        if rows
        else _("No team moved %(n)s deals forward under each of two versions in this period.")
        % {"n": ENOUGH_MOVES},
    )
