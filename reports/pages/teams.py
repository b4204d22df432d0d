"""Team beside team, by the seven stages that all of them share, whatever steps each has."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.models import User
from pipeline.process.stages import Stage
from reports.axes import CUSTOMER, PERSON, STAGE, TEAM
from reports.figures import Figure
from reports.metric import Metric, figures
from reports.metrics import duration, flow, outcomes
from reports.pages.page import ReportPage
from reports.presenters.panels import ReportPanel, Table, TableCell, TableHead, TableRow
from reports.presenters.report import Report, between_words, is_beyond_chance, of_words
from salesprocess.lib.format import money_short, percent

# The share of customers whose part of the whole is told (80/20; CHECKLIST F15).
FIRST_OF_CUSTOMERS = Decimal("0.2")


def leads_several_teams(user: User) -> bool:
    scope = user.scope
    return scope.everything or len(scope.managed_team_ids) > 1


def _shows(report: Report) -> Sequence[ReportPanel]:
    return [_flow(report), _times(report), _concentration(report)]


def _flow(report: Report) -> ReportPanel:
    found = figures(report.question, (flow.flow_conversion, duration.median_days), TEAM, STAGE)
    return ReportPanel(
        key="flow",
        title=_("What went on, team by team"),
        definition=flow.flow_conversion.definition,
        say=_apart(report, found[flow.flow_conversion.slug]),
        table=_by_stage(report, flow.flow_conversion, found[flow.flow_conversion.slug]),
        n=sum(figure.n for figure in found[flow.flow_conversion.slug].values()),
        wide=True,
    )


def _times(report: Report) -> ReportPanel:
    found = figures(report.question, (flow.flow_conversion, duration.median_days), TEAM, STAGE)
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
    whole = figures(question, (flow.flow_conversion, duration.median_days), STAGE)[metric.slug]
    teams = TEAM.named(question, {team for team, _stage in found})
    none = metric.of_nothing(question)
    rows = [
        TableRow(
            name=name,
            cells=[
                report.cell(found.get((team, stage), none), with_n=True) for stage in STAGE.every
            ],
        )
        for team, name in teams.items()
    ]
    rows.append(
        TableRow(
            name=_("All"),
            cells=[report.cell(whole.get(stage, none), with_n=True) for stage in STAGE.every],
        )
    )
    return Table(
        heads=[
            TableHead(text=_("Team"), numeric=False),
            *(TableHead(text=Stage(stage).short) for stage in STAGE.every),
        ],
        rows=rows,
    )


def _apart(report: Report, found: Mapping[Any, Figure]) -> str:
    """The first stage, in their order, in which two teams part by more than chance."""
    names = TEAM.named(report.question, {team for team, _stage in found})
    for stage in STAGE.every:
        own = [(names[team], found[team, stage]) for team in names if (team, stage) in found]
        for place, (name, figure) in enumerate(own):
            for other, beside in own[place + 1 :]:
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
    return _("No difference between the teams beyond chance.")


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
    rows = [
        _hangs_on(report, name, _values(customers, team), _values(people, team))
        for team, name in teams.items()
    ]
    all_customers, all_people = _together(customers), _together(people)
    rows.append(_hangs_on(report, _("All"), all_customers, all_people))
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
    report: Report, name: str, customers: Sequence[Decimal], people: Sequence[Decimal]
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
                note=_("%(n)s customers") % {"n": len(customers)},
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
                note=_("of %(n)s people") % {"n": len(people)},
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
    asks=("source", "style", "product"),
    basis=gettext_lazy("team and owner at entry; what was won, by the present ones"),
)
