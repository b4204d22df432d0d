"""Steps of a team that are fit for all, and steps that nobody needs (METHOD, Customisation: what many use is
a candidate for promotion, what everybody sets aside one for removal). What people have for themselves is
private, and in no figure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from pipeline.process.playbook import Level, PlaybookStep
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage
from reports.axes import STAGE, STEP, VERSION, versions_of
from reports.figures import Figure
from reports.metrics import flow, process
from reports.metrics.steps import expected_of_all
from reports.presenters.panels import (
    PanelChoice,
    ReportPanel,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report, unless_too_few
from reports.question import Question
from salesprocess.lib.chance import wilson
from salesprocess.lib.format import number

# Of fewer visits that ended under it nothing is said of a step.
ENOUGH_VISITS = 30
# What is more than half beyond chance is most; what is less than a tenth is hardly ever.
MOST, HARDLY = 0.5, 0.1


@dataclass(frozen=True, kw_only=True)
class StepInUse:
    """A step with how often it was recorded, and set aside, and how many visits ended in which it was
    asked for."""

    step: PlaybookStep
    recorded: Figure
    visits: int

    @property
    def is_set_aside_by_most(self) -> bool:
        found = self.recorded.interval
        return found is not None and not self.recorded.is_small_sample and found[0] > MOST

    @property
    def is_hardly_used(self) -> bool:
        n = min(self.recorded.n, self.visits)
        return self.visits >= ENOUGH_VISITS and wilson(n, self.visits).high < HARDLY

    @property
    def is_fit_for_all(self) -> bool:
        """A team's own, done in most visits, and hardly ever set aside."""
        done = self.recorded.n - (self.recorded.part or 0)
        is_used = self.visits >= ENOUGH_VISITS
        is_used = is_used and wilson(min(done, self.visits), self.visits).low > MOST
        set_aside = self.recorded.interval
        is_own = self.step.origin.level == Level.TEAM
        return is_own and is_used and set_aside is not None and set_aside[1] < HARDLY


def candidates_panel(report: Report) -> ReportPanel:
    question = report.question
    rows, steps = [], steps_in_use(question)
    for each in steps:
        if each.is_fit_for_all:
            why = _("Fit for all? %(team)s does it in most visits.") % {
                "team": each.step.origin.name
            }
        elif each.is_set_aside_by_most:
            why = _("Needed? It is set aside more often than done.")
        elif each.is_hardly_used:
            why = _("Needed? It is hardly ever recorded.")
        else:
            continue
        rows.append((each, why))
    return ReportPanel(
        key="candidates",
        title=_("Steps to take up for all, or to take out"),
        table=Table(
            heads=[
                TableHead(text=_("Step"), numeric=False),
                TableHead(text=_("Question"), numeric=False),
                TableHead(text=_("Recorded")),
                TableHead(text=_("Set aside")),
                TableHead(text=_("Visits ended")),
            ],
            rows=[
                TableRow(
                    name=str(each.step.label),
                    stage=each.step.stage,
                    cells=[
                        TableCell(text=why),
                        report.n_cell(each.recorded),
                        report.cell(each.recorded, part=True),
                        TableCell(text=number(each.visits), raw=each.visits),
                    ],
                )
                for each, why in rows
            ],
        ),
        definition=process.steps_set_aside.definition,
        note=_("A candidate is a question to the team: whoever thinks so proposes the change."),
        todo=[PanelChoice(label=_("Process"), href=reverse("pipeline:process"), is_current=False)],
        empty=""
        if rows
        else unless_too_few(
            _(
                "No step stands out: none is set aside or left alone by most, and no team’s own is done "
                "in most visits."
            ),
            (each.visits for each in steps),
            groups=1,
            enough=ENOUGH_VISITS,
        )
        or _("No visit in which a step was expected ended in this period."),
        wide=True,
    )


def steps_in_use(question: Question) -> list[StepInUse]:
    """Every step that is expected of all, of the playbooks under which visits ended in the period, by
    stage."""
    ended = flow.flow_conversion.measure(question, VERSION, STAGE)
    recorded = process.steps_set_aside.measure(question, STEP)
    books = {
        playbook: of_versions(ids)
        for playbook, ids in versions_of(question, _playbooks(ended)).items()
    }
    steps: dict[str, PlaybookStep] = {}
    visits: dict[str, int] = {}
    for (playbook, stage), figure in ended.items():
        for step in expected_of_all(books[playbook], Stage(stage)) if playbook in books else ():
            key = f"{stage}-step-{step.key}"
            steps[key] = step
            visits[key] = visits.get(key, 0) + figure.n
    return [
        StepInUse(
            step=steps[key],
            recorded=recorded.get(key) or process.steps_set_aside.of_nothing(question, STEP, key),
            visits=visits[key],
        )
        for key in sorted(steps)
    ]


def _playbooks(found: Mapping[tuple[str | None, int], Figure]) -> Collection[str]:
    return {playbook for playbook, _stage in found if playbook is not None}
