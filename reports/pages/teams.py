"""Team beside team, by the seven stages that all of them share, whatever steps each has."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pipeline.models import User
from pipeline.process.layer_diff import ChangeKind, consistency, differences
from pipeline.process.playbook import Playbook
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage
from reports.axes import CUSTOMER, PERSON, STAGE, TEAM
from reports.figures import Figure
from reports.metric import Metric, figures
from reports.metrics import duration, flow, outcomes
from reports.pages.page import ReportPage
from reports.presenters.panels import ReportPanel, Table, TableCell, TableHead, TableRow
from reports.presenters.report import (
    Report,
    between_words,
    can_be_compared,
    is_beyond_chance,
    of_words,
    unless_too_few,
)
from reports.together import Wanted, ask_together
from salesprocess.lib.format import join_list, money_short, number, percent

# The share of customers whose part of the whole is told (80/20; CHECKLIST F15).
FIRST_OF_CUSTOMERS = Decimal("0.2")


def leads_several_teams(user: User) -> bool:
    scope = user.scope
    return scope.everything or len(scope.managed_team_ids) > 1


_OF_VISITS = (flow.flow_conversion, duration.median_days)


def _shows(report: Report) -> Sequence[ReportPanel]:
    before = report.question.before
    if before is not None:
        won = (outcomes.won_value,)
        ask_together(
            [
                Wanted(question=before, metrics=_OF_VISITS, axes=(TEAM, STAGE)),
                Wanted(question=before, metrics=_OF_VISITS, axes=(STAGE,)),
                Wanted(question=before, metrics=won, axes=(TEAM,)),
                Wanted(question=before, metrics=won),
            ]
        )
    return [_flow(report), _times(report), _steps(report), _concentration(report)]


def _flow(report: Report) -> ReportPanel:
    found = figures(report.question, _OF_VISITS, TEAM, STAGE)
    return ReportPanel(
        key="flow",
        title=_("What went on, team by team"),
        definition=flow.flow_conversion.definition,
        say=" ".join(
            filter(
                None,
                (
                    _apart(report, found[flow.flow_conversion.slug]),
                    _changed(report, found[flow.flow_conversion.slug]),
                ),
            )
        ),
        table=_by_stage(report, flow.flow_conversion, found[flow.flow_conversion.slug]),
        n=sum(figure.n for figure in found[flow.flow_conversion.slug].values()),
        wide=True,
    )


def _times(report: Report) -> ReportPanel:
    found = figures(report.question, _OF_VISITS, TEAM, STAGE)
    return ReportPanel(
        key="times",
        title=_("Half of the stays are over after so many days"),
        definition=duration.median_days.definition,
        table=_by_stage(report, duration.median_days, found[duration.median_days.slug]),
        wide=True,
    )


def _by_stage(report: Report, metric: Metric, found: Mapping[Any, Figure]) -> Table:
    """A row for each team and one for all of them; a figure of a stage is a cell."""
    question = report.question
    whole = figures(question, _OF_VISITS, STAGE)[metric.slug]
    before = question.before
    was = figures(before, _OF_VISITS, TEAM, STAGE)[metric.slug] if before else {}
    whole_was = figures(before, _OF_VISITS, STAGE)[metric.slug] if before else {}
    teams = TEAM.named(question, {team for team, _stage in (*found, *was)})
    none = metric.of_nothing(question)
    rows: list[TableRow] = []
    for team, name in teams.items():
        of_team = {stage: found.get((team, stage), none) for stage in STAGE.every}
        past = {stage: was.get((team, stage), none) for stage in STAGE.every}
        rows += _rows(report, name, of_team, past if before else None)
    rows += _rows(report, _("All"), whole, whole_was if before else None)
    return Table(
        heads=[
            TableHead(text=_("Team"), numeric=False),
            *(TableHead(text=Stage(stage).short) for stage in STAGE.every),
        ],
        rows=rows,
    )


def _rows(
    report: Report, name: str, now: Mapping[Any, Figure], was: Mapping[Any, Figure] | None
) -> list[TableRow]:
    """A team, or all of them, and beneath it what it was in the period before."""
    rows = [TableRow(name=name, cells=_cells(report, now))]
    if was is not None:
        before = report.question.before
        of_then = report.about(before.period) if before else report
        words = _("%(team)s, before") % {"team": name}
        rows.append(TableRow(name=words, cells=_cells(of_then, was)))
    return rows


def _cells(report: Report, found: Mapping[Any, Figure]) -> list[TableCell]:
    told = [found.get(stage) for stage in STAGE.every]
    return [
        report.cell(figure, with_n=True) if figure and figure.n else TableCell(text="–")
        for figure in told
    ]


def before_words(text: str) -> str:
    return _("before %(value)s") % {"value": text}


def _changed(report: Report, found: Mapping[Any, Figure]) -> str:
    """What of a team’s flow is another than in the period before by more than chance makes."""
    before = report.question.before
    if before is None:
        return ""
    was = figures(before, _OF_VISITS, TEAM, STAGE)[flow.flow_conversion.slug]
    names = TEAM.named(report.question, {team for team, _stage in found})
    pairs = [
        (team, stage)
        for team in names
        for stage in STAGE.every
        if (team, stage) in found
        and (team, stage) in was
        and can_be_compared(found[team, stage], was[team, stage])
    ]
    if not pairs:
        return ""
    told = [
        _("%(team)s, %(stage)s: %(now)s, before %(was)s")
        % {
            "team": names[team],
            "stage": Stage(stage).label,
            "now": report.text(found[team, stage]),
            "was": report.text(was[team, stage]),
        }
        for team, stage in pairs
        if is_beyond_chance(found[team, stage], was[team, stage])
    ]
    if not told:
        return _("No team’s flow differs from the period before beyond chance.")
    return _("Beyond chance another than in the period before: *%(what)s*.") % {
        "what": "; ".join(told)
    }


def _apart(report: Report, found: Mapping[Any, Figure]) -> str:
    """The first stage, in their order, in which two teams part by more than chance; nothing where no two
    can be compared."""
    pairs = []
    names = TEAM.named(report.question, {team for team, _stage in found})
    for stage in STAGE.every:
        own = [(names[team], found[team, stage]) for team in names if (team, stage) in found]
        for place, (name, figure) in enumerate(own):
            for other, beside in own[place + 1 :]:
                pairs.append(min(figure.n, beside.n))
                if is_beyond_chance(figure, beside):
                    return _(
                        "*%(stage)s* parts %(team)s (%(one)s, %(between)s) from %(other)s "
                        "(%(two)s, %(beside)s): ask what is done differently."
                    ) % {
                        "stage": Stage(stage).label,
                        "team": name,
                        "one": of_words(figure),
                        "between": between_words(figure),
                        "other": other,
                        "two": of_words(beside),
                        "beside": between_words(beside),
                    }
    return unless_too_few(_("No difference between the teams beyond chance."), pairs, groups=1)


# What each team asks for ---------------------------------------------------------------------------


def _steps(report: Report) -> ReportPanel:
    """How many steps each team's process has in each stage, and how many of them are its own or not
    as above: however much they differ, all is counted under the same seven (CHECKLIST E29). No query:
    the processes in force are known."""
    now = report.question.reader.process_now
    shown = {team for team in report.question.team_ids if team and now.teams[team][0]}
    books = {team: of_versions(now.versions(team)) for team in shown}
    framework = of_versions(now.versions(None))
    names = TEAM.named(report.question, shown)
    rows = [
        TableRow(
            name=name,
            href=f"{reverse('pipeline:process_compare')}?b={team}",
            cells=[_steps_of(books[team], stage) for stage in Stage],
        )
        for team, name in names.items()
    ]
    rows.append(
        TableRow(name=_("Framework"), cells=[_steps_of(framework, stage) for stage in Stage])
    )
    differ = [names[team] for team in names if consistency(books[team]).differing]
    return ReportPanel(
        key="steps",
        title=_("Steps in force, team by team"),
        table=Table(
            heads=[
                TableHead(text=_("Team"), numeric=False),
                *(TableHead(text=stage.short) for stage in Stage),
            ],
            rows=rows,
        ),
        say=_("Steps of their own: *%(teams)s*. All of it is counted under the same seven stages.")
        % {"teams": join_list(differ)}
        if differ
        else _("All teams work by the steps of the framework."),
        note=_("Own: added by the team or one above it. Adapted: changed or hidden by them."),
        wide=True,
    )


def _steps_of(book: Playbook, stage: Stage) -> TableCell:
    own: set[str] = set()
    adapted: set[str] = set()
    for each in differences(book):
        if each.step.stage != stage or set(each.what) == {ChangeKind.MOVED}:
            continue
        (own if each.what == (ChangeKind.ADDED,) else adapted).add(each.step.key)
    notes = [
        _("%(n)s own") % {"n": number(len(own))} if own else "",
        _("%(n)s adapted") % {"n": number(len(adapted - own))} if adapted - own else "",
    ]
    n = len(book.steps(stage))
    return TableCell(text=number(n), raw=n, note=" · ".join(filter(None, notes)))


def _concentration(report: Report) -> ReportPanel:
    """Whether much hangs on few (CHECKLIST E29, F15). Of people only the share is told, no name."""
    question = report.question
    customers = outcomes.won_value.measure(question, TEAM, CUSTOMER)
    people = outcomes.won_value.measure(question, TEAM, PERSON)
    teams = TEAM.named(question, {team for team, _other in customers})
    title = _("How much hangs on few")
    if not any(figure.value for figure in customers.values()):
        return ReportPanel(
            key="concentration",
            title=title,
            empty=_("Nothing of known value was won in this time."),
            wide=True,
        )
    before = question.before
    was = outcomes.won_value.measure(before, TEAM) if before else {}
    rows = [
        _hangs_on(report, name, _values(customers, team), _values(people, team), was.get(team))
        for team, name in teams.items()
    ]
    all_customers, all_people = _together(customers), _together(people)
    all_was = outcomes.won_value.whole(before) if before else None
    rows.append(_hangs_on(report, _("All"), all_customers, all_people, all_was))
    return ReportPanel(
        key="concentration",
        title=title,
        definition=outcomes.won_value.definition,
        table=Table(
            heads=[
                TableHead(text=_("Team"), numeric=False),
                TableHead(text=_("Won")),
                TableHead(text=_("First customer")),
                TableHead(text=_("First fifth of the customers")),
                TableHead(text=_("First person")),
            ],
            rows=rows,
        ),
        wide=True,
    )


def _values(found: Mapping[Any, Figure], team: int | None) -> list[Decimal]:
    return [Decimal(f.value) for (of, _other), f in found.items() if of == team and f.value]


def _together(found: Mapping[Any, Figure]) -> list[Decimal]:
    """What each customer, or person, comes to in all teams."""
    sums: dict[Any, Decimal] = {}
    for (_team, other), figure in found.items():
        sums[other] = sums.get(other, Decimal(0)) + Decimal(figure.value or 0)
    return [value for value in sums.values() if value]


def concentration(values: Sequence[Decimal]) -> tuple[Decimal, Decimal] | None:
    """The shares of the largest value, and of the first fifth of the values (at least one), in all
    of them; None of nothing."""
    whole = sum(values, Decimal(0))
    if not whole:
        return None
    ordered = sorted(values, reverse=True)
    fifth = max(1, round(len(ordered) * FIRST_OF_CUSTOMERS))
    return ordered[0] / whole, sum(ordered[:fifth], Decimal(0)) / whole


def _hangs_on(
    report: Report,
    name: str,
    customers: Sequence[Decimal],
    people: Sequence[Decimal],
    was: Figure | None,
) -> TableRow:
    of_customers, of_people = concentration(customers), concentration(people)
    whole = sum(customers, Decimal(0))
    unknown = TableCell(text="–")
    return TableRow(
        name=name,
        cells=[
            TableCell(
                text=money_short(whole.quantize(Decimal(1)), report.currency),
                raw=whole,
                note=" · ".join(
                    [
                        ngettext("%(n)s customer", "%(n)s customers", len(customers))
                        % {"n": len(customers)},
                        *([before_words(report.text(was, short=True))] if was and was.n else []),
                    ]
                ),
            ),
            TableCell(text=percent(of_customers[0]), raw=of_customers[0])
            if of_customers
            else unknown,
            TableCell(text=percent(of_customers[1]), raw=of_customers[1])
            if of_customers
            else unknown,
            TableCell(
                text=percent(of_people[0]),
                raw=of_people[0],
                note=ngettext("of %(n)s person", "of %(n)s people", len(people))
                % {"n": len(people)},
            )
            if of_people
            else unknown,
        ],
    )


PAGE = ReportPage(
    key="teams",
    title=gettext_lazy("Teams"),
    shows=_shows,
    who=leads_several_teams,
    asks=("compare", "source", "style", "product"),
    basis=gettext_lazy("team and owner at entry; what was won, by the present ones"),
)
